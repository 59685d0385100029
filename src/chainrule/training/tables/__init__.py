"""From a table to a run with an honest result; the way in is ``door.py``."""
