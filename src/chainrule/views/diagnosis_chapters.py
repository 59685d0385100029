"""A diagnosis in chapters: the cause, its evidence and its proof, what to do, what else was seen.

They are made of the report's document alone, and every face shows them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median

import numpy as np

from chainrule.explanation.derivation_formulas import number_of
from chainrule.views.diagnosis_charts import experiment_chart, sign_chart, two_groups
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

# So many signs of one thing are told in sentences; a table has them all.
MOST_TOLD = 4
REMEDY = "with the remedy"
LEVEL = 0.05


def told_diagnosis(document: Document) -> Told:
    """Return what there is to say of a diagnosis."""
    primary, about = document["primary"], document["run"]
    chapters = [] if primary is None else _cause(primary, document)
    if document.get("fix"):
        chapters.append(fix_chapter(document["fix"]))
    chapters += _several("What follows from it", document["consequences"], _consequence)
    for one in document["others"]:
        chapters += _beside(one, about)
    chapters += _several(_doubted(document), document["suspicions"], _suspicion, quiet=True)
    chapters.append(_how(document))
    title = document["name"] if primary is None else primary["title"]
    return Told(
        f"Diagnosis: {title}",
        _about(about),
        document["verdict"],
        tuple(document["notes"]),
        tuple(chapters),
    )


def told_fix(fix: Document) -> Told:
    """Return what there is to say of a fix by itself."""
    chapter = fix_chapter(fix)
    about = f"{len(fix['seeds'])} trainings before, as many after, in full."
    chapters = (Chapter("What was tried", chapter.parts[1:]),) if fix["attempts"] else ()
    return Told("The fix", about, fix["words"], (), chapters)


# ---- the cause ----


def _cause(found: Document, document: Document) -> list[Chapter]:
    chapters = [
        Chapter("What is wrong", (found["meaning"],)),
        Chapter("Evidence", tuple(_evidence(found["signs"], document["run"]["epochs"]))),
    ]
    if found["experiment"] is not None:
        chapters.append(Chapter("Proof by experiment", tuple(_proof(found))))
    remedy = _remedy(found)
    if found["remedy"] and not document.get("fix"):
        remedy.append(_does_it(document["call"]))
    return [*chapters, Chapter("What to do", tuple(remedy))]


def _beside(found: Document, run: Document) -> list[Chapter]:
    """Return the chapter of what is confirmed beside the cause."""
    parts: list[Part] = [found["meaning"], *_evidence(found["signs"], run["epochs"])]
    if found["experiment"] is not None:
        parts += _proof(found)
    parts += _remedy(found)
    return [Chapter(f"Also confirmed: {found['title']}", tuple(parts))]


def _evidence(signs: Sequence[Document], epochs: int) -> list[Part]:
    """Return a table of numbers beside their thresholds, and what the first of them say."""
    parts: list[Part] = [_sign_table(signs)]
    said: set[tuple[str, str]] = set()
    for one in signs[:MOST_TOLD]:
        parts.append(one["words"])
        explained = one["normal"], one["source"]
        if explained not in said:
            said.add(explained)
            parts.append(Pairs((("normal", one["normal"]), ("threshold from", one["source"]))))
        chart = sign_chart(one, epochs)
        if chart is not None:
            parts.append(Pictured(chart))
    return parts


def _sign_table(signs: Sequence[Document]) -> Measured:
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            f"{one['quantity']}, {one['where']}" if one["where"] else one["quantity"],
            Exact(number_of(one["measured"]), 4),
            f"{'up to' if one['side'] == 'above' else 'from'} "
            f"{Exact(number_of(one['threshold']), 4)}",
        )
        for one in signs
    )
    return Measured("What was measured", ("sign", "measured", "threshold"), rows)


def _proof(found: Document) -> list[Part]:
    experiment = found["experiment"]
    without, treated = experiment["without"], experiment["treated"]
    parts: list[Part] = [_what_was_done(experiment)]
    if without and treated:
        groups = (experiment["untreated_name"], without), (experiment["treated_name"], treated)
        parts += [_groups(experiment["quantity"], *groups), _chance(experiment)]
        if experiment["p_over_rows"] is not None:
            parts.append(
                f"Over the rows that judge p is {experiment['p_over_rows']:.2g} (paired t test, "
                "one-sided; below 0.025 it is no luck of these rows)."
            )
    chart = experiment_chart(experiment)
    if chart is not None:
        parts.append(Pictured(chart))
    if len(experiment["tried"]) > 1:
        rows: tuple[tuple[Cell, ...], ...] = tuple(
            (words, Exact(error, 3)) for words, error in experiment["tried"].items()
        )
        told = "Which of these it is was tried before, from other starts"
        parts.append(Measured(told, ("remedy", "median error"), rows))
    return parts


def _what_was_done(experiment: Document) -> str:
    treated, without = len(experiment["treated"]), len(experiment["without"])
    each = (
        f"each of {_counted(experiment['epochs'], 'epoch')} on "
        f"{_counted(experiment['rows'], 'row')}, from the same starts."
    )
    if experiment["treated_name"] != REMEDY:
        return (
            f"{treated} trainings, {experiment['treated_name']}, beside {without}, "
            f"{experiment['untreated_name']}, {each}"
        )
    return (
        f"{treated} trainings with one thing changed beside {without} with nothing changed, {each} "
        f"The change: {experiment['remedy']}"
    )


def _chance(experiment: Document) -> str:
    if experiment["p"] >= LEVEL:
        return (
            f"Between the two p is {experiment['p']:.2g} (exact rank test of Mann and Whitney, "
            f"one-sided), and Cohen's d {experiment['d']:.2g}: no more than chance."
        )
    return (
        f"By chance alone so much lower errors come about with a probability of p = "
        f"{experiment['p']:.2g} (exact rank test of Mann and Whitney, one-sided). Cohen's d is "
        f"{experiment['d']:.3g}: the difference of the means, in deviations."
    )


def _groups(quantity: str, *groups: tuple[str, Sequence[float]]) -> Measured:
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (name, str(len(errors)), *(Exact(one(errors), 3) for one in (median, min, max)))
        for name, errors in groups
    )
    headings = ("trainings", "how many", "median", "lowest", "highest")
    return Measured(f"The {quantity}", headings, rows)


def _remedy(found: Document) -> list[Part]:
    if not found["remedy"]:
        return ["No remedy is known for this case."]
    parts: list[Part] = [found["remedy"]]
    if found["code"]:
        parts.append(Pairs((("in code", found["code"]),)))
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
    return f"{_first_up(found['title'])}. {sign}".strip()


def _suspicion(found: Document) -> str:
    told = [_consequence(found)]
    experiment = found["experiment"]
    if experiment is None:
        told.append("No experiment was made.")
    elif experiment["without"] and experiment["treated"]:
        before, after = (median(experiment[name]) for name in ("without", "treated"))
        told.append(
            f"The experiment does not confirm it: {before:.3g} as it was, {after:.3g} with the "
            f"remedy (p = {experiment['p']:.2g}, d = {experiment['d']:.2g})."
        )
    return " ".join(told)


def _doubted(document: Document) -> str:
    if document["standing"] == "not proved":
        return "What there are signs of"
    return "Suspicions that no experiment has confirmed"


# ---- the fix, and how it was found out ----


def fix_chapter(fix: Document) -> Chapter:
    """Return what a fix came to: before and after, and each remedy that was tried."""
    parts: list[Part] = [fix["words"]]
    if not fix["attempts"]:
        return Chapter("What the fix came to", tuple(parts))
    rows = tuple(
        (
            one["remedy"],
            "kept" if one["kept"] else "not kept",
            Exact(median(one["without"]), 3),
            Exact(median(one["treated"]), 3),
            Exact(one["p"], 2),
            Exact(one["d"], 3),
        )
        for one in fix["attempts"]
    )
    headings = ("remedy", "it is", "before", "after", "p", "d")
    parts.append(Measured("Every remedy that was tried, median errors", headings, rows, left=2))
    if any(one["kept"] for one in fix["attempts"]):
        groups = [np.array(fix[name], dtype=np.float64) for name in ("before", "after")]
        words = "Each training before and after the fix."
        parts.append(Pictured(two_groups(groups, ("before", "after"), fix["quantity"], words)))
    if fix["code"]:
        parts.append(Pasted("\n".join(fix["code"])))
    then = _then(fix)
    return Chapter("What the fix came to", (*parts, then) if then else tuple(parts))


def _then(fix: Document) -> str:
    return f"The fixed run, examined again: {fix['then']}" if fix["then"] else ""


def _how(document: Document) -> Chapter:
    made = document["trainings"]
    pairs = [
        ("time", f"{document['seconds']:.2f} s for the diagnosis"),
        ("experiments", _counted(made, "training") if made else "none was needed"),
        (
            "errors",
            "in shares of the best constant prediction's: 0 is perfect, 1 is no better than a "
            "constant; on rows that were not learned from, where there are any",
        ),
        (
            "confirmed",
            "means: with the remedy errors are lower by more than chance (p below 0.05), by half a "
            "deviation or more (d), and by enough to matter",
        ),
    ]
    return Chapter("How it was examined", (Pairs(tuple(pairs)),))


def _about(run: Document) -> str:
    rows = _counted(run["rows"], "training row")
    if run["validation_rows"]:
        rows += f", {_counted(run['validation_rows'], 'validation row')}"
    errors = f"error {run['error']:.3g}"
    if run["validation_error"] is not None:
        errors += f", {run['validation_error']:.3g} on validation rows"
    epochs = _counted(run["epochs"], "epoch")
    if run["epochs"] < run["planned_epochs"]:
        epochs += f" of {run['planned_epochs']:,}"
    return f"{epochs} of {run['optimizer']} on {rows}; {errors} (1 is a constant prediction's)."


def _counted(number: int, what: str) -> str:
    return f"1 {what}" if number == 1 else f"{number:,} {what}s"


def _first_up(text: str) -> str:
    return text[:1].upper() + text[1:]
