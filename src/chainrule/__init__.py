"""chainrule trains neural networks by backpropagation: run it, read it, question it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chainrule.errors import ChainruleError, DataError, RunFolderError, SetupError, ShapeError
    from chainrule.network.backpropagation import backpropagate, gradient
    from chainrule.network.derivatives import (
        hessian_vector_product,
        jacobian,
        per_example_gradients,
    )
    from chainrule.network.image_layers import (
        AveragePool,
        Conv,
        Flatten,
        GlobalAveragePool,
        GlobalMaxPool,
        MaxPool,
    )
    from chainrule.network.initializers import initializer
    from chainrule.network.layers import Activation, Add, Apply, Concatenate, Dense, Input
    from chainrule.network.losses import loss
    from chainrule.network.network import Network
    from chainrule.network.recurrent_layers import GRU, LSTM, Recurrent
    from chainrule.network.regularising_layers import BatchNorm, DropConnect, Dropout
    from chainrule.network.residual import Residual
    from chainrule.network.sequence_layers import Attention, Embedding, LayerNorm
    from chainrule.ops.op import elementwise, multilinear, op
    from chainrule.optimizers import (
        Adam,
        AdamW,
        CosineDecay,
        ExponentialDecay,
        GradientDescent,
        InverseScaling,
        Momentum,
        Nesterov,
        StepDecay,
        optimizer,
    )
    from chainrule.training.many import train_many
    from chainrule.training.minimize import minimize
    from chainrule.training.recording import Recording
    from chainrule.training.records import load
    from chainrule.training.tables.door import resume_table, train_table
    from chainrule.training.train import resume, train

# Where each public name lives. They are imported when first used, so that `import chainrule` and
# `chainrule --help` cost next to nothing; a test holds this list against the imports above.
_HOMES = {
    "errors": ("ChainruleError", "DataError", "RunFolderError", "SetupError", "ShapeError"),
    "network.backpropagation": ("backpropagate", "gradient"),
    "network.derivatives": ("hessian_vector_product", "jacobian", "per_example_gradients"),
    "network.initializers": ("initializer",),
    "network.image_layers": (
        "AveragePool",
        "Conv",
        "Flatten",
        "GlobalAveragePool",
        "GlobalMaxPool",
        "MaxPool",
    ),
    "network.sequence_layers": ("Attention", "Embedding", "LayerNorm"),
    "network.recurrent_layers": ("GRU", "LSTM", "Recurrent"),
    "network.regularising_layers": ("BatchNorm", "DropConnect", "Dropout"),
    "network.residual": ("Residual",),
    "network.layers": ("Activation", "Add", "Apply", "Concatenate", "Dense", "Input"),
    "network.losses": ("loss",),
    "network.network": ("Network",),
    "ops.op": ("elementwise", "multilinear", "op"),
    "optimizers": (
        "Adam",
        "AdamW",
        "CosineDecay",
        "ExponentialDecay",
        "GradientDescent",
        "InverseScaling",
        "Momentum",
        "Nesterov",
        "StepDecay",
        "optimizer",
    ),
    "training.many": ("train_many",),
    "training.minimize": ("minimize",),
    "training.recording": ("Recording",),
    "training.records": ("load",),
    "training.tables.door": ("resume_table", "train_table"),
    "training.train": ("resume", "train"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "GRU",
    "LSTM",
    "Activation",
    "Adam",
    "AdamW",
    "Add",
    "Apply",
    "Attention",
    "AveragePool",
    "BatchNorm",
    "ChainruleError",
    "Concatenate",
    "Conv",
    "CosineDecay",
    "DataError",
    "Dense",
    "DropConnect",
    "Dropout",
    "Embedding",
    "ExponentialDecay",
    "Flatten",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "GradientDescent",
    "Input",
    "InverseScaling",
    "LayerNorm",
    "MaxPool",
    "Momentum",
    "Nesterov",
    "Network",
    "Recording",
    "Recurrent",
    "Residual",
    "RunFolderError",
    "SetupError",
    "ShapeError",
    "StepDecay",
    "backpropagate",
    "elementwise",
    "gradient",
    "hessian_vector_product",
    "initializer",
    "jacobian",
    "load",
    "loss",
    "minimize",
    "multilinear",
    "op",
    "optimizer",
    "per_example_gradients",
    "resume",
    "resume_table",
    "train",
    "train_many",
    "train_table",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("chainrule")
    if name not in _HOME_OF:
        raise AttributeError(f"module 'chainrule' has no attribute '{name}'")
    found = getattr(importlib.import_module(f"chainrule.{_HOME_OF[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
