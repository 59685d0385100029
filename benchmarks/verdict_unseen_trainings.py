"""The sound trainings that the unseen set's faults are made of."""

from __future__ import annotations

from verdict_runs import (
    Training,
    dense,
)
from verdict_tables import digit_images, keel
from verdict_unseen_tables import (
    bends,
    houses,
    made,
    raw_heart,
    reviews,
    sales,
    scaled,
    windows,
)

import chainrule as cr

SGD = {"optimizer": "gradient_descent"}
HOUSES, SALES = scaled(houses(700), targets=True), scaled(sales(500))
HEART, BENDS = scaled(raw_heart), bends(400)
FRIEDMAN = scaled(made("friedman2", n_samples=500, noise=60.0), targets=True)
CLASSES = made("classification", n_samples=800, n_features=20, n_informative=8, n_redundant=4,
               n_classes=3, class_sep=1.5)  # fmt: skip
RINGS = made("circles", n_samples=800, noise=0.1, factor=0.5)
SEGMENT, PENS, TEXTURE = keel("segment", 800), keel("penbased", 2500), keel("texture", 900)
LAND, SPAM, MAGIC = keel("satimage", 1000), keel("spambase", 2500), keel("magic", 1500)
NORMAL, RINGED, CELLS = keel("twonorm", 800), keel("ring", 1000), keel("wisconsin")

PRICES = Training(HOUSES, dense(64, 64), {"learning_rate": 0.001, "epochs": 40})
SOLD = Training(SALES, dense(32, 32), {"learning_rate": 0.005, "epochs": 50})
CIRCUIT = Training(FRIEDMAN, dense(40, activation="tanh"), {"learning_rate": 0.005, "epochs": 60})
THREE = Training(CLASSES, dense(50), {"learning_rate": 0.002, "epochs": 30})
ROUND = Training(RINGS, dense(16, activation="tanh"), {"learning_rate": 0.02, "epochs": 60})
PIXELS = Training(SEGMENT, dense(64), {"learning_rate": 0.003, "epochs": 30})
WRITTEN = Training(PENS, dense(64, 64), {"learning_rate": 0.001, "epochs": 25})
WOVEN = Training(TEXTURE, dense(100, activation="tanh"), {"learning_rate": 0.001, "epochs": 30})
FIELDS = Training(LAND, dense(50), {"learning_rate": 0.002, "epochs": 25})
MAIL = Training(SPAM, dense(32), {"learning_rate": 0.003, "epochs": 20})
SHOWERS = Training(MAGIC, dense(24, activation="gelu"), {"learning_rate": 0.005, "epochs": 30})
PAIR = Training(NORMAL, dense(20), {"learning_rate": 0.003, "epochs": 20})
SHELLS = Training(RINGED, dense(64), {"learning_rate": 0.005, "epochs": 30})
TISSUE = Training(CELLS, dense(16, activation="tanh"), {"learning_rate": 0.01, "epochs": 30})
IMAGES = Training(
    digit_images,
    cr.Network(cr.Conv(8, 3, activation="relu"), cr.MaxPool(2), cr.Flatten(), cr.Dense()),
    {"learning_rate": 0.003, "epochs": 6},
)
SWINGS = Training(windows(400, 12, 0.1), cr.Network(cr.LSTM(12), cr.Dense(1)),
                  {"learning_rate": 0.01, "epochs": 25})  # fmt: skip
TEXTS = Training(
    reviews(700, 60, 12),
    cr.Network(cr.Embedding(60, 8), cr.GlobalAveragePool(over="time"), cr.Dense(16, "relu"),
               cr.Dense()),
    {"learning_rate": 0.01, "epochs": 20},
)  # fmt: skip
