"""What an optimizer is: a frozen dataclass of its constants, with ``initial`` and ``update``.

``update`` is a pure function over the alphabet, so the training step that contains it is traced and
run by any engine. It sees all trained parameters as one flat array.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal, Protocol, TypeVar, get_args

from chainrule.arrays import Array
from chainrule.checks import is_finite_number
from chainrule.errors import SetupError, nearest
from chainrule.optimizers.schedules import Schedule

Needs = Literal["gradient", "loss and gradient", "residuals and jacobian", "curvature product"]
State = Mapping[str, Array]
Rate = float | Schedule


class Optimizer(Protocol):
    """The contract of an optimizer block.

    ``formula``: LaTeX. ``needs``: what it asks of the function. ``initial(parameters)`` returns the
    state as named arrays shaped like the parameters. ``update(parameters, gradient, state, rate,
    step)`` returns the new parameters and the new state; ``rate`` is the learning rate now (one
    number, or one for each parameter), ``step`` counts from 1. ``name`` is set by ``optimizer``.
    """

    __dataclass_fields__: ClassVar[dict[str, Any]]
    formula: ClassVar[str]
    needs: ClassVar[Needs]

    @property
    def name(self) -> str: ...

    @property
    def learning_rate(self) -> Rate: ...

    def initial(self, parameters: Array) -> dict[str, Array]: ...

    def update(
        self, parameters: Array, gradient: Array, state: State, rate: Array, step: Array
    ) -> tuple[Array, dict[str, Array]]: ...


OPTIMIZERS: dict[str, type[Any]] = {}
BUILT_IN: set[str] = set()
PARTS = ("formula", "needs", "learning_rate", "initial", "update")
Block = TypeVar("Block", bound=type)


def optimizer(name: str) -> Callable[[Block], Block]:
    """Enter a frozen dataclass into the table ``OPTIMIZERS`` under a name.

    Raises SetupError where a part of the contract is missing, or the name is one of chainrule's.
    """

    def decorate(block: Block) -> Block:
        fields = getattr(block, "__dataclass_fields__", {})
        missing = [part for part in PARTS if part not in fields and not hasattr(block, part)]
        if "__dataclass_fields__" not in vars(block):
            missing.append("the decorator @dataclass(frozen=True)")
        if missing:
            raise SetupError(
                f"The optimizer '{name}' lacks {' and '.join(missing)}.", "Add it to the block."
            )
        if name in BUILT_IN:
            raise SetupError(
                f"'{name}' is the name of an optimizer that chainrule brings.",
                "Choose another name.",
            )
        entered: Any = block
        entered.name = name
        OPTIMIZERS[name] = block
        return block

    return decorate


def find_optimizer(choice: str | Optimizer) -> Optimizer:
    """Return an optimizer given by itself, or by name with its default constants.

    Raises SetupError for a name that is not in the table, for what is no optimizer, and for
    constants that are no finite numbers.
    """
    if isinstance(choice, str):
        if choice not in OPTIMIZERS:
            raise SetupError(f"There is no optimizer '{choice}'.", nearest(choice, OPTIMIZERS))
        made: Optimizer = OPTIMIZERS[choice]()
        return made
    if isinstance(choice, type) or not dataclasses.is_dataclass(choice) or not _complete(choice):
        raise SetupError(
            f"{choice!r} is not an optimizer.", "Give one such as Adam(), or its name."
        )
    check_constants(choice)
    return choice


def with_rate(chosen: Optimizer, rate: Rate | None) -> Optimizer:
    """Return an optimizer with another learning rate, or as it is for ``None``.

    Raises SetupError for a rate that is neither a number from 0 nor a schedule.
    """
    if rate is not None:
        chosen = dataclasses.replace(chosen, learning_rate=rate)
    given = chosen.learning_rate
    if not isinstance(given, Schedule) and not (is_finite_number(given) and given >= 0):
        raise SetupError(
            f"The learning rate is {given!r}.", "Give a number from 0, such as 0.01, or a schedule."
        )
    return chosen


def check_constants(chosen: Optimizer) -> None:
    """Raise SetupError where a constant whose default is a number is anything else."""
    for field in dataclasses.fields(chosen):
        given = getattr(chosen, field.name)
        rate = field.name == "learning_rate" and isinstance(given, Schedule)
        if is_finite_number(field.default) and not rate and not is_finite_number(given):
            raise SetupError(
                f"{field.name} of {chosen.name} is {given!r}.", "Give a finite number."
            )


def check_shares(chosen: Optimizer, *names: str) -> None:
    """Raise SetupError where one of these constants is not from 0 to below 1."""
    for name in names:
        given = getattr(chosen, name)
        if not (is_finite_number(given) and 0.0 <= given < 1.0):
            raise SetupError(
                f"{name} of {type(chosen).__name__} is {given!r}.",
                "Give a number from 0 to below 1.",
            )


def _complete(choice: Any) -> bool:
    parts = ("name", *PARTS)
    return all(hasattr(choice, part) for part in parts) and choice.needs in get_args(Needs)
