"""The band of updates: how much of the weights a step changes where training goes well."""

from __future__ import annotations

# The ends of the band, and what is best in it, in shares of the weights.
SMALLEST_UPDATE, BEST_UPDATE, LARGEST_UPDATE = 1e-4, 1e-3, 0.1
NORMAL = "0.01 % to 10 %, about 0.1 % at its best"
BAND = "Karpathy's course notes and TheDeepChecker (arXiv 2204.00694)"
