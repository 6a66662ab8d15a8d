"""Every rule on small graphs by hand: the flaw, near misses with one condition removed, and the unknown.

The cases stand in `rules_graph/*.txt`. A case starts with `== rule | what it shows`. A line is an asset (`kind name
attribute=json ...`), an edge (`name -edge-> name attribute=json ...`), a policy (`policy list=json`), or what must be
found (`found kind name severity`); a case without a `found` line must be silent. Names are unique within a case.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from backstay import registry
from backstay.evaluate import evaluate
from backstay.graph import Graph, GraphBuilder
from backstay.keys import dataset_key, model_key
from backstay.model import Asset, Attributes, Evidence, Kind, Policy, Relationship, RelationshipKind, urn
from backstay.model.policy import Allow

HERE = Path(__file__).parent / "rules_graph"
RULES = {rule.id: rule for rule in registry.rules()}


@dataclass
class Case:
    rule: str
    label: str
    facts: list[str] = field(default_factory=list)
    found: list[str] = field(default_factory=list)


def cases() -> list[Case]:
    made: list[Case] = []
    for file in sorted(HERE.glob("*.txt")):
        for line in file.read_text(encoding="utf-8").splitlines():
            if line.startswith("== "):
                rule, _, label = line[3:].partition(" | ")
                made.append(Case(rule.strip(), label.strip()))
            elif line.startswith("found "):
                made[-1].found.append(line.removeprefix("found "))
            elif line.strip():
                made[-1].facts.append(line)
    return made


def attributes(words: str) -> Attributes:
    pairs = re.findall(r'(\w+)=(\[[^\]]*\]|"[^"]*"|\S+)', words)
    return {name: json.loads(value) for name, value in pairs}


def key(kind: Kind, name: str, known: Attributes) -> str:
    if known.get("hub") == "huggingface":
        return dataset_key(name) if kind == Kind.DATASET else model_key(name, hub=True)
    return urn(kind, name)


def build(facts: list[str]) -> Graph:
    builder, keys, allow = GraphBuilder(), dict[str, str](), Allow()
    for number, line in enumerate(facts, 1):
        head, _, tail = line.partition(" ")
        if edge := re.match(r"(\S+) -(\w+)-> (\S+)(.*)", line):
            source, kind, target, rest = edge.groups()
            place = (Evidence("test", "edge.py", number),)
            builder.add(Relationship(keys[source], RelationshipKind(kind), keys[target], attributes(rest), place))
        elif head == "policy":
            allow = Allow(**{k: tuple(v) for k, v in attributes(tail).items() if isinstance(v, list)})
        else:
            name, _, rest = tail.partition(" ")
            known = attributes(rest)
            where = known.pop("at", f"{head}.py")
            keys[name] = key(Kind(head), name, known)
            span = known.pop("lines", f"{number}-{number}")
            first, _, last = str(span).partition("-")
            place = (Evidence("test", str(where), int(first), int(last or first)),)
            builder.add(Asset(keys[name], Kind(head), name, known, place))
    return builder.build(Policy(allow=allow))


CASES = cases()


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}: {case.label}")
def test_case(case: Case) -> None:
    rule = RULES[case.rule]
    verdict = evaluate(build(case.facts), [(rule, registry.info(rule))])
    assert not verdict.statuses[0].reason, verdict.statuses[0].reason
    found = sorted(f"{one.subject_kind} {one.subject_name} {one.severity}" for one in verdict.findings)
    assert found == sorted(case.found)
    for one in verdict.findings:
        assert one.evidence, "a finding says where"
        assert re.match(r"[^\s].*[^\s]\.\Z", one.message), one.message
        assert "None" not in one.message and "  " not in one.message and not one.message.startswith("()"), one.message


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_both_sides(rule: str) -> None:
    mine = [case for case in CASES if case.rule == rule]
    assert sum(bool(case.found) for case in mine) >= 1, "no case in which the rule speaks"
    assert sum(not case.found for case in mine) >= 2, "fewer than two near misses"
