"""Every format on the report of a real scan, by way of the registry, as the command line uses it."""

import json

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from jsonschema import Draft7Validator, Draft202012Validator

from backstay import registry
from backstay.model import Report
from backstay.pipeline import scan
from backstay.schema import read_report, report_schema
from exporters_support import sarif_schema

EXPORTERS = {exporter.id: exporter for exporter in registry.exporters()}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    root = tmp_path_factory.mktemp("shop")
    (root / "requirements.txt").write_text("openai==2.1.0\ntransformers\n")
    (root / ".mcp.json").write_text('{"mcpServers": {"files": {"command": "npx", "args": ["-y", "@acme/files"]}}}')
    (root / "app.py").write_text(
        "from transformers import AutoModel\nmodel = AutoModel.from_pretrained('acme/small', trust_remote_code=True)\n"
    )
    (root / "odd \u202e[x](y) `name`.py").write_text("import openai\n")
    (root / "broken.json").write_text("{")
    return scan(root)


def test_the_formats_are_those_that_are_promised() -> None:
    assert set(EXPORTERS) >= {"json", "sarif", "cyclonedx", "markdown", "html"}


def test_json(report: Report) -> None:
    text = EXPORTERS["json"].export(report)
    Draft202012Validator(report_schema()).validate(json.loads(text))
    assert read_report(text) == report


def test_sarif(report: Report) -> None:
    document = json.loads(EXPORTERS["sarif"].export(report))
    Draft7Validator(sarif_schema()).validate(document)
    assert len(document["runs"][0]["results"]) == len(report.findings)


def test_cyclonedx(report: Report) -> None:
    text = EXPORTERS["cyclonedx"].export(report)
    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    assert error is None, error


@pytest.mark.parametrize("id", sorted(EXPORTERS))
def test_a_format_is_the_same_for_the_same_report(id: str, report: Report) -> None:
    exporter = EXPORTERS[id]
    assert exporter.suffix.startswith(".")
    assert exporter.export(report) == exporter.export(report)
    exporter.export(report).encode()
