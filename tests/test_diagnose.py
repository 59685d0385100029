"""``diagnose``: the report and its faces, other loops, rows that are given again."""

from __future__ import annotations

import importlib
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from reported_runs import ROWS, TARGET, healthy_run, ill_run, loop_in_numpy, tanh_network

import chainrule as cr
from chainrule.data.ranges import Scaling
from chainrule.diagnosis.ailments import AILMENTS
from chainrule.diagnosis.fixes.fix import Fix
from chainrule.diagnosis.remedies.best_epoch import with_best_epoch
from chainrule.diagnosis.report import Report
from chainrule.training.run import with_notes

ROOT = Path(__file__).resolve().parent.parent
SCHEMA = json.loads((ROOT / "docs" / "diagnosis.schema.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def ill() -> Report:
    return cr.diagnose(ill_run())


@pytest.fixture(scope="module")
def healthy() -> Report:
    return cr.diagnose(healthy_run())


@pytest.fixture(scope="module")
def fix(ill: Report) -> Fix:
    return ill.fix(seeds=4)


# ---------------------------------------------------------------- the report


def test_an_ill_run_has_one_cause_with_its_proof(ill: Report) -> None:
    assert ill.name == "rate_too_high"
    assert ill.primary is not None
    assert ill.primary.experiment is not None
    assert ill.primary.experiment.is_clear
    p = ill.primary.experiment.probability
    assert ill.verdict.startswith(f"The learning rate is too high (confirmed, p = {p:.2g}): ")
    assert ill.primary.remedy is not None
    assert ill.verdict.endswith(f"when you d{ill.primary.remedy.words[1:]}")


def test_a_healthy_run_is_called_healthy(healthy: Report) -> None:
    assert healthy.name == "healthy"
    assert healthy.primary is None
    assert healthy.verdict.startswith("Healthy: ")


def test_the_text_has_evidence_beside_thresholds_and_the_proof(ill: Report) -> None:
    text = str(ill)
    assert text.splitlines()[0] == "Diagnosis: the learning rate is too high"
    parts = [
        ill.verdict, "Evidence", "measured", "threshold", "Proof by experiment", "Cohen's d",
        "What to do", "learning_rate=", "How it was examined",
    ]  # fmt: skip
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    assert ill.primary is not None
    assert all(one.words in text for one in ill.primary.signs[:4])
    assert all(line == line.rstrip() for line in text.splitlines())
    assert "\x1b" not in text


@pytest.mark.parametrize("which", ["ill", "healthy", "fixed"])
def test_the_document_fits_its_schema(which: str, request: Any) -> None:
    report = request.getfixturevalue("ill" if which == "fixed" else which)
    document = report.to_dict()
    if which == "fixed":
        document |= {"fix": request.getfixturevalue("fix").to_dict()}
    plain = json.loads(json.dumps(document, allow_nan=False))
    jsonschema.validate(plain, SCHEMA)
    for name in ("verdict", "primary", "run", "suspicions"):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**plain, name: 3}, SCHEMA)


def test_the_page_stands_by_itself(ill: Report, tmp_path: Path) -> None:
    ill.save(tmp_path / "verdict.html")
    text = (tmp_path / "verdict.html").read_text("utf-8")
    assert text == ill.html()
    assert "<script" not in text
    assert "http" not in text.replace("http-equiv", "")
    assert text.count("<svg") > 2
    with pytest.raises(cr.RunFolderError):
        ill.save(tmp_path / "no" / "verdict.html")


def test_a_notebook_sees_the_page_in_a_frame(ill: Report) -> None:
    shown = ill._repr_html_()
    assert ill.verdict.replace("'", "&#x27;") in shown
    assert '<iframe title="Diagnosis" sandbox=""' in shown


def test_text_of_others_is_no_markup(ill: Report) -> None:
    noted = replace(ill.found, notes=("<b>bold</b>",))
    assert "<b>bold</b>" not in Report(ill.case, noted).html()


# ---------------------------------------------------------------- the rows


def test_a_loaded_run_is_given_its_rows_again(tmp_path: Path) -> None:
    ill_run().save(tmp_path / "run")
    with pytest.raises(cr.DataError, match="not saved"):
        cr.diagnose(tmp_path / "run")
    found = cr.diagnose(cr.load(tmp_path / "run"), ROWS, TARGET)
    assert found.name == "rate_too_high"
    with pytest.raises(cr.DataError, match="checksum"):
        cr.diagnose(tmp_path / "run", ROWS + 1.0, TARGET)


