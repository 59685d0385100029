"""Run folders: what is stored comes back, and what cannot be stored is refused beforehand."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of
from run_folder_samples import ARRAYS, DOCUMENTS, FILES, is_the_run, refused, same_bits

from chainrule.files import FORMAT_VERSION, folder_state, read_folder, write_folder
from chainrule.files.documents import dump_document, load_document


@pytest.fixture
def run(tmp_path: Path) -> Path:
    write_folder(tmp_path / "run", DOCUMENTS, ARRAYS)
    return tmp_path / "run"


def test_round_trip(run: Path) -> None:
    stored = read_folder(str(run))
    assert is_the_run(stored)
    assert stored.version == FORMAT_VERSION
    assert set(os.listdir(run)) == FILES


def test_parents_are_made_and_a_run_of_nothing_is_a_run(tmp_path: Path) -> None:
    write_folder(tmp_path / "runs" / "first", {}, {"none": {}})
    stored = read_folder(tmp_path / "runs" / "first")
    assert (stored.documents, stored.arrays) == ({}, {"none": {}})


def test_replacing_leaves_nothing_of_the_old_run_and_all_of_the_user(run: Path) -> None:
    for name in ("notes.txt", "notes.1.json", "setup.1.json.bak"):
        (run / name).write_text("mine")
    write_folder(run, {"setup": {"rate": 1}}, {}, replace=True)
    assert read_folder(run).documents == {"setup": {"rate": 1}}
    kept = {"notes.txt", "notes.1.json", "setup.1.json.bak"}
    assert set(os.listdir(run)) == {"run.json", "setup.2.json"} | kept


def test_the_same_run_gives_the_same_bytes(run: Path, tmp_path: Path) -> None:
    write_folder(tmp_path / "again", DOCUMENTS, ARRAYS)
    for name in FILES:
        assert (run / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


ORDERS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "C": lambda array: array,
    "F": np.asfortranarray,
    "transposed": lambda array: array.T,
    "strided": lambda array: array[::2, ::-1],
    "a column": lambda array: array[:, 1],
    "a broadcast": lambda array: np.broadcast_to(array[0], (3, *array[0].shape)),
    "0-dimensional": lambda array: array[1, 1],
    "0-dimensional array": lambda array: array[1, 1].reshape(()),
    "empty": lambda array: array[:0],
    "big-endian": lambda array: array.astype(array.dtype.newbyteorder(">")),
    "read-only": lambda array: np.frombuffer(array.tobytes(), array.dtype).reshape(array.shape),
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("kind", ["float64", "float32", "int64", "uint8", "bool"])
def test_arrays_come_back_bit_for_bit(tmp_path: Path, kind: str, order: str) -> None:
    values = (np.arange(12).reshape(4, 3) % (2 if kind == "bool" else 300)).astype(kind)
    array = ORDERS[order](values)
    write_folder(tmp_path / "run", {}, {"parameters": {"W": array}})
    found = read_folder(tmp_path / "run").arrays["parameters"]["W"]
    assert same_bits(np.asarray(array), found)
    assert found.flags.writeable


def test_nan_payloads_and_the_sign_of_zero_stay(tmp_path: Path) -> None:
    bits = np.array([0x7FF8000000000123, 0xFFF0000000000001, 1 << 63, 1], np.uint64)
    single = np.array([0x7FC00123, 0xFF800001, 1 << 31, 1], np.uint32)
    group: dict[str, np.ndarray] = {
        "double": bits.view(np.float64),
        "single": single.view(np.float32),
    }
    write_folder(tmp_path / "run", {}, {"parameters": group})
    found = read_folder(tmp_path / "run").arrays["parameters"]
    assert found["double"].view(np.uint64).tolist() == bits.tolist()
    assert found["single"].view(np.uint32).tolist() == single.tolist()


@settings(max_examples=60, deadline=None)
@given(
    array=arrays_of.arrays(
        st.sampled_from([np.float64, np.float32, np.int64, np.uint8, np.bool_]),
        arrays_of.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
    ),
    data=st.data(),
)
def test_any_view_of_any_array_comes_back(
    array: np.ndarray, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    view = array.transpose(data.draw(st.permutations(range(array.ndim))))
    view = view[data.draw(arrays_of.basic_indices(view.shape, allow_newaxis=True))]
    folder = tmp_path_factory.mktemp("view")
    write_folder(folder, {}, {"parameters": {"any name: ü, '/', \"": view}})
    (found,) = read_folder(folder).arrays["parameters"].values()
    assert same_bits(np.asarray(view), found)
    shutil.rmtree(folder)


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=True, allow_infinity=True)
    | st.text(st.characters(exclude_categories=())),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=4) | st.sampled_from(["$float", "$", "$$"]), inner)
    ),
    max_leaves=20,
)


@settings(max_examples=300, deadline=None)
@given(JSON_VALUES)
def test_any_document_comes_back(document: object) -> None:
    found = load_document(dump_document(document, "it"), "it")
    # repr tells 1 from 1.0 and True, 0.0 from -0.0, and takes every NaN for the same.
    assert repr(found) == repr(_sorted(document))


def _sorted(value: Any) -> Any:
    """Return the value with the keys of its mappings in the order of the file."""
    if isinstance(value, list):
        return [_sorted(item) for item in value]
    if isinstance(value, dict):
        escaped = sorted(value, key=lambda key: f"${key}" if key.startswith("$") else key)
        return {key: _sorted(value[key]) for key in escaped}
    return value


def test_numpy_numbers_and_tuples_are_plain_afterwards() -> None:
    document = (np.int64(3), np.float32(0.5), np.float64("inf"), np.bool_(True), np.longdouble(2))
    assert repr(load_document(dump_document(document, "it"), "it")) == "[3, 0.5, inf, True, 2.0]"


def test_the_text_of_a_document() -> None:
    document = {"b": 0.1, "a": [math.nan, "NaN", -0.0], "$c": 1}
    lines = ["{", '"$$c": 1,', '"a": [{"$float": "NaN"}, "NaN", -0.0],', '"b": 0.1', "}", ""]
    assert dump_document(document, "it").decode().split("\n") == lines


CYCLE: list[Any] = []
CYCLE.append(CYCLE)


@pytest.mark.parametrize(
    ("documents", "arrays", "words"),
    [
        ({"setup": {"layers": [1, {2}]}}, {}, "setup.layers[1]"),
        ({"setup": {1: 2}}, {}, "its key 1 is not text"),
        ({"setup": 1j}, {}, "type complex"),
        ({"setup": CYCLE}, {}, "nested too deeply"),
        ({"setup": 10**5000}, {}, "too long a number"),
        ({}, {"state": {"a": np.array([None])}}, "arrays of state"),
        ({}, {"state": {"a": np.array(["text"])}}, "arrays of state"),
        ({}, {"state": {"__metadata__": np.zeros(1)}}, "arrays of state"),
        ({}, {"state": {"\ud800": np.zeros(1)}}, "arrays of state"),
        ({"setup": 1}, {"setup": {}}, "both"),
        ({"../setup": 1}, {}, "cannot be the name"),
        ({"a.b": 1}, {}, "cannot be the name"),
        ({"": 1}, {}, "cannot be the name"),
    ],
)
def test_what_cannot_be_stored(run: Path, documents: Any, arrays: Any, words: str) -> None:
    assert words in refused(write_folder, run, documents, arrays, replace=True)
    assert words in refused(write_folder, run.parent / "new", documents, arrays)
    assert is_the_run(read_folder(run))
    assert os.listdir(run.parent) == ["run"]


def test_a_run_is_replaced_only_when_asked(run: Path) -> None:
    assert "holds a run already" in refused(write_folder, run, {}, {})
    assert is_the_run(read_folder(run))


def test_folders_and_files_of_others_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "setup.1.json").write_text("x")
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "run.json").write_text('{"format": "marathon"}')
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    before = sorted(tmp_path.rglob("*"))
    for name in ("file", "folder", "theirs", "dangling"):
        assert folder_state(tmp_path / name) == "other"
        assert "is not the folder of a run" in refused(
            write_folder, tmp_path / name, {}, {}, replace=True
        )
        refused(read_folder, tmp_path / name)
    assert "a part of the path" in refused(write_folder, tmp_path / "file" / "run", {}, {})
    assert sorted(tmp_path.rglob("*")) == before


def test_states(tmp_path: Path, run: Path) -> None:
    assert folder_state(tmp_path / "none") == "absent"
    assert folder_state(run) == "run"
    assert folder_state(str(tmp_path)) == "other"
    (tmp_path / "empty").mkdir()
    assert folder_state(tmp_path / "empty") == "empty"
    write_folder(tmp_path / "empty", {}, {})
    assert folder_state(tmp_path / "empty") == "run"


@pytest.mark.parametrize("name", ["a\0b", "\ud800", "x" * 300])
def test_names_that_no_folder_can_have(tmp_path: Path, name: str) -> None:
    refused(read_folder, tmp_path / name)
    refused(write_folder, tmp_path / name, {}, {})
    assert os.listdir(tmp_path) == []
