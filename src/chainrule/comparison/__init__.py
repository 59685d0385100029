"""Optimizers, or any settings of a training, side by side over seeds."""
