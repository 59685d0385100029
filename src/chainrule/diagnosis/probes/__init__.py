"""Probes: what is measured on a case before anything is judged."""
