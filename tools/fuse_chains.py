"""Write the fused loops of the native engine, from the traced rules of the tables.

    python tools/fuse_chains.py            write src/native/fused_chains.inc
    python tools/fuse_chains.py --check    say whether it is what the rules give

A training step is traced for every optimizer, activation and loss of the tables, with and without
penalties, and laid out by the machine. Each chain of elementwise words that comes out has a
signature, such as ``add(a0,c1)>;maximum(n0,c2)>``: ``a`` an array, ``c`` one number along the inner
axis, ``n`` what an earlier word made, ``>`` what is written to memory. A loop is written for each;
the machine finds it by its signature, so a network or an optimizer of one's own that makes the same
chain runs in the same loop, and any other chain runs a word or two at a time.
"""

from __future__ import annotations

import dataclasses
import re
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import chainrule as cr
from chainrule.engines import native
from chainrule.engines.work import Work
from chainrule.network.backpropagation import objective_for
from chainrule.network.objective import Objective
from chainrule.ops import OPS, Op
from chainrule.ops.op import BUILT_IN as BUILT_IN_OPS
from chainrule.optimizers import BUILT_IN, OPTIMIZERS, searches
from chainrule.training.step import Terms, TrainingStep, evaluation_work

TARGET = Path(__file__).resolve().parent.parent / "src" / "native" / "fused_chains.inc"
# Rows that are the fastest axis of a tile, and a row by itself.
ROWS = (32, 1)
INPUTS, CLASSES = 4, 3

# Optimizers that are fused with every term also where the gradient is watched.
OFTEN = ("adam", "adamw", "gradient_descent", "momentum", "nesterov")
# Optimizers whose settings make another rule.
OTHER_FORMS = (
    cr.AdaptiveRate(memory=0.0),
    cr.RMSProp(memory=0.9),
    cr.RMSProp(centred=True),
    cr.RMSProp(memory=0.9, centred=True),
)

# What gives truth values: of numbers, and of truth values.
COMPARISONS = ("less", "less_equal", "equal", "is_finite")
OF_TRUTHS = ("logical_not", "logical_and", "logical_or")


# ---- the steps that the tables make ----


def objectives() -> Iterator[Objective]:
    """Yield what is minimised with every activation in turn, and with every loss in turn."""
    built_in = [one for one in OPS.values() if one.name in BUILT_IN_OPS]
    for one in built_in:
        if one.role == "activation" and one.differentiable:
            yield objective(one.name, OPS["cross_entropy"])
    for one in built_in:
        if one.role == "loss":
            yield objective("tanh", one)
            yield objective("tanh", one, outputs=1)


def objective(activation: str, loss: Op, outputs: int = CLASSES) -> Objective:
    """Return the objective of a network with two hidden layers."""
    draw = np.random.default_rng(0)
    x = draw.normal(size=(8, INPUTS))
    shape = (8, outputs)
    targets: dict[str, Any] = {
        "numbers": draw.uniform(0.2, 0.8, size=shape),
        "classes": draw.integers(0, 2, size=shape).astype(float),
        "shares": np.full(shape, 1.0 / outputs),
    }
    y = targets[loss.targets]
    if loss.pattern.inputs[1].kind == "integer":
        y = draw.integers(0, max(outputs, 2), size=8)
        outputs = max(outputs, 2)
    elif loss.targets == "shares" and outputs == 1:
        outputs, y = 2, np.full((8, 2), 0.5)
    layers = [cr.Dense(6, activation), cr.Dense(5, activation), cr.Dense(outputs)]
    network = cr.Network(cr.Input(INPUTS), *layers).started(0)
    return objective_for(network, x, y, loss.name)[0]


def recurrent_objectives() -> Iterator[Objective]:
    """Yield what is minimised with every recurrent layer, its last state read or all of them."""
    draw = np.random.default_rng(0)
    x, y = draw.normal(size=(8, 3, INPUTS)), draw.integers(0, CLASSES, size=8)
    layers = [cr.LSTM, cr.GRU, partial(cr.Recurrent, activation="relu"), cr.Recurrent]
    for made in layers:
        for every_step in (False, True):
            rest = [cr.Flatten()] if every_step else []
            start = cr.Input((3, INPUTS))
            network = cr.Network(start, made(5, every_step=every_step), *rest, cr.Dense(CLASSES))
            yield objective_for(network.started(0), x, y, "cross_entropy")[0]


def all_terms(size: int) -> Iterator[Terms]:
    """Yield what may stand between gradient and update, one at a time."""
    each = np.full(size, 0.01)
    yield Terms()
    yield Terms(l2=each)
    yield Terms(l1=each)
    yield Terms(l1=each, l2=each)
    yield Terms(weight_decay=each)
    yield Terms(rates=each)
    yield Terms(clip_norm=1.0)
    yield Terms(clip_value=1.0)


def works() -> Iterator[Work]:
    """Yield every step, and the evaluation that goes with it."""
    adam = OPTIMIZERS["adam"]()
    for one in (*objectives(), *recurrent_objectives()):
        yield step(one, adam, Terms()).work("float32", False)
        yield evaluation_work(one, "float32")
    plain = objective("tanh", OPS["cross_entropy"])
    for name in sorted(BUILT_IN):
        if searches(OPTIMIZERS[name]):
            continue
        for place, terms in enumerate(all_terms(plain.trained.size)):
            yield step(plain, OPTIMIZERS[name](), terms).work("float32", False)
            # Each loop is compiled six times over, so that what is rare runs word by word.
            if name in OFTEN or place == 0:
                yield step(plain, OPTIMIZERS[name](), terms).work("float32", True)
    for other in OTHER_FORMS:
        yield step(plain, other, Terms()).work("float32", False)
    yield step(plain, adam, Terms()).observed_work("float32")


