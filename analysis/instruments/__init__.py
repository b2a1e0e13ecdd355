"""Lists of words, rules and weights that texts are measured with; how well each measures, and whose method it is."""
