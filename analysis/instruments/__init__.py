"""Lists of words, rules and weights that texts are measured with; how well each measures, and whose method it is."""

#: Entry points by which other packages offer sentiment instruments, each a `scoring.registry.Instrument`.
GROUP = "castillo_coverage.instruments"
