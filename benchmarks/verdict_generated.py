"""Verdicts on faults injected at random: cases are drawn, admitted by training, and judged.

A case is a sound training with one fault, or with none. It is sound where neither other rates nor
more epochs make it clearly better, and a fault counts where it makes it clearly worse. A verdict by
another name than the fault's is right all the same where its remedy makes the run as good as the
sound one; a verdict "healthy" is right where the fault did no harm.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from report import aligned
from verdict_bases import Base, Dice, base_of
from verdict_injected import Injected, Judging, injected
from verdict_runs import AILMENTS, HEALTHY, Training

from chainrule.diagnosis.cases.arrangement import Remedy
from chainrule.diagnosis.cases.case import Case, case_of
from chainrule.diagnosis.experiments.rule import LEAST_GAIN, LEAST_SHARE
from chainrule.diagnosis.experiments.significance import effect_size, probability_of_chance
from chainrule.diagnosis.experiments.trained import outcome
from chainrule.diagnosis.probes.relative_error import (
    NOTHING_LEARNED,
    WORST,
    balanced_error,
    errors_of,
)
from chainrule.diagnosis.verdicts.judgement import verdict_of
from chainrule.diagnosis.verdicts.verdict import Verdict

SEEDS, FIRST_TUNED = 8, 500
FACTORS, LONGER = (1 / 3, 3.0), 3
CACHE = Path(tempfile.gettempdir()) / "chainrule_verdicts"
Errors = tuple[float, ...]


@dataclass(frozen=True)
class Admitted:
    """What a case's own trainings say of it: ``reason`` is empty where it is admitted."""

    reason: str
    sound: float
    spoiled: float
    p: float
    d: float
    harmful: bool


@dataclass(frozen=True)
class Told:
    """One case, and what is said of it.

    ``outcome``: "right" by its name; "harmless", a fault that did none, called healthy; "cured",
    another name whose remedy makes the run as good as the sound one; "helped", an alarm whose
    remedy makes it clearly better; else "missed", "misnamed" or "alarm".
    """

    case: int
    expected: str
    fault: str
    base: str
    sound: float
    spoiled: float
    p: float
    d: float
    harmful: bool
    said: str
    standing: str
    outcome: str
    remedy: str
    untreated: float
    treated: float
    put_right: float
    proved: str
    suspected: str
    trainings: int
    run_seconds: float
    seconds: float

    @property
    def is_right(self) -> bool:
        return self.outcome in ("right", "harmless", "cured", "helped")


# ---- errors ----


def is_better(than: Sequence[float], errors: Sequence[float]) -> bool:
    """Whether errors are lower by more than chance, and by enough to matter."""
    gain = median(than) - median(errors)
    least = max(LEAST_GAIN, LEAST_SHARE * median(than))
    p, d = probability_of_chance(than, errors), effect_size(than, errors)
    return p < 0.05 and d >= 0.5 and gain >= least


def error_of(case: Case, judge: Judging) -> float:
    """Return the error of what a training has kept, on validation rows where there are any."""
    rows = case.validation if len(case.validation) else case.training
    if judge == "balanced error":
        return balanced_error(case.network, case.setup, rows)
    if judge == "wrong rows":
        return _wrong_rows(case)
    return errors_of(case.network, case.setup, case.training, case.validation).judged


def _wrong_rows(case: Case) -> float:
    """Return the share of wrong rows over that of a constant, for labels or for their numbers."""
    rows = case.validation if len(case.validation) else case.training
    said = np.rint(np.asarray(case.network.predict(*rows.inputs), np.float64))
    meaning = case.setup.meaning(0)
    if meaning.target.task == "classification":
        from chainrule.network.backpropagation import outputs_of

        (output, *_) = outputs_of(case.network, list(rows.inputs), case.setup.dtype)
        said = np.asarray(meaning.predictions(output), np.float64)
    truth = rows.targets[0].reshape(-1).astype(np.float64)
    _, counts = np.unique(truth, return_counts=True)
    wrong = float(np.mean(said.reshape(-1) != truth))
    return wrong / max(1.0 - counts.max() / len(truth), 1e-9)


def with_rows_to_judge(training: Training) -> Training:
    """Return the training with a quarter of its rows held out, where none are, and no epoch chosen
    by them."""
    if training.settings["validation"]:
        return training
    return training.but(validation=0.25, keep="last")


def errors_over(training: Training, judge: Judging, first: int = 0, count: int = SEEDS) -> Errors:
    """Return a training's errors over seeds; one that cannot be made has the worst."""
    found, judging = [], with_rows_to_judge(training)
    for seed in range(first, first + count):
        try:
            found.append(error_of(case_of(judging.run(seed)), judge))
        except Exception:
            found.append(WORST)
    return tuple(one if np.isfinite(one) else WORST for one in found)


