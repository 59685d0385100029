"""Worksheets on backpropagation: exercises, their key, mistakes, and marks."""
