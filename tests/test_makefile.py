"""The commands of the Makefile that a newcomer runs first: their exit codes, and that no argument becomes a command."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLAWED = "import os\nfrom transformers import AutoModel\nAutoModel.from_pretrained('acme/x', trust_remote_code=True)\n"


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Make with the environment that runs the tests in place of the one it would set up."""
    command = ["make", "-s", "-C", str(ROOT), "-o", ".venv/.runtime", f"BIN={Path(sys.executable).parent}", *arguments]
    # Without the flags of a make that runs these tests.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL, env=environment
    )


def test_help_lists_every_command() -> None:
    shown = make("help").stdout
    for name in ("help", "scan", "test", "check", "format", "docs", "lock", "bench", "clean"):
        assert f"make {name} " in shown


def test_scan_shows_findings_writes_the_report_and_says_where(tmp_path: Path) -> None:
    source, target = tmp_path / "a repo; touch pwned $(touch pwned) 'x", tmp_path / "report.html"
    source.mkdir()
    (source / "app.py").write_text(FLAWED)
    done = make("scan", f"DIR={str(source).replace('$', '$$')}", f"REPORT={target}")
    assert done.returncode == 0, done.stderr
    assert "Risk" in done.stdout
    assert done.stdout.endswith(f"HTML report: {target}\n")
    assert target.read_text(encoding="utf-8").lstrip().lower().startswith("<!doctype html")
    assert not list(ROOT.glob("pwned"))


@pytest.mark.parametrize("folder", ["missing", "-f"])
def test_scan_fails_on_an_error(folder: str, tmp_path: Path) -> None:
    done = make("scan", f"DIR={folder}", f"REPORT={tmp_path / 'report.html'}")
    assert done.returncode != 0
    assert "no such file or folder" in done.stderr
    assert not (tmp_path / "report.html").exists()
