"""What a verdict says in one sentence."""

from __future__ import annotations

from statistics import median

from chainrule.data.decisions import Decision
from chainrule.diagnosis.ailments.constant_prediction import CONSTANT_PREDICTION
from chainrule.diagnosis.experiments.experiment import Experiment
from chainrule.diagnosis.verdicts.verdict import Verdict
from chainrule.diagnosis.wording import (
    first_up,
    imperative,
    listed,
    listed_apart,
    name_and_unit,
    numbered,
    short,
    times_of,
)

# What decides most verdicts on small networks that were not proved for want of time.
SECONDS = 30
MORE_TIME = f"chainrule diagnose RUN --seconds {SECONDS} or cr.diagnose(run, seconds={SECONDS})"


def sentence_of(found: Verdict) -> str:
    """Return the verdict as one sentence."""
    if found.primary is None:
        return _without_cause(found)
    title = first_up(found.primary.ailment.title)
    if found.standing == "unexplained":
        # What is no better than a constant may be one target of several.
        where = found.primary.signs[0].where if found.primary.signs else ""
        is_one = where and found.primary.ailment.name == CONSTANT_PREDICTION.name
        return f"{title}{f' on {where}' if is_one else ''}; no experiment has shown why."
    experiment = found.primary.experiment
    if experiment is None:
        return f"{title}."
    if found.together is not None and found.primary.beside:
        return _only_together(found, found.together)
    besides = _besides(found)
    if experiment.shows_otherwise:
        return f"{title} (confirmed): {imperative(experiment.remedy.words)}{besides}."
    return f"{title} (confirmed, p = {experiment.probability:.2g}){_gain(experiment)}{besides}."


def _only_together(found: Verdict, together: Experiment) -> str:
    """Return the sentence on causes whose remedies help only together.

    They are numbered, for their titles and remedies hold commas and conjunctions.
    """
    causes = [one for one in (found.primary, *found.needed) if one is not None]
    first, *more = [one.ailment.title for one in causes]
    titles = numbered([first_up(first), *more])
    steps = [imperative(one.remedy.words) for one in causes if one.remedy is not None]
    done = "both" if len(causes) == 2 else "all of it"
    return (
        f"{titles} (confirmed together, p = {together.probability:.2g})"
        f"{_fall(together)} only with {done} put right: {numbered(steps)}."
    )


def _besides(found: Verdict) -> str:
    """Return what is needed beside the remedy of a cause that was confirmed by itself."""
    if found.together is None or not found.needed:
        return ""
    titles = listed_apart([one.ailment.title for one in found.needed])
    steps = [imperative(one.remedy.words) for one in found.needed if one.remedy is not None]
    # What one adds is seen beside the first remedy; what several add, in all of them together.
    own = found.needed[0].experiment if len(found.needed) == 1 else None
    fall = _fall(found.together if own is None else own)
    return f"; besides, {titles}{fall} when you also {listed_apart(steps)}"


def _without_cause(found: Verdict) -> str:
    if found.unjudged:
        return f"Not proved: {found.unjudged}, so that there is nothing to judge."
    if not found.suspicions:
        what = "nothing else" if found.giveaways else "nothing"
        return f"{_healthy(found)}: {what} in this training is a sign of trouble."
    if found.standing == "not proved":
        untried = [one for one in found.suspicions if one.is_untried]
        titles = listed_apart([one.ailment.title for one in untried])
        why = "no experiment was made"
        if found.is_out_of_time:
            why = f"the time for experiments ran out: give more, {MORE_TIME}"
        return f"Not proved: there are signs that {titles}, and {why}."
    titles = listed_apart([one.ailment.title for one in found.suspicions])
    these = "it" if len(found.suspicions) == 1 else "them"
    told = f"there were signs that {titles}, and experiments did not confirm {these}"
    return f"{_healthy(found)}: {told}."


def _healthy(found: Verdict) -> str:
    """Return that a training is healthy, which does not say that its table is."""
    names = [repr(one.subject) for one in found.giveaways]
    if not names:
        return "Healthy"
    if len(names) == 1:
        return f"Healthy, but for the column {names[0]}, which alone says the target"
    return f"Healthy, but for the columns {listed(names)}, each of which alone says the target"


def sentence_of_giveaway(one: Decision) -> str:
    """Return the hint on a column that says the target by itself, and what leaves it out."""
    return f"Column {one.subject!r} {one.text}. To train without it: {one.option}."


def _gain(experiment: Experiment) -> str:
    return f"{_fall(experiment)} when you {imperative(experiment.remedy.words)}"


def _fall(experiment: Experiment) -> str:
    medians = (median(one) for one in (experiment.without, experiment.treated))
    name, is_relative = name_and_unit(experiment.quantity)
    before, after = map(times_of if is_relative else short, medians)
    told = f": the {name} falls from {before} to {after}"
    return told + " times that of a constant prediction" if is_relative else told
