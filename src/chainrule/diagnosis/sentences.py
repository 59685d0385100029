"""What a verdict says in one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from chainrule.diagnosis.differing import LEVEL
from chainrule.diagnosis.laboratory import Experiment
from chainrule.diagnosis.verdict import Verdict


def sentence_of(found: Verdict) -> str:
    """Return the verdict as one sentence."""
    if found.primary is None:
        return _without_cause(found)
    title = first_up(found.primary.ailment.title)
    if found.standing == "unexplained":
        return f"{title}; no experiment has shown why."
    experiment = found.primary.experiment
    if experiment is None:
        return f"{title}."
    if not _is_better(experiment):
        return f"{title} (confirmed): {imperative(experiment.remedy.words)}."
    return f"{title} (confirmed, p = {experiment.probability:.2g}){_gain(experiment)}."


def _without_cause(found: Verdict) -> str:
    if not found.suspicions:
        return "Healthy: nothing in this training is a sign of trouble."
    titles = listed([one.ailment.title for one in found.suspicions])
    these = "it" if len(found.suspicions) == 1 else "them"
    if found.standing == "not proved":
        return f"Not proved: there are signs that {titles}, and no experiment was made."
    return f"Healthy: there were signs that {titles}, and experiments did not confirm {these}."


def _is_better(experiment: Experiment) -> bool:
    """Whether an experiment shows what it shows by lower errors, and not by equal ones."""
    return experiment.shows is None or (experiment.gain > 0 and experiment.probability < LEVEL)


def _gain(experiment: Experiment) -> str:
    before, after = (short(median(one)) for one in (experiment.without, experiment.treated))
    name, _, unit = experiment.quantity.partition(", ")
    told = f": the {name} falls from {before} to {after}"
    if "constant prediction" in unit:
        told += " of a constant prediction's"
    return f"{told} when you {imperative(experiment.remedy.words)}"


def imperative(words: str) -> str:
    """Return what a remedy says to do, to stand inside a sentence."""
    first = words.partition(". ")[0].removesuffix(".")
    return first[:1].lower() + first[1:]


def first_up(text: str) -> str:
    """Return a text with a capital at its front."""
    return text[:1].upper() + text[1:]


def short(number: float) -> str:
    """Return a number with three digits."""
    return f"{number:.3g}"


def listed(texts: Sequence[str]) -> str:
    """Return texts as a list in a sentence: a, b and c."""
    if len(texts) < 2:
        return "".join(texts)
    return f"{', '.join(texts[:-1])} and {texts[-1]}"
