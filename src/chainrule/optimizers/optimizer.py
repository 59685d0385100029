"""What an optimizer is: a frozen dataclass of its constants, with ``initial`` and ``update``.

``update`` is a pure function over the alphabet, so the training step that contains it is traced and
run by any engine. It sees all trained parameters as one flat array.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal, Protocol, TypeVar, cast, get_args

from chainrule.arrays import Array
from chainrule.checks import is_finite_number
from chainrule.errors import SetupError, nearest
from chainrule.optimizers.schedules import Schedule
from chainrule.optimizers.searching import SearchingOptimizer, searches

# A step is traced and needs one of the first two; what needs more searches (see ``searching``).
Needs = Literal[
    "gradient",
    "loss and gradient",
    "loss",
    "line search",
    "curvature product",
    "normal equations",
    "residuals and jacobian",
]
# What has to do with a matrix of all parameters.
MATRIX_NEEDS = ("normal equations", "residuals and jacobian")
State = Mapping[str, Array]
Rate = float | Schedule


class Optimizer(Protocol):
    """The contract of an optimizer block.

    ``formula``: LaTeX. ``needs``: what it asks of the function. ``initial(parameters)`` returns the
    state: named arrays shaped like the parameters, or without axes for one number in float64.
    ``update(parameters, gradient, state, rate, step)`` returns the new parameters and the new
    state; ``rate`` is the learning rate now (one number, or one for each parameter), ``step``
    counts from 1. One that needs "loss and gradient" is told ``loss``, too: that at ``parameters``,
    penalties included. ``name`` is set by ``optimizer``. A text ``all_rows``, where there is one,
    says why mini-batches will not do; see ``why_all_rows``.
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
# Further names -> names in the table.
ALIASES: dict[str, str] = {}
# What other programs call it: said in an error, for constants are not the same everywhere.
ELSEWHERE = {
    "sgd": "gradient_descent", "trainbfg": "bfgs", "trainbr": "bayesian_regularization",
    "traincgb": "conjugate_gradient_powell_beale", "traincgf": "conjugate_gradient_fletcher_reeves",
    "traincgp": "conjugate_gradient_polak_ribiere", "traingd": "gradient_descent",
    "traingda": "adaptive_rate", "traingdm": "momentum", "traingdx": "adaptive_rate",
    "trainlm": "levenberg_marquardt", "trainoss": "one_step_secant",
    "trainrp": "irprop_plus", "trainscg": "scaled_conjugate_gradient",
}  # fmt: skip
PARTS = ("formula", "needs", "learning_rate", "initial", "update")
SEARCHING_PARTS = ("formula", "needs", "initial", "iteration")
Block = TypeVar("Block", bound=type)
AnyOptimizer = Optimizer | SearchingOptimizer
Chosen = TypeVar("Chosen", bound=AnyOptimizer)


def optimizer(name: str) -> Callable[[Block], Block]:
    """Enter a frozen dataclass into the table ``OPTIMIZERS`` under a name.

    Raises SetupError where a part of the contract is missing, or the name is one of chainrule's.
    """

    def decorate(block: Block) -> Block:
        fields = getattr(block, "__dataclass_fields__", {})
        parts = parts_of(block)
        missing = [part for part in parts if part not in fields and not hasattr(block, part)]
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


def parts_of(block: object) -> tuple[str, ...]:
    """Return what an optimizer, or its class, must have: one that searches has no rate."""
    return SEARCHING_PARTS if searches(block) else PARTS


def find_optimizer(choice: str | AnyOptimizer) -> AnyOptimizer:
    """Return an optimizer given by itself, or by name with its default constants.

    Raises SetupError for a name that is not in the table, for what is no optimizer, and for
    constants that are no finite numbers.
    """
    if isinstance(choice, str):
        choice = ALIASES.get(choice, choice)
        if choice not in OPTIMIZERS:
            near = ELSEWHERE.get(choice)
            remedy = nearest(choice, OPTIMIZERS) if near is None else f"The nearest is '{near}'."
            raise SetupError(f"There is no optimizer '{choice}'.", remedy)
        made: AnyOptimizer = OPTIMIZERS[choice]()
        return made
    if isinstance(choice, type) or not dataclasses.is_dataclass(choice) or not _complete(choice):
        raise SetupError(
            f"{choice!r} is not an optimizer.", "Give one such as Adam(), or its name."
        )
    check_constants(choice)
    return choice


def rate_of(chosen: AnyOptimizer) -> Rate | None:
    """Return the learning rate of an optimizer, None where it has none."""
    found: Rate | None = getattr(chosen, "learning_rate", None)
    return found


def taking_steps(chosen: AnyOptimizer) -> Optimizer:
    """Return an optimizer as one whose steps are traced.

    Raises SetupError for one that searches.
    """
    if searches(chosen):
        raise SetupError(
            f"{chosen.name} searches, and has no step that is traced.",
            "Use an optimizer such as 'adam'.",
        )
    return cast("Optimizer", chosen)


def with_rate(chosen: Chosen, rate: Rate | None) -> Chosen:
    """Return an optimizer with another learning rate, or as it is for ``None``.

    Raises SetupError for a rate that is neither a number from 0 nor a schedule, and for one given
    to an optimizer that has none.
    """
    given = rate_of(chosen)
    if given is None:
        if rate is not None:
            raise SetupError(
                f"{chosen.name} has no learning rate: it finds the length of its steps itself.",
                "Leave learning_rate out.",
            )
        return chosen
    if rate is not None:
        chosen = dataclasses.replace(chosen, learning_rate=rate)
        given = rate
    if not isinstance(given, Schedule) and not (is_finite_number(given) and given >= 0):
        raise SetupError(f"The learning rate is {given!r}.", _remedy_for_rate(given))
    return chosen


def check_constants(chosen: AnyOptimizer) -> None:
    """Raise SetupError where a constant whose default is a number is anything else."""
    for field in dataclasses.fields(chosen):
        given = getattr(chosen, field.name)
        rate = field.name == "learning_rate" and isinstance(given, Schedule)
        if is_finite_number(field.default) and not rate and not is_finite_number(given):
            remedy = "Give a finite number."
            if field.name == "learning_rate":
                remedy = _remedy_for_rate(given)
            raise SetupError(f"{field.name} of {chosen.name} is {given!r}.", remedy)


def _remedy_for_rate(given: Any) -> str:
    if isinstance(given, str) and given == "adaptive":
        return "Use optimizer='adaptive_rate', which finds the rate on its way."
    return "Give a number from 0, such as 0.01, or a schedule such as CosineDecay."


def _complete(choice: Any) -> bool:
    parts = ("name", *parts_of(choice))
    return all(hasattr(choice, part) for part in parts) and choice.needs in get_args(Needs)
