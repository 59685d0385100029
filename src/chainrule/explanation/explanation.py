"""An explanation: a target, its derivation, and the numbers that it is held against."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from chainrule.errors import SetupError
from chainrule.explanation.causes.zero import Why, why
from chainrule.explanation.checks import Checks, checked
from chainrule.explanation.derivation import MOST_NODES, Derivation
from chainrule.explanation.entries import Entry
from chainrule.explanation.faces import Faces
from chainrule.explanation.making import Making, making_of
from chainrule.explanation.plain_numbers import plain_document, plain_number
from chainrule.explanation.pulls import Pulls
from chainrule.explanation.routes.tug_of_war import TugOfWar, tug_of_war
from chainrule.explanation.row_pulls import Batch, pulls_of
from chainrule.explanation.single_weights import single_weight
from chainrule.explanation.summary import Summary, summary_of
from chainrule.explanation.targets import Target, find_target
from chainrule.explanation.trace import Trace
from chainrule.explanation.tree_document import node_document
from chainrule.explanation.unfolding import Node, unfolded
from chainrule.explanation.words import Words
from chainrule.network.forms import noise_of

FORMAT = "chainrule explanation"
VERSION = 1
EveryRow = Callable[[], Sequence[Any] | None]


@dataclass(frozen=True, eq=False)
class Explanation(Faces):
    """Why a number's gradient is what it is, for some rows.

    ``print(why)`` tells it; ``why.tree`` is the derivation of a single number, ``why.summary`` the
    parts of a whole array or layer, ``why.checks`` the three numbers that must agree.
    ``why.unfold("dense_2[1]")`` unfolds any other number of the same rows, ``why.to_dict()`` is all
    of it as plain data. ``trace`` has every value and gradient. ``why.save("why.html")`` is a page,
    ``why.latex()`` and ``why.mathml()`` are the derivation as a formula; ``call`` is what made it.
    """

    target: Target
    derivation: Derivation
    most_nodes: int = MOST_NODES
    every_row: EveryRow | None = None
    call: str = ""

    @property
    def trace(self) -> Trace:
        """Every value and gradient of the rows."""
        return self.derivation.trace

    @property
    def words(self) -> Words:
        """How numbers are named, and said in the user's terms."""
        return self.derivation.words

    @property
    def entry(self) -> Entry:
        """The number that is explained. Raises SetupError where it is a whole array."""
        if self.target.entry is None:
            raise SetupError(
                f"{self.target.text} is more than one number, so there is no one derivation.",
                "Read its summary, or ask for one of its numbers.",
            )
        return self.target.entry

    @cached_property
    def opened(self) -> set[Entry]:
        """The numbers that are unfolded in the tree of a single number."""
        return self.derivation.opened(self.entry, self.most_nodes)

    @cached_property
    def tree(self) -> Node | None:
        """The derivation of a single number; None for a whole."""
        if self.target.entry is None:
            return None
        return unfolded(self.derivation, self.target.entry, self.opened)

    @cached_property
    def summary(self) -> Summary | None:
        """The parts of a whole array or layer; None for a single number."""
        return None if self.target.entry is not None else summary_of(self.words, self.target)

    @cached_property
    def checks(self) -> Checks | None:
        """The numbers that must agree, for a single number."""
        if self.target.entry is None:
            return None
        return checked(self.derivation, self.target.entry, self.opened)

    @cached_property
    def tug_of_war(self) -> TugOfWar | None:
        """The sums of all routes that pull up and down, and what goes through each unit of a layer.

        None for a whole.
        """
        if self.target.entry is None:
            return None
        # Overflow is a finding, not a warning.
        with np.errstate(all="ignore"):
            return tug_of_war(self.trace, self.target.entry, self.words)

    @cached_property
    def why(self) -> Why | None:
        """Why the gradient is zero, tiny, huge or no number, or that it is ordinary.

        None for a whole.
        """
        if self.target.entry is None:
            return None
        every = None if self.every_row is None else self.every_row()
        with np.errstate(all="ignore"):
            return why(self.trace, self.target.entry, every, self.words)

    @cached_property
    def pulls(self) -> Pulls | None:
        """Which rows pull a trained weight up and down; None for a single row and other numbers.

        Raises SetupError where the rows are mixed, as by batch norm in training.
        """
        entry, trace = self.target.entry, self.trace
        if entry is None or entry.value not in trace.trained_names or len(trace.rows) < 2:
            return None
        weight = single_weight(trace.objective, self.words.name(entry))
        carried = np.concatenate((trace.parameters, trace.state))
        noise = noise_of(trace.objective, trace.mode.seed, trace.mode.step)
        named = f"{len(trace.rows)} rows"
        batch = Batch(trace.objective, carried, trace.frozen, noise, trace.given, trace.rows, named)
        return pulls_of(batch, weight, self.words.meaning(entry), 0.0)

    def unfold(self, name: str, width: int | None = None, most_nodes: int | None = None) -> Node:
        """Return the tree of any other number of the same rows, as ``tree`` is that of the target.

        ``width``: how many terms of each sum stand apart, the largest ones; ``most_nodes``: how
        many numbers are unfolded. Raises SetupError for a name that is not there.
        """
        found = find_target(self.words, name)
        if found.entry is None:
            raise SetupError(
                f"'{name}' is more than one number.", "Ask for one of them, or explain the whole."
            )
        derivation = self.derivation if width is None else Derivation(self.words, width)
        most = self.most_nodes if most_nodes is None else most_nodes
        return unfolded(derivation, found.entry, derivation.opened(found.entry, most))

    def made(self, name: str, width: int | None = None) -> Making:
        """Return how any number of the same rows was made of those in front of it.

        The ``width`` largest parts stand apart. Raises SetupError for a name that is not there.
        """
        found = find_target(self.words, name)
        if found.entry is None:
            raise SetupError(f"'{name}' is more than one number.", "Ask for one of them.")
        return making_of(self.words, found.entry, self.derivation.width if width is None else width)

    @cached_property
    def forward(self) -> tuple[Making, ...]:
        """How the numbers that the tree goes through were made, from the inputs to the loss."""
        if self.target.entry is None:
            return ()
        made = {str(name): at for at, step in enumerate(self.trace.objective.steps)
                for name in step.flowing}  # fmt: skip
        inside = sorted(
            (one for one in self.opened if one.value in made),
            key=lambda one: (made[one.value], one.place),
        )
        return tuple(making_of(self.words, one, self.derivation.width) for one in inside)

    @property
    def sentence(self) -> str:
        """What the explanation comes to, in one sentence in the user's words."""
        if self.summary is not None:
            return self.summary.sentence()
        return self._advice(self.derivation.gradient(self.entry))

    def _advice(self, gradient: float) -> str:
        """Return which way a number should go, and what that would do."""
        named, rows = self.words.named(self.entry), self.trace.rows
        loss = f"the loss of {rows.names[0]}" if len(rows) == 1 else f"the loss of {len(rows)} rows"
        loss = f"{loss} ({self.trace.exact.loss:.4g})"
        content = float(self.trace.exact.values[self.entry.value][self.entry.place])
        scaled = " as prepared" if self._preparation else ""
        subject = f"{named[:1].upper()}{named[1:]} ({content:.4g}{scaled})"
        if gradient != gradient:
            return f"{subject}: its gradient is no number."
        if gradient == 0.0:
            return f"{subject}: moving it a little changes nothing in {loss}, its gradient is 0."
        step = 0.01 * max(abs(content), 1.0)
        size = f"by about {abs(gradient) * step:.3g} for each {step:.2g} (gradient {gradient:.4g})"
        if self.entry.value in self.trace.objective.plan.by_name:
            way = "fall" if gradient > 0.0 else "rise"
            return f"{subject} should {way}: {loss} then falls {size}."
        moves = "rises" if gradient > 0.0 else "falls"
        return f"{subject}: as it rises, {loss} {moves} {size}."

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be known besides: the form of the network, rounding, what is frozen."""
        trace = self.trace
        said = []
        if trace.objective.plan.prediction_walk is not trace.objective.plan.walk:
            said.append(trace.mode.sentence(trace.objective))
        frozen = [one.name for one in trace.objective.frozen.parameters]
        if any(name in frozen for name in self.target.values):
            said.append(f"{self.target.values[0]} is frozen: the training does not move it.")
        if self._preparation:
            said.append(self._preparation)
        said += self._rounding()
        return tuple(said)

    @property
    def _preparation(self) -> str:
        """How an input was made of the user's own number, "" for what is no such input."""
        entry, inputs = self.target.entry, self.trace.objective.plan.inputs
        if entry is None or entry.value not in inputs or len(entry.place) != 2:
            return ""
        said = self.words.prepared
        return said[entry.place[1]] if len(said) == inputs[entry.value][0] else ""

    def _rounding(self) -> list[str]:
        """Return how the run's own type differs from float64, where that shows in the target."""
        if self.checks is None or self.trace.own.dtype == "float64":
            return []
        own, exact = self.checks.gradient, self.checks.exact_gradient
        if own == exact or abs(own - exact) <= 1e-4 * abs(exact):
            return []
        return [f"In {self.trace.own.dtype} the gradient is {own:.6g}, in float64 {exact:.6g}."]

    def to_dict(self) -> dict[str, Any]:
        """Return the explanation as plain data, in the form of docs/explanation.schema.json."""
        rows = self.trace.rows
        return {
            "format": FORMAT,
            "version": VERSION,
            "target": self.target.text,
            "sentence": self.sentence,
            "notes": list(self.notes),
            "rows": {
                "numbers": list(rows.numbers),
                "names": list(rows.names),
                "source": rows.source,
                "contents": [[list(pair) for pair in one] for one in rows.contents],
            },
            "loss": plain_number(self.trace.exact.loss),
            "tree": None if self.tree is None else node_document(self.tree),
            "summary": None if self.summary is None else self.summary.to_dict(),
            "checks": None if self.checks is None else self.checks.to_dict(),
            "forward": [one.to_dict() for one in self.forward],
            "tug_of_war": self._tug_document(),
            "why": None if self.why is None else self.why.to_dict(),
            "pulls": self._pulls_document(),
            "call": self.call,
        }

    def _pulls_document(self) -> dict[str, Any] | None:
        try:
            return None if self.pulls is None else self.pulls.to_dict()
        except SetupError:
            # Rows that are mixed on their way have no gradients of their own.
            return None

    def _tug_document(self) -> dict[str, Any] | None:
        with np.errstate(all="ignore"):
            plain = None if self.tug_of_war is None else self.tug_of_war.to_dict()
        return None if plain is None else dict(plain_document(plain))

    def __str__(self) -> str:
        from chainrule.explanation.telling import text_of

        return text_of(self)

    __repr__ = __str__


def explained(
    words: Words, text: str, width: int, most_nodes: int, every_row: EveryRow | None = None
) -> Explanation:
    """Return the explanation of a target by its name. Raises SetupError for a bad one.

    ``every_row`` gives the inputs of all rows, in how many of which a unit speaks, or None.
    """
    target = find_target(words, text)
    return Explanation(target, Derivation(words, width), most_nodes, every_row)