def step(one: Objective, optimizer: Any, terms: Terms) -> TrainingStep:
    states = optimizer.initial(np.zeros(one.trained.size))
    return TrainingStep(one, optimizer, terms, 10, tuple(sorted(states)))


def signatures() -> list[str]:
    """Return the signatures of all chains, each once, in a settled order."""
    found: set[str] = set()
    for work in works():
        machine = native.machine_of(work.program, work.carried, work.fixed)
        for rows in ROWS:
            found.update(signature for signature, _ in machine.chains_of(rows))
    # A chain of one word is one word: its own kernel is the fused loop.
    return sorted((one for one in found if ";" in one), key=lambda one: (one.count(";"), one))


# ---- from a signature to a loop ----


@dataclasses.dataclass(frozen=True)
class Node:
    """One word of a chain: what it reads, and whether its result is written to memory."""

    word: str
    operands: tuple[str, ...]
    kept: bool


def parsed(signature: str) -> list[Node]:
    """Return the nodes of a signature."""
    nodes = []
    for text in signature.split(";"):
        match = re.fullmatch(r"(\w+)\(([^)]*)\)(>?)", text)
        if match is None:
            raise ValueError(f"{text!r} is no node of a chain")
        nodes.append(Node(match[1], tuple(match[2].split(",")), bool(match[3])))
    return nodes


def loop(place: int, signature: str) -> str:
    """Return the C++ of a chain: what it does with one vector of each input."""
    nodes = parsed(signature)
    inputs = sorted({one for node in nodes for one in node.operands if one[0] != "n"}, key=number)
    splats = sum(1 << number(one) for one in inputs if one[0] == "c")
    truths: set[int] = set()
    lines = []
    for at, node in enumerate(nodes):
        lines.append(f"        const auto n{at} = {expression(node, truths)};")
        if node.word in (*COMPARISONS, *OF_TRUTHS):
            truths.add(at)
    kept = [at for at, node in enumerate(nodes) if node.kept]
    for out, at in enumerate(kept):
        lines.append(f"        out[{out}] = {as_number(f'n{at}', truths)};")
    return "\n".join(
        [
            f"// {signature}",
            f"struct Fused{place} {{",
            f"    static constexpr int inputs = {len(inputs)};",
            f"    static constexpr int outputs = {len(kept)};",
            f"    static constexpr unsigned splats = {splats}u;",
            "    template <class X>",
            "    CHAINRULE_INLINE static void apply(const X* in, X* out) {",
            *lines,
            "    }",
            "};",
        ]
    )


def number(operand: str) -> int:
    return int(operand[1:])


def name_of(operand: str) -> str:
    return operand if operand[0] == "n" else f"in[{number(operand)}]"


def as_number(operand: str, truths: set[int]) -> str:
    """Return an operand as numbers: a truth value counts as 1 or 0."""
    name = name_of(operand)
    is_truth = operand[0] == "n" and number(operand) in truths
    return f"as_number<X>({name})" if is_truth else name


def as_truth(operand: str, truths: set[int]) -> str:
    """Return an operand as truth values: a number counts as whether it is not 0."""
    is_truth = operand[0] == "n" and number(operand) in truths
    return name_of(operand) if is_truth else f"{name_of(operand)} != X{{}}"


def expression(node: Node, truths: set[int]) -> str:
    """Return the call of a word's own function in words.hpp."""
    of_truths = {0} if node.word == "where" else {0, 1} if node.word in OF_TRUTHS else set()
    operands = [
        as_truth(one, truths) if place in of_truths else as_number(one, truths)
        for place, one in enumerate(node.operands)
    ]
    function = "".join(part.capitalize() for part in node.word.split("_"))
    return f"{function}::apply({', '.join(operands)})"


def written() -> str:
    """Return the whole file."""
    found = signatures()
    loops = "\n\n".join(loop(place, one) for place, one in enumerate(found))
    names = "\n".join(f'    "{one}",' for one in found)
    table = "\n".join(f"        run_fused<T, Fused{place}>," for place in range(len(found)))
    return f"""\
// Written by tools/fuse_chains.py from the traced rules of the tables. Do not edit.

namespace chainrule {{
namespace CHAINRULE_SET {{

{loops}

inline constexpr int fused_count = {len(found)};

inline constexpr const char* fused_signatures[] = {{
{names}
}};

template <class T>
struct FusedKernels {{
    static constexpr ChainKernel<T> table[] = {{
{table}
    }};
}};

}}  // namespace CHAINRULE_SET
}}  // namespace chainrule
"""


def main() -> None:
    text = written()
    if "--check" in sys.argv[1:]:
        if TARGET.read_text(encoding="utf-8") != text:
            sys.exit("src/native/fused_chains.inc is not what the rules give: write it anew.")
        return
    TARGET.write_text(text, encoding="utf-8")
    print(f"{text.count('struct Fused')} loops in {TARGET.name}")


if __name__ == "__main__":
    main()
