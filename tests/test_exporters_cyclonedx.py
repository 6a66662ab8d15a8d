"""The CycloneDX report: valid against CycloneDX's own strict schema, and filled from the graph."""

import json
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from backstay.exporters.cyclonedx import cyclonedx as export
from backstay.model import Kind, RelationshipKind, Report, State
from exporters_support import KEYS, asset, edge, finding, report, scan

VALIDATOR = JsonStrictValidator(SchemaVersion.V1_6)


def bom_of(made: Report) -> dict[str, Any]:
    text = export.export(made)
    error = VALIDATOR.validate_str(text)
    assert error is None, error
    document = json.loads(text)
    assert isinstance(document, dict)
    return document


def part(bom: dict[str, Any], kind: Kind) -> dict[str, Any]:
    (found,) = (one for one in (*bom["components"], *bom["services"]) if one["bom-ref"] == KEYS[kind])
    assert isinstance(found, dict)
    return found


def properties(one: dict[str, Any]) -> dict[str, str]:
    return {entry["name"]: entry["value"] for entry in one["properties"]}


def test_the_validator_refuses_what_is_wrong() -> None:
    document = bom_of(report())
    document["components"][0]["type"] = "spaceship"
    assert VALIDATOR.validate_str(json.dumps(document)) is not None


def test_every_asset_is_there_once_and_references_hold() -> None:
    made = report()
    bom = bom_of(made)
    root = bom["metadata"]["component"]["bom-ref"]
    refs = [root, *(one["bom-ref"] for one in (*bom["components"], *bom["services"]))]
    people = {KEYS[Kind.TEAM], KEYS[Kind.IDENTITY]}
    assert sorted(refs) == sorted({asset.key for asset in made.assets} - people)
    for dependency in bom["dependencies"]:
        assert {dependency["ref"], *dependency["dependsOn"]} <= set(refs)
    assert {one["ref"] for one in bom["dependencies"]} == set(refs)


def test_a_model_has_its_card_its_data_and_its_supplier() -> None:
    model = part(bom_of(report()), Kind.MODEL)
    assert model["type"] == "machine-learning-model"
    assert model["purl"] == KEYS[Kind.MODEL]
    assert model["modelCard"]["modelParameters"] == {"task": "chat", "datasets": [{"ref": KEYS[Kind.DATASET]}]}
    assert model["supplier"] == {"name": "huggingface"}
    assert model["licenses"] == [{"license": {"name": "Apache-2.0"}}]
    assert model["externalReferences"] == [{"type": "model-card", "url": "docs/card.md"}]
    assert model["evidence"]["occurrences"] == [{"location": "a.py", "line": 3}]
    assert "quantitativeAnalysis" not in model["modelCard"]


def test_a_data_set_names_its_owners_and_who_only_keeps_it() -> None:
    data = part(bom_of(report()), Kind.DATASET)
    assert data["type"] == "data"
    (content,) = data["data"]
    assert content["type"] == "dataset"
    assert content["contents"] == {"url": "data/train.csv"}
    assert content["governance"] == {
        "owners": [{"organization": {"name": "the team", "contact": [{"email": "ml@acme.example"}]}}],
        "custodians": [{"contact": {"name": "the identity", "email": "dev@acme.example"}}],
    }


def test_services_tell_what_flows_who_is_let_in_and_what_leaves() -> None:
    bom = bom_of(report())
    server, provider, endpoint = part(bom, Kind.MCP_SERVER), part(bom, Kind.PROVIDER), part(bom, Kind.ENDPOINT)
    assert server["endpoints"] == ["https://tools.example/mcp"]
    assert server["authenticated"] is False
    assert server["x-trust-boundary"] is True
    assert provider["x-trust-boundary"] is True
    assert "authenticated" not in provider
    assert provider["provider"] == {"name": "the provider"}
    (flow,) = provider["data"]
    assert (flow["flow"], flow["classification"]) == ("bi-directional", "unknown")
    link = bom["serialNumber"].replace("urn:uuid:", "urn:cdx:") + "/1#"
    assert [one.startswith(link) for one in flow["source"]] == [True]
    assert endpoint["endpoints"] == ["/items/%7Bid%7D"]
    assert endpoint["authenticated"] is True


