"""Training: Setup -> Run."""
