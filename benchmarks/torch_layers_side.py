"""PyTorch at its best with convolutions and an LSTM: its own modules, the fastest of its ways.

Beside its Adams, two layouts of images and two sets of kernels (oneDNN or its own) are tried. Its
LSTM has a second bias, which would double the steps of the first: it stays at 0.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from itertools import product
from typing import Any

import torch
from layers_works import LayerProblem, Part, learned_by
from numpy.typing import NDArray
from side import fastest
from torch import nn
from torch.nn import functional
from torch_side import ADAMS, Compiled, Eager, Tensors

LAYOUTS = {"channels first": torch.contiguous_format, "channels last": torch.channels_last}
KERNELS = {"oneDNN": True, "without oneDNN": False}


class LastState(nn.Module):
    """An LSTM of which only the last state is taken."""

    def __init__(self, features: int, units: int, dtype: torch.dtype) -> None:
        super().__init__()
        self.lstm = nn.LSTM(features, units, batch_first=True, dtype=dtype)
        self.lstm.bias_hh_l0.requires_grad_(False).zero_()

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return self.lstm(rows)[1][0][0]


class EagerLayers(Eager):
    """Modules, called one after another from Python."""

    problem: Any

    def load(self, path: str) -> Any:
        return LayerProblem.load(path)

    def set_up(self) -> None:
        torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
        work = self.problem.work
        self.rows, self.y = torch.from_numpy(self.problem.X), torch.from_numpy(self.problem.y)
        self.X = self.rows
        self.cost = functional.mse_loss if work.task == "numbers" else functional.cross_entropy
        self.first = [torch.from_numpy(_turned(one).copy()) for one in self.problem.weights]
        self.images = len(work.shape) == 3
        self.choose()

    def choose(self) -> None:
        layouts = LAYOUTS if self.images else list(LAYOUTS)[:1]
        names = [", ".join(one) for one in product(ADAMS, layouts, KERNELS)]
        self.variant = fastest({name: partial(self._trained, name) for name in names})

    def _trained(self, name: str, epochs: int) -> None:
        adam, layout, kernels = name.split(", ")
        self.layout = LAYOUTS[layout]
        # Laid out here, and not once a step.
        self.X = self.rows.contiguous(memory_format=self.layout) if self.images else self.rows
        with torch.backends.mkldnn.flags(enabled=KERNELS[kernels]):
            super()._trained(adam, epochs)

    def _network(self) -> nn.Sequential:
        modules: list[nn.Module] = []
        for part, own in learned_by(self.problem.work.parts, self.first):
            modules += _modules(part, own)
        made = nn.Sequential(*modules)
        return made.to(memory_format=self.layout) if self.images else made

    def weights(self) -> list[NDArray[Any]]:
        return [_turned(one.contiguous().numpy()) for one in self.last]


class CompiledLayers(Compiled, EagerLayers):
    """The whole step as one graph; the LSTM is unrolled, as its own kernel is not compiled."""

    def set_up(self) -> None:
        EagerLayers.set_up(self)

    def outputs(self) -> Callable[[Tensors, torch.Tensor], torch.Tensor]:
        parts: Sequence[Part] = self.problem.work.parts

        def made(weights: Tensors, rows: torch.Tensor) -> torch.Tensor:
            value = rows
            for part, own in learned_by(parts, weights):
                value = _value(value, part, own)
            return value

        return made


def _turned(array: Any) -> Any:
    """Return a matrix inputs x outputs as outputs x inputs, or back; all else as it is."""
    return array.T if array.ndim == 2 else array


def _modules(part: Part, own: Tensors) -> list[nn.Module]:
    kind = part[0]
    if kind == "pool":
        return [nn.MaxPool2d(part[1])]
    if kind == "flatten":
        return [nn.Flatten()]
    layer: Any
    if kind == "lstm":
        layer = LastState(own[0].shape[1], part[1], own[0].dtype)
        for name, one in zip(("weight_ih_l0", "weight_hh_l0", "bias_ih_l0"), own, strict=True):
            getattr(layer.lstm, name).data.copy_(one)
        return [layer]
    if kind == "conv":
        filters, channels, *size = own[0].shape
        layer = nn.Conv2d(channels, filters, size, padding=part[3], dtype=own[0].dtype)
    else:
        layer = nn.Linear(own[0].shape[1], own[0].shape[0], dtype=own[0].dtype)
    layer.weight.data.copy_(own[0])
    layer.bias.data.copy_(own[1])
    bends = {"tanh": nn.Tanh, "relu": nn.ReLU}
    return [layer, bends[part[-1]]()] if part[-1] else [layer]


def _value(value: torch.Tensor, part: Part, own: Tensors) -> torch.Tensor:
    kind = part[0]
    if kind == "pool":
        return functional.max_pool2d(value, part[1])
    if kind == "flatten":
        return value.flatten(1)
    if kind == "lstm":
        return _unrolled(value, *own)
    if kind == "conv":
        made = functional.conv2d(value, own[0], own[1], padding=part[3])
    else:
        made = functional.linear(value, own[0], own[1])
    bends = {"tanh": torch.tanh, "relu": torch.relu}
    return bends[part[-1]](made) if part[-1] else made


def _unrolled(
    rows: torch.Tensor, w: torch.Tensor, u: torch.Tensor, b: torch.Tensor
) -> torch.Tensor:
    entries = functional.linear(rows, w, b)
    state = cell = rows.new_zeros(rows.shape[0], u.shape[1])
    for time in range(rows.shape[1]):
        raw = entries[:, time] + functional.linear(state, u)
        enter, forget, content, leave = raw.chunk(4, dim=1)
        cell = torch.sigmoid(forget) * cell + torch.sigmoid(enter) * torch.tanh(content)
        state = torch.sigmoid(leave) * torch.tanh(cell)
    return state
