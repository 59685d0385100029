"""What is compared: the arguments of ``train`` that differ, under a label each."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chainrule.errors import SetupError, nearest
from chainrule.network.network import Network
from chainrule.optimizers import find_optimizer
from chainrule.training.rows import Rows
from chainrule.training.search_loop import loop_of
from chainrule.training.setup import Setup
from chainrule.training.train import train

# What all settings share: other rows, splits or losses would make their numbers incomparable.
SHARED = (
    "X", "y", "seed", "validation", "loss", "metrics", "sample_weight", "class_weight",
)  # fmt: skip
# What belongs to a single training.
OF_ONE_RUN = ("progress", "checkpoint", "checkpoint_every", "on_epoch")
Arguments = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Ready:
    """A training that can begin: its setup, its training and validation rows.

    ``tested``: rows that choose nothing, on which its result is measured; None where the result is
    that on the validation rows, or without any on the training rows.
    """

    setup: Setup
    rows: tuple[Rows, Rows]
    tested: Rows | None = None

    def refuse(self) -> None:
        """Raise SetupError for what its optimizer, layers or loss cannot be trained with."""
        loop_of(self.setup, *self.rows).trace()


@dataclass(frozen=True, eq=False)
class Setting:
    """One of what is compared: its label, what it is in words, and its training for a seed."""

    label: str
    words: str
    ready: Callable[[int], Ready]


def arguments_by_label(
    optimizers: Any, settings: Any, common: Arguments
) -> dict[str, dict[str, Any]]:
    """Return label -> the arguments of ``train`` that differ.

    ``optimizers``: names and blocks, or label -> one of them; ``settings``: mappings of arguments,
    or label -> such a mapping; ``common``: the arguments of all. Raises SetupError for anything
    else, for what is to be equal for all, and for two of one label.
    """
    if (optimizers is None) == (settings is None):
        raise SetupError(
            "What is to be compared is not said, or said twice.",
            'Give either optimizers=["momentum", "adam"] or '
            'settings={"narrow": {"network": one}, "wide": {"network": other}}.',
        )
    found = _of_settings(settings) if optimizers is None else _of_optimizers(optimizers)
    if not found:
        raise SetupError("There is nothing to compare.", "Give one setting or more.")
    for arguments in (*found.values(), common):
        _check_names(arguments, common is arguments)
    return found


def _of_optimizers(given: Any) -> dict[str, dict[str, Any]]:
    if isinstance(given, Mapping):
        return {_text(label): {"optimizer": find_optimizer(one)} for label, one in given.items()}
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise SetupError(
            f"optimizers={given!r} is no list.", 'Write optimizers=["momentum", "adam"].'
        )
    blocks = [find_optimizer(one) for one in given]
    return _labelled([(optimizer_label(one), {"optimizer": one}) for one in blocks])


def _of_settings(given: Any) -> dict[str, dict[str, Any]]:
    labels = list(given) if isinstance(given, Mapping) else None
    several = list(given.values()) if isinstance(given, Mapping) else given
    if isinstance(several, str) or not isinstance(several, Sequence):
        raise SetupError(
            f"settings={given!r} is no list of arguments.",
            'Write settings=[{"learning_rate": 0.1}, {"learning_rate": 0.01}].',
        )
    for one in several:
        if not isinstance(one, Mapping):
            raise SetupError(
                f"The setting {one!r} is no mapping of arguments.",
                'Write {"learning_rate": 0.1}, for example.',
            )
    if labels is not None:
        return {_text(label): dict(one) for label, one in zip(labels, several, strict=True)}
    return _labelled([(_setting_label(one, place), dict(one)) for place, one in enumerate(several)])


def _labelled(pairs: Sequence[tuple[str, dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for label, one in pairs:
        if label in found:
            raise SetupError(
                f"Two settings are called '{label}'.",
                "Give them names of their own: a mapping of label -> setting.",
            )
        found[label] = one
    return found


def _text(label: Any) -> str:
    if not isinstance(label, str) or not label:
        raise SetupError(f"The label {label!r} is no text.", "Give each setting a name.")
    return label


def _check_names(arguments: Arguments, common: bool) -> None:
    known = [name for name in inspect.signature(train).parameters if name not in OF_ONE_RUN]
    for name in arguments:
        if name in OF_ONE_RUN:
            raise SetupError(
                f"'{name}' belongs to a single training, and a comparison has many.",
                "Leave it out; the result is kept with save().",
            )
        if name not in known:
            raise SetupError(f"train() has no argument '{name}'.", nearest(str(name), known))
        if name == "seed" and common:
            raise SetupError(
                "A comparison has several seeds.", "Give seeds=[3, 4, 5], or seeds=10."
            )
        if name in SHARED and not common:
            raise SetupError(
                f"'{name}' has to be the same for all that is compared.",
                "Give it to compare() itself.",
            )


def optimizer_label(choice: Any) -> str:
    """Return an optimizer's name, with the constants that differ from its defaults."""
    block: Any = find_optimizer(choice)
    changed = [
        f"{field.name}={getattr(block, field.name)!r}"
        for field in dataclasses.fields(block)
        if getattr(block, field.name) != _default(field)
    ]
    return f"{block.name} ({', '.join(changed)})" if changed else str(block.name)


def optimizer_words(choice: Any) -> str:
    """Return an optimizer's name and all of its constants."""
    block: Any = find_optimizer(choice)
    constants = [f"{one.name}={getattr(block, one.name)!r}" for one in dataclasses.fields(block)]
    return f"{block.name}({', '.join(constants)})"


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


def setting_words(arguments: Arguments) -> str:
    """Return the arguments of a setting in words, the optimizer first, with all its constants."""
    named = dict(arguments)
    parts = [optimizer_words(named.pop("optimizer"))] if "optimizer" in named else []
    parts += [_argument_words(name, one) for name, one in named.items()]
    return ", ".join(parts) or "the defaults of train"


def _argument_words(name: str, content: Any) -> str:
    if isinstance(content, Network):
        return "a network of its own"
    return f"{name}={content!r}" if _is_short(content) else f"{name} of its own"


def _setting_label(arguments: Arguments, place: int) -> str:
    named = dict(arguments)
    parts = [optimizer_label(named.pop("optimizer"))] if "optimizer" in named else []
    for name, one in named.items():
        parts.append(f"{name}={one!r}" if _is_short(one) else f"{name} {place + 1}")
    return ", ".join(parts) or "the defaults"


def _is_short(content: Any) -> bool:
    plain = isinstance(content, str | int | float | tuple | list | Mapping) or content is None
    # A schedule or an activation of one's own prints as a block with its constants.
    return (plain or dataclasses.is_dataclass(content)) and len(repr(content)) <= 60
