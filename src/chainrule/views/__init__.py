"""Views: what people look at."""
