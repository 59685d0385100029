"""Ten real tables that come with packages, by name, with target and what is asked of them.

From scikit-learn (BSD-3-Clause): breast cancer, wine, iris (UCI Machine Learning Repository,
CC BY 4.0) and diabetes (Efron, Hastie, Johnstone, Tibshirani, 2004). Heart disease is the example
table (UCI, Janosi, Steinbrunn, Pfisterer, Detrano, CC BY 4.0). From statsmodels (BSD-3-Clause),
which says that they are in the public domain: anes96 (American National Election Studies of 1996),
modechoice (Greene; travel mode choice), randhie (RAND Health Insurance Experiment), statecrime
(Statistical Abstract of the United States 2009) and engel (Engel, 1857).
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

HEART = Path(__file__).parent.parent / "examples" / "heart_disease.csv"


@dataclass(frozen=True)
class RealTable:
    """A table of a package, its target, and arguments of ``train_table``."""

    name: str
    package: str
    target: str
    given: dict[str, Any] = field(default_factory=dict)

    def frame(self) -> pd.DataFrame:
        """Return the rows."""
        if self.package == "here":
            return pd.read_csv(HEART)
        if self.package == "sklearn":
            datasets = importlib.import_module("sklearn.datasets")
            return getattr(datasets, f"load_{self.name}")(as_frame=True).frame
        module = importlib.import_module(f"statsmodels.datasets.{self.name}")
        return module.load_pandas().data.reset_index(drop=True)


REAL_TABLES = [
    RealTable("heart_disease", "here", "disease"),
    RealTable("breast_cancer", "sklearn", "target"),
    RealTable("wine", "sklearn", "target"),
    RealTable("iris", "sklearn", "target"),
    RealTable("diabetes", "sklearn", "target"),
    RealTable("anes96", "statsmodels", "vote"),
    RealTable("modechoice", "statsmodels", "choice", {"group": "individual"}),
    RealTable("randhie", "statsmodels", "mdvis", {"task": "regression", "epochs": 6}),
    RealTable("statecrime", "statsmodels", "violent"),
    RealTable("engel", "statsmodels", "foodexp"),
]
