"""More rows of the applied set: formulas of physics and chemistry, markets, clinics, images."""

from __future__ import annotations

import numpy as np
from verdict_applied_rows import GAS, TURN
from verdict_runs import Array, Data, Rows, normal, uniform

# ---- formulas, in the units of a laboratory ----


def pressure(count: int, noise: float = 0.0) -> Data:
    """Return kelvins, cubic metres and moles of a gas, and van der Waals' pressure in pascals."""

    def rows(seed: int) -> Rows:
        heat = uniform(seed, "kelvins", count, low=280.0, high=600.0)
        room = uniform(seed, "cubic metres", count, low=0.004, high=0.02)
        moles = uniform(seed, "moles", count, low=1.0, high=6.0)
        y = moles * GAS * heat / (room - 4.3e-5 * moles) - 0.36 * (moles / room) ** 2
        y = y * (1.0 + noise * normal(seed, "manometer", count))
        return np.stack([heat, room, moles], axis=1), y

    return rows


def kinetics(count: int, noise: float) -> Data:
    """Return what a reaction is run at, and the logarithm of its rate by Arrhenius."""

    def rows(seed: int) -> Rows:
        heat = uniform(seed, "kelvins", count, low=300.0, high=500.0)
        barrier = uniform(seed, "joules", count, low=3e4, high=9e4)
        acid, amount = uniform(seed, "ph", count, low=2.0, high=9.0), uniform(seed, "c", count)
        y = -barrier / (GAS * heat) + np.log(0.05 + amount) + 1.5 * np.exp(-((acid - 5.0) ** 2))
        X = np.stack([heat, barrier, acid, amount], axis=1)
        return X, y + noise * normal(seed, "assay", count)

    return rows


def strength(count: int, noise: float) -> Data:
    """Return kilograms in a cubic metre of concrete, its age in days, and megapascals."""

    def rows(seed: int) -> Rows:
        cement = uniform(seed, "cement", count, low=120.0, high=520.0)
        water = uniform(seed, "water", count, low=130.0, high=230.0)
        ash = uniform(seed, "ash", count, high=180.0)
        stone = uniform(seed, "stone", count, low=800.0, high=1100.0)
        age = np.exp(uniform(seed, "age", count, low=0.0, high=5.5))
        y = 28.0 * ((cement + 0.4 * ash) / water) ** 1.1 * np.log1p(age) / 4.0
        y = y + 0.01 * (stone - 950.0) + noise * normal(seed, "press", count)
        return np.stack([cement, water, ash, stone, age], axis=1), y

    return rows


def bond(count: int, noise: float) -> Data:
    """Return a distance between atoms, and their energy by Morse's curve."""

    def rows(seed: int) -> Rows:
        far = uniform(seed, "distance", count, 1, low=0.6, high=4.0)
        y = 4.7 * (1.0 - np.exp(-1.9 * (far[:, 0] - 1.0))) ** 2 - 4.7
        return far, y + noise * normal(seed, "spectroscope", count)

    return rows


def tone(count: int, periods: float, noise: float) -> Data:
    """Return times from 0 to 1, and what a microphone reads of a decaying tone."""

    def rows(seed: int) -> Rows:
        time = uniform(seed, "time", count, 1)
        y = np.exp(-0.5 * time[:, 0]) * np.sin(TURN * periods * time[:, 0])
        return time, y + noise * normal(seed, "microphone", count)

    return rows


def chirps(count: int, length: int, noise: float) -> Data:
    """Return sequences (n, length, 1), and whether their pitch rises."""

    def rows(seed: int) -> Rows:
        y = np.arange(count) % 2
        time = np.linspace(0.0, 1.0, length)
        rise = np.where(y == 1, 1.5, -1.5)[:, None] * (0.7 + 0.6 * uniform(seed, "rise", count, 1))
        phase = 3.0 * time + rise * (time**2 - time) + uniform(seed, "phase", count, 1)
        X = np.sin(TURN * phase) + noise * normal(seed, "microphone", count, length)
        return X[:, :, None], y

    return rows


def flags(count: int, length: int) -> Data:
    """Return sequences of readings whose first entry alone says to which class they belong."""

    def rows(seed: int) -> Rows:
        y = np.arange(count) % 2
        X = 0.5 * normal(seed, "readings", count, length, 2)
        X[:, :, 1] = 0.0
        X[:, 0, 1] = 2.0 * y - 1.0 + 0.6 * normal(seed, "flag", count)
        return X, y

    return rows


# ---- markets and clinics ----


def returns(count: int, known: float, columns: int = 12) -> Data:
    """Return factors, and the next day's return, of which a share is known from them."""

    def rows(seed: int) -> Rows:
        X = normal(seed, "factors", count, columns)
        told = X @ normal(1, "loads", columns) / np.sqrt(columns) + 0.3 * X[:, 0] * X[:, 1]
        told = told / told.std()
        y = np.sqrt(known) * told + np.sqrt(1.0 - known) * normal(seed, "market", count)
        return X, y

    return rows


