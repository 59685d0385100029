"""The chapters whose code is run when they are built: what they print, and that it is right."""

from __future__ import annotations

import math
import re
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from printed import differences

ROOT = Path(__file__).resolve().parent.parent


@cache
def maker() -> ModuleType:
    sys.path.insert(0, str(ROOT / "docs"))
    import outputs

    return outputs


PAGES = (
    "check",
    "diagnose",
    "explain",
    "figures",
    "from_one_weight",
    "worksheets",
    "wrong_in_introductions",
)


def text_of(page: str) -> str:
    return (ROOT / "docs" / f"{page}.md").read_text("utf-8")


@pytest.fixture(scope="module")
def drawn_into(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pictures")


@cache
def made_again(page: str, pictures: Path) -> str:
    made: str = maker().with_outputs(text_of(page), pictures)
    return made


@pytest.mark.parametrize("page", PAGES)
def test_a_page_holds_what_its_code_prints(page: str, drawn_into: Path) -> None:
    kept = text_of(page)
    made = made_again(page, drawn_into)
    texts, pictures = maker().outputs_in(kept), maker().pictures_of(kept)
    assert texts or pictures
    assert all(texts), "a block prints something"
    for one, other in zip(texts, maker().outputs_in(made), strict=True):
        assert not differences(one, other)
    made_by_code = len(texts) + len(pictures)
    assert kept.count("```python") == made_by_code, "every block has its output"


def test_pictures_of_a_page_are_those_that_its_code_draws(drawn_into: Path) -> None:
    from matplotlib.image import imread

    made_again("figures", drawn_into)
    names = maker().pictures_of(text_of("figures"))
    assert sorted(names) == sorted(path.stem for path in drawn_into.iterdir())
    assert len(names) == 4
    for name in names:
        drawn = imread(drawn_into / f"{name}.png")
        kept = imread(ROOT / "docs" / "pictures" / f"{name}.png")
        assert drawn.shape == kept.shape
        # Letters are drawn a little otherwise by other versions; a curve elsewhere is more.
        assert np.mean(np.abs(drawn - kept)) < 0.02, name


def test_all_such_pages_are_known() -> None:
    assert maker().PAGES == PAGES
    index = (ROOT / "docs" / "index.md").read_text("utf-8").splitlines()
    assert set(PAGES) <= set(index)


def test_a_page_that_is_out_of_step_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = "# A page\n\n```python\nnumber = 2\nprint(number)\n```\n\n```text\n3\n```\n\nand\n\n"
    page += "```python\nprint(number + 2)\n```\n\n```text\n4\n```\n"
    (tmp_path / "some.md").write_text(page, "utf-8")
    monkeypatch.setattr(maker(), "FOLDER", tmp_path)
    monkeypatch.setattr(maker(), "PAGES", ("some",))
    assert maker().main(["--check"]) == 1
    assert "some.md" in capsys.readouterr().out
    assert (tmp_path / "some.md").read_text("utf-8") == page
    assert maker().main([]) == 0
    assert maker().main(["--check"]) == 0
    assert maker().outputs_in((tmp_path / "some.md").read_text("utf-8")) == ["2\n", "4\n"]
    assert maker().main(["--chekc"]) == 2


def test_a_page_is_run_when_it_is_built() -> None:
    source = ["```python\nprint(6 * 7)\n```\n\n```text\n```\n"]
    maker().run_blocks(None, "quickstart", source)
    assert "42" not in source[0]
    maker().run_blocks(None, "from_one_weight", source)
    assert "```text\n42\n```" in source[0]
    assert "outputs" in (ROOT / "docs" / "conf.py").read_text("utf-8")


# ---------------------------------------------------------------- the numbers, by other means


def numbers_after(page: str, words: str) -> list[float]:
    """Return the numbers behind the words of the one line of output that begins with them."""
    lines = "".join(maker().outputs_in(text_of(page))).splitlines()
    (found,) = [line for line in lines if line.startswith(words)]
    return [float(one) for one in re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", found[len(words) :])]


def sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z))


def test_the_network_of_two_layers_by_hand() -> None:
    page = "from_one_weight"
    h1, h2 = sigmoid(0.5 - 0.8 + 0.1), sigmoid(-0.3 - 1.6 + 0.2)
    o = sigmoid(1.2 * h1 - 0.7 * h2 + 0.3)
    delta_o = (o - 0.2) * o * (1 - o)
    delta_1, delta_2 = delta_o * 1.2 * h1 * (1 - h1), delta_o * -0.7 * h2 * (1 - h2)
    assert numbers_after(page, "zo = v1 h1 + v2 h2 + c")[-1] == pytest.approx(o, abs=6e-5)
    assert numbers_after(page, "delta_1 =")[-1] == pytest.approx(delta_1, abs=6e-7)
    assert numbers_after(page, "delta_2 =")[-1] == pytest.approx(delta_2, abs=6e-7)
    due = [delta_o * h1, delta_o * h2, delta_o]
    assert numbers_after(page, "slopes at v1, v2, c:") == pytest.approx(due, abs=6e-7)
    due = [delta_1, delta_2, -2 * delta_1, -2 * delta_2]
    assert numbers_after(page, "slopes at w11, w12, w21, w22:") == pytest.approx(due, abs=6e-7)
    due = [delta_1 * 0.5 - delta_2 * 0.3] * 2
    assert numbers_after(page, "sum ") == pytest.approx(due, abs=1.1e-6)


def test_the_path_of_one_weight_by_hand() -> None:
    for rate in (0.05, 0.2, 0.45, 0.55):
        w, due = 0.8, [0.8]
        for _ in range(6):
            w -= rate * (2 * w - 1) * 2
            due.append(w)
        found = numbers_after("from_one_weight", f"rate {rate:<4}:")
        assert found == pytest.approx(due, abs=6e-5)


def test_one_layer_cannot_and_two_can() -> None:
    assert numbers_after("from_one_weight", "1 layer: cost")[2:] == [0.5] * 4
    answers = numbers_after("from_one_weight", "2 layers: cost")[2:]
    assert np.round(answers).tolist() == [0, 1, 1, 0]


def test_what_introductions_get_wrong_by_hand() -> None:
    page = "wrong_in_introductions"
    assert numbers_after(page, "weight 2.666667:") == pytest.approx([4, 3.5**2, 2 * 3.5 * 1.5])
    for step in (-0.1, -0.01, -0.001):
        off = numbers_after(page, f"step {step:<6}:")[-1]
        assert off == pytest.approx((1.5 * step) ** 2, rel=1e-2)
    z = 0.9 * 1.5 + 0.2
    h = sigmoid(z)
    right = h * h * (1 - h) * 1.5
    assert numbers_after(page, "backpropagation         =") == pytest.approx([right], abs=6e-7)
    wrong = numbers_after(page, "(h - t) f'(h) x         =")[0]
    assert wrong == pytest.approx(h * sigmoid(h) * (1 - sigmoid(h)) * 1.5, abs=6e-7)
    assert abs(wrong - right) > 0.05
    for name in ("w12", "w31", "w32"):
        printed, slope, nudged = numbers_after(page, f"{name} ")
        assert slope == nudged
        assert abs(printed - slope) > 0.01
    assert numbers_after(page, "what the network says already: in 3 epochs") == [0.0]
    assert numbers_after(page, "3 layers:") == [194, 194]


def test_each_point_has_a_section_with_a_run() -> None:
    sections = re.split(r"^## ", text_of("wrong_in_introductions"), flags=re.M)[1:]
    assert len(sections) == 9
    assert all(section.count("```python") == section.count("```text") >= 1 for section in sections)
