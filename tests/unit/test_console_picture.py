"""graph -o svg: well-formed, a box for each unit, none on another, arrows only to the right and through no box."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioner.console.picture import graph_svg
from provisioner.model import Unit
from tests.unit.console_shop import PLAN

SVG = "{http://www.w3.org/2000/svg}"
Box = tuple[float, float, float, float]


def unit(name: str, *needs: str, target: str = "aws", engine: str = "terraform") -> Unit:
    return Unit(name=f"{name}@{target}", component=name, type="thing", target=target, engine=engine,  # type: ignore[arg-type]
                needs=tuple(f"{need}@aws" for need in needs))


def boxes(root: ET.Element) -> dict[str, Box]:
    found = {}
    for group in root.iter(f"{SVG}g"):
        rect = group.find(f"{SVG}rect")
        assert rect is not None
        found[str(group.findtext(f"{SVG}title"))] = tuple(float(rect.attrib[name]) for name in ("x", "y", "width", "height"))
    return found  # type: ignore[return-value]


def arrows(root: ET.Element) -> list[list[tuple[str, list[float]]]]:
    """Each arrow as its commands with their numbers."""
    paths = [path.attrib["d"] for path in root.iter(f"{SVG}path") if "marker-end" in path.attrib]
    return [[(command[0], [float(number) for number in command[1:].split()]) for command in re.findall(r"[MCH][^MCH]+", path)] for path in paths]


def draw(units: Sequence[Unit]) -> ET.Element:
    return ET.fromstring(graph_svg('shop <"&> · prod', units))


def test_the_shop() -> None:
    units = [step.unit for step in PLAN.steps]
    root = draw(units)
    assert sorted(boxes(root)) == sorted(unit.name for unit in units)
    assert len(arrows(root)) == sum(need in boxes(root) for unit in units for need in unit.needs)
    texts = [element.text or "" for element in root.iter(f"{SVG}text")]
    assert 'shop <"&> · prod' in texts and {unit.target for unit in units if unit.engine != "existing"} <= set(texts)


def test_nothing_and_long_names_and_existing_ones() -> None:
    assert boxes(draw([])) == {}
    root = draw([unit("x" * 63), unit("old", target="", engine="existing")])
    assert "x" * 33 + "…" in [element.text for element in root.iter(f"{SVG}text")]
    assert [rect.attrib["stroke-dasharray"] for rect in root.iter(f"{SVG}rect") if "stroke-dasharray" in rect.attrib] == ["4 3"]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sets(st.integers(0, 30), max_size=4), min_size=1, max_size=14))
def test_any_graph_is_readable(needs: list[set[int]]) -> None:
    root = draw([unit(f"unit-{index}", *(f"unit-{need}" for need in sorted(below) if need < index)) for index, below in enumerate(needs)])
    placed = list(boxes(root).values())
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    for index, (x, y, w, h) in enumerate(placed):
        assert x >= 0 and x + w <= width and y >= 60 and y + h <= height
        assert not any(x < ox + ow and ox < x + w and y < oy + oh and oy < y + h for ox, oy, ow, oh in placed[index + 1:]), "boxes overlap"
    for arrow in arrows(root):
        x, y = arrow[0][1]
        for command, numbers in arrow[1:]:
            right = numbers[-2] if command == "C" else numbers[0]
            assert right >= x, "an arrow goes back"
            if command == "H":
                assert not any(bx < right and x < bx + bw and by < y < by + bh for bx, by, bw, bh in placed), "an arrow goes through a box"
            x, y = right, numbers[-1] if command == "C" else y


@pytest.mark.parametrize("count", [1, 9, 20])
def test_each_target_has_a_color(count: int) -> None:
    root = draw([unit(f"u{index}", target=f"t{index}") for index in range(count)])
    assert len({rect.attrib["fill"] for group in root.iter(f"{SVG}g") for rect in group.iter(f"{SVG}rect")}) == min(count, 8)
