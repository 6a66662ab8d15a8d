"""A realistic report made by hand, small or of any size, for tests of views."""

from collections.abc import Iterator

import msgspec

from backstay.model import (
    Asset,
    Attributes,
    Control,
    Counterfactual,
    Coverage,
    Evidence,
    Factor,
    Finding,
    Kind,
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
    urn,
)
from backstay.model.finding import fingerprint

_SOURCE = "github.com/acme/assistant"
_E = RelationshipKind


def seen(path: str, line: int = 0, note: str = "") -> tuple[Evidence, ...]:
    return (Evidence("python", path, line, note=note),)


def asset(kind: Kind, name: str, where: str, line: int = 0, **attributes: Value) -> Asset:
    known: Attributes = {"placement": "production", **attributes}
    return Asset(urn(kind, _SOURCE, where, name), kind, name, known, seen(where, line))


def edge(source: Asset, kind: RelationshipKind, target: Asset) -> Relationship:
    return Relationship(source.key, kind, target.key, {}, source.evidence)


def risk(value: int, low: int, high: int) -> Risk:
    spread = (high - low) / 100
    return Risk(
        value,
        low,
        high,
        (
            Factor("exploitability", 0.8, 0.8, 0.8, "Anybody who can write a web page can try it."),
            Factor("exposure", 0.7, max(0.05, 0.7 - spread), min(1, 0.7 + spread), "Who can reach it is not known."),
            Factor("sensitivity", 0.8, 0.8, 0.8, "It reads `customers`, which holds personal data.", seen("db.py", 4)),
            Factor("impact", 0.6, 0.3, 1.0, "Nobody said how important this service is."),
            Factor("usage", 0.5, 0.5, 0.5, "Used by 2 services."),
        ),
        (Counterfactual("with authentication", value * 2 // 3), Counterfactual("with human approval", value // 2)),
    )


def rule(id: str, subject: Kind, severity: Severity, title: str, **more: str) -> RuleInfo:
    return RuleInfo(
        id=id,
        family="agency",
        subject=subject,
        title=title,
        severity=severity,
        confidence=0.9,
        exploitability=0.8,
        summary=more.get("summary", "Text from outside can steer what happens next, and nobody is asked first."),
        fix=more.get("fix", "Ask a person before `send_email` runs, or take one of the three away."),
        controls=(Control("OWASP-LLM06", "The agent acts on its own."), Control("OWASP-ASI02", "Its tools do harm.")),
    )


def finding(info: RuleInfo, subject: Asset, message: str, value: int | None, **more: object) -> Finding:
    made = Finding(
        rule=info.id,
        subject=subject.key,
        subject_name=subject.name,
        subject_kind=subject.kind,
        severity=info.severity,
        confidence=info.confidence,
        title=info.title,
        message=message,
        fix=info.fix,
        fingerprint=fingerprint(info.id, subject.key, message),
        evidence=subject.evidence,
        controls=info.controls,
        risk=risk(value, max(0, value - 15), min(100, value + 12)) if value is not None else None,
    )
    return msgspec.structs.replace(made, **more)


TRIFECTA = rule(
    "untrusted-content-with-private-data",
    Kind.AGENT,
    Severity.CRITICAL,
    "An agent reads untrusted content and private data and can send it out",
)
NO_LOGIN = rule("unauthenticated-endpoint", Kind.ENDPOINT, Severity.HIGH, "A model answers without authentication")
UNPINNED = rule("unpinned-model", Kind.SERVICE, Severity.MEDIUM, "A model is loaded without a fixed revision")
SQL = rule("model-output-in-sql", Kind.SERVICE, Severity.HIGH, "Model output becomes part of an SQL statement")
OWNER = rule("no-owner", Kind.MODEL, Severity.LOW, "An asset has no owner")
SHARE = rule("debug-share-link", Kind.ENDPOINT, Severity.HIGH, "A debug link shares the app with the internet")
NOTEBOOK = rule("notebook-secret", Kind.NOTEBOOK, Severity.HIGH, "A notebook holds a credential")


def small() -> Report:
    """A support assistant: a service with an agent, tools, a store and models, some of it flawed."""
    service = asset(Kind.SERVICE, "support", "support", path="support")
    ask = asset(Kind.ENDPOINT, "POST /ask", "support/api.py", 31, method="POST", authentication=None, host="0.0.0.0")
    health = asset(Kind.ENDPOINT, "GET /health", "support/api.py", 60, method="GET", authentication=None)
    agent = asset(Kind.AGENT, "Concierge", "support/agents.py", 52, framework="openai-agents", max_turns=None)
    triage = asset(Kind.AGENT, "Triage", "support/agents.py", 70, framework="openai-agents", max_turns=6)
    fetch = asset(Kind.TOOL, "fetch_page", "support/tools.py", 12, capabilities=["reads_untrusted"])
    lookup = asset(Kind.TOOL, "lookup_customer", "support/tools.py", 28, capabilities=["reads_private"])
    send = asset(Kind.TOOL, "send_email", "support/tools.py", 44, capabilities=["sends_out"], approval=False)
    chat = asset(Kind.MODEL, "gpt-4o", "support/agents.py", 54, provider="openai", task="chat")
    embed = asset(Kind.MODEL, "BAAI/bge-small-en-v1.5", "support/index.py", 9, hub="huggingface", task="embedding")
    openai = Asset(urn(Kind.PROVIDER, "openai"), Kind.PROVIDER, "openai", {}, seen("support/agents.py", 54))
    store = asset(Kind.VECTOR_STORE, "manuals", "support/index.py", 14, product="chroma")
    customers = asset(Kind.DATA_STORE, "customers", "support/db.py", 4)
    prompt = asset(Kind.PROMPT, "instructions", "support/agents.py", 20, role="system", variables=["question"])
    key = asset(Kind.CREDENTIAL, "OPENAI_API_KEY", "support/settings.py", 8, provider="openai", form="reference")
    team = Asset(urn(Kind.TEAM, "@acme/support"), Kind.TEAM, "@acme/support", {}, seen("CODEOWNERS", 2))
    packages = [
        asset(Kind.PACKAGE, name, "support/requirements.txt", line, ecosystem="pypi", version=version, ai=line < 4)
        for line, (name, version) in enumerate((("openai", "1.99.1"), ("chromadb", None), ("fastapi", "0.115.0")), 1)
    ]
    owned = [ask, health, agent, triage, fetch, lookup, send, service]
    edges = [
        edge(service, _E.EXPOSES, ask),
        edge(service, _E.EXPOSES, health),
        edge(ask, _E.CALLS, triage),
        edge(triage, _E.DELEGATES_TO, agent),
        edge(agent, _E.USES, fetch),
        edge(agent, _E.USES, lookup),
        edge(agent, _E.USES, send),
        edge(agent, _E.USES, chat),
        edge(triage, _E.USES, chat),
        edge(agent, _E.USES, prompt),
        edge(agent, _E.USES, store),
        edge(ask, _E.FLOWS_TO, prompt),
        edge(lookup, _E.CAN_READ, customers),
        edge(store, _E.USES, embed),
        edge(openai, _E.SERVES, chat),
        edge(service, _E.USES, key),
        edge(service, _E.USES, embed),
        edge(agent, _E.FLOWS_TO, service),
        *(edge(service, _E.DEPENDS_ON, package) for package in packages),
        *(edge(one, _E.OWNED_BY, team) for one in owned),
    ]
    owners = {"owners": ("@acme/support",)}
    findings = [
        finding(
            TRIFECTA,
            agent,
            "Agent `Concierge` reads web pages (`fetch_page`), reads customer records (`lookup_customer`) and sends "
            "e-mail (`send_email`), so a page it visits can make it send customer data out.",
            88,
            evidence=(
                Evidence("python", "support/agents.py", 52, 61, note="the agent"),
                Evidence("python", "support/tools.py", 12, note="reads untrusted content"),
                Evidence("python", "support/tools.py", 28, note="reads private data"),
                Evidence("python", "support/tools.py", 44, note="sends out"),
            ),
            **owners,
        ),
        finding(NO_LOGIN, ask, "`POST /ask` reaches agent `Triage` and asks nobody who they are.", 74, **owners),
        finding(SQL, service, "Output of `gpt-4o` becomes part of an SQL statement in `run_report`.", 66, **owners),
        finding(UNPINNED, service, "`BAAI/bge-small-en-v1.5` is loaded without a revision.", 41, **owners),
        finding(OWNER, embed, "Model `BAAI/bge-small-en-v1.5` has no owner.", 18),
        finding(
            NO_LOGIN,
            health,
            "`GET /health` asks nobody who they are.",
            12,
            suppression=Suppression("waiver", "A health check says nothing worth protecting.", "2027-03-31"),
        ),
    ]
    assets = [*owned, chat, embed, openai, store, customers, prompt, key, team, *packages]
    return report(
        assets,
        edges,
        findings,
        (
            RuleResult(TRIFECTA, 2, 1),
            RuleResult(NO_LOGIN, 2, 1, 1),
            RuleResult(SQL, 1, 1),
            RuleResult(UNPINNED, 1, 1),
            RuleResult(OWNER, 2, 1),
            RuleResult(SHARE, 2, 0),
            RuleResult(NOTEBOOK, 0, 0),
        ),
    )


def report(
    assets: list[Asset], edges: list[Relationship], findings: list[Finding], rules: tuple[RuleResult, ...]
) -> Report:
    """A report over the given facts, of a scan that is nearly complete."""
    worst: dict[str, Risk] = {}
    for one in findings:
        if one.open and one.risk and (one.subject not in worst or worst[one.subject].value < one.risk.value):
            worst[one.subject] = one.risk
    score = risk(79, 61, 90) if worst else None
    return Report(
        tool_version="0.1.0",
        scan=Scan(
            source=Source(
                id=_SOURCE,
                name="assistant",
                commit="4f1d2c9a7be04d3b8f61c2a95e7d8c0b1a2f3e4d",
                branch="main",
                remote="https://github.com/acme/assistant",
                dirty=True,
            ),
            started="2026-11-20T09:14:00+00:00",
            seconds=2.341,
            state=State.PARTIAL,
            coverage=Coverage(1284, 1207, 74, 3, 18_400_000),
            statuses=(
                PluginStatus("python", State.COMPLETE, 420, 61),
                PluginStatus("requirements", State.COMPLETE, 3, 48),
                PluginStatus("notebook-secret", State.SKIPPED, reason="switched off by policy"),
                PluginStatus("dockerfile", State.PARTIAL, 4, 3, reason="1 file is no valid Dockerfile"),
            ),
            skips=(
                Skip("data/dump.bin", "too large", "104,857,600 bytes"),
                Skip("data/dump2.bin", "too large", "204,857,600 bytes"),
                Skip("support/old.py", "syntax error", "line 12", plugin="python"),
                *(Skip(f"node_modules/p{n}/index.js", "vendored", by_choice=True) for n in range(70)),
                *(Skip(f"build/{n}.py", "ignored by .gitignore", by_choice=True) for n in range(4)),
            ),
            notes=("unused waiver for unpinned-model on path old/**, asset *",),
        ),
        score=score,
        assets=tuple(sorted(assets, key=lambda one: (one.kind, one.key))),
        relationships=tuple(edges),
        findings=tuple(
            sorted(findings, key=lambda one: (not one.open, -(one.risk.value if one.risk else 0), one.fingerprint))
        ),
        asset_risks=worst,
        rules=tuple(sorted(rules, key=lambda result: result.info.id)),
    )


def large(assets: int, findings: int) -> Report:
    """A big estate: services that each use models, tools and packages, and that many findings over ten rules."""
    infos = [rule(f"rule-{number}", Kind.SERVICE, list(Severity)[number % 5], f"Flaw {number}") for number in range(10)]
    made = list(_estate(assets))
    services = [one for one in made if one.kind is Kind.SERVICE]
    edges = [
        edge(services[number % len(services)], _E.USES, one)
        for number, one in enumerate(made)
        if one.kind is not Kind.SERVICE
    ]
    found = [
        finding(
            infos[number % 10],
            services[number % len(services)],
            f"Call {number} in this service does what it should not.",
            95 - number % 90,
        )
        for number in range(findings)
    ]
    return report(made, edges, found, tuple(RuleResult(info, len(services), len(services)) for info in infos))


def _estate(number: int) -> Iterator[Asset]:
    kinds = (Kind.SERVICE, Kind.MODEL, Kind.TOOL, Kind.PACKAGE, Kind.ENDPOINT)
    for index in range(number):
        kind = kinds[index % len(kinds)]
        yield asset(kind, f"{kind}-{index}", f"services/{index // 50}/{kind}{index}.py", index % 400 + 1, framework="x")
