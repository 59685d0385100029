"""Formulas: rules as expressions, and expressions as LaTeX, MathML and speech."""