def test_validation_rows_of_their_own_are_given_again(tmp_path: Path) -> None:
    held = (ROWS[:40], TARGET[:40])
    run = healthy_run(validation=held, epochs=3)
    run.save(tmp_path / "run")
    with pytest.raises(cr.DataError, match="validation rows of its own"):
        cr.diagnose(tmp_path / "run", ROWS, TARGET)
    found = cr.diagnose(tmp_path / "run", ROWS, TARGET, validation=held)
    assert len(found.case.validation) == 40


def test_a_table_is_found_again(tmp_path: Path) -> None:
    heart = ROOT / "examples" / "heart_disease.csv"
    cr.train_table(heart, "disease", epochs=4, output=tmp_path / "run", progress=False)
    found = cr.diagnose(tmp_path / "run", seconds=0.1)
    # A fold is judged: it has rows that it did not learn from.
    assert len(found.case.training) + len(found.case.validation) == 303
    assert found.case.columns[0] == "age"


def test_what_was_scaled_is_scaled_again(tmp_path: Path) -> None:
    scaling = Scaling.of(10.0 * ROWS, TARGET[:, None])
    inputs, due = scaling.scaled_inputs(10.0 * ROWS), scaling.scaled_target(TARGET)
    run = cr.train(tanh_network(), inputs, due, epochs=3, validation=0.25, progress=False)
    with_notes(run, {"scaling": scaling.to_record()}).save(tmp_path / "run")
    found = cr.diagnose(tmp_path / "run", 10.0 * ROWS, TARGET, seconds=0.1)
    assert found.case.scaled
    assert np.array_equal(found.case.training.inputs[0], inputs[run.setup.provenance.training])


def test_what_a_remedy_has_scaled_is_scaled_again(tmp_path: Path) -> None:
    run = healthy_run(epochs=3)
    scaling = Scaling.of(ROWS, None)
    with_notes(run, {"scaling": scaling.to_record()}).save(tmp_path / "run")
    found = cr.diagnose(tmp_path / "run", ROWS, TARGET, seconds=0.1)
    assert run.rows is not None
    due = scaling.scaled_inputs(run.rows[0].inputs[0])
    assert np.array_equal(found.case.training.inputs[0], due)
    with pytest.raises(cr.DataError, match="checksum"):
        cr.diagnose(tmp_path / "run", ROWS[::-1], TARGET)


@pytest.mark.parametrize("seconds", [0, -1.0, math.nan, "2"])
def test_a_limit_that_is_none_is_refused(seconds: Any) -> None:
    with pytest.raises(cr.SetupError, match="no limit"):
        cr.diagnose(healthy_run(epochs=1), seconds=seconds)


def test_what_is_no_run_is_refused() -> None:
    with pytest.raises(cr.SetupError, match="was given int"):
        cr.diagnose(3)  # type: ignore[call-overload]


# ---------------------------------------------------------------- other loops


@pytest.mark.parametrize("rate", [3.0, 0.3])
def test_a_loop_by_hand_gets_the_verdict_of_our_own(rate: float) -> None:
    recording, left, first = loop_in_numpy(rate, epochs=60)
    network = tanh_network().with_parameters(left)
    found = cr.diagnose(
        recording, network, ROWS, TARGET, first=first, optimizer="gradient_descent",
        learning_rate=rate, batch_size=None,
    )  # fmt: skip
    ours = cr.train(
        tanh_network().with_parameters(first), ROWS, TARGET, optimizer="gradient_descent",
        learning_rate=rate, batch_size=None, epochs=60, progress=False,
    )  # fmt: skip
    assert found.name == cr.diagnose(ours).name == ("rate_too_high" if rate > 1 else "healthy")
    losses = [one for one in found.case.recording.history["loss"] if math.isfinite(one)]
    assert losses[:3] == pytest.approx(ours.history["loss"][:3], rel=1e-4)


def test_a_start_that_is_not_known_is_drawn_and_said() -> None:
    recording, left, _ = loop_in_numpy(0.05, epochs=5)
    network = tanh_network().with_parameters(left)
    found = cr.diagnose(
        recording, network, ROWS, TARGET, optimizer="gradient_descent", learning_rate=0.05,
    )  # fmt: skip
    (note,) = found.found.notes
    assert "not known" in note
    assert note in str(found)
    assert not np.array_equal(found.case.first.parameters["dense_1.W"], left["dense_1.W"])


