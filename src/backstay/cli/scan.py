"""Scan: the main command. Reads the policy, runs the pipeline, writes every report asked for, gives the verdict."""

import argparse
import datetime
import sys
from pathlib import Path

import msgspec

from backstay import __version__, registry
from backstay.cli import baseline, outputs, terminal
from backstay.cli.exits import DEFAULT_THRESHOLD, FINDINGS, INCOMPLETE, CommandError, verdict
from backstay.cli.progress import live
from backstay.config import ConfigError, describe, find_policy
from backstay.display import printable
from backstay.model import Coverage, Policy, Report, Scan, Source, State
from backstay.plugin import Exporter
from backstay.scope import is_pattern


def run(options: argparse.Namespace) -> int:
    planned = outputs.plan(options.formats, options.outputs, registry.exporters())
    root, only = Path(options.directory), ""
    if root.is_file():
        root, only = root.parent, root.name
    try:
        return _run(options, root, only, planned)
    except BrokenPipeError:
        raise
    except (Exception, KeyboardInterrupt) as error:
        _report_failure(planned, root, error)
        raise


def _run(options: argparse.Namespace, root: Path, only: str, planned: list[outputs.Output]) -> int:
    from backstay.pipeline import scan

    _check_root(root)
    for path in (*(output.path for output in planned), _path(options.write_baseline)):
        if path is not None:
            outputs.check(path, root)
    policy, notes = _policy(options, root)
    known = baseline.read(Path(options.baseline)) if options.baseline else frozenset()
    with live(not options.quiet, terminal.color(options.no_color, sys.stderr)) as tell:
        report = scan(
            root,
            policy,
            baseline=known,
            progress=tell,
            jobs=options.jobs,
            trust_repo=not options.no_repo_config,
            notes=notes,
            cached=not options.no_cache and not only,
            only=only,
        )
    _write(report, planned, options)
    threshold = options.fail_on or policy.fail_on or DEFAULT_THRESHOLD
    if options.write_baseline:
        outputs.write(Path(options.write_baseline), baseline.document(report))
        _say(options, f"baseline of {len(report.open_findings)} open findings: {printable(options.write_baseline)}")
        threshold = "none"  # what was just accepted does not fail
    code = verdict(report, threshold, allow_partial=options.allow_partial)
    _say_why(options, report, code, threshold)
    return code


def _policy(options: argparse.Namespace, root: Path) -> tuple[Policy, tuple[str, ...]]:
    """The policy with what the command line adds to it, and the notes that say what it does."""
    try:
        policy, origin = find_policy(root, _path(options.config), not options.no_repo_config)
    except ConfigError as error:
        raise CommandError(str(error)) from error
    for pattern in options.exclude:
        if not is_pattern(pattern):
            raise CommandError(f"--exclude {printable(pattern, 80)}: is not a path pattern (negation is not supported)")
    changed = msgspec.structs.replace(
        policy,
        exclude=(*policy.exclude, *options.exclude),
        include_vendored=policy.include_vendored or options.include_vendored,
    )
    return changed, describe(policy, origin)


def _check_root(root: Path) -> None:
    name = printable(str(root))
    if not root.exists():
        raise CommandError(f"{name}: no such file or folder")
    if not root.is_dir():
        raise CommandError(f"{name}: is neither a file nor a folder")


def _write(report: Report, planned: list[outputs.Output], options: argparse.Namespace) -> None:
    # Files first: they are there even when the reader of stdout has gone.
    for output in sorted(planned, key=lambda output: output.path is None):
        if output.path is not None:
            outputs.write(output.path, output.exporter.export(report))
            _say(options, f"{output.exporter.id} report: {printable(str(output.path))}")
        elif output.exporter.id == outputs.DEFAULT:
            # The only format that depends on where it is shown.
            from backstay.exporters.table import render

            outputs.write_stdout(render(report, terminal.width(), color=terminal.color(options.no_color)))
        else:
            outputs.write_stdout(output.exporter.export(report))


def _report_failure(planned: list[outputs.Output], root: Path, error: BaseException) -> None:
    """A program that reads stdout gets a valid document in any case: the report of a failed scan, with the reason."""
    exporter = next((output.exporter for output in planned if output.path is None), None)
    if exporter is None or exporter.id == outputs.DEFAULT:
        return
    if isinstance(error, CommandError):
        reason = str(error)
    elif isinstance(error, KeyboardInterrupt):
        reason = "interrupted"
    else:
        reason = f"internal error: {type(error).__name__}"
    outputs.write_stdout(_failed(exporter, root, reason))


def _failed(exporter: Exporter, root: Path, reason: str) -> str:
    name = root.absolute().name or "/"
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    record = Scan(
        source=Source(id=name, name=name),
        started=now,
        seconds=0.0,
        state=State.FAILED,
        coverage=Coverage(),
        reason=reason,
    )
    return exporter.export(
        Report(
            tool_version=__version__,
            scan=record,
            score=None,
            assets=(),
            relationships=(),
            findings=(),
            asset_risks={},
            rules=(),
        )
    )


def _say_why(options: argparse.Namespace, report: Report, code: int, threshold: str) -> None:
    """Why the exit code is what it is; silent when all is well."""
    if code == FINDINGS:
        count = len(report.open_findings)
        said = f"{count} open findings, some of them" if count > 1 else "1 open finding,"
        _say(options, f"{said} {threshold} or worse (exit {code})")
    elif code == INCOMPLETE:
        _say(options, f"the scan is incomplete, see its coverage; --allow-partial lets it pass (exit {code})")


def _say(options: argparse.Namespace, text: str) -> None:
    if not options.quiet:
        print(f"backstay: {text}", file=sys.stderr)


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None
