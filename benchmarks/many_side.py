"""Several trainings of one problem: at once by ``cr.train_many``, and one after another."""

from __future__ import annotations

from typing import Any

from our_side import Ours

import chainrule as cr

AT_ONCE, IN_TURN = 16, 8


class AtOnce(Ours):
    """Sixteen networks in one call, which differ in their seeds."""

    def train(self, epochs: int) -> None:
        work = self.problem.work
        runs = cr.train_many(
            self.network,
            self.problem.X,
            self.problem.y,
            each=AT_ONCE,
            optimizer=self.optimizer(),
            epochs=epochs,
            batch_size=work.batch,
            dtype=work.dtype,
            progress=False,
        )
        if [one.recording.epochs for one in runs] != [epochs] * AT_ONCE:
            raise RuntimeError("A training ended early.")
        self.run = runs[0]


class InTurn(Ours):
    """Eight networks, a call each."""

    def train(self, epochs: int) -> None:
        for seed in range(IN_TURN):
            self.seed = seed
            super().train(epochs)

    def more(self) -> dict[str, Any]:
        return {"seed": self.seed}