def test_a_loop_in_pytorch_gets_the_verdict_of_our_own() -> None:
    torch: Any = pytest.importorskip("torch", reason="needs PyTorch")
    _, _, first = loop_in_numpy(0.05, epochs=0)
    weights = {name: torch.tensor(one, requires_grad=True) for name, one in first.items()}
    inputs, due = torch.tensor(ROWS), torch.tensor(TARGET)[:, None]
    recording = cr.Recording()
    for _ in range(40):
        hidden = torch.tanh(inputs @ weights["dense_1.W"] + weights["dense_1.b"])
        given = hidden @ weights["dense_2.W"] + weights["dense_2.b"]
        loss = torch.mean((given - due) ** 2)
        recording.epoch(loss=float(loss.detach()))
        for one in weights.values():
            one.grad = None
        loss.backward()
        with torch.no_grad():
            for one in weights.values():
                one -= 3.0 * one.grad
    left = {name: one.detach().numpy() for name, one in weights.items()}
    network = tanh_network().with_parameters(first)
    trained = network if not all(np.isfinite(one).all() for one in left.values()) else (
        network.with_parameters(left)
    )  # fmt: skip
    found = cr.diagnose(
        recording, trained, ROWS, TARGET, first=first, optimizer="gradient_descent",
        learning_rate=3.0, batch_size=None,
    )  # fmt: skip
    assert found.name == "rate_too_high"


def test_what_a_loop_is_not_told_by_is_refused() -> None:
    recording, left, _ = loop_in_numpy(0.05, epochs=1)
    network = tanh_network().with_parameters(left)
    with pytest.raises(cr.SetupError, match="no parameters"):
        cr.diagnose(recording, cr.Network(cr.Dense()), ROWS, TARGET)
    with pytest.raises(TypeError, match="learning_rate"):
        cr.diagnose(recording, network, ROWS, TARGET, learnin_rate=0.1)
    with pytest.raises(cr.SetupError, match="1 things"):
        cr.diagnose(recording, network)  # type: ignore[call-overload]
    with pytest.raises(cr.SetupError, match="first is list"):
        cr.diagnose(recording, network, ROWS, TARGET, first=[1.0])


def test_every_ailment_has_what_a_page_says_of_it() -> None:
    for name, one in AILMENTS.items():
        assert one.name == name
        assert one.title[:1] == one.title[:1].lower()
        assert not one.title.endswith(".")
        assert one.meaning.endswith(".")


def test_the_documentation_has_a_section_for_every_ailment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    tables: Any = importlib.import_module("tables")
    page = tables.SECTIONS["diagnose"]("")
    sections = page.split("### ")[1:]
    assert [one.partition("\n")[0].lower() for one in sections] == [
        one.title.lower() for one in AILMENTS.values()
    ]
    assert all("\n- " in one.partition("Signs:")[2].partition("Remedies")[0] for one in sections)
    assert all("\n- " in one.partition("Remedies")[2] for one in sections)


@pytest.mark.parametrize("other", [0.3, 0.0, (ROWS[:10], TARGET[:10])])
def test_another_split_than_that_of_the_run_is_refused(tmp_path: Path, other: Any) -> None:
    run = cr.train(tanh_network(), ROWS, TARGET, epochs=3, validation=0.2, progress=False)
    run.save(tmp_path / "run")
    for given in (run, cr.load(tmp_path / "run"), tmp_path / "run"):
        with pytest.raises(cr.DataError, match="not those that"):
            cr.diagnose(given, ROWS, TARGET, validation=other)
        same = cr.diagnose(given, ROWS, TARGET, validation=0.2)
        assert same.case.setup.provenance == run.setup.provenance
        assert len(cr.diagnose(given, ROWS, TARGET).case.validation) == len(same.case.validation)


def test_rows_that_a_fix_has_held_out_are_found_again(tmp_path: Path) -> None:
    run = cr.train(tanh_network(), ROWS, TARGET, epochs=20, progress=False)
    case = cr.diagnose(run).case
    changed = with_best_epoch(case.arrangement)
    again = cr.train(
        tanh_network(), ROWS, TARGET, epochs=20, validation=0.2, keep="best", progress=False
    )
    assert changed.setup.provenance == again.setup.provenance
    assert again.rows is not None
    np.testing.assert_array_equal(changed.validation.inputs[0], again.rows[1].inputs[0])
