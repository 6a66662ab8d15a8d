"""Main: the commands and their options, and what happens when one fails. Imports next to nothing: --help is fast."""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from backstay import __version__

_SEVERITIES = ("critical", "high", "medium", "low", "info", "none")
_COMMANDS = ("scan", "models", "explain", "list", "config", "schema", "version")
_BROKEN_PIPE = 141  # 128 + SIGPIPE, as shells report it
_GLOBAL = ("-h", "--help", "--version", "--debug")

_EPILOG = """\
exit codes of scan: 0 clean, 1 open findings at or above the threshold, 2 error, 3 incomplete scan, the same in
every format. `backstay DIR` is `backstay scan DIR`.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; whatever goes wrong ends in a line on stderr, not in a traceback."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = _parser()
    if not given:
        parser.print_help()
        return 0
    meant = _meant(given)
    if meant:
        print(
            f"backstay: error: {given[0]!a} is neither a command nor a folder; did you mean {meant}?", file=sys.stderr
        )
        return 2
    try:
        options = parser.parse_args(_with_command(given))
    except SystemExit as stop:  # argparse has printed what is wrong
        return stop.code if isinstance(stop.code, int) else 2
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character shows its escape instead of ending the program.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = _run(options)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader (head, a pager) has seen enough. Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _BROKEN_PIPE
    return code


def _run(options: argparse.Namespace) -> int:
    from backstay.cli.exits import ERROR, INTERRUPTED, CommandError

    try:
        code: int = import_module(f"backstay.cli.{options.module}").run(options)
        return code
    except BrokenPipeError:
        raise
    except CommandError as error:
        print(f"backstay: error: {error}", file=sys.stderr)
        return ERROR
    except KeyboardInterrupt:
        print("backstay: interrupted", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        if options.debug:
            raise
        from backstay.display import printable

        print(f"backstay: internal error: {type(error).__name__}: {printable(str(error))}", file=sys.stderr)
        print(
            "backstay: this is a bug; please report it with the output of the same command with --debug",
            file=sys.stderr,
        )
        return ERROR


def _with_command(given: list[str]) -> list[str]:
    """`scan` is the default: put it in unless a command or an option of the program itself is given first."""
    at = 0
    while at < len(given) and given[at] == "--debug":
        at += 1
    if at < len(given) and (given[at] in _COMMANDS or given[at] in _GLOBAL):
        return given
    return [*given[:at], "scan", *given[at:]]


def _meant(given: Sequence[str]) -> str:
    """The command that a first word almost is, when there is nothing of that name to scan."""
    word = given[0]
    if word.startswith("-") or word in _COMMANDS or os.path.lexists(word):
        return ""
    from difflib import get_close_matches

    return next(iter(get_close_matches(word[:100], _COMMANDS, 1, 0.7)), "")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="backstay",
        description="AI Security Posture Management: find the AI assets of a code base, judge them, rank what matters.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"backstay {__version__}")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an internal error")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _scan(commands)
    _models(commands)

    explain = _command(commands, "explain", "explain", "explain a rule: what is wrong, why it matters, how to mend it")
    explain.add_argument("rule", metavar="RULE", help="a rule's id; `backstay list rules` names them all")
    explain.add_argument("--no-color", action="store_true", help="plain text")

    listing = _command(commands, "list", "listing", "list what this installation knows")
    listing.add_argument("what", choices=("rules", "kinds", "frameworks", "controls", "detectors", "formats"))

    config = _command(commands, "config", "settings", "show the policy in effect and where it comes from")
    config.add_argument("action", choices=("show",))
    config.add_argument("directory", metavar="DIR", nargs="?", default=".")
    _policy_options(config)

    _command(commands, "schema", "schema", "print the JSON Schema of `-f json`")
    _command(commands, "version", "version", "print the version")
    return parser


def _scan(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    scan = _command(commands, "scan", "scan", "scan a folder (the default command)")
    scan.epilog = _EPILOG
    scan.add_argument(
        "directory", metavar="DIR", nargs="?", default=".", help="the folder, or file, to scan (default: this folder)"
    )
    output = scan.add_argument_group("output")
    output.add_argument(
        "-f", "--format", action="append", default=[], metavar="FORMAT", dest="formats",
        help="table (default), json, sarif, cyclonedx, html, markdown; may be given several times, each with its -o",
    )  # fmt: skip
    output.add_argument(
        "-o", "--output", action="append", default=[], metavar="FILE", dest="outputs",
        help="write to FILE instead of stdout, one for each -f in order; `-` is stdout",
    )  # fmt: skip
    output.add_argument("-q", "--quiet", action="store_true", help="no progress and no remarks on stderr")
    output.add_argument("--no-color", action="store_true", help="plain text; so does the variable NO_COLOR")
    gate = scan.add_argument_group("what fails")
    gate.add_argument(
        "--fail-on", choices=_SEVERITIES, metavar="SEVERITY",
        help="exit 1 on open findings of this severity or worse: critical, high (default), medium, low, info, none",
    )  # fmt: skip
    gate.add_argument(
        "--allow-partial", action="store_true", help="exit 0 instead of 3 when not everything could be read"
    )
    gate.add_argument(
        "--baseline", metavar="FILE", help="findings known in FILE (a baseline or a JSON report) do not count"
    )
    gate.add_argument("--write-baseline", metavar="FILE", help="write a baseline of the open findings and exit 0")
    what = scan.add_argument_group("what is scanned")
    what.add_argument("--exclude", action="append", default=[], metavar="PATTERN", help="leave out, as in .gitignore")
    what.add_argument("--include-vendored", action="store_true", help="read vendored and generated trees too")
    what.add_argument("-j", "--jobs", type=_jobs, metavar="N", help="worker processes (default: one a core)")
    what.add_argument(
        "--no-cache", action="store_true", help="read every file anew and remember nothing for the next scan"
    )
    _policy_options(scan)


def _models(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    models = _command(commands, "models", "models", "inspect model files without loading them; lock and verify them")
    actions = models.add_subparsers(title="actions", metavar="ACTION", required=True, dest="action")

    inspect = actions.add_parser("inspect", help="say of each model file what it holds and what loading it would do")
    inspect.add_argument("paths", metavar="PATH", nargs="*", help="files and folders (default: this folder)")
    inspect.add_argument("-f", "--format", choices=("table", "json"), default="table", help="table (default) or json")
    inspect.add_argument("--no-hash", action="store_true", help="no SHA-256 of files over 10 MB: much faster")
    inspect.add_argument("--no-color", action="store_true", help="plain text; so does the variable NO_COLOR")
    inspect.add_argument(
        "--fail-on", choices=("malicious", "code", "unknown", "none"), default="malicious", metavar="VERDICT",
        help="exit 1 on files of this verdict or worse: malicious (default), code, unknown, none",
    )  # fmt: skip
    inspect.add_argument("--allow-partial", action="store_true", help="exit 0 instead of 3 when a part was not read")
    lock = actions.add_parser("lock", help="write the digests and origins of all model files below a folder")
    verify = actions.add_parser("verify", help="fail on any change since the lock; check a signature")
    for one in (lock, verify):
        one.add_argument("directory", metavar="DIR", nargs="?", default=".", help="the folder (default: this one)")
        one.add_argument("--lock", metavar="FILE", help="the lock (default: backstay-models.lock in DIR)")
    signature = verify.add_argument_group("OpenSSF model signature (needs `pip install backstay[signing]`)")
    signature.add_argument("--signature", metavar="FILE", help="the signature of DIR, such as DIR/model.sig")
    signature.add_argument("--public-key", metavar="FILE", help="who signed: an elliptic-curve public key (PEM)")
    signature.add_argument(
        "--certificate-chain", metavar="FILE", action="append", help="who signed: trusted certificates"
    )
    signature.add_argument("--identity", metavar="NAME", help="who signed: a Sigstore identity, such as a mail address")
    signature.add_argument("--identity-provider", metavar="URL", help="the issuer of that identity")
    signature.add_argument("--trust-root", metavar="FILE", help="Sigstore's trust root, so that no network is needed")
    for one in (inspect, lock, verify):
        one.add_argument("-j", "--jobs", type=_jobs, metavar="N", help="worker processes (default: one a core)")
        one.add_argument("-q", "--quiet", action="store_true", help="no progress and no remarks on stderr")


def _policy_options(parser: argparse.ArgumentParser) -> None:
    policy = parser.add_argument_group("policy")
    policy.add_argument("--config", metavar="FILE", help="the policy (default: backstay.toml or pyproject.toml in DIR)")
    policy.add_argument(
        "--no-repo-config", action="store_true",
        help="distrust the scanned folder: neither its policy nor its inline suppressions count",
    )  # fmt: skip


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, module: str, summary: str
) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(module=module)
    return parser


def _jobs(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 256:
        raise argparse.ArgumentTypeError("a number from 1 to 256")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
