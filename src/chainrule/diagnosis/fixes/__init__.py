"""Fixes: remedies applied one after the other, each kept only where it helps."""
