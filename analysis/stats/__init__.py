"""Frequencies, differences, keyness and their uncertainty, from tables of counts."""
