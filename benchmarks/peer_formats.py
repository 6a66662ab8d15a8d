"""Peer formats: what other open scanners write, in the scorer's terms.

Each is read to its own advantage: what a tool lists beside its AI inventory (all packages, settings, advice) is left
out, names lose the words a tool wraps them in, and a provider that a tool gives on a model counts as found.
"""

import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
from prediction import Entry, prediction

from backstay.model import Report

Reader = Callable[[Sequence[Path], ModuleType], dict[str, list[Entry]]]

_WRAPPED = re.compile(r"(?:Model reference: (?P<model>.+)|.* \(import: (?P<package>[^)]+)\))")
_CISCO = {"dependency": "framework", "secret": "credential_ref"}
_AIROM = {"infra": "provider"}
_SELLERS = ("anthropic", "openai", "google", "mistral", "deepseek", "cohere", "xai", "groq")
_FRAMEWORKS = ("agent_framework", "observability", "llm_provider")


def backstay(outputs: Sequence[Path], scorer: ModuleType) -> dict[str, list[Entry]]:
    report = msgspec.json.decode(outputs[0].read_bytes(), type=Report)
    return prediction(report, scorer.norm)


def agent_bom(outputs: Sequence[Path], scorer: ModuleType) -> dict[str, list[Entry]]:
    document = _load(outputs[0])
    inventory = document.get("ai_inventory") or {}
    code = inventory.get("ast_analysis") or {}
    assets, relations = [], []
    for one in inventory.get("components", ()):
        if one["type"] in _FRAMEWORKS and one.get("package"):
            assets.append(_entry("framework", one["package"], one["file"], one["line"]))
        if one["type"] in ("llm_provider", "model_reference"):
            kind = "provider" if one["type"] == "llm_provider" else "model"
            assets.append(_entry(kind, one["name"], one["file"], one["line"]))
            maker = str(one.get("description") or "").removesuffix(" model reference")
            if kind == "model" and maker in _SELLERS:
                assets.append(_entry("provider", maker, one["file"], one["line"]))
    for one in inventory.get("framework_agents", ()):
        assets.append(_entry("agent", one["name"], one["file_path"], one["line_number"]))
        relations += [(one["name"], str(to)) for to in one.get("model_refs", ())]
    for one in code.get("tools", ()):
        assets.append(_entry("tool", one["name"], one["file"], one["line"]))
    for one in code.get("prompts", ()):
        assets.append(_entry("prompt", one["variable"], one["file"], one["line"]))
    for one in code.get("application_entrypoints", ()):
        if one["kind"] == "http_route":
            assets.append(_entry("endpoint", one["name"], one["file"], one["line"]))
    for agent in document.get("agents", ()):
        for server in agent.get("mcp_servers", ()):
            # Workflows, notebooks and infrastructure stand here, too, under names with a prefix.
            if str(server.get("surface", "")).startswith("mcp") and ":" not in server["name"]:
                assets.append(_entry("mcp_server", server["name"]))
                relations += [(server["name"], tool["name"]) for tool in server.get("tools", ())]
    return _prediction(assets, relations)


def ai_bom(outputs: Sequence[Path], scorer: ModuleType) -> dict[str, list[Entry]]:
    assets = []
    for one in _load(outputs[0]).get("components", ()):
        given = {item["name"].rpartition(":")[2]: item["value"] for item in one.get("properties", ())}
        place = given.get("source_location", "")
        wrapped = _WRAPPED.fullmatch(one["name"])
        if wrapped and wrapped["model"]:
            assets.append(_entry("model", wrapped["model"], place))
            assets.append(_entry("provider", given.get("provider", ""), place))
        elif wrapped and wrapped["package"]:
            assets.append(_entry("framework", wrapped["package"], place, 0, one["name"].split(" ")[0]))
        elif given.get("usage_type") in ("agent", "orchestration"):
            assets.append(_entry("framework", one["name"], place))
        elif not one["name"].endswith("API Key") and given.get("provider") != "Unknown":
            assets.append(_entry("provider", given.get("provider") or one["name"], place))
    return _prediction(assets, [])


def aibom_scanner(outputs: Sequence[Path], scorer: ModuleType) -> dict[str, list[Entry]]:
    document = _load(outputs[0])
    assets = []
    for one in document.get("detections", ()):
        place = (one["file_path"], one["line_number"])
        framework = one["provider"] == one["sdk_name"] and one["detection_type"] == "import"
        assets.append(_entry("framework" if framework else "provider", one["provider"], *place))
        if one.get("model_name"):
            assets.append(_entry("model", one["model_name"], *place))
    assets += [_entry("framework", one["package"], one["source_file"]) for one in document.get("dependencies", ())]
    assets += [_entry("mcp_server", one["name"], one["file"], one["line"]) for one in document.get("mcp_servers", ())]
    return _prediction(assets, [])


def airom(outputs: Sequence[Path], scorer: ModuleType) -> dict[str, list[Entry]]:
    document = _load(outputs[0])
    assets, names = [], {}
    for one in document.get("components") or ():
        kind = _AIROM.get(one["kind"], one["kind"])
        names[one["id"]] = one["name"]
        places = [seen.get("location") or {} for seen in (one.get("evidence") or {}).get("occurrences") or ()]
        for place in places or [{}]:
            assets.append(_entry(kind, one["name"], place.get("path", ""), place.get("line", 0)))
            if one["kind"] == "hosted-llm" and one.get("provider"):
                assets.append(_entry("provider", one["provider"], place.get("path", ""), place.get("line", 0)))
    edges = document.get("relationships") or ()
    return _prediction(assets, [(names.get(e.get("from"), ""), names.get(e.get("to"), "")) for e in edges])


