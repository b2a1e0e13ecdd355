"""What the instruments hold: lists of words, rules and weights; how well each measures, and whose method it is."""