# ---- what is admitted ----


def other_lengths(base: Base) -> Iterator[tuple[str, Base]]:
    """Return the base at other rates, and for more epochs."""
    if base.has_rate:
        for factor in FACTORS:
            rate = float(f"{base.settings['learning_rate'] * factor:.2g}")
            yield f"rate {rate:g}", replace(base, settings={**base.settings, "learning_rate": rate})
    epochs = base.settings["epochs"] * LONGER
    yield f"{epochs} epochs", replace(base, settings={**base.settings, "epochs": epochs})


def tuned(base: Base) -> Base:
    """Return the base at the best of three rates and two lengths, by seeds that judge nothing."""
    for _ in range(3):
        error = median(errors_over(base.training, "error", FIRST_TUNED, 3))
        found = [
            (median(errors_over(one.training, "error", FIRST_TUNED, 3)), place, one)
            for place, (_, one) in enumerate(other_lengths(base))
        ]
        best = min(found)
        if not error - best[0] > max(LEAST_GAIN, 0.5 * LEAST_SHARE * error):
            return base
        base = best[2]
    return base


def drawn(seed: int, number: int) -> Injected:
    """Return a case of a seed, at rates and epochs that suit its base."""
    base = base_of(seed, number)
    known = _kept(f"tuned {base.words}", lambda: dict(tuned(base).settings))
    return injected(Dice(seed, number), replace(base, settings=known))


def admitted(case: Injected) -> Admitted:
    """Return whether a case is what it claims to be."""
    found = _kept(f"admitted {case.words}", lambda: asdict(_admitted(case)))
    return Admitted(**found)


def _admitted(case: Injected) -> Admitted:
    sound = errors_over(case.twin, case.judge)
    plain = Admitted("", median(sound), median(sound), 1.0, 0.0, False)
    is_base = case.expected not in ("overfitting", "imbalance", "dead_units", "saturation")
    if median(sound) >= NOTHING_LEARNED:
        return replace(plain, reason="nothing to be learned")
    if is_base:
        for words, other in other_lengths(case.base):
            few = errors_over(other.training, "error", count=3)
            if median(few) >= median(sound):
                continue
            if is_better(sound, errors_over(other.training, "error")):
                return replace(plain, reason=f"better at {words}")
    if case.expected == HEALTHY:
        return plain
    spoiled = errors_over(case.training, case.judge)
    p, d = probability_of_chance(spoiled, sound), effect_size(spoiled, sound)
    if case.expected == "constant_prediction" and median(spoiled) < NOTHING_LEARNED:
        return replace(plain, reason=f"held back to {median(spoiled):.2f}, which is no constant")
    return Admitted("", median(sound), median(spoiled), p, d, is_better(spoiled, sound))


