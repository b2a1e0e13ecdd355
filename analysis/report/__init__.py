"""Findings in sentences, figures, tables and notes: everything that a notebook shows."""
