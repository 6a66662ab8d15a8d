"""Scoring: predictions against labels by the labels' own scorer, and the tables of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, NamedTuple

from prediction import Entry


class Count(NamedTuple):
    """What was found, what was found wrongly, what was missed."""

    found: int = 0
    false: int = 0
    missed: int = 0

    def plus(self, other: "Count") -> "Count":
        return Count(self.found + other.found, self.false + other.false, self.missed + other.missed)

    @property
    def precision(self) -> float | None:
        return self.found / (self.found + self.false) if self.found + self.false else None

    @property
    def recall(self) -> float | None:
        return self.found / (self.found + self.missed) if self.found + self.missed else None

    @property
    def f1(self) -> float | None:
        """None where there was nothing to find and nothing was said."""
        both = 2 * self.found + self.false + self.missed
        return 2 * self.found / both if both else None


NOTHING = Count()


@dataclass
class Score:
    """One repository's, or many repositories' pooled."""

    name: str
    types: dict[str, Count] = field(default_factory=dict)
    relations: Count = NOTHING
    joined: Count = NOTHING
    missed: list[str] = field(default_factory=list)
    false: list[str] = field(default_factory=list)

    def core(self, core: Iterable[str]) -> Count:
        total = NOTHING
        for kind in core:
            total = total.plus(self.types.get(kind, NOTHING))
        return total


def score(scorer: ModuleType, predicted: Mapping[str, list[Entry]], truth: dict[str, Any], name: str) -> Score:
    """What the scorer says of one repository. `joined` is ours: see `joined_relations`."""
    result, _, _ = scorer.score(predicted["assets"], truth)
    made = Score(name)
    for kind, one in result.items():
        made.types[kind] = Count(one["tp"], one["fp"], one["fn"])
        made.missed += [f"{kind}: {what}" for what in one["missed"]]
        made.false += [f"{kind}: {what}" for what in one["false"]]
    made.relations = Count(*scorer.rel_score(predicted["relations"], truth))
    made.joined = joined_relations(scorer, predicted, truth)
    return made


def matches(scorer: ModuleType, assets: Iterable[Entry], truth: dict[str, Any]) -> dict[str, set[str]]:
    """The labels, required or optional, that each predicted asset, by its key, is: as the scorer judges."""
    by_type: dict[str, list[dict[str, Any]]] = {}
    for label in truth["assets"]:
        by_type.setdefault(label["type"], []).append(label)
    found: dict[str, set[str]] = {}
    for entry in assets:
        kind = scorer.map_type(entry["type"])
        labels = by_type.get(kind, [])
        names = [entry["name"], *(entry.get("alt_names") or ())]
        tiers = [(scorer.name_tier(names, label, kind), label["id"]) for label in labels]
        named = [(tier, which) for tier, which in tiers if tier is not None]
        mine = found.setdefault(entry["key"], set())
        if named:
            best = min(tier for tier, _ in named)
            mine.update(which for tier, which in named if tier == best)
        elif kind in scorer.LOC_TYPES:
            near = [(scorer.loc_hit(entry, label, truth["name"]), label["id"]) for label in labels]
            close = sorted((away, which) for away, which in near if away is not None)
            mine.update(which for _, which in close[:1])
    return found


Pair = tuple[str, str]


def related(
    scorer: ModuleType, predicted: Mapping[str, list[Entry]], truth: dict[str, Any]
) -> list[tuple[Entry, set[Pair]]]:
    """Each predicted relation with the labelled ones, required or optional, that it is: pairs of ids, in order.

    The scorer takes a prompt or tool as found by its place, whatever its name, but knows the ends of relations only by
    names. Here an end is any label that our asset was matched to, or that has its name.
    """
    of = matches(scorer, predicted["assets"], truth)
    named: dict[str, set[str]] = {}
    for label in truth["assets"]:
        for name in (label["name"], *label["aliases"]):
            spelled = scorer.norm(name, label["type"])
            short = spelled.split("/")[-1] if label["type"] in ("model", "dataset") else spelled
            for spelling in (spelled, short):
                named.setdefault(spelling, set()).add(label["id"])
    labelled = {_pair(label["from"], label["to"]) for label in truth["relations"]}
    found = []
    for one in predicted["relations"]:
        sources = of.get(one["from_key"], set()) | named.get(scorer.norm(one["from"]), set())
        targets = of.get(one["to_key"], set()) | named.get(scorer.norm(one["to"]), set())
        found.append((one, {_pair(a, b) for a in sources for b in targets} & labelled))
    return found


def joined_relations(scorer: ModuleType, predicted: Mapping[str, list[Entry]], truth: dict[str, Any]) -> Count:
    """The score of relations by `related`, each pair of names counted once, as the scorer counts."""
    said: dict[Pair, set[Pair]] = {}
    for one, labels in related(scorer, predicted, truth):
        said.setdefault((one["from"], one["to"]), set()).update(labels)
    every = set().union(*said.values())
    required = [_pair(label["from"], label["to"]) for label in truth["relations"] if not label["optional"]]
    found = sum(pair in every for pair in required)
    return Count(found, sum(not labels for labels in said.values()), len(required) - found)


def _pair(one: str, other: str) -> Pair:
    """Two ends in a fixed order: the scorer does not judge direction."""
    return (one, other) if one <= other else (other, one)


def pooled(name: str, scores: Iterable[Score]) -> Score:
    """All repositories as if they were one."""
    total = Score(name)
    for one in scores:
        for kind, count in one.types.items():
            total.types[kind] = total.types.get(kind, NOTHING).plus(count)
        total.relations = total.relations.plus(one.relations)
        total.joined = total.joined.plus(one.joined)
    return total


def macro(counts: Iterable[Count]) -> tuple[float | None, int]:
    """The mean F1 of those that have one, and how many they are."""
    values = [count.f1 for count in counts if count.f1 is not None]
    return (sum(values) / len(values) if values else None), len(values)


def by_repository(scores: Sequence[Score], core: Sequence[str]) -> str:
    """A row for each repository: assets of the scorer's core types, and relations."""
    lines = [
        "| repository | P | R | F1 | found, false, missed | relations P | R | F1 | found, false, missed |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [_row(one.name, one.core(core), one.relations) for one in scores]
    lines.append(_row("**pooled**", pooled("", scores).core(core), pooled("", scores).relations))
    assets, relations = macro(one.core(core) for one in scores), macro(one.relations for one in scores)
    lines.append(f"| macro average | | | {_share(assets[0])} | | | | {_share(relations[0])} | |")
    return "\n".join(lines)


def by_type(scores: Sequence[Score], core: Sequence[str], without: str = "") -> str:
    """A row for each type: pooled, the mean of the repositories that have it, and the figure without one of them."""
    total, rest = pooled("", scores), pooled("", [one for one in scores if one.name != without])
    head = f" F1 without {without} |" if without else ""
    lines = [
        f"| kind | P | R | F1 | found, false, missed | F1, mean (repositories) |{head}",
        "|---|---|---|---|---|---|" + ("---|" if without else ""),
    ]

    def row(title: str, count: Count, each: list[Count], other: Count) -> str:
        mean, many = macro(each)
        last = f" {_share(other.f1)} |" if without else ""
        return f"| {title} | {_figures(count)} | {_share(mean)} ({many}) |{last}"

    for kind, count in total.types.items():
        if any(count):
            each = [one.types[kind] for one in scores if kind in one.types]
            lines.append(row(kind.replace("_", " "), count, each, rest.types.get(kind, NOTHING)))
    lines.append(row("**core types**", total.core(core), [one.core(core) for one in scores], rest.core(core)))
    lines.append(row("relations (ends by name)", total.relations, [one.relations for one in scores], rest.relations))
    lines.append(row("relations (ends by match)", total.joined, [one.joined for one in scores], rest.joined))
    return "\n".join(lines)


def _row(title: str, assets: Count, relations: Count) -> str:
    return f"| {title} | {_figures(assets)} | {_figures(relations)} |"


def _figures(count: Count) -> str:
    shares = " | ".join(_share(one) for one in (count.precision, count.recall, count.f1))
    return f"{shares} | {count.found}, {count.false}, {count.missed}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
