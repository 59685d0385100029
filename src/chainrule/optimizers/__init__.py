"""OPTIMIZERS: every training algorithm as one block of formula, state and update."""

from chainrule.optimizers.adaptive import Adam, AdamW, AMSGrad, NAdam
from chainrule.optimizers.adaptive_rate import AdaptiveRate, BoldDriver
from chainrule.optimizers.bayesian_regularization import BayesianRegularization
from chainrule.optimizers.bfgs import BFGS
from chainrule.optimizers.conjugate_gradient import FletcherReeves, PolakRibiere, PowellBeale
from chainrule.optimizers.descent import GradientDescent, Momentum, Nesterov
from chainrule.optimizers.evolution import EvolutionStrategy
from chainrule.optimizers.gauss_newton import GaussNewton
from chainrule.optimizers.lbfgs import LBFGS
from chainrule.optimizers.levenberg_marquardt import LevenbergMarquardt
from chainrule.optimizers.one_step_secant import OneStepSecant
from chainrule.optimizers.optimizer import (
    ALIASES,
    BUILT_IN,
    OPTIMIZERS,
    AnyOptimizer,
    Optimizer,
    find_optimizer,
    optimizer,
    rate_of,
    taking_steps,
    with_rate,
)
from chainrule.optimizers.resilient import IRpropMinus, IRpropPlus, RpropMinus, RpropPlus
from chainrule.optimizers.scaled_conjugate_gradient import ScaledConjugateGradient
from chainrule.optimizers.schedules import (
    CosineDecay,
    ExponentialDecay,
    InverseScaling,
    OneCycle,
    ReduceOnPlateau,
    Schedule,
    StepDecay,
    WarmRestarts,
)
from chainrule.optimizers.searching import SearchingOptimizer, searches
from chainrule.optimizers.squared_gradients import Adadelta, Adagrad, RMSProp

BUILT_IN.update(OPTIMIZERS)
# What the name of the family stands for.
Rprop = IRpropMinus
ALIASES["rprop"] = IRpropMinus.name

__all__ = [
    "BFGS",
    "LBFGS",
    "OPTIMIZERS",
    "AMSGrad",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "AdaptiveRate",
    "AnyOptimizer",
    "BayesianRegularization",
    "BoldDriver",
    "CosineDecay",
    "EvolutionStrategy",
    "ExponentialDecay",
    "FletcherReeves",
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
    "Optimizer",
    "PolakRibiere",
    "PowellBeale",
    "RMSProp",
    "ReduceOnPlateau",
    "Rprop",
    "RpropMinus",
    "RpropPlus",
    "ScaledConjugateGradient",
    "Schedule",
    "SearchingOptimizer",
    "StepDecay",
    "WarmRestarts",
    "find_optimizer",
    "optimizer",
    "rate_of",
    "searches",
    "taking_steps",
    "with_rate",
]
