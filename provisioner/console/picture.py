"""The graph of an application as one SVG file: layers from left to right, an arrow from what is needed to what needs it. Pure.

Layered as by Sugiyama: a layer for each unit by its longest way from the start, long arrows led through the layers between,
each layer ordered by where its neighbours stand.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

from provisioner.model import Unit

COLORS = ("#dbeafe", "#dcfce7", "#fef3c7", "#fce7f3", "#ede9fe", "#cffafe", "#ffedd5", "#e2e8f0")
BORDERS = ("#2563eb", "#16a34a", "#b45309", "#be185d", "#7c3aed", "#0e7490", "#c2410c", "#475569")
"""By target, in the order of their first unit; `existing` things are grey."""
EXISTING = ("#f1f5f9", "#64748b")
CHARACTER, SMALL = 8.2, 6.6
"""Widths of a character of a name and of the line below it, in pixels; wider than most fonts need."""
HEIGHT, GAP, BETWEEN, MARGIN, TOP = 46.0, 22.0, 90.0, 24.0, 70.0
LONGEST = 34
"""Characters of a name that are shown."""
SWEEPS = 6


@dataclass
class Node:
    """A unit, or (without one) a bend of a long arrow."""

    layer: int
    unit: Unit | None = None
    before: list["Node"] = field(default_factory=list)
    after: list["Node"] = field(default_factory=list)
    x: float = 0.0
    y: float = 0.0
    through: float = 0.0
    """A bend goes straight through its layer, for so many pixels."""
    rank: float = 0.0
    """Its place in its layer; while layers are ordered, where its neighbours stand."""

    @property
    def width(self) -> float:
        """In pixels; bends have none."""
        if self.unit is None:
            return 0.0
        return max(len(_short(self.unit.component)) * CHARACTER, len(_below(self.unit)) * SMALL) + 28

    @property
    def height(self) -> float:
        return HEIGHT if self.unit else 8.0


def graph_svg(title: str, units: Sequence[Unit]) -> str:
    """The picture of units in the order of delivery."""
    nodes, arrows = _nodes(units)
    layers = _layers(nodes)
    _order(layers)
    _place(layers)
    targets = list(dict.fromkeys(unit.target for unit in units if unit.engine != "existing"))
    width = max([node.x + node.width for node in nodes if node.unit] + [320.0]) + MARGIN
    width = max(width, MARGIN * 2 + sum(len(target) * SMALL + 44 for target in targets), MARGIN * 2 + len(title) * 10)
    height = max([node.y + node.height for node in nodes] + [TOP]) + MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'font-family="system-ui, sans-serif" role="img" aria-label={quoteattr(title)}>',
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        '<path d="M0 0 8 4 0 8z" fill="#64748b"/></marker></defs>',
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        f'<text x="{MARGIN}" y="32" font-size="17" font-weight="600" fill="#0f172a">{escape(title)}</text>',
        *_legend(targets),
        *(_arrow(arrow) for arrow in arrows),
        *(_box(node, node.unit, targets) for node in nodes if node.unit is not None),
        "</svg>",
    ]
    return "\n".join(parts)


# ------------------------------------------------------------------ layout
def _nodes(units: Sequence[Unit]) -> tuple[list[Node], list[list[Node]]]:
    """All nodes with bends, and each arrow as the nodes that it leads through."""
    by_name: dict[str, Node] = {}
    nodes: list[Node] = []
    arrows: list[list[Node]] = []
    for unit in units:
        needs = [by_name[need] for need in unit.needs if need in by_name]
        node = by_name[unit.name] = Node(max((need.layer for need in needs), default=-1) + 1, unit)
        nodes.append(node)
        for need in needs:
            arrow = [need, *(Node(layer) for layer in range(need.layer + 1, node.layer)), node]
            nodes += arrow[1:-1]
            for left, right in zip(arrow, arrow[1:], strict=False):
                left.after.append(right)
                right.before.append(left)
            arrows.append(arrow)
    return nodes, arrows


def _layers(nodes: Sequence[Node]) -> list[list[Node]]:
    layers: list[list[Node]] = [[] for _ in range(max((node.layer for node in nodes), default=-1) + 1)]
    for node in nodes:
        node.rank = len(layers[node.layer])
        layers[node.layer].append(node)
    return layers


def _order(layers: list[list[Node]]) -> None:
    """Each layer by where its neighbours stand, forwards and backwards: fewer arrows cross."""
    for sweep in range(SWEEPS):
        forwards = sweep % 2 == 0
        for layer in layers if forwards else reversed(layers):
            for node in layer:
                beside = node.before if forwards else node.after
                node.rank = sum(other.rank for other in beside) / len(beside) if beside else node.rank
            layer.sort(key=lambda node: node.rank)
            for place, node in enumerate(layer):
                node.rank = place


def _place(layers: list[list[Node]]) -> None:
    """Coordinates: layers side by side, each node at the height of its neighbours as far as the ones above leave room."""
    x = MARGIN
    for layer in layers:
        widest = max((node.width for node in layer), default=0)
        for node in layer:
            node.x, node.through = x, 0.0 if node.unit else widest
        x += widest + BETWEEN
    for layer in layers:
        _stack(layer, lambda node: node.before)
    for layer in reversed(layers[:-1]):
        _stack(layer, lambda node: node.after)
    top = min((node.y for layer in layers for node in layer), default=TOP)
    for layer in layers:
        for node in layer:
            node.y += TOP - top


def _stack(layer: list[Node], beside: Callable[[Node], list[Node]]) -> None:
    bottom = float("-inf")
    for node in layer:
        others = beside(node)
        wanted = sum(other.y + other.height / 2 for other in others) / len(others) - node.height / 2 if others else node.y
        node.y = max(wanted, bottom)
        bottom = node.y + node.height + GAP


# ------------------------------------------------------------------ drawing
def _legend(targets: Sequence[str]) -> list[str]:
    parts, x = [], MARGIN
    for index, target in enumerate(targets):
        fill, border = _colors(index)
        parts.append(f'<rect x="{x:.0f}" y="44" width="12" height="12" rx="3" fill="{fill}" stroke="{border}"/>'
                     f'<text x="{x + 18:.0f}" y="54" font-size="12" fill="#334155">{escape(target)}</text>')
        x += len(target) * SMALL + 44
    return parts


def _colors(index: int) -> tuple[str, str]:
    return COLORS[index % len(COLORS)], BORDERS[index % len(BORDERS)]


def _box(node: Node, unit: Unit, targets: Sequence[str]) -> str:
    fill, border = _colors(targets.index(unit.target)) if unit.engine != "existing" else EXISTING
    dashes = ' stroke-dasharray="4 3"' if unit.engine == "existing" else ""
    middle = node.x + node.width / 2
    return (f'<g><title>{escape(unit.name)}</title>'
            f'<rect x="{node.x:.1f}" y="{node.y:.1f}" width="{node.width:.1f}" height="{HEIGHT:.0f}" rx="8" fill="{fill}" stroke="{border}"{dashes}/>'
            f'<text x="{middle:.1f}" y="{node.y + 20:.1f}" font-size="14" font-weight="600" text-anchor="middle" fill="#0f172a">'
            f'{escape(_short(unit.component))}</text>'
            f'<text x="{middle:.1f}" y="{node.y + 36:.1f}" font-size="11" text-anchor="middle" fill="#475569">{escape(_below(unit))}</text></g>')


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else name[:LONGEST - 1] + "…"


def _below(unit: Unit) -> str:
    return f"{unit.type} · {unit.target or 'existing'}"


def _arrow(arrow: Sequence[Node]) -> str:
    """A smooth line from the right side of the first to the left side of the last, straight through the layers between."""
    first = arrow[0]
    x, y = first.x + first.width, first.y + first.height / 2
    path = f"M{x:.1f} {y:.1f}"
    for node in arrow[1:]:
        right, level = node.x, node.y + node.height / 2
        half = (right - x) / 2
        path += f" C{x + half:.1f} {y:.1f} {right - half:.1f} {level:.1f} {right:.1f} {level:.1f}"
        x, y = right + node.through, level
        path += f" H{x:.1f}" if node.through else ""
    return f'<path d="{path}" fill="none" stroke="#64748b" stroke-width="1.4" marker-end="url(#tip)"/>'
