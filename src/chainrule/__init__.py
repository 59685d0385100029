"""chainrule trains neural networks by backpropagation: run it, read it, question it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chainrule.comparison.door import compare
    from chainrule.data.matlab_files import read_mat
    from chainrule.diagnosis.checks.check import check
    from chainrule.diagnosis.door import diagnose
    from chainrule.errors import ChainruleError, DataError, RunFolderError, SetupError, ShapeError
    from chainrule.explanation.door import explain
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
        BFGS,
        LBFGS,
        Adadelta,
        Adagrad,
        Adam,
        AdamW,
        AdaptiveRate,
        AMSGrad,
        BayesianRegularization,
        BoldDriver,
        CosineDecay,
        EvolutionStrategy,
        ExponentialDecay,
        FletcherReeves,
        GaussNewton,
        GradientDescent,
        InverseScaling,
        IRpropMinus,
        IRpropPlus,
        LevenbergMarquardt,
        Momentum,
        NAdam,
        Nesterov,
        OneCycle,
        OneStepSecant,
        PolakRibiere,
        PowellBeale,
        ReduceOnPlateau,
        RMSProp,
        Rprop,
        RpropMinus,
        RpropPlus,
        ScaledConjugateGradient,
        StepDecay,
        WarmRestarts,
        optimizer,
    )
    from chainrule.training.fitting import fit_network
    from chainrule.training.many import train_many
    from chainrule.training.minimize import minimize
    from chainrule.training.rate_range import learning_rate_range
    from chainrule.training.recording import Recording
    from chainrule.training.records import load
    from chainrule.training.tables.door import resume_table, train_table
    from chainrule.training.train import resume, train
    from chainrule.views.landscape_figures import plane_figure, slice_figure
    from chainrule.views.network_figures import network_figure
    from chainrule.views.region_figures import regions_figure

# Where each public name lives. They are imported when first used, so that `import chainrule` and
# `chainrule --help` cost next to nothing; a test holds this list against the imports above.
_HOMES = {
    "comparison.door": ("compare",),
    "diagnosis.checks.check": ("check",),
    "diagnosis.door": ("diagnose",),
    "errors": ("ChainruleError", "DataError", "RunFolderError", "SetupError", "ShapeError"),
    "explanation.door": ("explain",),
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
        "ScaledConjugateGradient",
        "PowellBeale",
        "PolakRibiere",
        "LBFGS",
        "FletcherReeves",
        "EvolutionStrategy",
        "BFGS",
        "AMSGrad",
        "Adadelta",
        "Adagrad",
        "Adam",
        "AdamW",
        "AdaptiveRate",
        "BayesianRegularization",
        "BoldDriver",
        "CosineDecay",
        "ExponentialDecay",
        "GaussNewton",
        "GradientDescent",
        "IRpropMinus",
        "IRpropPlus",
        "InverseScaling",
        "LevenbergMarquardt",
        "Momentum",
        "NAdam",
        "Nesterov",
        "OneCycle",
        "OneStepSecant",
        "RMSProp",
        "ReduceOnPlateau",
        "Rprop",
        "RpropMinus",
        "RpropPlus",
        "StepDecay",
        "WarmRestarts",
        "optimizer",
    ),
    "data.matlab_files": ("read_mat",),
    "training.fitting": ("fit_network",),
    "training.many": ("train_many",),
    "training.minimize": ("minimize",),
    "training.recording": ("Recording",),
    "training.records": ("load",),
    "training.tables.door": ("resume_table", "train_table"),
    "training.train": ("resume", "train"),
    "training.rate_range": ("learning_rate_range",),
    "views.landscape_figures": ("plane_figure", "slice_figure"),
    "views.network_figures": ("network_figure",),
    "views.region_figures": ("regions_figure",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "BFGS",
    "GRU",
    "LBFGS",
    "LSTM",
    "AMSGrad",
    "Activation",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "AdaptiveRate",
    "Add",
    "Apply",
    "Attention",
    "AveragePool",
    "BatchNorm",
    "BayesianRegularization",
    "BoldDriver",
    "ChainruleError",
    "Concatenate",
    "Conv",
    "CosineDecay",
    "DataError",
    "Dense",
    "DropConnect",
    "Dropout",
    "Embedding",
    "EvolutionStrategy",
    "ExponentialDecay",
    "Flatten",
    "FletcherReeves",
    "GaussNewton",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "GradientDescent",
    "IRpropMinus",
    "IRpropPlus",
    "Input",
    "InverseScaling",
    "LayerNorm",
    "LevenbergMarquardt",
    "MaxPool",
    "Momentum",
    "NAdam",
    "Nesterov",
    "Network",
    "OneCycle",
    "OneStepSecant",
    "PolakRibiere",
    "PowellBeale",
    "RMSProp",
    "Recording",
    "Recurrent",
    "ReduceOnPlateau",
    "Residual",
    "Rprop",
    "RpropMinus",
    "RpropPlus",
    "RunFolderError",
    "ScaledConjugateGradient",
    "SetupError",
    "ShapeError",
    "StepDecay",
    "WarmRestarts",
    "backpropagate",
    "check",
    "compare",
    "diagnose",
    "elementwise",
    "explain",
    "fit_network",
    "gradient",
    "hessian_vector_product",
    "initializer",
    "jacobian",
    "learning_rate_range",
    "load",
    "loss",
    "minimize",
    "multilinear",
    "network_figure",
    "op",
    "optimizer",
    "per_example_gradients",
    "plane_figure",
    "read_mat",
    "regions_figure",
    "resume",
    "resume_table",
    "slice_figure",
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
