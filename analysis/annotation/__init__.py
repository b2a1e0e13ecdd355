"""Texts → features, in partitions, on one machine or a cluster; `run.annotate` does it all."""
