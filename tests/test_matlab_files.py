"""MATLAB files: variables as they are, columns of a table, and files that cannot be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.io import savemat
from scipy.sparse import csc_array

import chainrule as cr
from chainrule.data.choices import Choices
from chainrule.data.table import read_table, table_from_frame
from chainrule.errors import DataError
from chainrule.training.tables.plan import TablePlan

DRAW = np.random.default_rng(0)
X: NDArray[Any] = DRAW.normal(size=(2, 60))
T: NDArray[Any] = X[:1] * 2.0 - X[1:]


def saved(path: Path, **variables: Any) -> Path:
    savemat(path, variables)
    return path


def test_variables_are_as_matlab_has_them(tmp_path: Path) -> None:
    cells = np.array([["red"], ["green"]], dtype=object)
    path = saved(
        tmp_path / "a.mat",
        x=X,
        flag=np.array([[True, False]]),
        sparse=csc_array(np.eye(3)),
        words=cells,
        inner={"t": T},
    )
    found = cr.read_mat(path)
    assert np.array_equal(found["x"], X)
    assert np.array_equal(found["sparse"], np.eye(3))
    assert found["words"].tolist() == [["red"], ["green"]]
    assert np.array_equal(found["inner"]["t"], T)
    assert set(found) == {"x", "flag", "sparse", "words", "inner"}


@pytest.mark.parametrize("version", ["4", "5"])
def test_old_versions_are_read_too(tmp_path: Path, version: Any) -> None:
    savemat(tmp_path / "old.mat", {"x": X}, format=version)
    assert np.array_equal(cr.read_mat(tmp_path / "old.mat")["x"], X)


def test_samples_in_columns_become_rows_of_a_table(tmp_path: Path) -> None:
    table = read_table(saved(tmp_path / "a.mat", x=X, t=T, note=1.0))
    assert table.names == ("x_1", "x_2", "t")
    assert np.array_equal(np.column_stack([table.columns["x_1"], table.columns["x_2"]]), X.T)
    assert np.array_equal(table.columns["t"], T[0])
    said = [one.text for one in table.decisions]
    assert said == ["one sample in each column of 'x': 60 samples", "no sample in 'note', left out"]


def test_samples_in_rows_stay(tmp_path: Path) -> None:
    words = np.array([["low"], ["high"]] * 30, dtype=object)
    table = read_table(saved(tmp_path / "a.mat", data={"x": X.T, "t": T.T}, words=words))
    assert table.names == ("x_1", "x_2", "t", "words")
    assert table.columns["words"].tolist() == ["low", "high"] * 30
    assert table.decisions == ()


def test_a_table_of_matlab_is_trained_on(tmp_path: Path) -> None:
    path = saved(tmp_path / "engine.mat", x=X, t=T)
    run = cr.train_table(path, "t", epochs=200, output=tmp_path / "run", progress=False)
    assert run.result is not None
    assert run.result.scores["network"]["r2"].value > 0.8
    again = cr.load(tmp_path / "run")
    assert np.array_equal(again.predict(str(path)), run.predict(path))


def test_files_that_cannot_be_read_end_in_a_sentence(tmp_path: Path) -> None:
    new = tmp_path / "new.mat"
    text, mark = b"MATLAB 7.3 MAT-file, Platform: GLNXA64", b"\x89HDF\r\n\x1a\n"
    for head in (text.ljust(600), bytes(512) + mark, mark.ljust(600)):
        new.write_bytes(head)
        with pytest.raises(DataError, match=r"version 7\.3.*-v7"):
            cr.read_mat(new)
    for content in (b"", b"no matrix", saved(tmp_path / "a.mat", x=X).read_bytes()[:300]):
        new.write_bytes(content)
        with pytest.raises(DataError, match="damaged"):
            cr.read_mat(new)
    with pytest.raises(DataError, match="cannot be read"):
        cr.read_mat(tmp_path / "gone.mat")
    with pytest.raises(DataError, match="no variable of several numbers"):
        read_table(saved(tmp_path / "b.mat", x=1.0))


def test_other_columns_of_the_array_of_a_target_are_pointed_out(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.mat", x=X, targets=np.vstack([T, 2.0 * T, X[:1] - T]))
    choices = Choices()
    plan = TablePlan.of(read_table(path), "targets_2", choices, 0)
    (hint,) = [one for one in plan.decisions if "same array" in one.text]
    assert (hint.subject, hint.kind) == ("targets_2", "hint")
    assert "other columns of the same array" in hint.text
    assert hint.option == "--drop targets_1 --drop targets_3"
    without = Choices(drop=("targets_1", "targets_3"))
    for target, chosen in (("targets_2", without), ("x_1", Choices(drop=("x_2",)))):
        plan = TablePlan.of(read_table(path, chosen), target, chosen, 0)
        assert not [one for one in plan.decisions if "same array" in one.text]
    plain = {"targets_1": T[0].tolist(), "targets_2": X[0].tolist()}
    plan = TablePlan.of(table_from_frame(plain), "targets_1", choices, 0)
    assert not [one for one in plan.decisions if "same array" in one.text]
