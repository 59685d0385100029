"""The reference pages: the tables OPS, OPTIMIZERS, AILMENTS, and the public names, as Markdown.

The pages ops.md, optimizers.md, diagnose.md and python.md hold an introduction; the blocks follow
it when the page is read, so that the documentation of an op is its block and nothing else. What was
measured is read from the results, on articles.md and in an optimizer's line of the comparison.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from measured import races, uses_in, with_tables

if TYPE_CHECKING:
    from sphinx.application import Sphinx

# What stands between the parts of a formula, and how long a line of LaTeX may be.
BETWEEN, LONGEST = r", \quad ", 170


def block_section(
    name: str, formula: str, about: str, facts: Iterable[tuple[str, str]], level: int
) -> str:
    """Return one block: its name, its formula, facts as a list, and what it says of itself."""
    listed = "\n".join(f"- {label}: {text}" for label, text in facts)
    shown = "\n\n".join(f"```{{math}}\n{line}\n```" for line in lines_of(formula))
    parts = [f"{'#' * level} `{name}`", shown, about, listed]
    return "\n\n".join(part for part in parts if part)


def lines_of(formula: str) -> list[str]:
    """Return a formula of several parts in lines that a page has room for."""
    lines: list[str] = []
    for part in formula.split(BETWEEN):
        if lines and len(lines[-1]) + len(part) < LONGEST:
            lines[-1] += BETWEEN + part
        else:
            lines.append(part)
    return lines


def one_setting(name: str, value: object) -> str:
    return f"`{name} = {value!r}`"


def op_facts(op: Any) -> list[tuple[str, str]]:
    facts = [("shapes", f"`{op.shapes}`")]
    if op.settings:
        facts.append(("settings", ", ".join(one_setting(*pair) for pair in op.settings.items())))
    for kink in op.kinks:
        place = ", ".join(f"{name} = {number:g}" for name, number in kink.at.items())
        facts.append((f"at the kink `{place}`", f"the slope from the {kink.side}"))
    for name, like in op.noise.items():
        facts.append((f"`{name}`", f"random while training, in the shape of `{like}`"))
    if op.state:
        facts.append(("state", ", ".join(one_setting(*pair) for pair in op.state.items())))
    if not op.differentiable:
        facts.append(("gradient", "none: it cannot be trained through"))
    return facts


def op_sections() -> str:
    """Return every op of the table, by the module that it stands in."""
    from chainrule.ops import OPS

    by_module: dict[str, list[Any]] = {}
    for op in OPS.values():
        # A word of the alphabet is an op only so that the walks can pass through it.
        if op.kind != "word":
            by_module.setdefault(op.forward.__module__, []).append(op)
    sections = []
    for module, ops in by_module.items():
        sections.append(f"## {module.rpartition('.')[2].replace('_', ' ').capitalize()}")
        sections.append(inspect.getdoc(sys.modules[module]) or "")
        for op in ops:
            sections.append(block_section(op.name, op.formula, op.about, op_facts(op), level=3))
    return "\n\n".join(sections)


# What an optimizer needs -> the part of the page that it stands in; all others use curvature.
PARTS = {"gradient": "First order", "loss and gradient": "First order", "loss": "Beyond gradients"}


def optimizer_sections(page: str) -> str:
    """Return every optimizer of the table, those of one part of the page together.

    When to use it stands in the tables of the page itself, how fast it was in the results.
    """
    from chainrule.optimizers import OPTIMIZERS

    uses, raced = uses_in(page), races()

    by_part: dict[str, dict[str, Any]] = {
        "First order": {},
        "Curvature": {},
        "Beyond gradients": {},
    }
    for name, block in OPTIMIZERS.items():
        by_part[PARTS.get(block.needs, "Curvature")][name] = block
    sections = []
    for part, blocks in by_part.items():
        sections.append(f"## {part}: formulas, constants, sources")
        sections += [
            optimizer_section(name, block, uses.get(name, ""), raced.get(name, []))
            for name, block in blocks.items()
        ]
    return "\n\n".join(sections)


def optimizer_section(name: str, block: Any, use: str, raced: list[str]) -> str:
    """Return one optimizer: its formula, what it says of itself, its constants, its line."""
    defaults = [
        (parameter.name, parameter.default)
        for parameter in inspect.signature(block).parameters.values()
        if parameter.default is not parameter.empty
    ]
    facts = [("needs", block.needs)]
    if defaults:
        facts.append(("settings", ", ".join(one_setting(*pair) for pair in defaults)))
    if use:
        facts.append(("when to use it", use))
    if raced:
        facts.append(("in the [comparison](articles.md)", "; ".join(raced)))
    about = inspect.getdoc(block) or ""
    return block_section(name, block.formula, about, facts, level=3)


def python_sections() -> str:
    """Return every public name with its signature and what it says of itself."""
    import chainrule

    sections = []
    for name in chainrule.__all__:
        thing = getattr(chainrule, name)
        try:
            signature = f"```python\nchainrule.{name}{inspect.signature(thing)}\n```"
        except (TypeError, ValueError):
            signature = ""
        about = f"```text\n{inspect.getdoc(thing) or ''}\n```"
        sections.append("\n\n".join(part for part in (f"## `{name}`", signature, about) if part))
    return "\n\n".join(sections)


def ailment_sections() -> str:
    """Return every ailment of the table, with what a run that has it shows and is told."""
    from chainrule.diagnosis.ailments import AILMENTS, IN_ORDER
    from chainrule.diagnosis.cases.case import case_of
    from chainrule.diagnosis.examination import Examination

    sections = []
    for one in IN_ORDER:
        examined = Examination(case_of(one.specimen(0)))
        signs = {f"- {each.quantity}: {limit_of(each)}. Normal: {each.normal}. Threshold: "
                 f"{each.source}." for each in one.signs(examined)}  # fmt: skip
        remedies = [f"- {each.words}" for each in one.remedies(examined)]
        follows = [AILMENTS[name].title for name in one.leads_to if name in AILMENTS]
        parts = [f"### {one.title[:1].upper()}{one.title[1:]}", one.meaning, "Signs:"]
        parts += ["\n".join(sorted(signs)), "Remedies that are tried:", "\n".join(remedies)]
        if follows:
            parts.append(f"What may follow from it: {'; '.join(follows)}.")
        sections.append("\n\n".join(parts))
    return "\n\n".join(sections)


def limit_of(sign: Any) -> str:
    """Return from where on a number is a sign."""
    return f"{sign.side} {sign.threshold:.3g}"


# Page -> what follows its own text, which is given to it.
SECTIONS: dict[str, Callable[[str], str]] = {
    "diagnose": lambda page: ailment_sections(),
    "ops": lambda page: op_sections(),
    "optimizers": optimizer_sections,
    "python": lambda page: python_sections(),
}
# Pages that quote tables of measured results.
QUOTING = ("articles", "matlab", "diagnose")


def add_sections(app: Sphinx, page: str, source: list[str]) -> None:
    if page in SECTIONS:
        source[0] = f"{source[0].rstrip()}\n\n{SECTIONS[page](source[0])}\n"
    if page in QUOTING:
        source[0] = with_tables(source[0])


def always_outdated(app: Sphinx, *_: object) -> list[str]:
    """The tables may have changed although the pages have not."""
    return [*SECTIONS, *QUOTING]


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("source-read", add_sections)
    app.connect("env-get-outdated", always_outdated)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
