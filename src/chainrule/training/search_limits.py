"""What a training with an optimizer that searches cannot have, said before it begins."""

from __future__ import annotations

from chainrule.errors import SetupError
from chainrule.network.loss_curvature import refuse_without_roots
from chainrule.network.objective import Objective
from chainrule.optimizers import AnyOptimizer
from chainrule.optimizers.optimizer import MATRIX_NEEDS
from chainrule.training.setup import Setup


def refuse_what_cannot_be_searched(setup: Setup, objective: Objective, rows: int) -> None:
    """Raise SetupError, with the reason, for what the optimizer of a setup cannot work with."""
    chosen = setup.optimizer
    if setup.batch_size < rows:
        raise SetupError(
            f"{chosen.name} looks at one function in several places, so it needs all rows in every "
            f"step, and not batches of {setup.batch_size}.",
            "Leave batch_size out.",
        )
    if setup.dtype != "float64":
        raise SetupError(
            f"{chosen.name} compares losses that differ in their last digits, so it computes in "
            f"float64, and not in {setup.dtype}.",
            "Leave dtype out.",
        )
    _refuse_random(chosen, objective)
    _refuse_terms(setup)
    if chosen.needs in MATRIX_NEEDS:
        squares_only = getattr(chosen, "squares_only", False)
        refuse_without_roots(objective.losses, chosen.name, squares_only)
        _refuse_coupled(chosen, objective)
        _refuse_over_time(chosen, objective)


def _refuse_random(chosen: AnyOptimizer, objective: Objective) -> None:
    if objective.noise_inputs:
        drawing = next(one for one in objective.plan.steps if one.op == "random")
        raise SetupError(
            f"{drawing.made_by} ({drawing.layer}) draws other numbers in every step, and "
            f"{chosen.name} compares losses of one and the same function.",
            "Leave it out, or use an optimizer such as 'adam'.",
        )


def _refuse_coupled(chosen: AnyOptimizer, objective: Objective) -> None:
    if objective.plan.state:
        name = objective.plan.state[0].name
        layer = next(one for one in objective.plan.steps if name in one.inputs)
        raise SetupError(
            f"{chosen.name} needs what each row adds by itself, and {layer.made_by} "
            f"({layer.layer}) mixes the rows of a batch.",
            "Leave it out, or use an optimizer such as 'lbfgs' or 'adam'.",
        )


def _refuse_over_time(chosen: AnyOptimizer, objective: Objective) -> None:
    plan = objective.plan
    if any(len(plan.shapes[output]) > 1 for output in plan.outputs):
        raise SetupError(
            f"{chosen.name} needs one answer for each row, and this network answers at each time "
            "of a sequence.",
            "Use an optimizer such as 'lbfgs' or 'adam'.",
        )


def _refuse_terms(setup: Setup) -> None:
    """Refuse what belongs to single steps along the gradient."""
    given, name = setup.regularisation, setup.optimizer.name
    if given.l1 and setup.optimizer.needs != "loss":
        raise SetupError(
            f"l1 has a kink at 0, and {name} needs a loss that is smooth.",
            "Use l2, or an optimizer such as 'adam'.",
        )
    no_l2 = getattr(setup.optimizer, "no_l2", None)
    if given.l2 and no_l2:
        raise SetupError(f"{name} {no_l2}.", "Leave l2 out.")
    terms = {
        "weight_decay": bool(given.weight_decay),
        "clip_norm": given.clip_norm is not None,
        "clip_value": given.clip_value is not None,
        "rates": bool(setup.rates),
    }
    for term, is_set in terms.items():
        if is_set:
            raise SetupError(
                f"{term} changes single steps along the gradient, which {name} does not take.",
                "Use l2 to keep weights small." if term == "weight_decay" else f"Leave {term} out.",
            )
