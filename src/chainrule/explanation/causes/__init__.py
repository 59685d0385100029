"""Why a gradient is zero, tiny, huge or no number: what blocks its routes, and other causes."""
