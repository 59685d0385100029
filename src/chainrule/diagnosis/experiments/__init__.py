"""Experiments: trainings with one thing changed beside trainings with nothing changed."""
