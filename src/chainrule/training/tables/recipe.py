"""From what a caller asks of the trainings of a table to the setup of each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chainrule.engines.choosing import AUTO, chosen_engine
from chainrule.errors import SetupError
from chainrule.network.layers import Dense
from chainrule.network.network import Network
from chainrule.optimizers import Adam, AnyOptimizer, find_optimizer, searches, with_rate
from chainrule.training.arguments import check_seed, checked, from_zero, rows_in_a_step, whole
from chainrule.training.preparing import Prepared
from chainrule.training.setup import Regularisation, Setup
from chainrule.training.stopping import Stopping
from chainrule.training.tables.notes import BALANCED, MOST_UNITS, Settings

LEARNING_RATE = 0.005
L2 = 1e-3
PATIENCE = 30
LINEAR_STEPS, LINEAR_PATIENCE = 6000, 600


@dataclass(frozen=True)
class Recipe:
    """How networks are trained on a table: what all trainings of one run have in common."""

    settings: Settings
    optimizer: AnyOptimizer
    l2: float
    seed: int

    @classmethod
    def of(
        cls,
        *,
        hidden: Sequence[int],
        activation: str,
        optimizer: str | AnyOptimizer,
        learning_rate: float | None,
        epochs: int,
        batch_size: int | str | None,
        patience: int | None,
        l2: float | None,
        seed: int,
        class_weight: str | None = None,
    ) -> Recipe:
        """Return how networks are trained that are asked for as in ``train_table``.

        Raises SetupError for what no table could be trained with.
        """
        plain: AnyOptimizer = Adam(learning_rate=LEARNING_RATE)
        chosen = plain if optimizer == "adam" else find_optimizer(optimizer)
        settings = Settings(
            _widths(hidden),
            _activation(activation),
            whole(epochs, "epochs", 1),
            _batch(batch_size),
            Stopping(patience=patience).patience,
            _class_weight(class_weight),
        )
        chosen = with_rate(chosen, learning_rate)
        strength = _usual_l2(chosen) if l2 is None else from_zero(l2, "l2")
        return cls(settings, chosen, strength, check_seed(seed))

    def check_task(self, task: str) -> None:
        """Refuse what a table of this task cannot be trained with. Raises SetupError."""
        if self.settings.class_weight is not None and task != "classification":
            raise SetupError(
                "class_weight was given, and the target is one of numbers, which have no classes.",
                "Leave it out, or take the target for classes: task='classification'.",
            )

    def network(self) -> Network:
        """Return the network, its sizes left to the data."""
        hidden = [Dense(width, self.settings.activation) for width in self.settings.hidden]
        return Network(*hidden, Dense())

    def linear_network(self) -> Network:
        """Return the linear model: a network of one layer."""
        return Network(Dense())

    def setup(self, prepared: Prepared, epochs: int | None = None) -> Setup:
        """Return the setup of a network's training: for so many epochs, or as many as are best.

        Without ``epochs`` the epoch with the lowest loss on the validation rows is kept, and
        training ends when patience does.
        """
        found = epochs is None
        return _setup(
            prepared,
            self.optimizer,
            epochs=self.settings.epochs if epochs is None else epochs,
            batch_size=self.settings.batch_size,
            stopping=Stopping(patience=self.settings.patience) if found else Stopping(),
            l2=self.l2,
            seed=self.seed,
            keep="best" if found else "last",
        )

    def linear(self, prepared: Prepared, epochs: int | None = None) -> Setup:
        """Return the same of a linear model, which has an optimizer of its own.

        A rate, a patience or a penalty that harms the network does not flatter it: it may take
        ``LINEAR_STEPS`` steps, and ``LINEAR_PATIENCE`` without a lower loss, or more, and its
        penalty is never above the usual one.
        """
        rows = rows_in_a_step(self.settings.batch_size, len(prepared.training), self.optimizer)
        steps = -(-len(prepared.training) // rows)
        most = max(self.settings.epochs, -(-LINEAR_STEPS // steps))
        found = epochs is None
        return _setup(
            prepared,
            Adam(learning_rate=LEARNING_RATE),
            epochs=most if epochs is None else epochs,
            batch_size=rows,
            stopping=Stopping(patience=max(PATIENCE, -(-LINEAR_PATIENCE // steps)))
            if found
            else Stopping(),
            l2=min(self.l2, L2),
            seed=self.seed,
            keep="best" if found else "last",
            readings=0,
        )


def _setup(prepared: Prepared, optimizer: AnyOptimizer, **given: Any) -> Setup:
    classes = prepared.targets[0].task == "classification"
    l2, batch_size = given.pop("l2"), given.pop("batch_size")
    return Setup(
        network=prepared.network,
        losses=prepared.losses,
        targets=prepared.targets,
        optimizer=optimizer,
        provenance=prepared.provenance,
        batch_size=rows_in_a_step(batch_size, len(prepared.training), optimizer),
        engine=chosen_engine(AUTO),
        # A search compares losses that differ in their last digits.
        dtype="float64" if searches(optimizer) else "float32",
        regularisation=Regularisation(l2=l2),
        metrics=("accuracy",) if classes else ("r2",),
        **given,
    )


def _usual_l2(chosen: AnyOptimizer) -> float:
    """Return the strength where none is given: none for what finds out itself how strong it is."""
    return 0.0 if getattr(chosen, "no_l2", None) else L2


def _widths(hidden: Any) -> tuple[int, ...]:
    if not isinstance(hidden, list | tuple):
        raise SetupError(
            f"hidden={hidden!r} is not a list of widths.",
            "Write hidden=(32, 16), for example, and hidden=() for no hidden layer.",
        )
    widths = tuple(whole(units, "hidden", 1) for units in hidden)
    for units in widths:
        if units > MOST_UNITS:
            raise SetupError(
                f"A layer of {units} units is too wide.", f"Give at most {MOST_UNITS:,}."
            )
    return widths


def _activation(name: Any) -> str:
    """Return the name of an activation, also where no layer has it. Raises SetupError."""
    if not isinstance(name, str):
        raise SetupError(
            f"activation={name!r} is not the name of an activation.",
            "Give one name as text, such as activation='relu'.",
        )
    Dense(1, name)
    return name


def _class_weight(given: Any) -> str | None:
    if given not in (None, BALANCED):
        raise SetupError(
            f"class_weight={given!r} is no weight of a table's classes.",
            "Give 'balanced', or train on arrays with train(class_weight={...}).",
        )
    return BALANCED if given else None


def _batch(batch_size: Any) -> int | str | None:
    if batch_size is None:
        return None
    if isinstance(batch_size, str):
        return str(checked(batch_size, ("auto",), "batch_size"))
    return whole(batch_size, "batch_size", 1)
