"""Rows and columns on their way to arrays: reading, preparing, splitting."""
