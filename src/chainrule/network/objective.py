"""The objective: the steps of a network followed by those of its loss, down to one number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NoReturn

import numpy as np

from chainrule.arrays import Array, reshape
from chainrule.errors import SetupError
from chainrule.network.losses import Loss
from chainrule.network.plan import RANDOM, SEED, STEP, Layout, Plan
from chainrule.ops import OPS, find_op
from chainrule.ops.walks import Step, backward_walk, forward_walk
from chainrule.program import Input
from chainrule.shapes import ROWS

ONE = np.float64(1.0)


@dataclass(frozen=True, eq=False)
class Objective:
    """What is minimised: a plan, a loss for each output, and which parameters are trained.

    Its functions are written over the alphabet: they run on arrays and on symbols. ``rows`` are the
    inputs of the network, then the targets, then for each output that answers over time the weights
    of its times, then the weights of the rows. Behind the trained parameters, in one flat vector
    with them, stands the network's state. ``still``: what of the state stays as it is; its layers
    work as they predict. ``predicting``: the network as it predicts, without random numbers and
    with all of its state as it is.
    """

    plan: Plan
    losses: tuple[Loss, ...]
    trained: Layout
    frozen: Layout
    predicting: bool = False
    still: frozenset[str] = frozenset()

    @cached_property
    def in_prediction(self) -> Objective:
        """The same with the network as it predicts; itself where that is no other."""
        same = self.plan.prediction_walk is self.plan.walk
        return self if same or self.predicting else replace(self, predicting=True)

    @cached_property
    def carried(self) -> Layout:
        """What a training carries in one flat vector: trained parameters, then the state."""
        return Layout((*self.trained.parameters, *self.plan.state))

    @property
    def noise_inputs(self) -> tuple[Input, ...]:
        """The program inputs that random numbers follow from: the seed and the step."""
        if self.predicting or not self.plan.draws:
            return ()
        return (Input(SEED, (), "integer"), Input(STEP, (), "integer"))

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """Network, loss and average over rows, as one list of steps that ends in ``loss``."""
        plan = self.plan
        walk = plan.prediction_walk if self.predicting else plan.walk_while_still(self.still)
        steps = list(walk)
        totals: list[str] = []
        for place, (output, loss) in enumerate(zip(self.plan.outputs, self.losses, strict=True)):
            self._refuse_contained(output, loss)
            suffix = f"_{place + 1}" if len(self.losses) > 1 else ""
            rows, total = f"row_loss{suffix}", f"loss{suffix}"
            over_time = len(plan.shapes[output]) > 1
            made = f"time_loss{suffix}" if over_time else rows if loss.each_row else total
            steps.append(Step(loss.op, (output, f"target{suffix}"), (made,), loss.settings))
            if over_time:
                weighed = (made, f"time_weight{suffix}")
                steps.append(Step(OPS["weighted_average_over_time"], weighed, (rows,)))
            if loss.each_row:
                steps.append(Step(OPS["average"], (rows, "weight"), (total,)))
            totals.append(total)
        for place in range(1, len(totals)):
            left = totals[0] if place == 1 else f"loss_to_{place}"
            made = "loss" if place == len(totals) - 1 else f"loss_to_{place + 1}"
            steps.append(Step(OPS["sum_of_two"], (left, totals[place]), (made,)))
        return tuple(steps)

    def _refuse_contained(self, output: str, loss: Loss) -> None:
        """Refuse an output layer that applies what the loss, which takes logits, applies itself."""
        last = next(one for one in self.plan.steps if output in one.outputs)
        if last.op in loss.op.includes:
            raise SetupError(
                f"The last layer, {last.made_by} ({last.layer}), applies {last.op}, which the loss "
                f"{loss.name} contains already, so it would be applied twice.",
                f"Leave {last.op} out: the loss takes the numbers in front of it.",
            )

    @cached_property
    def targets(self) -> tuple[str, ...]:
        count = len(self.losses)
        return ("target",) if count == 1 else tuple(f"target_{i + 1}" for i in range(count))

    @cached_property
    def row_inputs(self) -> tuple[Input, ...]:
        """The program inputs that hold rows."""
        kinds = self.plan.kinds
        xs = [Input(name, (ROWS, *shape), kinds[name]) for name, shape in self.plan.inputs.items()]
        targets, times = [], []
        for name, output, loss in zip(self.targets, self.plan.outputs, self.losses, strict=True):
            shape = self.plan.open_shape(output)
            if loss.target == "labels":
                targets.append(Input(name, shape[:-1], "integer"))
            else:
                targets.append(Input(name, shape))
            if len(shape) > 2:
                times.append(Input(name.replace("target", "time_weight"), shape[:2]))
        return (*xs, *targets, *times, Input("weight", (ROWS,)))

    @property
    def parameter_inputs(self) -> tuple[Input, ...]:
        return (
            Input("parameters", (self.carried.size,)),
            Input("frozen", (self.frozen.size,)),
        )

    def values(
        self,
        parameters: Array,
        frozen: Array,
        rows: Sequence[Array],
        noise: Sequence[Any] = (),
    ) -> dict[Any, Any]:
        """Return every value of the forward walk, ``loss`` included.

        ``parameters``: those that are trained, then the state; ``noise``: seed and step, where
        random numbers are drawn.
        """
        known: dict[str, Array] = {
            one.name: row for one, row in zip(self.row_inputs, rows, strict=True)
        }
        known.update(self.carried.named(parameters))
        known.update(zip((SEED, STEP), noise, strict=False))
        known.update(self.frozen.named(frozen))
        return forward_walk(self.steps, known)

    def state_after(self, values: Mapping[Any, Any]) -> list[Array]:
        """Return each part of the state after a step of these values, flat."""
        after = self.plan.state_after
        names = [one.name if one.name in self.still else after[one.name] for one in self.plan.state]
        return [reshape(values[name], (-1,)) for name in names]

    @property
    def fewest_rows(self) -> dict[str, int]:
        """Layer -> how many rows a step needs there, where it is more than one."""
        fewest = self.plan.fewest_rows
        still = {one.layer for one in self.plan.steps if not self.still.isdisjoint(one.inputs)}
        return {layer: rows for layer, rows in fewest.items() if layer not in still}

    def gradients(self, values: Mapping[Any, Any], at_loss: Any = ONE) -> dict[Any, Any]:
        """Return the gradient of the loss, times ``at_loss``, at every value that it reaches."""
        return backward_walk(self.steps, values, {"loss": at_loss})

    def flat_gradient(self, gradients: Mapping[Any, Any]) -> Array:
        """Return the gradient of the trained parameters as one flat vector.

        Raises SetupError where no gradient reaches a parameter, with the reason.
        """
        for one in self.trained.parameters:
            if gradients.get(one.name) is None:
                self._explain_missing(one.name)
        return self.trained.flat(gradients)

    def _explain_missing(self, name: str) -> NoReturn:
        reached = {name}
        for step in self.plan.steps:
            if reached.isdisjoint(step.inputs) or step.op == RANDOM:
                continue
            if not find_op(step.op).differentiable:
                raise SetupError(
                    f"No gradient reaches {name}: {step.made_by} ({step.layer}) applies {step.op}, "
                    "whose slope is 0 wherever it has one.",
                    "Use another activation, such as 'sigmoid' or 'tanh'.",
                )
            reached.update(step.outputs)
        names = " and ".join(one.name for one in self.losses)
        raise SetupError(
            f"No gradient reaches {name}: the loss {names} has no slope towards what it makes.",
            "Use a loss that changes smoothly with the prediction.",
        )
