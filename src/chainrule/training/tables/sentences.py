"""A result in words: how the network did, and whether the simpler models could have been used."""

from __future__ import annotations

import math

from chainrule.data.hints import MOST_OF_ONE_CLASS
from chainrule.training.tables.intervals import Measured
from chainrule.training.tables.result import (
    CONSTANT,
    LINEAR,
    MAIN,
    NETWORK,
    TableResult,
)

DIVERGED = "The training has diverged, so the network predicts nothing: lower the learning rate."

FEWEST_TESTED = 10


def in_words(result: TableResult) -> str:
    """Return a few sentences: the figure and its interval, its standing, what it rests on."""
    main = result.scores[NETWORK][MAIN[result.task]]
    if not main.known:
        return DIVERGED
    standing = _standing(result)
    said = [f"{_figure(result, main)}: {standing}."]
    said += _skill(result)
    if result.folds < result.planned:
        said.append(f"This rests on {result.folds} of {result.planned} folds.")
    return " ".join(said)


def _figure(result: TableResult, main: Measured) -> str:
    if result.task == "classification":
        right = round(main.value * result.rows)
        return (
            f"The network gets {right:,} of {result.rows:,} rows right, {main.value:.1%} "
            f"(95% interval {main.low:.1%} to {main.high:.1%}){_balanced(result)}"
        )
    return (
        f"The network's error (RMSE) is {written_number(main.value)} "
        f"(95% interval {written_number(main.low)} to {written_number(main.high)})"
    )


def _balanced(result: TableResult) -> str:
    """Return the balanced accuracy, where most rows are of one class."""
    rows = [sum(row) for row in result.confusion]
    if not rows or max(rows) <= MOST_OF_ONE_CLASS * sum(rows):
        return ""
    return f", in balanced accuracy {result.scores[NETWORK]['balanced_accuracy'].value:.1%}"


def rival(result: TableResult) -> str:
    """Return the simpler model that did best; of two that did equally well, the constant."""
    measure, sign = MAIN[result.task], 1.0 if result.task == "classification" else -1.0

    def standing(model: str) -> float:
        one = result.scores[model][measure]
        return sign * one.value if one.known else -math.inf

    return LINEAR if standing(LINEAR) > standing(CONSTANT) else CONSTANT


def verdict(result: TableResult, model: str) -> str:
    """Return "win", "tie" or "loss" of the network against a model.

    It is a tie where the 95 % interval of the difference holds 0, other rows could have turned it,
    and on so few rows that an interval says nothing.
    """
    lead = result.leads[model]
    if not lead.known:
        return "win"
    if lead.low <= 0.0 <= lead.high or result.rows < FEWEST_TESTED:
        return "tie"
    return "win" if (lead.value > 0) == (result.task == "classification") else "loss"


def _skill(result: TableResult) -> list[str]:
    """Return what is to be said where the network does not win against the constant."""
    against = verdict(result, CONSTANT)
    if against == "win":
        return []
    few = result.rows < FEWEST_TESTED
    often = "about as often as a constant" if against == "tie" else "less often than a constant"
    if result.task == "classification" and result.skill.high < 0 and not few:
        losses = [result.scores[one]["log_loss"].value for one in (NETWORK, CONSTANT)]
        return [
            f"It is right {often}, but its probabilities are better: log loss {losses[0]:.4f} "
            f"against {losses[1]:.4f}."
        ]
    ranks = result.scores[NETWORK].get("auc")
    if ranks is not None and ranks.low > 0.5 and not few:
        return [
            f"It is right {often}, but ranks rows better than chance: AUC {ranks.value:.3f} "
            f"({ranks.low:.3f} to {ranks.high:.3f})."
        ]
    if against == "loss":
        return ["It shows no skill: a constant is ahead of it."]
    return ["It shows no clear skill: with other rows, a constant might do as well."]


def _standing(result: TableResult) -> str:
    name = rival(result)
    how = {
        "win": f"better than the {name}",
        "tie": f"a tie with the {name}",
        "loss": f"worse than the {name}",
    }[verdict(result, name)]
    return f"{how}, {_difference(result, name)}"


def _difference(result: TableResult, name: str) -> str:
    """Return how far the network and a model are apart, with the interval of the difference."""
    lead = result.leads[name]
    if not lead.known:
        return "which predicts nothing"
    if result.task == "classification":
        rows = round(lead.value * result.rows)
        count = "as many" if rows == 0 else f"{abs(rows):,} {'more' if rows > 0 else 'fewer'}"
        return f"{count} ({lead.low:+.1%} to {lead.high:+.1%})"
    other = result.scores[name][MAIN[result.task]].value
    interval = f"({_signed(lead.low)} to {_signed(lead.high)})"
    if abs(lead.value) < 0.0005 * other:
        return f"as large {interval}"
    if other <= 0 or lead.value >= other:
        return f"larger by {written_number(lead.value)} {interval}"
    how = "larger" if lead.value > 0 else "smaller"
    return f"{abs(lead.value) / other:.1%} {how} {interval}"


def _signed(number: float) -> str:
    return ("+" if number >= 0 else "") + written_number(number)


def written_number(number: float) -> str:
    """Return a number with four digits, or all before the point; with an exponent if extreme."""
    # First rounded, so that 9.9996 is written as 10.00 and not as 10.000.
    size = abs(float(f"{number:.3e}"))
    if size >= 1e9 or 0 < size < 1e-4:
        return f"{number:.3e}"
    decimals = 4 if size < 1 else 3 - min(3, int(math.log10(size)))
    return f"{number:,.{decimals}f}"
