"""scikit-learn's MLP with the same start: its own shuffling, batches and Adam."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from side import Side
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from works import RATE

NEVER = 2**60


class ScikitLearn(Side):
    """One ``fit`` is one training; a warm start is how it takes weights that are given."""

    def set_up(self) -> None:
        # It warns whenever all epochs that were asked for have been run.
        warnings.simplefilter("ignore", ConvergenceWarning)
        work = self.problem.work
        kind = MLPRegressor if work.task == "numbers" else MLPClassifier
        self.network = kind(
            hidden_layer_sizes=work.sizes[1:-1],
            activation=work.activation,
            solver="adam",
            alpha=0.0,
            batch_size=work.step_rows,
            learning_rate_init=RATE,
            max_iter=1,
            shuffle=True,
            random_state=0,
            tol=0.0,
            n_iter_no_change=NEVER,
            warm_start=True,
        )
        self.network.fit(self.problem.X, self.problem.y)

    def train(self, epochs: int) -> None:
        network = self.network
        network.coefs_ = [weight.copy() for weight, _ in self.problem.layers]
        network.intercepts_ = [bias.copy() for _, bias in self.problem.layers]
        network.t_, network.loss_curve_ = 0, []
        network.best_loss_, network._no_improvement_count = np.inf, 0
        network.max_iter = epochs
        network.fit(self.problem.X, self.problem.y)

    def weights(self) -> list[NDArray[Any]]:
        layers = zip(self.network.coefs_, self.network.intercepts_, strict=True)
        return [one for layer in layers for one in layer]
