"""What an optimizer is: a frozen dataclass of its constants, with ``initial`` and ``update``.

``update`` is a pure function over the alphabet, so the training step that contains it is traced and
run by any engine. It sees all trained parameters as one flat array.
"""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal, Protocol, TypeVar

from chainrule.arrays import Array
from chainrule.errors import SetupError, nearest
from chainrule.optimizers.schedules import Schedule, schedule_from_record

Needs = Literal["gradient", "loss and gradient", "residuals and jacobian", "curvature product"]
State = Mapping[str, Array]
Rate = float | Schedule


class Optimizer(Protocol):
    """The contract of an optimizer block.

    ``formula``: LaTeX. ``needs``: what it asks of the function. ``initial(parameters)`` returns the
    state as named arrays shaped like the parameters. ``update(parameters, gradient, state, rate,
    step)`` returns the new parameters and the new state; ``rate`` is the learning rate now (one
    number, or one for each parameter), ``step`` counts from 1.
    """

    name: ClassVar[str]
    formula: ClassVar[str]
    needs: ClassVar[Needs]

    @property
    def learning_rate(self) -> Rate: ...

    def initial(self, parameters: Array) -> dict[str, Array]: ...

    def update(
        self, parameters: Array, gradient: Array, state: State, rate: Array, step: Array
    ) -> tuple[Array, dict[str, Array]]: ...


OPTIMIZERS: dict[str, type[Any]] = {}
BUILT_IN: set[str] = set()
Block = TypeVar("Block", bound=type)


def optimizer(name: str) -> Callable[[Block], Block]:
    """Enter a frozen dataclass into the table ``OPTIMIZERS`` under a name."""

    def decorate(block: Block) -> Block:
        missing = [
            part
            for part in ("formula", "needs", "initial", "update", "learning_rate")
            if not hasattr(block, part) and part not in getattr(block, "__annotations__", {})
        ]
        if missing or not dataclasses.is_dataclass(block):
            lacks = " and ".join(missing) if missing else "the decorator @dataclass(frozen=True)"
            raise SetupError(f"The optimizer '{name}' lacks {lacks}.", "Add it to the block.")
        if name in BUILT_IN:
            raise SetupError(
                f"'{name}' is the name of an optimizer that chainrule brings.",
                "Choose another name.",
            )
        block.name = name  # type: ignore[attr-defined]
        OPTIMIZERS[name] = block
        return block

    return decorate


def find_optimizer(choice: str | Optimizer) -> Optimizer:
    """Return an optimizer given by itself or by name with its default constants."""
    if not isinstance(choice, str):
        if isinstance(choice, type) or not hasattr(choice, "update"):
            raise SetupError(
                f"{choice!r} is not an optimizer.", "Give one such as Adam(), or its name."
            )
        return choice
    if choice not in OPTIMIZERS:
        raise SetupError(f"There is no optimizer '{choice}'.", nearest(choice, OPTIMIZERS))
    made: Optimizer = OPTIMIZERS[choice]()
    return made


def optimizer_to_record(chosen: Optimizer) -> dict[str, Any]:
    """Return name, constants and source checksum as plain data."""
    settings = {
        field.name: content.to_record() if isinstance(content, Schedule) else content
        for field in dataclasses.fields(chosen)  # type: ignore[arg-type]
        for content in (getattr(chosen, field.name),)
    }
    return {
        "name": chosen.name,
        "settings": settings,
        "built_in": chosen.name in BUILT_IN,
        "source": source_checksum(type(chosen)),
    }


def optimizer_from_record(record: Mapping[str, Any]) -> Optimizer:
    """Return the optimizer of a record. Raises SetupError where its block is not in the table."""
    name = str(record["name"])
    if name not in OPTIMIZERS:
        raise SetupError(
            f"The optimizer '{name}' is not one of chainrule's own.",
            "Import the script that defines it before loading.",
        )
    settings = {
        key: schedule_from_record(content) if isinstance(content, Mapping) else content
        for key, content in dict(record["settings"]).items()
    }
    made: Optimizer = OPTIMIZERS[name](**settings)
    return made


def source_checksum(block: type[Any]) -> str:
    """Return the sha256 of a block's source, to know it again."""
    try:
        text = inspect.getsource(block)
    except (OSError, TypeError):
        text = block.__qualname__
    return hashlib.sha256(text.encode()).hexdigest()