def scopesafe(outputs: Sequence[Path], scorer: ModuleType) -> dict[str, list[Entry]]:
    document = _load(outputs[0])
    assets, relations = [], []
    for kind, key in (("agent", "agents"), ("model", "models"), ("tool", "tools"), ("mcp_server", "mcp_servers")):
        for one in document.get(key, ()):
            place = one.get("location") or {}
            if one.get("name") not in (None, "unknown") and not (kind == "tool" and ":" in one["name"]):
                assets.append(_entry(kind, one["name"], place.get("file", ""), place.get("line", 0)))
            if one.get("provider"):
                assets.append(_entry("provider", one["provider"], place.get("file", ""), place.get("line", 0)))
            for to in (*one.get("models", ()), *one.get("tools", ())):
                relations.append((one["name"], to["name"] if isinstance(to, dict) else str(to)))
    return _prediction(assets, relations)


def cdxgen(outputs: Sequence[Path], scorer: ModuleType) -> dict[str, list[Entry]]:
    document = _load(outputs[0])
    found, edges = scorer.from_cyclonedx(document)
    names = {one["bom-ref"]: one["name"] for key in ("components", "services") for one in document.get(key, ())}
    services = document.get("services", ())
    plain = {one["name"] for one in services}
    assets = [{**one, "key": f"{one['type']}:{one['name']}"} for one in found if one["name"] not in plain]
    for one in services:
        if one.get("group") != "ai":  # what it calls a service that it cannot name
            assets.append(_entry("provider", one.get("group") or one["name"], "", 0, one["name"]))
    return _prediction(assets, [(names.get(e["from"], ""), names.get(e["to"], "")) for e in edges])


def cisco_aibom(outputs: Sequence[Path], scorer: ModuleType) -> dict[str, list[Entry]]:
    document = _load(outputs[0])
    assets, names = [], {}
    for one in document.get("components", ()):
        kind = _CISCO.get(one["component_type"], one["component_type"])
        name = str(one.get("model_name") or one["name"])
        names[one["instance_id"]] = name
        place = (one.get("file_path") or "", one.get("line_number") or 0)
        if name.startswith("env_provider_"):
            assets.append(_entry("provider", name.removeprefix("env_provider_"), *place))
        elif kind == "credential_ref" or not name.startswith(("env:", "env_")):
            assets.append(_entry(kind, name.removeprefix("env:").removeprefix("env_secret_"), *place))
    edges = document.get("relationships", ())
    ends = [(e.get("source_instance_id", ""), e.get("target_instance_id", "")) for e in edges]
    return _prediction(assets, [(names.get(a, ""), names.get(b, "")) for a, b in ends])


def agentic_radar(outputs: Sequence[Path], scorer: ModuleType) -> dict[str, list[Entry]]:
    assets, relations = [], []
    kinds = {"agent": "agent", "tool": "tool", "custom_tool": "tool", "mcp_server": "mcp_server"}
    for output in outputs:
        document = _load(output)
        nodes = [one for key in ("nodes", "agents", "tools") for one in document.get(key) or ()]
        for one in nodes:
            kind = "agent" if one in (document.get("agents") or ()) else kinds.get(str(one.get("node_type")), "")
            if kind and one.get("category") != "llm":
                assets.append(_entry(kind, one["name"]))
            if one.get("llm"):
                assets.append(_entry("model", str(one["llm"])))
                relations.append((one["name"], str(one["llm"])))
        for edge in document.get("edges") or ():
            ends = [edge.get(side) for side in ("start", "end")]
            relations.append((_name(ends[0]), _name(ends[1])))
    return _prediction(assets, relations)


READERS: dict[str, Reader] = {
    "backstay": backstay,
    "agent-bom": agent_bom,
    "ai-bom": ai_bom,
    "aibom-scanner": aibom_scanner,
    "airom": airom,
    "scopesafe": scopesafe,
    "cdxgen": cdxgen,
    "cisco-aibom": cisco_aibom,
    "agentic-radar": agentic_radar,
}


def read(peer: str, outputs: Sequence[Path], tree: Path, scorer: ModuleType) -> dict[str, list[Entry]]:
    """What a peer found in a tree. Outputs that it did not write count as empty; its paths are made relative."""
    written = [path for path in outputs if path.is_file() and path.stat().st_size]
    if not written:
        return {"assets": [], "relations": []}
    found = READERS[peer](written, scorer)
    for entry in found["assets"]:
        entry["file"] = str(entry["file"]).removeprefix(f"{tree}/")
    return found


def _load(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8", errors="replace"))
    except ValueError:  # a tool that gave up half way
        print(f"{path}: no JSON, counted as empty", file=sys.stderr)
        return {}
    return document if isinstance(document, dict) else {}


def _name(end: object) -> str:
    return str(end.get("name", "")) if isinstance(end, dict) else str(end or "")


def _entry(kind: str, name: str, file: str = "", line: int = 0, *also: str) -> Entry:
    place, at = _place(str(file), line)
    return {
        "type": kind,
        "name": name,
        "alt_names": list(also),
        "file": place,
        "line": at,
        "key": f"{kind}:{name}:{place}:{at}",
    }


def _place(file: str, line: int) -> tuple[str, int]:
    """A path and its line, which some write behind it."""
    path, _, number = file.rpartition(":")
    return (path, int(number)) if not line and path and number.isdigit() else (file, line)


def _prediction(assets: Sequence[Entry], relations: Sequence[tuple[str, str]]) -> dict[str, list[Entry]]:
    def edges() -> Iterator[Entry]:
        for source, target in relations:
            if source and target:
                yield {"from": source, "to": target, "kind": "uses", "from_key": source, "to_key": target}

    return {"assets": [one for one in assets if one["name"]], "relations": list(edges())}