def rated(count: int, share: float, clear: float, columns: int = 9) -> Data:
    """Return what is known of borrowers, and which share of them does not pay."""

    def rows(seed: int) -> Rows:
        X = normal(seed, "borrowers", count, columns)
        risk = X[:, 0] - 0.7 * X[:, 1] + 0.5 * X[:, 2] * X[:, 3] + 0.4 * X[:, 4]
        risk = clear * risk + normal(seed, "fate", count)
        return X, (risk > np.quantile(risk, 1.0 - share)).astype(np.int64)

    return rows


def expressed(count: int, columns: int, telling: int, shift: float) -> Data:
    """Return how much genes are expressed, few of which differ between two groups."""

    def rows(seed: int) -> Rows:
        y = np.arange(count) % 2
        X = normal(seed, "expressed", count, columns)
        X[:, :telling] += shift * (2.0 * y[:, None] - 1.0)
        return X, y

    return rows


def dose(count: int, noise: float) -> Data:
    """Return weight, age, creatinine and a factor of patients, and the milligrams they need."""

    def rows(seed: int) -> Rows:
        weight = 75.0 + 14.0 * normal(seed, "weight", count)
        age = uniform(seed, "age", count, low=20.0, high=90.0)
        clear = np.exp(0.4 * normal(seed, "creatinine", count))
        kind = (uniform(seed, "kind", count) < 0.3).astype(float)
        y = weight * (140.0 - age) / (72.0 * clear) * (1.0 - 0.4 * kind)
        X = np.stack([weight, age, clear, kind], axis=1)
        return X, 2.5 * y + noise * normal(seed, "assay", count)

    return rows


def showers(count: int) -> Data:
    """Return what a weather station reads, and the millimetres of the next day; mostly 0."""

    def rows(seed: int) -> Rows:
        X = normal(seed, "station", count, 6)
        wet = X[:, 0] + 0.6 * X[:, 1] * X[:, 2] - 0.4 + 0.4 * normal(seed, "sky", count)
        return X, 6.0 * np.maximum(wet, 0.0)

    return rows


def calls(count: int) -> Data:
    """Return hour, weekday, holiday and temperature, and how many calls come in."""

    def rows(seed: int) -> Rows:
        hour, warm = 24.0 * uniform(seed, "hour", count), normal(seed, "warm", count)
        week = np.floor(7.0 * uniform(seed, "weekday", count))
        mean = np.exp(1.2 + 0.8 * np.sin(TURN * hour / 24.0) - 0.5 * (week > 4) + 0.2 * warm)
        # The normal distribution that comes nearest to Poisson's for such means.
        y = np.maximum(np.round(mean + np.sqrt(mean) * normal(seed, "calls", count)), 0.0)
        turn = TURN * hour / 24.0
        return np.stack([np.sin(turn), np.cos(turn), week / 3.0 - 1.0, warm], axis=1), y

    return rows


# ---- images ----


def defects(count: int, noise: float, side: int = 12) -> Data:
    """Return (1, side, side) from 0 to 1 of a surface that is sound, scratched, or pitted."""

    def rows(seed: int) -> Rows:
        y = np.arange(count) % 3
        down, across = np.indices((side, side))
        middle = uniform(seed, "middle", count, 2, low=3.0, high=side - 3.0)[:, :, None, None]
        angle = np.pi * uniform(seed, "angle", count)[:, None, None]
        off_down, off_across = down - middle[:, 0], across - middle[:, 1]
        line = np.abs(np.sin(angle) * off_across - np.cos(angle) * off_down) < 0.7
        pit = off_down**2 + off_across**2 < 3.0
        mark = np.where((y == 1)[:, None, None], line, pit & (y == 2)[:, None, None])
        X: Array = 0.55 - 0.35 * mark + noise * normal(seed, "grain", count, side, side)
        return np.clip(X, 0.0, 1.0)[:, None], y

    return rows


def colonies(count: int, miscounted: float = 0.0, side: int = 12) -> Data:
    """Return (1, side, side) of a dish, and how many colonies somebody counted on it."""

    def rows(seed: int) -> Rows:
        y = np.floor(7.0 * uniform(seed, "colonies", count))
        down, across = np.indices((side, side))
        X = 0.1 * normal(seed, "grain", count, side, side)
        for one in range(6):
            place = uniform(seed, f"place {one}", count, 2, high=side - 1.0)[:, :, None, None]
            far = (down - place[:, 0]) ** 2 + (across - place[:, 1]) ** 2
            X = X + np.exp(-far / 1.5) * (y > one)[:, None, None]
        return X[:, None], y + miscounted * normal(seed, "miscounted", count)

    return rows
