"""Explanations: any number of a training, unfolded to the terms that made it."""
