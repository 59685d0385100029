"""Recurrent layers: over sequences (n, time, features), forwards, backwards or both ways."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from chainrule.checks import is_whole_number
from chainrule.errors import SetupError, ShapeError
from chainrule.network.building import Building
from chainrule.network.initializers import Initializer, find_initializer
from chainrule.network.layers import Layer, Start
from chainrule.shapes import show

FLAGS = ("every_step", "backwards", "both_ways")


@dataclass(frozen=True, eq=False, repr=False)
class _Recurrence(Layer):
    """What recurrent layers share.

    Called on a sequence (n, time, features), or on a sequence and a mask (n, time) that is True
    where an entry is there: at others the state stays as it is. ``every_step`` gives the state
    after each entry, (n, time, units); otherwise the last one, (n, units). ``backwards`` begins at
    the last entry; ``both_ways`` does both, with parameters of their own, side by side. The first
    state is zeros. ``truncate``: gradients end at every so many entries (truncated backpropagation
    through time, Williams, Peng, Neural Computation 2, 1990). ``weights`` starts W,
    ``recurrent_weights`` U: at right angles by default, which keeps the length of a state.
    ``bias`` starts b; "chrono" lets gates keep what they hold for times up to the length of the
    sequence ("chrono 30": up to 30 entries; Tallec, Ollivier, ICLR 2018).
    """

    units: int = 0
    every_step: bool = field(default=False, kw_only=True)
    backwards: bool = field(default=False, kw_only=True)
    both_ways: bool = field(default=False, kw_only=True)
    truncate: int | None = field(default=None, kw_only=True)
    weights: Start = field(default="glorot_uniform", kw_only=True)
    recurrent_weights: Start = field(default="orthogonal", kw_only=True)
    bias: Start = field(default="zeros", kw_only=True)

    op: ClassVar[str]
    # How many columns of weights, and numbers of state, there are for each unit.
    gates: ClassVar[int] = 1
    states: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if not is_whole_number(self.units, least=1):
            raise SetupError(f"{self} has no width.", "Give a whole number from 1.")
        object.__setattr__(self, "units", int(self.units))
        if self.truncate is not None:
            if not is_whole_number(self.truncate, least=1):
                raise SetupError(
                    f"truncate={self.truncate!r} is no number of entries.",
                    "Give a whole number from 1, or None.",
                )
            object.__setattr__(self, "truncate", int(self.truncate))
        for flag in FLAGS:
            given = getattr(self, flag)
            if not isinstance(given, bool):
                raise SetupError(
                    f"{type(self).__name__} has {flag}={given!r}.", "Give True or False."
                )
        for start in (self.weights, self.recurrent_weights, self.bias):
            find_initializer(start)
        self._check_bias()
        if self.backwards and self.both_ways:
            raise SetupError(f"{self} is to go backwards and both ways.", "Give one of the two.")

    def _check_bias(self) -> None:
        """Refuse a start of gates that the layer does not have."""
        name = find_initializer(self.bias).name
        if (name == "chrono" and self.gates == 1) or (name == "forget_gate" and self.gates != 4):
            lacks = "no gates" if self.gates == 1 else "no forget gate"
            raise SetupError(
                f"{type(self).__name__} has {lacks} that '{name}' could start.",
                "Use 'zeros'." if self.gates == 1 else "Use 'chrono' or 'zeros'.",
            )

    def append(self, building: Building, name: str, inputs: tuple[str, ...]) -> str:
        if len(inputs) > 2:
            building.exactly(inputs, 2, self)
        shape = building.shape(inputs[0])
        if len(shape) != 3:
            raise ShapeError(
                f"{self} ({name}) reads sequences (n, time, features), and {inputs[0]} is "
                f"{show(shape)}.",
                "Give each row a time axis in front of its features."
                if building.is_input(inputs[0])
                else "Recurrent layers in front of it need every_step=True to keep the time axis.",
            )
        if not self.both_ways:
            return self._one_way(building, name, inputs, self.backwards)
        ways = [
            self._one_way(building, f"{name}.{way}", inputs, way == "backwards")
            for way in ("forwards", "backwards")
        ]
        return building.apply("side_by_side", tuple(ways), layer=name, made_by=repr(self))

    def _one_way(
        self, building: Building, name: str, inputs: tuple[str, ...], backwards: bool
    ) -> str:
        """Append the steps of one direction, part by part where gradients are truncated."""
        start = building.apply(
            "zero_state",
            inputs[:1],
            layer=name,
            made_by=repr(self),
            value=f"{name}.start",
            settings={"size": self.states * self.units},
        )
        time = building.row_shape(inputs[0])[0]
        parts = self._parts(time, backwards)
        found: list[str] = []
        for place, (begin, end) in enumerate(parts):
            part = inputs
            if len(parts) > 1:
                part = self._part(building, name, inputs, begin, end)
            found.append(self._states(building, name, part, start, backwards, time))
            if place < len(parts) - 1:
                start = self._held(building, name, found[-1], backwards)
        if not self.every_step:
            return self._entry(building, name, found[-1], backwards, name)
        return self._joined(building, name, found[::-1] if backwards else found)

    def _parts(self, time: int, backwards: bool) -> list[tuple[int, int]]:
        """Return where the parts of a sequence begin and end, in the order of the steps."""
        length = self.truncate or time
        if not backwards:
            return [(begin, min(begin + length, time)) for begin in range(0, time, length)]
        return [(max(end - length, 0), end) for end in range(time, 0, -length)]

    def _part(
        self, building: Building, name: str, inputs: tuple[str, ...], begin: int, end: int
    ) -> tuple[str, ...]:
        """Append what takes a part of the sequence, and of the mask where there is one."""
        ops = ("part_of_sequence", "part_of_mask")
        return tuple(
            building.apply(
                op,
                (value,),
                layer=name,
                made_by=repr(self),
                value=f"{name}.from_{begin}",
                settings={"start": begin, "stop": end},
            )
            for op, value in zip(ops, inputs, strict=False)
        )

    def _states(
        self,
        building: Building,
        name: str,
        inputs: tuple[str, ...],
        start: str,
        backwards: bool,
        time: int,
    ) -> str:
        """Append the steps along a part of the sequence; return the states."""
        return building.apply(
            f"{self.op}_where_seen" if len(inputs) > 1 else self.op,
            (*inputs, start),
            layer=name,
            made_by=repr(self),
            value=name if self.every_step and self.truncate is None else f"{name}.states",
            sizes={"u": self.units, "g": self.gates * self.units},
            starts=self._starts(time),
            settings={"backwards": backwards, **self._settings()},
        )

    def _entry(
        self, building: Building, name: str, states: str, backwards: bool, value: str
    ) -> str:
        return building.apply(
            "entry_of_sequence",
            (states,),
            layer=name,
            made_by=repr(self),
            value=value,
            settings={"at": 0 if backwards else -1},
        )

    def _held(self, building: Building, name: str, states: str, backwards: bool) -> str:
        """Append what hands the last state on without its gradient."""
        state = self._entry(building, name, states, backwards, f"{name}.last")
        if self.states > 1:
            # The cell stands in front of what the second output keeps.
            cell = self._entry(building, name, f"{states}:1", backwards, f"{name}.last_kept")
            cell = building.apply(
                "part_of_features",
                (cell,),
                layer=name,
                made_by=repr(self),
                value=f"{name}.last_cell",
                settings={"start": 0, "stop": self.units},
            )
            state = building.apply(
                "side_by_side",
                (state, cell),
                layer=name,
                made_by=repr(self),
                value=f"{name}.last_state",
            )
        return building.apply(
            "held", (state,), layer=name, made_by=repr(self), value=f"{name}.held"
        )

    def _joined(self, building: Building, name: str, parts: list[str]) -> str:
        if len(parts) == 1:
            return parts[0]
        return building.fold("one_after_another", tuple(parts), name, self)

    def _starts(self, time: int) -> dict[str, Start]:
        bias = find_initializer(self.bias)
        if bias.name == "chrono":
            longest = {"longest": float(max(time, 2)), **bias.settings}
            bias = Initializer(bias.name, {**longest, "gates": float(self.gates)})
        return {"w": self.weights, "u": self.recurrent_weights, "b": bias}

    def _settings(self) -> dict[str, Any]:
        return {}

    def __repr__(self) -> str:
        parts = [repr(self.units), *self._shown()]
        parts += [f"{one}=True" for one in FLAGS if getattr(self, one)]
        parts += [] if self.truncate is None else [f"truncate={self.truncate}"]
        return f"{type(self).__name__}({', '.join(parts)})"

    def _shown(self) -> list[str]:
        return []


@dataclass(frozen=True, eq=False, repr=False)
class Recurrent(_Recurrence):
    """The simple recurrent layer: ``h_t = activation(x_t W + h_{t-1} U + b)``.

    ``activation``: "tanh" or "relu". Parameters: ``<name>.W`` (features, units), ``<name>.U``
    (units, units), ``<name>.b`` (units,). Source: Elman, Cognitive Science 14, 1990.
    """

    activation: str = "tanh"

    op: ClassVar[str] = "recurrent"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.activation not in ("tanh", "relu"):
            raise SetupError(
                f"A recurrent layer cannot have the activation {self.activation!r}.",
                "Give 'tanh' or 'relu'.",
            )

    def _settings(self) -> dict[str, Any]:
        return {"activation": self.activation}

    def _shown(self) -> list[str]:
        return [] if self.activation == "tanh" else [repr(self.activation)]


@dataclass(frozen=True, eq=False, repr=False)
class LSTM(_Recurrence):
    """Long short-term memory.

    Parameters: ``<name>.W`` (features, 4 units), ``<name>.U`` (units, 4 units), ``<name>.b`` (4
    units,), the columns being those of input gate, forget gate, new content and output gate. The
    forget gate's bias starts at 1, ``bias="forget_gate 1"`` (Gers, Schmidhuber, Cummins, Neural
    Computation 12, 2000; Jozefowicz, Zaremba, Sutskever, ICML 2015), the others at 0.
    Source: Hochreiter, Schmidhuber, Neural Computation 9, 1997.
    """

    bias: Start = field(default="forget_gate", kw_only=True)

    op: ClassVar[str] = "lstm"
    gates: ClassVar[int] = 4
    states: ClassVar[int] = 2


@dataclass(frozen=True, eq=False, repr=False)
class GRU(_Recurrence):
    """The gated recurrent unit.

    Parameters: ``<name>.W`` (features, 3 units), ``<name>.U`` (units, 3 units), ``<name>.b`` and
    ``<name>.c`` (3 units,), biases beside W and beside U; the columns are those of reset gate,
    update gate and new content. ``bias`` starts b, c starts at 0. Source: Cho et al., EMNLP
    2014; the reset is behind the product.
    """

    op: ClassVar[str] = "gru"
    gates: ClassVar[int] = 3
