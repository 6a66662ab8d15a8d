"""Inventory: every asset as a row with its place, attributes, reach and risk, worst first."""

from collections import Counter
from dataclasses import dataclass

from backstay.exporters.html_report import words
from backstay.exporters.html_report.neighbourhood import shown_edge
from backstay.graph import Graph
from backstay.model import AI_KINDS, Asset, Kind, RelationshipKind, Report, Risk

MOST = 1200  # rows; more make the page slow to open, and the JSON report has all
_REACH = 4  # neighbours named in a row
_ATTRIBUTES = 4  # attributes named in a row
# Shown elsewhere, or for machines.
_UNTOLD = frozenset(
    {"placement", "path", "name", "digest", "sha256", "length", "owner_source", "patterns", "components"}
)
# Nobody here owns a provider or somebody else's package: that they have no owner tells nothing.
_OUTSIDE = frozenset(
    {Kind.TEAM, Kind.IDENTITY, Kind.PROVIDER, Kind.REGISTRY, Kind.PACKAGE, Kind.CONTAINER_IMAGE, Kind.COMPUTE}
)
_OWNERS = (RelationshipKind.OWNED_BY,)


@dataclass(frozen=True)
class Reach:
    """One direction of an asset's reach: neighbours as (verb, names, how many more)."""

    verb: str
    names: list[str]
    more: int


@dataclass(frozen=True)
class Row:
    """An asset, ready to be shown."""

    asset: Asset
    kind: str
    group: str
    placement: str
    owners: list[str]
    outside: bool
    attributes: list[tuple[str, str]]
    out: list[Reach]
    into: list[Reach]
    risk: Risk | None
    findings: int
    place: str
    places: int


@dataclass(frozen=True)
class Inventory:
    """The rows shown, how many assets there are, and how many of each kind."""

    rows: list[Row]
    total: int
    kinds: list[tuple[str, int]]


def inventory(report: Report, graph: Graph, group_of: dict[str, str]) -> Inventory:
    """Assets with risk first, then AI assets, then the rest; each named once."""
    findings = Counter(finding.subject for finding in report.findings if finding.open)
    ordered = sorted(report.assets, key=lambda asset: _order(asset, report.asset_risks))
    rows = [_row(asset, graph, report.asset_risks.get(asset.key), findings, group_of) for asset in ordered[:MOST]]
    kinds = Counter(words.kind(asset.kind) for asset in report.assets)
    return Inventory(rows, len(report.assets), sorted(kinds.items(), key=lambda pair: (-pair[1], pair[0])))


def owners(graph: Graph, key: str) -> list[str]:
    """Who owns an asset, by name."""
    return [owner.name for owner in graph.targets(key, None, *_OWNERS)]


def attribute_text(value: object) -> str:
    """An attribute's value as a reader says it; `None` is known to be absent."""
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return f"{value:,}"
        case list():
            return ", ".join(str(one) for one in value)
    return str(value)


def _order(asset: Asset, risks: dict[str, Risk]) -> tuple[object, ...]:
    risk = risks.get(asset.key)
    last = (Kind.PACKAGE, Kind.REPOSITORY, Kind.TEAM, Kind.IDENTITY)
    tier = 0 if asset.kind in AI_KINDS else 1 if asset.kind not in last else 2 if asset.attributes.get("ai") else 3
    return (-(risk.value if risk else -1), tier, asset.kind, asset.name.lower(), asset.key)


def _row(asset: Asset, graph: Graph, risk: Risk | None, findings: Counter[str], group_of: dict[str, str]) -> Row:
    place = asset.place
    told = [
        (name.replace("_", " "), _attribute(name, value))
        for name, value in asset.attributes.items()
        if name not in _UNTOLD and value != []
    ]
    return Row(
        asset=asset,
        kind=words.kind(asset.kind),
        group=group_of.get(asset.kind, "supply"),
        placement=asset.text("placement"),
        owners=owners(graph, asset.key),
        outside=asset.kind in _OUTSIDE,
        attributes=told[:_ATTRIBUTES],
        out=_reach(asset, graph, backwards=False),
        into=_reach(asset, graph, backwards=True),
        risk=risk,
        findings=findings[asset.key],
        place=words.place(place) if place else "",
        places=len(asset.evidence),
    )


def _attribute(name: str, value: object) -> str:
    if name == "size" and isinstance(value, int):
        return words.size(value)
    return words.clean(attribute_text(value), 80)


def _reach(asset: Asset, graph: Graph, *, backwards: bool) -> list[Reach]:
    ends: dict[str, dict[str, None]] = {}
    for edge in graph.into(asset) if backwards else graph.out(asset):
        end = graph.get(edge.source if backwards else edge.target)
        if end is not None and shown_edge(edge, graph):
            ends.setdefault(words.edge(edge.kind, backwards=backwards), {})[end.name] = None
    return [
        Reach(verb, [words.shorten(name, 40) for name in list(names)[:_REACH]], max(0, len(names) - _REACH))
        for verb, names in sorted(ends.items())
    ]
