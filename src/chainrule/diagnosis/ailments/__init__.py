"""AILMENTS: the table, roots before what they lead to."""

from __future__ import annotations

from collections.abc import Mapping

from chainrule.diagnosis.ailment import Ailment
from chainrule.diagnosis.ailments.bad_start import BAD_START
from chainrule.diagnosis.ailments.constant_prediction import CONSTANT_PREDICTION
from chainrule.diagnosis.ailments.dead_units import DEAD_UNITS
from chainrule.diagnosis.ailments.imbalance import IMBALANCE
from chainrule.diagnosis.ailments.mismatched_output import MISMATCHED_OUTPUT
from chainrule.diagnosis.ailments.not_finite import NOT_FINITE
from chainrule.diagnosis.ailments.over_regularised import OVER_REGULARISED
from chainrule.diagnosis.ailments.overfitting import OVERFITTING
from chainrule.diagnosis.ailments.rate_too_high import RATE_TOO_HIGH
from chainrule.diagnosis.ailments.rate_too_low import RATE_TOO_LOW
from chainrule.diagnosis.ailments.saturation import SATURATION
from chainrule.diagnosis.ailments.uninformative_labels import UNINFORMATIVE_LABELS
from chainrule.diagnosis.ailments.unscaled import UNSCALED

# Of several that an experiment confirms about as well, the earlier one is the cause.
IN_ORDER: tuple[Ailment, ...] = (
    UNINFORMATIVE_LABELS,
    UNSCALED,
    MISMATCHED_OUTPUT,
    BAD_START,
    RATE_TOO_HIGH,
    NOT_FINITE,
    DEAD_UNITS,
    SATURATION,
    IMBALANCE,
    OVERFITTING,
    OVER_REGULARISED,
    RATE_TOO_LOW,
    CONSTANT_PREDICTION,
)
AILMENTS: Mapping[str, Ailment] = {one.name: one for one in IN_ORDER}
