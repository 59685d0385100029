"""Ailments of the signal on odd trainings: none of their signs or remedies may raise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest
from odd_trainings import ODD

from chainrule.diagnosis.ailment import Ailment
from chainrule.diagnosis.ailments.bad_start import BAD_START
from chainrule.diagnosis.ailments.dead_units import DEAD_UNITS
from chainrule.diagnosis.ailments.saturation import SATURATION
from chainrule.diagnosis.ailments.unscaled import UNSCALED
from chainrule.diagnosis.cases.case import case_of
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.trained import outcome
from chainrule.ops import OPS
from chainrule.ops.op import BUILT_IN

SIGNALS = (UNSCALED, BAD_START, DEAD_UNITS, SATURATION)


@pytest.fixture(autouse=True)
def _without_own_ops() -> Iterator[None]:
    yield
    for name in set(OPS) - BUILT_IN:
        del OPS[name]


@pytest.mark.parametrize("kind", ODD)
def test_odd_trainings_are_examined_and_treated(kind: str) -> None:
    case = case_of(ODD[kind]())
    examined = Examination(case)
    for ailment in cast("tuple[Ailment, ...]", SIGNALS):
        shown = ailment.signs(examined)
        for sign in shown:
            assert sign.to_dict()
        # Remedies are made, and trained with, whether or not there are signs.
        for remedy in ailment.remedies(examined):
            changed = remedy.change(case.arrangement).started(5, 1)
            assert outcome(changed).run is not None, remedy.words
