"""A diagnosis in chapters: the cause, its evidence and its proof, what to do, what else was seen.

They are made of the report's document alone, and every face shows them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median

from chainrule.diagnosis.experiments.own_start import IN_OTHER_ORDERS
from chainrule.diagnosis.experiments.significance import (
    LEAST_EFFECT,
    LEVEL,
    LEVEL_OF_ROWS,
    effect,
)
from chainrule.diagnosis.wording import first_sentence, first_up, name_and_unit
from chainrule.views.diagnosis_charts import experiment_chart
from chainrule.views.diagnosis_evidence import evidence
from chainrule.views.diagnosis_fix import fix_chapter
from chainrule.views.explanation_parts import (
    Cell,
    Chapter,
    Document,
    Exact,
    Measured,
    Pairs,
    Part,
    Pasted,
    Pictured,
    Told,
)

REMEDY = "with the remedy"


def told_diagnosis(document: Document) -> Told:
    """Return what there is to say of a diagnosis."""
    primary, about = document["primary"], document["run"]
    chapters = [] if primary is None else _cause(primary, document)
    if document["together"] is not None:
        chapters.append(_together(document))
    if document.get("fix"):
        chapters.append(fix_chapter(document["fix"]))
    chapters += _several("What follows from it", document["consequences"], _consequence)
    for one in document["others"]:
        chapters += _beside(one, about)
    chapters += _several(_doubted(document), document["suspicions"], suspicion, quiet=True)
    chapters.append(_how(document))
    title = document["name"] if primary is None else _titles(document)
    return Told(
        f"Diagnosis: {title}",
        _about(about),
        document["verdict"],
        tuple(document["notes"]),
        tuple(chapters),
    )


def _titles(document: Document) -> str:
    """Return what is wrong: the primary cause, and those that are needed beside it."""
    needed = (one["title"] for one in document["others"] if one["beside"])
    return "; ".join((document["primary"]["title"], *needed))


# ---- the cause ----


def _cause(found: Document, document: Document) -> list[Chapter]:
    chapters = [
        Chapter("What is wrong", (found["meaning"],)),
        Chapter("Evidence", tuple(evidence(found, document["run"]))),
    ]
    if found["experiment"] is not None:
        chapters.append(Chapter("Proof by experiment", tuple(proof(found))))
    remedy = _remedy(found)
    if found["remedy"] and not found["by_hand"] and not document.get("fix"):
        remedy.append(_does_it(document["call"]))
    return [*chapters, Chapter("What to do", tuple(remedy))]


def _beside(found: Document, run: Document) -> list[Chapter]:
    """Return the chapter of what is confirmed beside the cause."""
    parts: list[Part] = [found["meaning"], *evidence(found, run)]
    if found["experiment"] is not None:
        parts += proof(found)
    parts += _remedy(found)
    heading = "Needed as well" if found["beside"] else "Also confirmed"
    return [Chapter(f"{heading}: {found['title']}", tuple(parts))]


def _together(document: Document) -> Chapter:
    """Return the proof that the remedies of several causes help together."""
    causes = [document["primary"], *(one for one in document["others"] if one["beside"])]
    said = (
        "Each of these remedies is needed: where one is left out and the others stay, errors are "
        "higher by more than chance."
        if document["primary"]["beside"]
        else "The first remedy helps by itself; beside it the others help further."
    )
    steps = Pairs(tuple((one["title"], first_sentence(one["remedy"])) for one in causes))
    return Chapter("All remedies together", (said, steps, *_trainings(document["together"])))


def proof(found: Document) -> list[Part]:
    """Return what was done to prove a finding, and what came of it."""
    return [_what_was_done(found["experiment"]), *_trainings(found["experiment"])]


def _trainings(experiment: Document) -> list[Part]:
    """Return the errors of an experiment's trainings, and what they say."""
    without, treated = experiment["without"], experiment["treated"]
    parts: list[Part] = []
    if without and treated:
        groups = (experiment["untreated_name"], without), (experiment["treated_name"], treated)
        what = "parts" if experiment.get("counted") else "trainings"
        parts += [_groups(experiment["quantity"], what, *groups), *_chance(experiment)]
        if experiment["p_over_rows"] is not None:
            level = LEVEL_OF_ROWS / experiment["looks"]
            parts.append(
                "Over the rows on which errors are measured p is "
                f"{experiment['p_over_rows']:.2g} (paired t test, one-sided; below "
                f"{level:.3g} the difference is not luck of these rows)."
            )
    chart = experiment_chart(experiment)
    if chart is not None:
        parts.append(Pictured(chart))
    if len(experiment["tried"]) > 1:
        rows: tuple[tuple[Cell, ...], ...] = tuple(
            (first_sentence(words), Exact(error, 3)) for words, error in experiment["tried"].items()
        )
        told = "The remedy was chosen from these, by trainings from other starts"
        parts.append(Measured(told, ("remedy", "median error"), rows))
    return parts


