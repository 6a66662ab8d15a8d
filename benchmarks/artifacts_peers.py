"""Peers: other scanners of model files, each in its own environment, asked about one file after another.

A peer that takes too long for a file, or dies of it, has not answered and is started anew.
"""

import contextlib
import json
import os
import select
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

SECONDS = 60.0  # for one file

_LOOP = """
import json, os, sys
answers = os.fdopen(os.dup(1), "w")
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
def main(ask):
    for line in sys.stdin:
        try:
            said = ask(line.rstrip("\\n"))
        except BaseException as error:
            said = "error"
        print(json.dumps(said), file=answers, flush=True)
"""

# What counts as an accusation is the tool's own failing verdict, "error" that it says it could not read the file.
PROGRAMS: dict[str, str] = {
    "picklescan": """
from picklescan.scanner import scan_file_path
def ask(path):
    found = scan_file_path(path)
    return "accused" if found.issues_count else "error" if found.scan_err else "passed"
""",
    "modelscan": """
from modelscan.modelscan import ModelScan
def ask(path):
    found = ModelScan().scan(path)
    summary = found["summary"]
    unread = found["errors"] or not summary["scanned"]["total_scanned"]
    return "accused" if summary["total_issues"] else "error" if unread else "passed"
""",
    "fickling": """
import zipfile
from fickling import scan_file, scan_zip_archive
def ask(path):
    if zipfile.is_zipfile(path):
        many = list(scan_zip_archive(path, graceful=True).values())
    else:
        many = [scan_file(path, graceful=True)]
    if any(one.results and not one.is_safe for one in many):  # a file it cannot parse is not "safe", either
        return "accused"
    return "error" if any(one.errors for one in many) else "passed"
""",
    "modelaudit": """
from modelaudit.core import scan_model_directory_or_file
def ask(path):
    found = scan_model_directory_or_file(path)
    if any(str(one.severity.value) == "critical" for one in found.issues):
        return "accused"
    return "passed" if found.success and not found.has_errors else "error"
""",
    "hayward": """
from pathlib import Path
from hayward.findings import COVERAGE_RULE_IDS
from hayward.scanner import ModelFileScanner
def ask(path):
    found = ModelFileScanner().scan_file(Path(path))
    if any(one.severity.value in ("high", "critical") for one in found):
        return "accused"
    return "error" if any(one.rule_id in COVERAGE_RULE_IDS for one in found) else "passed"
""",
}


@dataclass(frozen=True)
class Answers:
    """What a peer said of each file ("accused", "passed", "error", "none") and the CPU seconds of all."""

    verdicts: list[str]
    cpu: float


def ask(peer: str, python: Path, paths: Sequence[Path], seconds: float = SECONDS) -> Answers:
    """Run a peer over files. `python` is the interpreter of its environment."""
    before = os.times()
    verdicts = list(_answers(peer, python, paths, seconds))
    after = os.times()
    return Answers(
        verdicts, after.children_user + after.children_system - before.children_user - before.children_system
    )


def _start(peer: str, python: Path) -> "subprocess.Popen[bytes]":
    quiet = {"PROMPTFOO_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1", "CI": "1", "NO_ANALYTICS": "1"}
    return subprocess.Popen(
        [str(python), "-c", _LOOP + PROGRAMS[peer] + "\nmain(ask)\n"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **quiet},
    )


def _answers(peer: str, python: Path, paths: Sequence[Path], seconds: float) -> Iterator[str]:
    process = _start(peer, python)
    try:
        for path in paths:
            said = _one(process, path, seconds)
            if said is None:
                _end(process)
                process = _start(peer, python)
            yield said or "none"
    finally:
        _end(process)


def _one(process: "subprocess.Popen[bytes]", path: Path, seconds: float) -> str | None:
    assert process.stdin is not None and process.stdout is not None
    try:
        process.stdin.write(os.fsencode(path) + b"\n")
        process.stdin.flush()
    except BrokenPipeError:
        return None
    until, line = time.monotonic() + seconds, b""
    while not line.endswith(b"\n"):
        ready, _, _ = select.select([process.stdout], [], [], max(0.0, until - time.monotonic()))
        piece = os.read(process.stdout.fileno(), 4096) if ready else b""
        if not piece:
            return None
        line += piece
    return str(json.loads(line))


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(BrokenPipeError):
                stream.close()
