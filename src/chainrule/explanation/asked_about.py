"""A run or a network with what is given beside it: what explanations and figures ask about."""

from __future__ import annotations

from typing import Any

from chainrule.errors import SetupError
from chainrule.explanation.asked import Asked
from chainrule.explanation.asked_network import asked_of_network
from chainrule.explanation.asked_run import asked_of_run
from chainrule.explanation.trace import PREDICTION, Mode
from chainrule.network.network import Network
from chainrule.training.run import Run


def asked_about(
    what: Any,
    *,
    sample: Any = None,
    x: Any = None,
    y: Any = None,
    loss: Any = None,
    data: Any = None,
    dtype: Any = "float64",
    mode: Mode = PREDICTION,
) -> Asked:
    """Return what is asked about; the arguments are those of ``explain``.

    ``dtype`` and ``mode`` are those of a network's own pass; a run is taken as it predicts, in its
    own type. Raises SetupError for what is neither a run nor a network and for what does not belong
    to it, DataError where there are no rows.
    """
    if isinstance(what, Network):
        if data is not None:
            raise SetupError("A network has no table.", "Give its rows: x=..., y=....")
        own = _float_type(dtype)
        return asked_of_network(what, x, y, sample=sample, loss=loss, dtype=own, mode=mode)
    if not isinstance(what, Run):
        raise SetupError(
            f"{type(what).__name__} is neither a run nor a network.",
            "Give what train() returned, the folder of a run, or a Network.",
        )
    if loss is not None:
        raise SetupError("A run has its own loss.", "Leave loss out, or give run.network.")
    return asked_of_run(what, sample=sample, x=x, y=y, data=data)


def _float_type(dtype: Any) -> Any:
    if dtype not in ("float32", "float64"):
        raise SetupError(f"dtype={dtype!r} is no type of float.", "Give 'float32' or 'float64'.")
    return dtype
