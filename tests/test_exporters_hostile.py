"""Every exporter on reports whose every text an attacker chose: valid documents, nothing active, nothing raw."""

import json
import unicodedata

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft7Validator, Draft202012Validator
from markdown_it import MarkdownIt

from backstay.exporters.cyclonedx import cyclonedx
from backstay.exporters.json import json as plain
from backstay.exporters.markdown import markdown
from backstay.exporters.sarif import sarif
from backstay.model import Report
from backstay.schema import read_report, report_schema
from exporters_support import hostile_reports, sarif_schema

bounded = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
SARIF = Draft7Validator(sarif_schema())
CYCLONEDX = JsonStrictValidator(SchemaVersion.V1_6)
OURS = Draft202012Validator(report_schema())
MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
# What our own layout uses; links, images and HTML are not among it.
LAYOUT = {"text", "text_special", "softbreak", "hardbreak", "code_inline", "strong_open", "strong_close"} | {
    "em_open",
    "em_close",
}


def assert_nothing_raw(text: str) -> None:
    text.encode()
    raw = {
        character
        for character in set(text) - {"\n"}
        if unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp", "Cs")
    }
    assert not raw, raw


@bounded
@given(hostile_reports())
def test_json(report: Report) -> None:
    text = plain.export(report)
    assert_nothing_raw(text)
    OURS.validate(json.loads(text))
    assert plain.export(read_report(text)) == text


@bounded
@given(hostile_reports())
def test_sarif(report: Report) -> None:
    text = sarif.export(report)
    assert_nothing_raw(text)
    document = json.loads(text)
    SARIF.validate(document)
    for result in document["runs"][0]["results"]:
        assert "](" not in result["message"]["text"]
        for location in result["locations"]:
            uri = location["physicalLocation"]["artifactLocation"]["uri"]
            assert not uri.startswith("/")
            assert ":" not in uri
            assert ".." not in uri.split("/")


@bounded
@given(hostile_reports())
def test_cyclonedx(report: Report) -> None:
    text = cyclonedx.export(report)
    assert_nothing_raw(text)
    error = CYCLONEDX.validate_str(text)
    assert error is None, error


@bounded
@given(hostile_reports())
def test_markdown(report: Report) -> None:
    text = markdown.export(report)
    assert_nothing_raw(text)
    tokens = MARKDOWN.parse(text)
    assert "html_block" not in {token.type for token in tokens}
    inline = {child.type for token in tokens for child in token.children or []}
    assert inline <= LAYOUT, inline - LAYOUT
    headings = [token.tag for token in tokens if token.type == "heading_open"]
    assert headings[0] == "h2"
    assert set(headings[1:]) == {"h3"}
    assert len(headings) <= 4
