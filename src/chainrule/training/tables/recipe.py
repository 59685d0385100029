"""How networks are trained on a table: what all trainings of one run have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chainrule.engines.choosing import AUTO, chosen_engine
from chainrule.network.layers import Dense
from chainrule.network.network import Network
from chainrule.optimizers import Adam, Optimizer
from chainrule.training.arguments import rows_in_a_step
from chainrule.training.preparing import Prepared
from chainrule.training.setup import Regularisation, Setup
from chainrule.training.stopping import Stopping
from chainrule.training.tables.notes import Settings

LEARNING_RATE = 0.005
PATIENCE = 30
LINEAR_STEPS, LINEAR_PATIENCE = 6000, 600
READINGS, FOLD_READINGS = 50, 10


@dataclass(frozen=True)
class Recipe:
    """How networks are trained on a table: what all trainings of one run have in common."""

    settings: Settings
    optimizer: Optimizer
    l2: float
    seed: int

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
            # Those of the last training are read closely; of five folds ten looks each will do.
            readings=FOLD_READINGS if found else READINGS,
        )

    def linear(self, prepared: Prepared, epochs: int | None = None) -> Setup:
        """Return the same of a linear model, which has an optimizer of its own.

        A rate or a patience that harms the network does not flatter it: it may take
        ``LINEAR_STEPS`` steps, and ``LINEAR_PATIENCE`` without a lower loss, or more.
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
            l2=self.l2,
            seed=self.seed,
            keep="best" if found else "last",
            readings=0,
        )


def _setup(prepared: Prepared, optimizer: Optimizer, **given: Any) -> Setup:
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
        regularisation=Regularisation(l2=l2),
        metrics=("accuracy",) if classes else ("r2",),
        **given,
    )
