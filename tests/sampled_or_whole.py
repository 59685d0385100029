"""How much of what takes long a run of the tests goes through: a sample, unless all is asked for.

``CHAINRULE_WHOLE=1`` asks for all of it, ten seeds of every specimen among it.
"""

from __future__ import annotations

import os

WHOLE = os.environ.get("CHAINRULE_WHOLE", "") not in ("", "0")
SEEDS = tuple(range(10)) if WHOLE else (0, 1)