def _what_was_done(experiment: Document) -> str:
    treated, without = len(experiment["treated"]), len(experiment["without"])
    if experiment.get("counted"):
        return (
            f"The training rows were parted into {treated}, and each part was predicted by what "
            "was learned from the others. Labels that are wrong by accident are contradicted about "
            "as often among the rows predicted most surely as among others; where classes overlap, "
            "hardly any is there."
        )
    starts = ", from the same starts"
    if experiment["own_start"]:
        starts = f", {IN_OTHER_ORDERS}, since from other starts it does better"
    elif experiment["untreated_name"] == IN_OTHER_ORDERS:
        # Starts are what the two differ in, and their names say so.
        starts = ""
    each = (
        f"each of {_counted(experiment['epochs'], 'epoch')} on "
        f"{_counted(experiment['rows'], 'row')}{starts}."
    )
    if experiment["parts"] > 1:
        each += (
            f" It was in doubt on the rows held out, so that {experiment['parts']} parts of the "
            "rows were held out in turn: an error is the mean over them."
        )
    if experiment["parts"] < experiment["planned"]:
        each += (
            f" Time ended before all {experiment['planned']} parts were held out; the gain is "
            "enough by more than the standard error of what all would show."
        )
    if experiment["looks"] > 1:
        each += f" It is look number {experiment['looks']}: p is to be below {_level(experiment)}."
    if experiment["treated_name"] != REMEDY:
        return (
            f"{treated} trainings, {experiment['treated_name']}, beside {without}, "
            f"{experiment['untreated_name']}, {each}"
        )
    return (
        f"{treated} trainings with one thing changed beside {without} with nothing changed, {each} "
        f"The change: {first_sentence(experiment['remedy'])}"
    )


def _level(experiment: Document) -> float:
    """Return the p below which an experiment counts, divided among its looks."""
    return LEVEL / int(experiment["looks"])


def _chance(experiment: Document) -> list[str]:
    """Return what the rank test says, where the proof is one of lower errors."""
    if experiment.get("counted"):
        return []
    if experiment.get("as_good"):
        return [_as_good(experiment)] if experiment["shows"] else []
    if experiment["p"] >= _level(experiment):
        if experiment["shows"]:
            return [f"With {experiment['treated_name']}, errors are no higher: that is the proof."]
        return [
            f"Between the two p is {experiment['p']:.2g} ({_test(experiment)}), and Cohen's d "
            f"{experiment['d']:.2g}: no more than chance."
        ]
    return [
        f"By chance alone so much lower errors come about with a probability of p = "
        f"{experiment['p']:.2g} ({_test(experiment)}). Cohen's d, the "
        f"difference of the means in standard deviations, is {effect(experiment['d'])}."
    ]


def _test(experiment: Document) -> str:
    """Return which test p is of; where a law says that all fail without the remedy, of two."""
    rank = "exact rank test of Mann and Whitney, one-sided"
    if not experiment["deduced"]:
        return rank
    return f"{rank}, or exceedance test of Rosenbaum, whichever is less"


def _as_good(experiment: Document) -> str:
    """Return what labels say that were spoiled and are learned as well."""
    before, after = (median(experiment[name]) for name in ("without", "treated"))
    higher = "no higher" if after <= before else "hardly higher"
    return f"With {experiment['treated_name']}, errors are {higher}: that is the proof."


def _groups(quantity: str, what: str, *groups: tuple[str, Sequence[float]]) -> Measured:
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (name, str(len(errors)), *(Exact(one(errors), 3) for one in (median, min, max)))
        for name, errors in groups
    )
    headings = (what, "how many", "median", "lowest", "highest")
    return Measured(f"The {quantity}", headings, rows)


def _remedy(found: Document) -> list[Part]:
    if not found["remedy"]:
        return ["No remedy is known for this case."]
    parts: list[Part] = [found["remedy"]]
    if found["code"]:
        code = found["code"]
        parts.append(Pasted(code) if "\n" in code else Pairs((("in code", code),)))
    return parts


def _does_it(call: str) -> str:
    """Return what does what the remedies say, by what has made the diagnosis."""
    command = f"{call} --fix" if call else "report.fix()"
    return (
        f"All of it is done by {command}: it trains again in full over ten seeds, before and "
        "after, and keeps only what helps."
    )


