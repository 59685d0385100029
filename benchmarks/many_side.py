"""Several trainings of one problem: at once by ``cr.train_many``, and one after another."""

from __future__ import annotations

from typing import Any

from our_side import Ours

import chainrule as cr

AT_ONCE, IN_TURN = 16, 8


class AtOnce(Ours):
    """Sixteen networks, each with a seed of its own, in one call."""

    def train(self, epochs: int) -> None:
        work = self.problem.work
        together: Any = cr.train_many
        self.runs = together(
            [self.network] * AT_ONCE,
            self.problem.X,
            self.problem.y,
            seeds=range(AT_ONCE),
            optimizer=self.optimizer(),
            epochs=epochs,
            batch_size=work.batch,
            dtype=work.dtype,
            progress=False,
        )
        if {one.recording.epochs for one in self.runs} != {epochs}:
            raise RuntimeError("A training ended early.")


class InTurn(Ours):
    """Eight networks, a call each."""

    def train(self, epochs: int) -> None:
        for seed in range(IN_TURN):
            self.seed = seed
            super().train(epochs)

    def more(self) -> dict[str, Any]:
        return {"seed": self.seed}
