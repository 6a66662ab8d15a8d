"""Baseline: the findings a user starts with, as a file of fingerprints; a JSON report serves as well."""

import json
import re
from pathlib import Path

import msgspec

from backstay.cli.exits import CommandError
from backstay.display import printable
from backstay.model import Report

VERSION = 1
MAX_BYTES = 256 * 1024 * 1024  # a JSON report of a very large estate
_FINGERPRINT = re.compile(r"fp\d+:[0-9a-f]{16,64}\Z")


class _Suppression(msgspec.Struct):
    kind: str = ""


class _Known(msgspec.Struct):
    fingerprint: str
    suppression: _Suppression | None = None


class _Document(msgspec.Struct):
    """What a baseline and a JSON report have in common; the rest of a report is not looked at."""

    findings: list[_Known]
    baseline: int | None = None
    schema_version: str | None = None


def read(path: Path) -> frozenset[str]:
    """The known fingerprints of a file. Raises CommandError.

    Of a report, findings that an inline comment or a waiver suppressed are not known: when that suppression goes,
    they are to come up.
    """
    name = printable(str(path))
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise CommandError(f"baseline {name}: cannot be read: {error.strerror or type(error).__name__}") from error
    if len(data) > MAX_BYTES:
        raise CommandError(f"baseline {name}: larger than {MAX_BYTES // 1024**2} MiB")
    try:
        document = msgspec.json.decode(data, type=_Document)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CommandError(
            f"baseline {name}: is neither a baseline nor a JSON report: {printable(str(error))}"
        ) from error
    if document.baseline is None and document.schema_version is None:
        raise CommandError(f"baseline {name}: is neither a baseline nor a JSON report of backstay")
    if document.baseline is not None and document.baseline > VERSION:
        raise CommandError(f"baseline {name}: was written by a newer version of backstay")
    known = [one for one in document.findings if one.suppression is None or one.suppression.kind == "baseline"]
    for one in known:
        if not _FINGERPRINT.match(one.fingerprint):
            raise CommandError(f"baseline {name}: {printable(one.fingerprint, 60)} is not a fingerprint")
    return frozenset(one.fingerprint for one in known)


def document(report: Report) -> str:
    """A baseline of what is open, or known already; rule and subject are for the person who reviews the file."""
    known = [
        finding for finding in report.findings if finding.suppression is None or finding.suppression.kind == "baseline"
    ]
    rows = [
        {"fingerprint": finding.fingerprint, "rule": finding.rule, "subject": printable(finding.subject_name)}
        for finding in sorted(known, key=lambda finding: finding.fingerprint)
    ]
    return json.dumps({"baseline": VERSION, "findings": rows}, indent=1) + "\n"
