"""Run folders that are damaged, hostile or no run at all are refused in two sentences."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from run_folder_samples import ARRAYS, DOCUMENTS, FILES, is_the_run, refused

from chainrule.errors import RunFolderError
from chainrule.files import folder_state, read_folder, write_folder


@pytest.fixture
def run(tmp_path: Path) -> Path:
    write_folder(tmp_path / "run", DOCUMENTS, ARRAYS)
    return tmp_path / "run"


@pytest.fixture(scope="module")
def shared_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that no test changes."""
    folder = tmp_path_factory.mktemp("shared") / "run"
    write_folder(folder, DOCUMENTS, ARRAYS)
    return folder


def test_missing_things(run: Path, tmp_path: Path) -> None:
    assert "There is no folder" in refused(read_folder, tmp_path / "none")
    assert "is a file" in refused(read_folder, run / "run.json")
    (run / "state.1.safetensors").unlink()
    assert "'state.1.safetensors' is missing" in refused(read_folder, run)
    (run / "run.json").unlink()
    assert "holds no run" in refused(read_folder, run)


@pytest.mark.parametrize("name", sorted(FILES))
def test_links_devices_and_folders_are_not_followed(run: Path, name: str) -> None:
    outside = run.parent / "outside"
    (run / name).rename(outside)
    (run / name).symlink_to(outside)
    assert "not a plain file" in refused(read_folder, run)
    (run / name).unlink()
    (run / name).mkdir()
    assert "not a plain file" in refused(read_folder, run)
    if hasattr(os, "mkfifo"):
        (run / name).rmdir()
        os.mkfifo(run / name)
        assert "not a plain file" in refused(read_folder, run)


def change_manifest(run: Path, change: Callable[[dict[str, Any]], object]) -> None:
    manifest = json.loads((run / "run.json").read_text())
    change(manifest)
    (run / "run.json").write_text(json.dumps(manifest))


def put(run: Path, name: str, contents: bytes) -> None:
    """Put these bytes in the place of a file, with the size and checksum that run.json wants."""

    def sign(manifest: dict[str, Any]) -> None:
        entry = manifest["files"][name.split(".")[0]]
        entry["bytes"] = len(contents)
        entry["sha256"] = hashlib.sha256(contents).hexdigest()

    (run / name).write_bytes(contents)
    change_manifest(run, sign)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda m: m.update(format="x"), "does not describe a chainrule run"),
        (lambda m: m.pop("format"), "does not describe a chainrule run"),
        (lambda m: m.update(version=2, chainrule="9.9\x1b[31m"), "by chainrule 9.9?[31m in format"),
        (lambda m: m.update(version=True), "format version"),
        (lambda m: m.update(version="1"), "format version"),
        (lambda m: m.update(version=0), "format version"),
        (lambda m: m.pop("version"), "format version"),
        (lambda m: m.update(files=[]), "list its files"),
        (lambda m: m["files"].update(setup=None), "completely"),
        (lambda m: m["files"]["setup"].update(bytes=2.0), "completely"),
        (lambda m: m["files"]["setup"].update(bytes=-1), "completely"),
        (lambda m: m["files"]["setup"].update(bytes=10**15), "bytes where"),
        (lambda m: m["files"]["setup"].pop("sha256"), "completely"),
        (lambda m: m["files"]["setup"].update(sha256="0" * 64), "checksum"),
        (lambda m: m["files"]["setup"].update(kind="pickle"), "no file of a run"),
        (lambda m: m["files"]["setup"].update(kind="arrays"), "no file of a run"),
        (lambda m: m["files"]["setup"].update(kind=[]), "completely"),
        (lambda m: m["files"].update(other=m["files"].pop("setup")), "no file of a run"),
    ],
)
def test_hostile_manifests(run: Path, change: Any, words: str) -> None:
    change_manifest(run, change)
    assert words in refused(read_folder, run)


LEADING_ELSEWHERE = ["../setup.1.json", "/etc/passwd", "a/setup.1.json", "..", ".", ""]
LEADING_ELSEWHERE += ["C:setup.1.json", "..\\setup.1.json", "setup.1.json\n", "SETUP.1.json"]
LEADING_ELSEWHERE += ["setup.1", "setup.-1.json", "setup.\u0661.json"]


@pytest.mark.parametrize("name", LEADING_ELSEWHERE)
def test_file_names_that_lead_elsewhere(run: Path, name: str) -> None:
    (run.parent / "setup.1.json").write_bytes((run / "setup.1.json").read_bytes())
    change_manifest(run, lambda manifest: manifest["files"]["setup"].update(file=name))
    assert "no file of a run" in refused(read_folder, run)


