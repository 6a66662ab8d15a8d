"""The Markdown report: short, and without anything active from the scanned tree."""

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from backstay.exporters import inert
from backstay.exporters.markdown import MAX_ROWS, TOP
from backstay.exporters.markdown import markdown as export
from backstay.model import PluginStatus, Severity, Skip, State
from exporters_support import HOSTILE, finding, report, scan

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
HARMLESS = {"text", "softbreak", "hardbreak", "code_inline"}


def inline(text: str) -> list[Token]:
    return [child for token in PARSER.parse(text) for child in token.children or []]


def shown(text: str) -> str:
    return "".join(token.content for token in inline(text))


def test_it_says_posture_findings_inventory_and_gaps() -> None:
    text = export.export(report())
    assert "## Backstay: risk 74 of 100 (between 60 and 80)" in text
    assert "| critical | 1 | 0 |" in text
    assert "| high | 1 | 3 |" in text
    assert "**critical** `leaky-thing` on model `acme/small`, `a.py:3`, risk 74" in text
    assert "*with a pinned revision:* 74 → 41" in text
    assert "*Owner:* `@acme/ml`" in text
    assert "1 agent, 1 dataset" in text
    assert "The scan is not complete" in text
    assert "| `big.bin` | too large | 104857600 bytes |" in text
    assert "node" + "_modules" not in text, "left out by choice is counted, not listed"


def test_findings_without_a_risk_or_owner_and_scans_without_a_score() -> None:
    text = export.export(report(score=None, findings=(finding(risk=None, owners=()),)))
    assert "no score, because nothing was covered" in text
    assert "risk 74" not in text
    assert "Owner" not in text


def test_no_findings_shows_what_was_judged() -> None:
    assert "No findings. 1 rules judged 4 subjects." in export.export(report(findings=()))


def test_a_complete_scan_says_so() -> None:
    text = export.export(report(scan=scan(state=State.COMPLETE, reason="", skips=(), statuses=(), notes=())))
    assert "Everything that was to be read was read." in text
    assert "| not read |" not in text


def test_lists_are_bounded_and_the_rest_is_counted() -> None:
    findings = tuple(finding(f"r{number}", Severity.LOW, message="x" * 10_000) for number in range(500))
    skips = tuple(Skip("y" * 5_000 + str(number), "too large") for number in range(500))
    text = export.export(report(findings=findings, scan=scan(skips=skips, notes=("n" * 900,) * 500)))
    assert f"{500 - TOP} more open findings" in text
    assert text.count(f"{500 - MAX_ROWS} more are in the full report.") == 2
    assert len(text) < 60_000, "code hosts refuse longer comments"


def test_tables_keep_their_columns() -> None:
    skips = (Skip("a|b\nc`d", "odd | reason", "x\\|y"),)
    text = export.export(report(scan=scan(skips=skips, statuses=(PluginStatus("p|q", State.FAILED, reason="|"),))))
    tokens = PARSER.parse(text)
    cells = [shown(tokens[at + 1].content) for at, token in enumerate(tokens) if token.type == "td_open"]
    assert cells[-6:] == ["a\u00a6b\\nc`d", "odd | reason", "x\\|y", "p\u00a6q", "failed", "|"]
    severities = 4
    assert len(cells) == 3 * severities + 3 + 3


@pytest.mark.parametrize("text", HOSTILE)
def test_prose_is_only_text(text: str) -> None:
    made = inert.prose(text)
    assert {token.type for token in inline(made)} <= {"text", "text_special"} | HARMLESS - {"code_inline"}
    assert [token.type for token in PARSER.parse(made)] == ["paragraph_open", "inline", "paragraph_close"]
    visible = shown(made)
    for active in ("://", "www.", "@e", "#1", "GH-1"):
        assert active not in visible


@pytest.mark.parametrize("text", [*HOSTILE, "`", "``", " `a", "a` ", "`a`", "|"])
def test_code_is_one_code_span(text: str) -> None:
    tokens = inline(f"a {inert.code(text)} b")
    assert [token.type for token in tokens] == ["text", "code_inline", "text"]


def test_prose_reads_as_it_was() -> None:
    for text in ("A plain sentence, with snake_case and 50% (maybe).", "* not a list", "1. not a list", "a < b & c"):
        assert shown(inert.prose(text)) == text


def test_an_empty_text_is_a_dash() -> None:
    assert inert.prose(" ") == inert.code("").strip("`") == "\u2013"
