"""The house of the native engine: what its code may know, and what is generated for it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from chainrule.engines import native

ROOT = Path(__file__).resolve().parent.parent
NATIVE = ROOT / "src" / "native"
# Words of networks. The machine knows arrays, programs and rows.
STRANGERS = re.compile(
    r"layer|loss|neuron|neural|network|dense|weights?\b|activation|optimi[sz]er|relu|softmax"
    r"|entropy|adam\b|momentum|learning|backprop|classifier|labels?\b",
    re.IGNORECASE,
)
# What a comment may give as a reason, and a word of the alphabet.
REASONS = {
    "Comparing labels with the numbers of the classes is what every step of a classifier",
    "convolve_weights",
}


def strangers_in(text: str) -> list[str]:
    """Return the lines that speak of networks."""
    return [
        line.strip()
        for line in text.splitlines()
        if STRANGERS.search(line) and not any(reason in line for reason in REASONS)
    ]


def test_the_search_finds_what_it_looks_for() -> None:
    assert strangers_in("int a;\n// the loss of a batch\nvoid relu(float* x);") == [
        "// the loss of a batch",
        "void relu(float* x);",
    ]


def test_no_kernel_knows_a_layer_a_loss_or_a_network() -> None:
    sources = [*NATIVE.glob("*.cpp"), *NATIVE.glob("*.hpp"), *NATIVE.glob("*.inc")]
    assert len(sources) > 20
    found = {
        path.name: lines for path in sources if (lines := strangers_in(path.read_text("utf-8")))
    }
    assert not found


@pytest.mark.skipif(not native.is_present(), reason="the compiled engine is not there")
def test_the_fused_loops_are_those_of_the_rules() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "fuse_chains.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


GROWTH = """
import sys
import numpy as np
import chainrule as cr

def pages():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1])

draw = np.random.default_rng(0)
X, y = draw.normal(size=(64, 4)), draw.integers(0, 3, 64)
network = cr.Network(cr.Dense(8, "tanh"), cr.Dense(3))

def trained(epochs):
    cr.train(network, X, y, epochs=epochs, validation=0.25, readings=0, progress=False)

held = []
for _ in range(13):
    trained(10_000)
    held.append(pages())
print(min(held[8:]) - min(held[3:8]))
"""


@pytest.mark.skipif(not native.is_present(), reason="the compiled engine is not there")
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="no /proc/self/statm here")
def test_memory_does_not_grow_over_ten_thousand_epochs() -> None:
    done = subprocess.run(
        [sys.executable, "-c", GROWTH], capture_output=True, text=True, check=True
    )
    # 4 kB a page. A run's own recording comes and goes, so the least of five trainings is compared
    # with the least of the five before them. A hundred bytes an epoch would be seen.
    assert int(done.stdout) < 1000
