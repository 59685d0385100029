"""What is said at the end of a training: signs alone, within a share of the time that it took."""

from __future__ import annotations

import time

import numpy as np

from chainrule.diagnosis.ailment import Ailment
from chainrule.diagnosis.ailments import IN_ORDER
from chainrule.diagnosis.budget import whole_seconds
from chainrule.diagnosis.cases.case import case_of
from chainrule.diagnosis.cases.rows_that_count import of_rows_that_count
from chainrule.diagnosis.door import report_on
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.probes.passes import SAMPLE
from chainrule.diagnosis.report import Report
from chainrule.diagnosis.wording import listed
from chainrule.explanation.run_rows import rows_of_run
from chainrule.training.carry_out import FAILURES
from chainrule.training.run import Run

# Signs are looked for within this share of a training's time; a moment that nobody waits for is
# theirs however short it was.
SHARE, A_MOMENT = 0.05, 0.1
# Signs take so many times longer on a sample of the rows than an epoch does, in large networks; in
# small ones their own work is more than that.
LONGER = 8
# What a training may take before its first step, which is no part of an epoch.
BEFORE_STEPS = 0.05
# Experiments at the end of a command have two seconds, or this share of the training's time.
EXPERIMENTS_SHARE = 0.1
SKIPPED = (
    "Signs of trouble were not looked for, which takes more than a twentieth of the training's "
    "time: cr.diagnose(run) does."
)


@np.errstate(all="ignore")
def line_of_signs(run: Run) -> str:
    """Return what a run's signs say, in one line: no experiment is made.

    Their time is that of the thread, for other programs may hold it up. It says that nothing was
    looked at where that would take too long.
    """
    began = time.thread_time()
    allowed = max(A_MOMENT, SHARE * run.state.seconds)
    if _expected_seconds(run) > allowed:
        return SKIPPED
    examined = Examination(of_rows_that_count(case_of(run)), trains_again=False)
    found: list[Ailment] = []
    for ailment in IN_ORDER:
        if time.thread_time() - began > allowed:
            return _line(found) if found else SKIPPED
        if examined.shown(ailment.signs):
            found.append(ailment)
    return _line(found)


def _line(found: list[Ailment]) -> str:
    if not found:
        return "No sign of trouble."
    told = listed([one.title for one in found])
    return f"Signs that {told}: cr.diagnose(run) tests {'it' if len(found) == 1 else 'them'}."


def _expected_seconds(run: Run) -> float:
    rows = run.setup.provenance.training_rows
    an_epoch = max(0.0, run.state.seconds - BEFORE_STEPS) / max(1, run.recording.epochs)
    return LONGER * min(SAMPLE, rows) / max(1, rows) * an_epoch


def report_at_the_end(run: Run) -> Report | None:
    """Return the report on a run that has just been trained, None where none can be made.

    Its experiments take 2 seconds, or a tenth of the training's time.
    """
    seconds = whole_seconds(EXPERIMENTS_SHARE * run.state.seconds)
    try:
        return report_on(run, rows_of_run(run), seconds, fold_seconds=seconds)
    except FAILURES:
        return None
