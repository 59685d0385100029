"""Routes from a number to the loss: what leads on, what they sum to, the strongest, by unit."""