def test_a_manifest_that_is_too_large(run: Path) -> None:
    with open(run / "run.json", "ab") as file:
        file.truncate(10**12)
    assert "too large" in refused(read_folder, run)
    assert folder_state(run) == "other"


NO_DOCUMENTS = [b"", b"{", b"\xff\xfe{}", b"[1] 2", b"NaN", b"[1e999]", b"9" * 5000, b'"\\x"']
NO_DOCUMENTS += [b"[" * 100_000, b'{"a":' * 100_000, b'{"a": 1, "a": 2}', b"\xef\xbb\xbf{}"]
NO_DOCUMENTS += [b'{"$float": "nan"}', b'{"$float": []}', b'{"$x": 1}']
NO_DOCUMENTS += [b'{"$float": "NaN", "b": 1}']


@pytest.mark.parametrize("name", ["run.json", "setup.1.json"])
@pytest.mark.parametrize("text", NO_DOCUMENTS)
def test_hostile_documents(run: Path, name: str, text: bytes) -> None:
    if name == "run.json":
        (run / name).write_bytes(text)
    else:
        put(run, name, text)
    assert name in refused(read_folder, run)


def tensors(header: object, data: bytes = b"") -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def entry(kind: str = "F32", shape: object = (1,), offsets: object = (0, 4)) -> dict[str, Any]:
    return {"a": {"dtype": kind, "shape": shape, "data_offsets": offsets}}


@pytest.mark.parametrize(
    "contents",
    [
        b"",
        b"short",
        struct.pack("<Q", 2**63) + b"{}",
        struct.pack("<Q", 10**9) + b"{}",
        tensors([]),
        tensors({"a": 1}),
        tensors(entry(), b"123"),
        tensors(entry(), b"12345"),
        tensors(entry(offsets=(4, 0)), b"1234"),
        tensors(entry(offsets=(0, 2**63)), b"1234"),
        tensors(entry(shape=(2**62,)), b"1234"),
        tensors(entry(shape=(-1,)), b"1234"),
        tensors(entry(shape=[0, 2**62, 2**62], offsets=(0, 0))),
        tensors(entry(shape=[0] * 70, offsets=(0, 0))),
        tensors(entry(shape=[2**64 - 1, 0], offsets=(0, 0))),
        tensors(entry(kind="BF16", shape=(2,)), b"1234"),
        tensors(entry(kind="object"), b"1234"),
    ],
)
def test_hostile_arrays(run: Path, contents: bytes) -> None:
    put(run, "state.1.safetensors", contents)
    assert "'state.1.safetensors' in" in refused(read_folder, run)


@st.composite
def damage(draw: st.DrawFn, contents: bytes) -> bytes:
    """Return the contents with some bits turned, cut short, lengthened, or all new."""
    kind = draw(st.sampled_from(["bits", "cut", "more", "new", "part"]))
    if kind == "bits":
        changed = bytearray(contents)
        for place in draw(st.lists(st.integers(0, 8 * len(contents) - 1), min_size=1, max_size=4)):
            changed[place // 8] ^= 1 << place % 8
        return bytes(changed)
    if kind == "cut":
        return contents[: draw(st.integers(0, len(contents)))]
    if kind == "more":
        return contents + draw(st.binary(min_size=1, max_size=20))
    if kind == "part":
        place = draw(st.integers(0, len(contents)))
        return contents[:place] + draw(st.binary(max_size=8)) + contents[place + 4 :]
    return draw(st.binary(max_size=100))


@settings(max_examples=400, deadline=None)
@given(data=st.data(), name=st.sampled_from(sorted(FILES)), signed=st.booleans())
def test_a_damaged_folder_reads_as_the_run_or_is_refused(
    shared_run: Path, data: st.DataObject, name: str, signed: bool
) -> None:
    folder = shared_run.parent / "damaged"
    shutil.copytree(shared_run, folder)
    try:
        contents = data.draw(damage((folder / name).read_bytes()))
        if signed and name != "run.json":
            # The checksum agrees, so the damage reaches the readers of JSON and arrays.
            put(folder, name, contents)
        else:
            (folder / name).write_bytes(contents)
        with contextlib.suppress(RunFolderError):
            stored = read_folder(folder)
            assert is_the_run(stored) or (signed and name != "run.json")
    finally:
        shutil.rmtree(folder)
