"""Sentences, tokens, names, mentions, voices and near-duplicates of plain texts."""
