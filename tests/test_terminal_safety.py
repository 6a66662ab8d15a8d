"""Terminal safety: nothing that a scanned tree holds acts on, or hides from, the person who reads the output."""

import os
import re
import subprocess
import sys
import unicodedata
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstay.cli.main import main
from backstay.display import printable
from backstay.exporters.table import render, table
from backstay.model import Report, Skip, State
from sample_report import small

# What terminals act upon or people do not see, one of each kind.
ATTACKS = {
    "colour": "\x1b[31mred\x1b[0m",
    "title": "\x1b]0;owned\x07",
    "link": "\x1b]8;;http://example.invalid\x1b\\click\x1b]8;;\x1b\\",
    "clipboard": "\x1b]52;c;cm0gLXJmIH4=\x07",
    "clear": "\x1b[2J\x1b[H",
    "erase the line": "\x1b[1A\x1b[2K0 findings",
    "eight-bit escape": "\x9b31m",
    "carriage return": "bad\rgood",
    "line break": "one\nRisk 0 of 100",
    "other line breaks": "a\x0bb\x0cc\x85d\u2028e\u2029f",
    "backspace": "evil\x08\x08\x08\x08good",
    "delete": "a\x7fb",
    "null": "a\x00b",
    "right to left": "\u202egnp.exe",
    "isolates": "\u2066a\u2069\u2068",
    "marks of direction": "\u200e\u200f\u061c",
    "zero width": "a\u200bb\u200cc\u200dd\ufeffe\u2060f",
    "soft hyphen": "a\u00adb",
    "tags": "\U000e0041\U000e0042",
    "variation selectors": "a\U000e0100b",
    "strange spaces": "a\u2003b\u3000c\u00a0d",
    "lone surrogate": "a\udc80b",
    "private use": "\ue000\U000f0000",
    "piled marks": "a" + "\u0301" * 40,
    "markup": "[bold red]x[/] [link=http://example.invalid]y[/link] :smile:",
}
EVERYTHING = "".join(ATTACKS.values())

_SEEN_BUT_HARMLESS = frozenset({"markup"})


def harmless(text: str) -> bool:
    """Whether nothing in a text acts or hides, line breaks aside."""
    acts = any(not character.isprintable() for character in text.replace("\n", ""))
    return not acts and not re.search("[\u0300-\u036f]{4}", text)


@pytest.mark.parametrize("name", sorted(ATTACKS))
def test_printable_shows_what_would_act(name: str) -> None:
    shown = printable(ATTACKS[name], 0)
    assert harmless(shown)
    assert "\n" not in shown
    assert (shown == ATTACKS[name]) is (name in _SEEN_BUT_HARMLESS)


@given(st.text(st.characters(), max_size=400), st.integers(1, 500))
def test_printable_never_acts_never_overflows_and_always_encodes(text: str, limit: int) -> None:
    shown = printable(text, limit)
    assert shown.isprintable()
    assert len(shown) <= limit
    assert shown.encode().decode() == shown
    marks = "".join("m" if unicodedata.combining(character) else "." for character in shown)
    assert "mmmm" not in marks


@given(st.text("abc é日本語ßйκ.-_/:@'\"\\<>&", max_size=100))
def test_printable_leaves_ordinary_text_of_any_language_alone(text: str) -> None:
    assert printable(text) == text


def test_the_limit_is_of_what_is_shown() -> None:
    assert printable("x" * 300) == "x" * 300
    assert printable("x" * 301) == "x" * 299 + "…"
    assert len(printable("\x00" * 300)) == 300
    assert printable("x" * 1000, 0) == "x" * 1000


def poisoned(attack: str = EVERYTHING) -> Report:
    """The sample report with an attack in every text that comes from a scanned tree."""

    def poison(value: object) -> object:
        if isinstance(value, str):
            return value + attack
        if isinstance(value, list):
            return [poison(item) for item in value]
        if isinstance(value, dict):
            return {key: value[key] if key in _OURS else poison(value[key]) for key in value}
        return value

    plain = msgspec.to_builtins(small())
    return msgspec.convert(poison(plain), Report)


_OURS = frozenset({"kind", "severity", "state", "level", "subject_kind", "asset_risks", "schema_version"})