def _kept(words: str, found: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return what was found for the same words before, or find it now."""
    path = CACHE / f"{hashlib.sha256(words.encode()).hexdigest()[:24]}.json"
    if path.exists():
        known: dict[str, Any] = json.loads(path.read_text())
        return known
    made = found()
    path.parent.mkdir(parents=True, exist_ok=True)
    # Another process may find the same at this moment.
    own = path.with_suffix(f".{os.getpid()}")
    own.write_text(json.dumps(made))
    own.replace(path)
    return made


# ---- what is said ----


def told(seed: int, number: int) -> Told | str:
    """Return what is said of a case, or why it is none."""
    warnings.simplefilter("ignore")
    case = drawn(seed, number)
    is_case = admitted(case)
    if is_case.reason:
        return f"{is_case.reason}: {case.words}"
    try:
        case.training.run(0, epochs=1)
        began = time.perf_counter()
        run = case.training.run(0)
        took = time.perf_counter() - began
        verdict = verdict_of(case_of(run))
    except Exception as error:
        return f"{type(error).__name__}, {error}: {case.words}"
    return _judged(number, case, is_case, verdict, took)


def _judged(number: int, case: Injected, is_case: Admitted, verdict: Verdict, took: float) -> Told:
    primary = verdict.primary
    remedy = None if primary is None else primary.remedy
    outcome_, errors = by_name(case, is_case, verdict), [np.nan] * 3
    if outcome_ in ("misnamed", "alarm") and remedy is not None and case.curable:
        groups = [
            errors_over(case.training, case.judge, SEEDS),
            treated(case, remedy, SEEDS),
            errors_over(case.twin, case.judge, SEEDS),
        ]
        errors = list(map(median, groups))
        if outcome_ == "misnamed" and not is_better(groups[1], groups[2]):
            outcome_ = "cured"
        if outcome_ == "alarm" and is_better(groups[0], groups[1]):
            outcome_ = "helped"
    proved = [one for one in (primary, *verdict.consequences, *verdict.others) if one is not None]
    return Told(
        number, case.expected, case.fault, case.base.words, is_case.sound, is_case.spoiled,
        is_case.p, is_case.d, is_case.harmful, verdict.name, verdict.standing, outcome_,
        "" if remedy is None else remedy.words, *errors,
        " ".join(one.ailment.name for one in proved),
        " ".join(one.ailment.name for one in verdict.suspicions),
        verdict.trainings, took, verdict.seconds,
    )  # fmt: skip


def by_name(case: Injected, is_case: Admitted, verdict: Verdict) -> str:
    """Return what a verdict is by its name alone."""
    is_quiet = verdict.standing in ("healthy", "not proved")
    if case.expected == HEALTHY:
        return "right" if is_quiet else "alarm"
    if not is_quiet and verdict.name in case.accepted:
        return "right"
    if is_quiet:
        return "missed" if is_case.harmful else "harmless"
    return "misnamed" if is_case.harmful else "alarm"


def treated(case: Injected, remedy: Remedy, first: int) -> Errors:
    """Return the errors of the case with a remedy, over seeds that the verdict has not seen."""
    found, judging = [], with_rows_to_judge(case.training)
    for seed in range(first, first + SEEDS):
        try:
            before = case_of(judging.run(seed)).arrangement
            came = outcome(remedy.change(before))
            found.append(WORST if came.run is None else error_of(case_of(came.run), case.judge))
        except Exception:
            found.append(WORST)
    return tuple(one if np.isfinite(one) else WORST for one in found)


# ---- all of them ----


def measure(seed: int, numbers: Sequence[int], together: int, results: Path) -> None:
    """Draw, admit and judge cases, printing and writing down each as it comes."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    results.mkdir(parents=True, exist_ok=True)
    found: list[Told] = []
    refused = 0
    with (results / f"verdicts_generated_{seed}.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, [one.name for one in fields(Told)], lineterminator="\n")
        writer.writeheader()
        for number, one in _each(seed, numbers, together):
            if isinstance(one, str):
                refused += 1
                print(f"  - {number}: {one}", flush=True)
                continue
            found.append(one)
            print(line(one), flush=True)
            writer.writerow({name: _short(value) for name, value in asdict(one).items()})
            file.flush()
    print(f"{len(found)} cases; {refused} were refused.\n\n{summary(found)}", flush=True)


def _short(value: Any) -> Any:
    return f"{value:.4g}" if isinstance(value, float) else value


def _each(seed: int, numbers: Sequence[int], together: int) -> Iterator[tuple[int, Told | str]]:
    if together < 2:
        yield from ((number, told(seed, number)) for number in numbers)
        return
    with ProcessPoolExecutor(together, mp_context=get_context("spawn")) as pool:
        jobs = {pool.submit(partial(told, seed, number)): number for number in numbers}
        for one in as_completed(jobs):
            yield jobs[one], one.result()


def line(one: Told) -> str:
    """Return a case and what was said of it as a line."""
    mark = "    " if one.is_right else "--> "
    after = ""
    if one.remedy and one.outcome not in ("right", "harmless"):
        after = f"; {one.remedy} {one.untreated:.2f} > {one.treated:.2f} ({one.put_right:.2f})"
    return (
        f"{mark}{one.case} {one.outcome}: {one.said} ({one.standing}); {one.expected}: {one.fault} "
        f"{one.sound:.2f} > {one.spoiled:.2f} p {one.p:.3f}; {one.base}{after}; "
        f"suspected {one.suspected or '-'}; {one.run_seconds:.2f} + {one.seconds:.2f} s"
    )


def summary(found: Sequence[Told]) -> str:
    """Return, by what was injected, what came of it, and what was said."""
    outcomes = ("right", "cured", "harmless", "helped", "missed", "misnamed", "alarm")
    lines = []
    for name in (*AILMENTS, HEALTHY):
        own = [one for one in found if one.expected == name]
        if not own:
            continue
        counts = [sum(one.outcome == each for one in own) for each in outcomes]
        said = sorted({one.said for one in own}, key=lambda each: (each != name, each))
        told_ = ", ".join(f"{sum(one.said == each for one in own)} {each}" for each in said)
        lines.append([name, *map(str, (len(own), *counts)), told_])
    return aligned(["injected", "cases", *outcomes, "said"], lines)
