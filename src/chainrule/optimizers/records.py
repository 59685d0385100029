"""Optimizers as plain data, and back: what a run keeps of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NoReturn

from chainrule.arrays import Array
from chainrule.checks import source_checksum
from chainrule.errors import SetupError, nearest
from chainrule.optimizers.optimizer import (
    BUILT_IN,
    OPTIMIZERS,
    AnyOptimizer,
    Needs,
    Rate,
    check_constants,
    with_rate,
)
from chainrule.optimizers.schedules import SCHEDULES, Schedule


@dataclass(frozen=True)
class AbsentOptimizer:
    """Stands for an optimizer of the user's own that was not there when its run was loaded.

    Prediction needs none; training on says what is missing.
    """

    name: str
    record: Mapping[str, Any]
    cause: str
    remedy: str
    learning_rate: Rate = 0.0
    formula: ClassVar[str] = r"\theta"
    needs: ClassVar[Needs] = "gradient"

    def initial(self, parameters: Array) -> dict[str, Array]:
        self._refuse()

    def update(
        self,
        parameters: Array,
        gradient: Array,
        state: Mapping[str, Array],
        rate: Array,
        step: Array,
    ) -> tuple[Array, dict[str, Array]]:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise SetupError(self.cause, self.remedy)


def optimizer_to_record(chosen: AnyOptimizer) -> dict[str, Any]:
    """Return name, constants and source checksum as plain data."""
    if isinstance(chosen, AbsentOptimizer):
        return dict(chosen.record)
    settings = {
        one.name: content.to_record() if isinstance(content, Schedule) else content
        for one in dataclasses.fields(chosen)
        for content in (getattr(chosen, one.name),)
    }
    return {
        "name": chosen.name,
        "settings": settings,
        "built_in": chosen.name in BUILT_IN,
        "source": source_checksum(type(chosen)),
    }


def optimizer_from_record(record: Mapping[str, Any]) -> AnyOptimizer:
    """Return the optimizer of a record.

    One of the user's own that is not in the table, or whose source has changed, comes back as an
    ``AbsentOptimizer``. Raises SetupError for a record of anything else.
    """
    name, given = record.get("name"), record.get("settings")
    if not isinstance(name, str) or not isinstance(given, Mapping):
        raise SetupError("The optimizer of the run has no name or no settings.", "")
    if name not in OPTIMIZERS:
        if record.get("built_in") is not False:
            raise SetupError(f"There is no optimizer '{name}'.", nearest(name, OPTIMIZERS))
        return AbsentOptimizer(
            name,
            record,
            f"The optimizer '{name}' is not one of chainrule's own.",
            "Import the script that defines it before loading.",
        )
    block = OPTIMIZERS[name]
    if name not in BUILT_IN and source_checksum(block) != record.get("source"):
        return AbsentOptimizer(
            name,
            record,
            f"The optimizer '{name}' is not the one that the run was trained with: its source "
            "has changed.",
            "Import it as it was then, or train the run's network with another optimizer.",
        )
    settings = {
        key: schedule_from_record(content) if isinstance(content, Mapping) else content
        for key, content in given.items()
    }
    made: AnyOptimizer = _made(block, settings, f"The optimizer '{name}'")
    check_constants(made)
    return with_rate(made, None)


def schedule_from_record(record: Mapping[str, Any]) -> Schedule:
    """Return the schedule of a record made by ``to_record``. Raises SetupError for any other."""
    settings = dict(record)
    name = settings.pop("schedule", None)
    if not isinstance(name, str) or name not in SCHEDULES:
        raise SetupError(f"There is no schedule {name!r}.", nearest(str(name), SCHEDULES))
    made: Schedule = _made(SCHEDULES[name], settings, f"The schedule '{name}'")
    return made


def _made(block: type[Any], settings: Mapping[str, Any], what: str) -> Any:
    """Return a block with these settings; those that were added later take their defaults."""
    known = [one.name for one in dataclasses.fields(block)]
    due = [one.name for one in dataclasses.fields(block) if one.default is dataclasses.MISSING]
    strange = [key for key in settings if key not in known]
    strange += [key for key in due if key not in settings]
    if strange:
        raise SetupError(
            f"{what} has other settings than in the run: '{strange[0]}'.",
            f"They are {', '.join(known)}.",
        )
    return block(**settings)