@pytest.mark.parametrize("width", [40, 80, 140])
def test_the_table_of_a_poisoned_report_is_harmless(width: int) -> None:
    text = render(poisoned(), width, color=False)
    assert harmless(text)
    assert "\\x1b[31mred" in text
    headlines = [line for line in text.splitlines() if line.startswith("Risk ")]
    assert len(headlines) == 1
    assert headlines[0].startswith("Risk 79")


def test_colours_are_ours_alone() -> None:
    text = render(poisoned(), 100, color=True)
    assert harmless(re.sub("\x1b\\[[0-9;]*m", "", text))
    assert harmless(table.export(poisoned()))


def test_markup_is_text_and_not_read() -> None:
    text = render(poisoned(ATTACKS["markup"]), 140, color=True)
    assert "[bold red]x[/] [link=http://example.invalid]y[/link] :smile:" in text
    assert "\x1b]8" not in text


def test_no_text_is_longer_than_a_reader_bears() -> None:
    report = small()
    long = msgspec.structs.replace(report.findings[0], message="x" * 100_000, owners=("y" * 100_000,) * 50)
    scan = msgspec.structs.replace(
        report.scan,
        state=State.PARTIAL,
        reason="z" * 100_000,
        notes=("n" * 100_000,) * 1000,
        skips=tuple(Skip("p" * 5_000, f"reason {number}") for number in range(1000)),
    )
    text = render(msgspec.structs.replace(report, scan=scan, findings=(long,)), 80, color=False)
    assert len(text) < 20_000


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A tree whose names and contents hold escape codes, in everything that is known to come out again."""
    root = tmp_path / "tree"
    folder = root / "a\x1b[31m\nb\u202e"
    folder.mkdir(parents=True)
    (folder / "requirements.txt").write_text("openai\n\x1b[2Jtransformers\n", encoding="utf-8")
    (folder / "load\x1b]0;x\x07.py").write_text(
        "from transformers import AutoModel\n"
        'AutoModel.from_pretrained("org/\\x1b[31mmodel\\u202e", trust_remote_code=True)\n'
        'AutoModel.from_pretrained("org/model\x1b[5m", trust_remote_code=True)\n',
        encoding="utf-8",
    )
    (root / ".mcp.json").write_text(
        '{"mcpServers": {"\\u001b[31mx\\n\\u202e": {"command": "npx", "args": ["-y", "\\u001b]0;pkg"]}}}',
        encoding="utf-8",
    )
    (root / "CODEOWNERS").write_text("* @own\x1b[31mer\u202e\n", encoding="utf-8")
    (root / "broken\x9b31m.ipynb").write_text("{", encoding="utf-8")
    (root / "note.py").write_text("# backstay: ignore[x\x1b[31m] -- y\n# backstay: ignore[*] -- y\x1b[31m\n")
    Path(os.fsdecode(os.fsencode(root) + b"/name\xff\x1b.py")).write_text("import openai\n", encoding="utf-8")
    return root


@pytest.mark.parametrize("format", ["table", "markdown", "json", "sarif", "cyclonedx", "html"])
def test_a_scan_of_a_hostile_tree_prints_no_escape_codes_in_any_format(hostile: Path, format: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "backstay.cli.main", "--debug", "scan", str(hostile), "-f", format],
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode in (0, 1, 3), done.stderr.decode()
    text = done.stdout.decode()
    acting = re.findall("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]", text)
    assert acting == []
    assert b"\x1b" not in done.stderr
    if format == "table":
        assert "\\x1b[31m" in text


def test_errors_about_hostile_names_are_harmless(
    hostile: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(hostile)
    (hostile / "x\x1b[31m.toml").write_text('"\\u001b[31m" = 1', encoding="utf-8")
    for arguments in (
        ["scan", "no\x1b[31m\nsuch"],
        ["scan", "-f", "\x1b[31m"],
        ["scan", "-o", "\x1b[31m"],
        ["scan", "--config", "x\x1b[31m.toml"],
        ["scan", "--baseline", "x\x1b[31m.toml"],
        ["explain", "\x1b[31m"],
        ["config", "show", "--config", "x\x1b[31m.toml"],
    ):
        assert main(arguments) == 2
        captured = capsys.readouterr()
        assert harmless(captured.out + captured.err), arguments
        assert "\\x1b[31m" in captured.err, arguments
