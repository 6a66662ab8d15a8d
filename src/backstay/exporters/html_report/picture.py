"""Picture: a neighbourhood of the graph as places and lines of an SVG drawing."""

from collections.abc import Iterable
from dataclasses import dataclass

from backstay.exporters.html_report import words
from backstay.exporters.html_report.neighbourhood import Neighbourhood, Node, around
from backstay.graph import Graph
from backstay.model import Asset, Kind

NODE_WIDTH, NODE_HEIGHT = 176, 42
COLUMN, ROW, MARGIN = NODE_WIDTH + 86, NODE_HEIGHT + 14, 8
_TEXT_COLUMNS = 16  # what fits beside the mark in a node, in bold characters that are rather wide
_LABEL = 14  # characters that fit between two columns

# Seven groups with a shape each: more than that nobody tells apart, by colour or by shape.
GROUPS: dict[str, tuple[str, tuple[Kind, ...]]] = {
    "entry": ("code and entry points", (Kind.REPOSITORY, Kind.SERVICE, Kind.ENDPOINT, Kind.DEPLOYMENT, Kind.NOTEBOOK)),
    "agent": ("agents and tools", (Kind.AGENT, Kind.TOOL, Kind.MCP_SERVER, Kind.SKILL)),
    "model": ("models and providers", (Kind.MODEL, Kind.MODEL_FILE, Kind.PROVIDER, Kind.EXPERIMENT_RUN)),
    "data": ("data", (Kind.DATASET, Kind.VECTOR_STORE, Kind.DATA_STORE)),
    "text": ("prompts and guardrails", (Kind.PROMPT, Kind.GUARDRAIL)),
    "secret": ("credentials and people", (Kind.CREDENTIAL, Kind.IDENTITY, Kind.TEAM)),
    "supply": (
        "supply and pipelines",
        (Kind.PACKAGE, Kind.CONTAINER_IMAGE, Kind.REGISTRY, Kind.COMPUTE, Kind.PIPELINE, Kind.PIPELINE_STEP),
    ),
}
_GROUP_OF = {kind: group for group, (_, kinds) in GROUPS.items() for kind in kinds}


@dataclass(frozen=True)
class Box:
    """An asset's place: left upper corner, group (shape and colour), and texts cut to fit."""

    x: int
    y: int
    group: str
    name: str
    kind: str
    full: str
    subject: bool = False
    risk: int | None = None


@dataclass(frozen=True)
class Curve:
    """A line's path, and its label with the place of its middle."""

    path: str
    label: str
    x: float
    y: float
    anchor: str


@dataclass(frozen=True)
class Picture:
    """A drawing, its size, and the same in words."""

    id: str
    title: str
    description: str
    width: int
    height: int
    boxes: list[Box]
    more: list[Box]
    curves: list[Curve]
    legend: list[tuple[str, str]]
    sentences: list[tuple[str, str, str]]
    keys: frozenset[str]


def group_of(kind: str) -> str:
    """The group of an asset kind, for its shape and colour."""
    return _GROUP_OF.get(Kind(kind), "supply")


def draw(
    graph: Graph, subject: Asset, number: int, mentioned: str = "", risks: dict[str, int] | None = None
) -> Picture | None:
    """The picture around a subject, or None when nothing is beside it."""
    risks = risks or {}
    found = around(graph, subject, mentioned, risks)
    if not found.lines:
        return None
    columns = sorted(found.columns)
    rows = max(len(nodes) for nodes in found.columns.values())
    at = {
        node.key: (
            MARGIN + (column - columns[0]) * COLUMN,
            round(MARGIN + (rows - len(found.columns[column])) * ROW / 2 + row * ROW),
        )
        for column in columns
        for row, node in enumerate(found.columns[column])
    }
    nodes = [node for column in columns for node in found.columns[column]]
    names = {asset.key: asset.name for asset in found.assets}
    before = sum(len(found.columns[column]) for column in columns if column < 0)
    bent = any(at[line.source][0] == at[line.target][0] for line in found.lines)
    after = sum(len(found.columns[column]) for column in columns if column > 0)
    return Picture(
        id=f"picture-{number}",
        title=f"The graph around {words.kind(subject.kind)} {words.clean(subject.name, 120)}",
        description=f"{before} shown on the left lead to it, {after} on the right are what it reaches"
        + (f"; {words.count(found.hidden, 'more is', 'more are')} not shown." if found.hidden else "."),
        width=(columns[-1] - columns[0]) * COLUMN + NODE_WIDTH + 2 * MARGIN + 30 * bent,
        height=rows * ROW - (ROW - NODE_HEIGHT) + 2 * MARGIN,
        boxes=[_box(node.asset, *at[node.key], subject, risks) for node in nodes if node.asset],
        more=[_more(node, *at[node.key]) for node in nodes if node.more],
        curves=_curves(found, at),
        legend=_legend(found.assets),
        sentences=[
            (names[line.source], ", ".join(words.edge(kind) for kind in line.kinds), names[line.target])
            for line in found.lines
        ],
        keys=frozenset(names),
    )


