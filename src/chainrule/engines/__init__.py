"""Engines: what runs a program. They know the alphabet, and nothing of networks."""
