"""What remedies are made of: changes of networks, learning rates, labels and classes."""