# ---- what else was seen ----


def _several(
    heading: str, found: Sequence[Document], said: Callable[[Document], str], quiet: bool = False
) -> list[Chapter]:
    return [Chapter(heading, tuple(map(said, found)), quiet)] if found else []


def _consequence(found: Document) -> str:
    sign = found["signs"][0]["words"] if found["signs"] else ""
    return f"{first_up(found['title'])}. {sign}".strip()


def suspicion(found: Document) -> str:
    """Return what was seen and not confirmed, with the experiment that did not confirm it."""
    told = [_consequence(found)]
    experiment = found["experiment"]
    if experiment is None:
        told.append("No experiment was made.")
    elif experiment["without"] and experiment["treated"]:
        before, after = (median(experiment[name]) for name in ("without", "treated"))
        name, _ = name_and_unit(experiment["quantity"])
        told.append(
            f"{_not_shown(experiment)}: the {name} is {before:.3g} "
            f"{experiment['untreated_name']}, {after:.3g} "
            f"{experiment['treated_name']}{_certainty(experiment)}."
        )
    return " ".join(told)


def _not_shown(experiment: Document) -> str:
    """Return that it is not confirmed, or that time ended before there was an answer."""
    if not experiment["undecided"]:
        return "The experiment does not confirm it"
    parts, planned = experiment["parts"], experiment["planned"]
    if parts < planned:
        return (
            f"Time ended when {parts} of {planned} parts of the rows had judged, which does not "
            "decide it"
        )
    return "Time ended before all remedies were tried, and what was tried does not confirm it"


def _certainty(experiment: Document) -> str:
    """Return p and d in brackets, nothing where no errors were to be lower."""
    if experiment["p"] is None:
        return ""
    return f" (p = {experiment['p']:.2g}, d = {effect(experiment['d'])}{_why_not(experiment)})"


def _why_not(experiment: Document) -> str:
    """Return why lower errors that are more than chance over the starts confirm nothing."""
    if experiment["shows"] is not None or experiment["p"] >= LEVEL or experiment["undecided"]:
        return ""
    if experiment["p"] >= _level(experiment):
        return f"; in look number {experiment['looks']} p is to be below {_level(experiment)}"
    if experiment["d"] < LEAST_EFFECT:
        return ""
    over_rows = experiment["p_over_rows"]
    if over_rows is not None and over_rows >= LEVEL_OF_ROWS / experiment["looks"]:
        return f"; over the rows p = {over_rows:.2g}, so that it may be luck of these rows"
    return "; too little to matter"


def _doubted(document: Document) -> str:
    if document["standing"] == "not proved":
        return "What there are signs of"
    return "Suspicions that no experiment has confirmed"


# ---- how it was found out ----


def _why_none(document: Document) -> str:
    """Return why no training was made: nothing asked for one, or none could be made."""
    asked = document["standing"] in ("not proved", "unexplained")
    return "none was made" if asked else "none was needed"


def _how(document: Document) -> Chapter:
    made = document["trainings"]
    pairs = [
        ("time", f"{document['seconds']:.2f} s for the diagnosis"),
        ("experiments", _counted(made, "training") if made else _why_none(document)),
        (
            "errors",
            "in shares of the best constant prediction's: 0 is perfect, 1 is no better than a "
            "constant, 10 stands for all that is worse and for no number at all; on rows that were "
            "not learned from, where there are any",
        ),
    ]
    if made:
        pairs.append(
            (
                "confirmed",
                f"with the remedy errors are lower by more than chance (p below {LEVEL}), by half "
                "a standard deviation or more (d), and by enough to matter",
            )
        )
    return Chapter("How it was examined", (Pairs(tuple(pairs)),))


def _about(run: Document) -> str:
    rows = _counted(run["rows"], "training row")
    if run["validation_rows"]:
        rows += f", {_counted(run['validation_rows'], 'validation row')}"
    errors = f"error {run['error']:.3g} on training rows"
    if run["validation_error"] is not None:
        errors += f", {run['validation_error']:.3g} on validation rows"
    epochs = _counted(run["epochs"], "epoch")
    if run["epochs"] < run["planned_epochs"]:
        epochs += f" of {run['planned_epochs']:,}"
    scale = "0 is perfect, 1 no better than a constant"
    return f"{epochs} of {run['optimizer']} on {rows}; {errors} ({scale})."


def _counted(number: int, what: str) -> str:
    return f"1 {what}" if number == 1 else f"{number:,} {what}s"
