"""Checks: what is doubtful before a training begins."""
