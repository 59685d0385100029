"""Verdicts: from findings to one cause, and what is said of it."""
