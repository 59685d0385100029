"""Diagnosis: what is wrong with a training run, proved by experiment, and put right."""
