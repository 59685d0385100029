"""Everything that an op must hold, tried on its examples and told in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from chainrule.errors import SetupError
from chainrule.ops import OPS, Example, Op
from chainrule.ops.op import find_op
from chainrule.ops.prediction import in_prediction
from chainrule.testing import coupling, kinks, oracle, programs, rules, slopes
from chainrule.testing.trials import Trial, draw

Check = Callable[[Trial], Iterable[str]]
CHECKS: tuple[Check, ...] = (
    rules.shapes_follow_the_pattern,
    rules.nothing_is_changed,
    rules.backward_is_the_adjoint,
    rules.routes_sum_to_backward,
    slopes.tangent_is_the_slope,
    slopes.none_means_flat,
    kinks.one_sided_slopes,
    coupling.couples_as_declared,
    programs.program_equals_the_rules,
)


def check_op(
    op: Op | type | str,
    *,
    examples: Sequence[Example] | None = None,
    seed: int = 0,
    jax: bool = True,
) -> list[str]:
    """Return what is wrong with an op, one sentence each; an empty list means that it passes.

    The op is given by its name, by the class that ``@op`` stands above, or as it is in the table.
    Each of the op's examples (or those given) is drawn from ``seed`` and tried: the shapes of its
    pattern; inputs left as they were; backward as the true adjoint of tangent, to rounding, and
    its named routes, where it has some, as parts that sum to it;
    tangent against central differences of forward alone in float64, from one side at declared
    kinks; ``None`` for a gradient only where forward is flat; mixing along the axes that
    ``couples`` names and no others; the traced program on the reference engine against the rules
    called directly, in float64 and float32, for several numbers of rows. With ``jax=True``, and
    where JAX is installed, backward is also held to ``jax.vjp`` of forward alone. A
    ``forward_predict`` is held to the same, and its rows have to be independent of each other.
    """
    op = _entered(op)
    failures = list(rules.description_is_there(op))
    checks = (*CHECKS, oracle.backward_agrees_with_jax) if jax else CHECKS
    for place, example in enumerate(examples or op.examples, start=1):
        # Differences may step over the edge of forward's domain: findings, not warnings.
        with np.errstate(all="ignore"):
            found = _tried(op, example, seed, checks)
            if op.forward_predict is not None:
                given = in_prediction(op, example)
                predicting = [one for one in checks if one is not coupling.couples_as_declared]
                predicting.append(programs.prediction_keeps_rows_apart)
                told = _tried(op.prediction, given, seed, predicting)
                found += [f"in prediction, {sentence}" for sentence in told]
        failures += [f"{op.name}, example {place}: {sentence}" for sentence in found]
    return failures


def assert_op(
    op: Op | type | str, *, examples: Sequence[Example] | None = None, seed: int = 0
) -> None:
    """Raise AssertionError with all that ``check_op`` finds."""
    failures = check_op(op, examples=examples, seed=seed)
    if failures:
        raise AssertionError("\n".join(failures))


def _entered(op: Op | type | str) -> Op:
    """Return what the table holds. Raises SetupError where it does not hold it."""
    if isinstance(op, Op):
        return op
    if isinstance(op, str):
        return find_op(op)
    forward = getattr(op, "forward", None)
    for one in OPS.values():
        if forward is not None and one.forward is forward:
            return one
    raise SetupError(
        f"{op.__name__} is not in the table of ops.", "Write @op(...) above the class, as cr.op."
    )


def _tried(op: Op, example: Example, seed: int, checks: Sequence[Check]) -> list[str]:
    """Return the findings on one example. A rule that raises, whatever it raises, is one too."""
    try:
        trial = draw(op, example, seed=seed)
        trial.outputs()
    except Exception as error:
        return [f"forward cannot be run: {_told(error)}."]
    findings: list[str] = []
    for check in checks:
        try:
            findings += check(trial)
        except Exception as error:
            name = check.__name__.replace("_", " ")
            findings.append(f"the check '{name}' was stopped: {_told(error)}.")
    return findings


def _told(error: Exception) -> str:
    return f"{type(error).__name__} ({error})"