def _box(asset: Asset, x: int, y: int, subject: Asset, risks: dict[str, int]) -> Box:
    return Box(
        x,
        y,
        group_of(asset.kind),
        words.shorten(asset.name, _TEXT_COLUMNS),
        words.kind(asset.kind),
        f"{words.kind(asset.kind)} {asset.name}",
        asset.key == subject.key,
        risks.get(asset.key),
    )


def _more(node: Node, x: int, y: int) -> Box:
    return Box(x, y, "", f"+{node.more:,} more", "", f"{node.more:,} more not shown")


def _legend(assets: Iterable[Asset]) -> list[tuple[str, str]]:
    """Each group that is shown, with the kinds of it that are."""
    shown: dict[str, dict[str, None]] = {}
    for asset in assets:
        shown.setdefault(group_of(asset.kind), {})[words.kind(asset.kind)] = None
    return [(group, ", ".join(sorted(shown[group]))) for group in GROUPS if group in shown]


def _curves(found: Neighbourhood, at: dict[str, tuple[int, int]]) -> list[Curve]:
    column = {node.key: node.column for nodes in found.columns.values() for node in nodes}
    # Of two ends the outer one has fewer lines, so the label stands there; lines that share it share the label.
    labels: dict[str, dict[str, None]] = {}
    for line in found.lines:
        if abs(column[line.source] - column[line.target]) == 1:
            for kind in line.kinds:
                labels.setdefault(_outer(column, line.source, line.target), {})[words.edge(kind)] = None
    curves = []
    for line in found.lines:
        if abs(column[line.source] - column[line.target]) > 1:
            continue  # it would run behind the boxes between; the words name it
        path = _path(at[line.source], at[line.target])
        if column[line.source] == column[line.target]:  # the line bends around; a label would lie on another line
            curves.append(Curve(path, "", 0, 0, "start"))
            continue
        outer = _outer(column, line.source, line.target)
        left = column[outer] < 0
        verbs = list(labels.pop(outer, {}))
        text = ", ".join(verbs)
        if len(text) > _LABEL:
            text = verbs[0] + (f" +{len(verbs) - 1}" if len(verbs) > 1 else "")
        x = at[outer][0] + (NODE_WIDTH + 10 if left else -10)
        curves.append(Curve(path, text, x, at[outer][1] + NODE_HEIGHT / 2 - 6, "start" if left else "end"))
    return curves


def _outer(column: dict[str, int], source: str, target: str) -> str:
    return source if abs(column[source]) > abs(column[target]) else target


def _path(start: tuple[int, int], end: tuple[int, int]) -> str:
    """An SVG path from box to box that leaves room for the arrow's tip."""
    middle = NODE_HEIGHT / 2
    y1, y2 = start[1] + middle, end[1] + middle
    if start[0] == end[0]:
        x = start[0] + NODE_WIDTH
        return f"M{x} {y1:g}C{x + 34} {y1:g} {x + 34} {y2:g} {x + 5} {y2:g}"
    side = 1 if end[0] > start[0] else -1
    x1 = start[0] + (NODE_WIDTH if side > 0 else 0)
    x2 = end[0] + (-5 if side > 0 else NODE_WIDTH + 5)
    bend = max(30, abs(x2 - x1) * 0.45) * side
    return f"M{x1} {y1:g}C{x1 + bend:g} {y1:g} {x2 - bend:g} {y2:g} {x2} {y2:g}"