def test_a_provider_whose_models_run_in_this_process_is_no_boundary() -> None:
    local = edge(Kind.SERVICE, RelationshipKind.USES, Kind.PROVIDER, local=True)
    bom = bom_of(report(relationships=(local,)))
    assert part(bom, Kind.PROVIDER)["x-trust-boundary"] is False


def test_files_packages_and_the_rest_keep_what_is_known_of_them() -> None:
    bom = bom_of(report())
    assert part(bom, Kind.MODEL_FILE)["hashes"] == [{"alg": "SHA-256", "content": "ab" * 32}]
    package = part(bom, Kind.PACKAGE)
    assert (package["type"], package["version"], package["purl"]) == ("library", "2.1.0", KEYS[Kind.PACKAGE])
    agent = properties(part(bom, Kind.AGENT))
    assert agent["backstay:kind"] == "agent"
    assert agent["backstay:max_turns"] == "none"
    assert agent["backstay:approval"] == "false"
    assert agent["backstay:edge:flowsTo"] == KEYS[Kind.SERVICE]
    service = properties(part(bom, Kind.SERVICE))
    assert service["backstay:edge:uses:revision"] == f"none ({KEYS[Kind.MODEL]})"


def test_a_model_depends_on_what_serves_it() -> None:
    needs = {one["ref"]: one["dependsOn"] for one in bom_of(report())["dependencies"]}
    assert KEYS[Kind.PROVIDER] in needs[KEYS[Kind.MODEL]]
    assert needs[KEYS[Kind.SERVICE]] == sorted((KEYS[Kind.MODEL], KEYS[Kind.PROVIDER]))


def test_findings_are_remarks_on_their_subjects() -> None:
    made = report()
    annotations = bom_of(made)["annotations"]
    assert {one["bom-ref"] for one in annotations} == {f"finding:{finding.fingerprint}" for finding in made.findings}
    assert annotations[0]["subjects"] == [KEYS[Kind.MODEL]]
    assert annotations[0]["text"].startswith("critical leaky-thing")
    assert any(one["text"].endswith("Accepted (baseline): known before this scan") for one in annotations)


def test_a_remark_on_what_is_not_in_the_document_stands_at_its_root() -> None:
    bom = bom_of(report(findings=(finding(subject=KEYS[Kind.TEAM]),)))
    assert bom["annotations"][0]["subjects"] == [KEYS[Kind.REPOSITORY]]


@pytest.mark.parametrize(
    ("state", "aggregate"),
    [(State.COMPLETE, "unknown"), (State.PARTIAL, "incomplete"), (State.FAILED, "incomplete")],
)
def test_no_scan_claims_to_know_everything(state: State, aggregate: str) -> None:
    assert [one["aggregate"] for one in bom_of(report(scan=scan(state=state)))["compositions"]] == [aggregate]


def test_the_serial_number_follows_from_source_commit_and_time_only() -> None:
    first = bom_of(report())["serialNumber"]
    assert bom_of(report(findings=()))["serialNumber"] == first
    assert bom_of(report(scan=scan(started="2026-01-02T03:04:06+00:00")))["serialNumber"] != first


def test_the_document_is_the_same_for_facts_in_any_order() -> None:
    made = report()
    other = report(assets=made.assets[::-1], relationships=made.relationships[::-1])
    assert export.export(made) == export.export(other)


def test_a_report_without_its_repository_still_has_a_root() -> None:
    bom = bom_of(report(assets=(asset(Kind.MODEL),), relationships=(), findings=()))
    assert bom["metadata"]["component"]["name"] == "shop"
    assert bom["metadata"]["component"]["bom-ref"] == KEYS[Kind.REPOSITORY]
    assert "annotations" not in bom
