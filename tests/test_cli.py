"""The command line: exit codes, formats and files, baselines, and how it ends when something goes wrong."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from backstay import pipeline, registry
from backstay.cli import baseline, outputs, terminal
from backstay.cli.exits import CommandError, verdict
from backstay.cli.main import main
from backstay.model import Policy, Report, Severity, State
from backstay.schema import read_report
from sample_report import small

FORMATS = [exporter.id for exporter in registry.exporters()]


def state(report: Report, state: State) -> Report:
    return msgspec.structs.replace(report, scan=msgspec.structs.replace(report.scan, state=state))


def only(report: Report, *severities: Severity) -> Report:
    """The report with its findings of these severities alone."""
    return msgspec.structs.replace(report, findings=tuple(f for f in report.findings if f.severity in severities))


COMPLETE = state(small(), State.COMPLETE)
CLEAN = only(COMPLETE)


class Pipeline:
    """Stands in for the pipeline: gives a report, or raises, and keeps what it was asked."""

    def __init__(self) -> None:
        self.result: Report | BaseException = COMPLETE
        self.policy = Policy()
        self.asked: dict[str, object] = {}

    def __call__(self, root: Path, policy: Policy, **asked: object) -> Report:
        self.policy, self.asked = policy, asked
        if isinstance(self.result, BaseException):
            raise self.result
        return self.result


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Pipeline:
    made = Pipeline()
    monkeypatch.setattr(pipeline, "scan", made)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "src").mkdir()
    return made


def backstay(*arguments: str, cwd: Path | None = None, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "backstay.cli.main", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, **more},
        timeout=60,
        check=False,
    )


# Speed.


def test_help_costs_less_than_a_third_of_a_second() -> None:
    def spent() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    costs = []
    for _ in range(3):
        before = spent()
        assert "exit codes" in backstay("--help").stdout
        costs.append(spent() - before)
    assert min(costs) < 0.3


def test_the_parser_loads_nothing_heavy() -> None:
    code = "import sys; from backstay.cli.main import main; main(['--help']); print(sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    for name in ("msgspec", "rich", "yaml", "tree_sitter", "jinja2", "dulwich", "asyncio"):
        assert f"'{name}'" not in loaded, name


# Exit codes.

CRITICAL_ONLY = only(COMPLETE, Severity.CRITICAL)
LOW_ONLY = only(COMPLETE, Severity.LOW)


@pytest.mark.parametrize(
    ("report", "options", "code"),
    [
        (COMPLETE, [], 1),
        (CLEAN, [], 0),
        (LOW_ONLY, [], 0),
        (LOW_ONLY, ["--fail-on", "low"], 1),
        (LOW_ONLY, ["--fail-on", "info"], 1),
        (LOW_ONLY, ["--fail-on", "medium"], 0),
        (CRITICAL_ONLY, ["--fail-on", "none"], 0),
        (state(CLEAN, State.PARTIAL), [], 3),
        (state(CLEAN, State.PARTIAL), ["--allow-partial"], 0),
        (state(CLEAN, State.FAILED), ["--allow-partial"], 3),
        (state(LOW_ONLY, State.PARTIAL), [], 3),
        (state(CRITICAL_ONLY, State.PARTIAL), [], 1),
        (state(CRITICAL_ONLY, State.PARTIAL), ["--fail-on", "none"], 3),
        (state(CRITICAL_ONLY, State.PARTIAL), ["--allow-partial"], 1),
    ],
)
@pytest.mark.parametrize("format", FORMATS)
def test_the_exit_code_is_the_same_in_every_format(
    fake: Pipeline,
    capfdbinary: pytest.CaptureFixture[bytes],
    format: str,
    report: Report,
    options: list[str],
    code: int,
) -> None:
    fake.result = report
    assert main(["scan", "src", "-f", format, *options]) == code
    captured = capfdbinary.readouterr()
    assert captured.out.strip()
    assert (b"(exit " in captured.err) == bool(code)


def test_suppressed_findings_do_not_fail() -> None:
    suppressed = [finding for finding in COMPLETE.findings if not finding.open]
    assert suppressed
    assert verdict(msgspec.structs.replace(COMPLETE, findings=tuple(suppressed)), "info") == 0


def test_the_policy_sets_the_threshold_and_the_option_wins(fake: Pipeline) -> None:
    fake.result = LOW_ONLY
    Path("src/backstay.toml").write_text('fail-on = "low"', encoding="utf-8")
    assert main(["src"]) == 1
    assert main(["src", "--fail-on", "high"]) == 0
    assert main(["src", "--no-repo-config"]) == 0
    Path("src/backstay.toml").write_text('fail-on = "none"', encoding="utf-8")
    fake.result = COMPLETE
    assert main(["src"]) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["absent"], "absent: no such file or folder"),
        (["pipe"], "pipe: is neither a file nor a folder"),
        (["src", "-f", "xml"], "unknown format xml; there are cyclonedx"),
        (["src", "-f", "json", "-f", "html"], "2 formats (-f) and 0 files (-o): give each format its file"),
        (["src", "-o", "a.html", "-f", "table", "-o", "a.txt", "-f", "html"], "table would be written to a.html"),
        (["src", "-f", "json", "-o", "a", "-o", "b"], "1 formats (-f) and 2 files (-o)"),
        (["src", "-f", "json", "-f", "html", "-o", "a", "-o", "a"], "the same file (-o) is given twice"),
        (["src", "-o", "report"], "the name report tells no format; add -f"),
        (["src", "-o", "none/report.html"], "none/report.html: its folder does not exist"),
        (["src", "-f", "json", "-o", "src"], "src: is a folder"),
        (["src", "--config", "absent.toml"], "absent.toml: cannot be read: No such file"),
        (["src", "--baseline", "absent.json"], "baseline absent.json: cannot be read"),
        (["src", "--exclude", "!x"], "--exclude !x: is not a path pattern"),
        (["explain", "unpinned-modle"], "no rule is called unpinned-modle; did you mean unpinned-model"),
        (["explain", "\x1b[31m"], "no rule is called \\x1b[31m"),
    ],
)
def test_errors_say_what_is_wrong_and_exit_with_2(
    fake: Pipeline, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    os.mkfifo("pipe")
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("backstay: error: ")
    assert message in error
    assert len(error.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [["scan", "--nonsense"], ["list"], ["list", "x"], ["scan", "-j", "0"], ["scan", "--fail-on", "x"], ["a", "b"]],
)
def test_usage_errors_exit_with_2(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert main(arguments) == 2
    assert "usage: backstay" in capsys.readouterr().err


def test_a_bad_policy_of_the_tree_is_an_error(fake: Pipeline, capsys: pytest.CaptureFixture[str]) -> None:
    Path("src/backstay.toml").write_text("alow = 1", encoding="utf-8")
    assert main(["src"]) == 2
    assert "backstay.toml: unknown key `alow`; did you mean `allow`?" in capsys.readouterr().err
    assert main(["src", "--no-repo-config", "--fail-on", "none"]) == 0


@pytest.mark.parametrize("format", [format for format in FORMATS if format != "table"])
@pytest.mark.parametrize("what", ["root", "policy", "bug", "interrupt"])
def test_stdout_is_a_document_even_when_the_scan_fails(
    fake: Pipeline, capfdbinary: pytest.CaptureFixture[bytes], format: str, what: str
) -> None:
    if what == "policy":
        Path("src/backstay.toml").write_text("x = 1", encoding="utf-8")
    fake.result = {"bug": RuntimeError("x"), "interrupt": KeyboardInterrupt()}.get(what, COMPLETE)
    assert main(["absent" if what == "root" else "src", "-f", format]) == (130 if what == "interrupt" else 2)
    out = capfdbinary.readouterr().out.decode()
    assert out.strip()
    if format in ("json", "sarif", "cyclonedx"):
        assert isinstance(json.loads(out), dict)
    if format == "json":
        report = read_report(out)
        assert (report.scan.state, report.score) == (State.FAILED, None)
        assert report.scan.reason


def test_an_internal_error_is_one_line_and_debug_shows_the_traceback(
    fake: Pipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.result = RuntimeError("odd\x1b[31m")
    assert main(["src"]) == 2
    error = capsys.readouterr().err
    assert "backstay: internal error: RuntimeError: odd\\x1b[31m" in error
    assert "please report it" in error
    assert "Traceback" not in error
    with pytest.raises(RuntimeError):
        main(["--debug", "scan", "src"])


# Commands.


def test_scan_is_the_default_command(fake: Pipeline) -> None:
    for arguments in (["src"], ["-q", "src"], ["scan", "src"], ["-f", "json", "src"], ["--debug", "src"]):
        fake.asked = {}
        assert main(arguments) == 1, arguments
        assert fake.asked, arguments


def test_without_arguments_help_is_shown(fake: Pipeline, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "usage: backstay" in capsys.readouterr().out
    assert not fake.asked


def test_options_reach_the_pipeline(fake: Pipeline) -> None:
    Path("src/backstay.toml").write_text('exclude = ["a/"]', encoding="utf-8")
    main(["src", "--exclude", "b/", "--include-vendored", "-j", "3", "-q"])
    assert fake.policy == Policy(exclude=("a/", "b/"), include_vendored=True)
    assert fake.asked == {
        "baseline": frozenset(),
        "progress": None,
        "jobs": 3,
        "trust_repo": True,
        "notes": ("policy from backstay.toml: 1 excluded pattern",),
        "cached": True,
        "only": "",
    }
    main(["src", "--no-repo-config", "--no-cache"])
    assert fake.asked["cached"] is False
    assert fake.policy == Policy()
    assert fake.asked["trust_repo"] is False
    assert fake.asked["notes"] == ("the scanned tree's own backstay.toml was not used",)


def test_explain_shows_a_rule(capsys: pytest.CaptureFixture[str]) -> None:
    for rule in registry.rules():
        assert main(["explain", rule.id]) == 0
        text = capsys.readouterr().out
        info = registry.info(rule)
        assert info.title in text
        assert info.fix in text
        assert all(control.reason in text for control in info.controls)
        assert "## Found" in text


def test_lists_name_everything(capsys: pytest.CaptureFixture[str]) -> None:
    def first(what: str) -> list[str]:
        assert main(["list", what]) == 0
        return [line.split()[0] for line in capsys.readouterr().out.splitlines()]

    assert first("rules") == [rule.id for rule in registry.rules()]
    assert first("formats") == FORMATS
    assert "agent" in first("kinds")
    assert "openai" in first("frameworks")
    assert "owasp-llm" in first("controls")
    assert set(first("detectors")) >= {detector.id for detector in registry.detectors()}


def test_config_show_prints_a_policy_that_loads(fake: Pipeline, capsys: pytest.CaptureFixture[str]) -> None:
    Path("src/backstay.toml").write_text('fail-on = "low"\n[[waivers]]\nrule = "a"\nreason = "b"', encoding="utf-8")
    assert main(["config", "show", "src"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("# policy from backstay.toml, which the scanned folder brought itself\n")
    Path("again.toml").write_text(shown, encoding="utf-8")
    assert main(["config", "show", "src", "--config", "again.toml"]) == 0
    again = capsys.readouterr().out
    assert again.splitlines()[:2] == [
        "# policy from again.toml",
        "# the scanned folder's own backstay.toml is not used",
    ]
    assert again.splitlines()[2:] == shown.splitlines()[1:]


def test_schema_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "Backstay report"
    assert main(["version"]) == 0
    assert capsys.readouterr().out.startswith("backstay 0.")
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("backstay 0.")


# Formats and files.


def test_formats_and_files_are_paired_in_order(fake: Pipeline, capfd: pytest.CaptureFixture[str]) -> None:
    main(["src", "-f", "json", "-f", "table", "-f", "html", "-o", "a", "-o", "-", "-o", "b"])
    captured = capfd.readouterr()
    assert read_report(Path("a").read_bytes()).findings
    assert Path("b").read_text(encoding="utf-8").lstrip().lower().startswith("<!doctype html>")
    assert "Top risks" in captured.out
    assert "backstay: json report: a\nbackstay: html report: b\n" in captured.err


def test_a_file_name_tells_the_format(fake: Pipeline, capfd: pytest.CaptureFixture[str]) -> None:
    main(["src", "-o", "r.cdx.json", "-o", "r.json", "-o", "r.SARIF"])
    assert json.loads(Path("r.cdx.json").read_bytes())["bomFormat"] == "CycloneDX"
    assert read_report(Path("r.json").read_bytes()).findings
    assert json.loads(Path("r.SARIF").read_bytes())["version"] == "2.1.0"
    assert capfd.readouterr().out == ""


def test_quiet_says_nothing_on_stderr(fake: Pipeline, capfd: pytest.CaptureFixture[str]) -> None:
    main(["src", "-q", "-o", "r.json", "--write-baseline", "b.json"])
    assert capfd.readouterr().err == ""


def test_a_file_is_whole_or_not_there(fake: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("r.json").write_text("old", encoding="utf-8")
    Path("r.json").chmod(0o600)

    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", full)
        assert main(["src", "-o", "r.json"]) == 2
    assert Path("r.json").read_text(encoding="utf-8") == "old"
    assert sorted(path.name for path in Path().iterdir()) == ["r.json", "src"]
    assert main(["src", "-o", "r.json"]) == 1
    assert Path("r.json").stat().st_mode & 0o777 == 0o600


def test_a_new_file_has_the_mode_of_the_umask(fake: Pipeline) -> None:
    mask = os.umask(0o027)
    try:
        main(["src", "-o", "r.json"])
    finally:
        os.umask(mask)
    assert Path("r.json").stat().st_mode & 0o777 == 0o640


def test_links_in_the_scanned_folder_are_never_written_through(
    fake: Pipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("victim").write_text("mine", encoding="utf-8")
    Path("outside").mkdir()
    Path("src/report.html").symlink_to(Path("victim").absolute())
    Path("src/out").symlink_to(Path("outside").absolute())
    Path("alias").symlink_to(Path("src").absolute())
    for option in ("-o", "--write-baseline"):
        for target in ("src/report.html", "src/out/report.html", "src/../src/report.html"):
            fake.asked = {}
            assert main(["src", "-f", "html", option, target]) == 2, target
            assert "link in the scanned folder" in capsys.readouterr().err
            assert not fake.asked  # refused before anything is scanned
    assert main(["alias", "-f", "html", "-o", "alias/report.html"]) == 2
    assert main(["src", "-f", "html", "-o", "alias/report.html"]) == 2
    assert Path("victim").read_text(encoding="utf-8") == "mine"
    assert not list(Path("outside").iterdir())


def test_the_users_own_links_and_devices_are_followed(fake: Pipeline) -> None:
    Path("real.json").touch()
    Path("link.json").symlink_to("real.json")
    assert main(["src", "-o", "link.json"]) == 1
    assert Path("link.json").is_symlink()
    assert read_report(Path("real.json").read_bytes()).findings
    assert main(["src", "-f", "json", "-o", "/dev/null"]) == 1
    assert Path("/dev/null").is_char_device()


def test_a_report_inside_the_scanned_folder_is_allowed(fake: Pipeline) -> None:
    assert main(["src", "-o", "src/r.json"]) == 1
    assert read_report(Path("src/r.json").read_bytes()).findings


# Baselines.


def test_a_baseline_and_a_report_name_the_same_findings(fake: Pipeline, capsys: pytest.CaptureFixture[str]) -> None:
    opened = {finding.fingerprint for finding in COMPLETE.open_findings}
    assert main(["src", "--write-baseline", "b.json", "-o", "r.json"]) == 0
    assert f"baseline of {len(opened)} open findings: b.json" in capsys.readouterr().err
    for name in ("b.json", "r.json"):
        assert baseline.read(Path(name)) == opened
        main(["src", "--baseline", name])
        assert fake.asked["baseline"] == opened
    first = Path("b.json").read_bytes()
    main(["src", "--write-baseline", "b.json"])
    assert Path("b.json").read_bytes() == first


def test_a_baseline_of_an_incomplete_scan_says_so(fake: Pipeline) -> None:
    fake.result = state(COMPLETE, State.PARTIAL)
    assert main(["src", "--write-baseline", "b.json"]) == 3


def test_findings_that_a_waiver_suppressed_are_not_known(fake: Pipeline) -> None:
    main(["src", "-o", "r.json"])
    waived = {finding.fingerprint for finding in COMPLETE.findings if not finding.open}
    assert waived
    assert not waived & baseline.read(Path("r.json"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "neither a baseline nor a JSON report"),
        ("[]", "neither a baseline nor a JSON report"),
        ("{}", "neither a baseline nor a JSON report"),
        ('{"findings": []}', "neither a baseline nor a JSON report"),
        ('{"baseline": 99, "findings": []}', "newer version"),
        ('{"baseline": 1, "findings": [{"fingerprint": "x\\u001b"}]}', "x\\x1b is not a fingerprint"),
        ('{"baseline": 1, "findings": [{"fingerprint": 1}]}', "neither a baseline nor a JSON report"),
        ('{"a": ' + "[" * 100_000, "neither a baseline nor a JSON report"),
        ("\udcff", "neither a baseline nor a JSON report"),
    ],
)
def test_what_is_no_baseline_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "b.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(CommandError) as caught:
        baseline.read(path)
    assert message in str(caught.value)
    assert str(caught.value).isprintable()


def test_fingerprints_of_other_versions_are_read(tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    path.write_text(json.dumps({"baseline": 1, "findings": [{"fingerprint": "fp7:" + "a" * 32}]}), encoding="utf-8")
    assert baseline.read(path) == {"fp7:" + "a" * 32}


# From end to end.


@pytest.fixture
def flawed(tmp_path: Path) -> Path:
    root = tmp_path / "app"
    root.mkdir()
    (root / "requirements.txt").write_text("openai==1.99.1\ntransformers==4.50.0\n", encoding="utf-8")
    (root / "load.py").write_text(
        'from transformers import AutoModel\n\nAutoModel.from_pretrained("org/model", trust_remote_code=True)\n',
        encoding="utf-8",
    )
    return root


def test_a_finding_is_found_accepted_and_mended(flawed: Path) -> None:
    def rules(*options: str) -> tuple[int, set[str]]:
        done = backstay(".", "-f", "json", *options, cwd=flawed)
        return done.returncode, {finding.rule for finding in read_report(done.stdout).open_findings}

    code, found = rules("--fail-on", "high")
    assert code == 1
    assert "remote-code-trusted" in found
    assert backstay(".", "-q", "--write-baseline", "../b.json", cwd=flawed).returncode == 0
    assert rules("--baseline", "../b.json", "--fail-on", "info") == (0, set())
    source = (flawed / "load.py").read_text(encoding="utf-8")
    (flawed / "load.py").write_text("# moved\n\n" + source, encoding="utf-8")
    assert rules("--baseline", "../b.json", "--fail-on", "info") == (0, set())
    (flawed / "load.py").write_text(source.replace(", trust_remote_code=True", ""), encoding="utf-8")
    assert "remote-code-trusted" not in rules()[1]


def test_a_name_may_differ_from_its_format(fake: Pipeline) -> None:
    assert main(["src", "-q", "-f", "cyclonedx", "-o", "bom.json", "-f", "json", "-o", "report.json"]) == 1
    assert json.loads(Path("bom.json").read_text(encoding="utf-8"))["bomFormat"] == "CycloneDX"


@pytest.mark.parametrize("given", [["scna", "."], ["lst", "rules"], ["explan", "unpinned-model"]])
def test_a_mistyped_command_is_named(given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(given) == 2
    said = capsys.readouterr().err
    assert f"'{given[0]}' is neither a command nor a folder; did you mean " in said
    assert "\n" not in said.rstrip("\n")


def test_a_folder_called_almost_like_a_command_is_scanned(fake: Pipeline) -> None:
    Path("scans").mkdir()
    assert main(["scans", "-q"]) == 1


def test_a_missing_folder_is_not_taken_for_a_command(fake: Pipeline, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nosuch"]) == 2
    assert "nosuch: no such file or folder" in capsys.readouterr().err


def test_no_score_when_nothing_was_covered(tmp_path: Path) -> None:
    done = backstay(str(tmp_path))
    assert "No score: nothing was covered" in done.stdout
    assert "Next" not in done.stdout


def test_a_closed_pipe_is_no_error(flawed: Path) -> None:
    command = f"{sys.executable} -m backstay.cli.main . -f json | head -c 10 >/dev/null; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=flawed, check=True)
    assert done.stdout.strip() in ("141", "1")  # 1 when the document fits into the pipe's buffer
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr
    read, write = os.pipe()
    os.close(read)
    closed = subprocess.run(
        [sys.executable, "-m", "backstay.cli.main", ".", "-f", "json"],
        stdout=write,
        stderr=subprocess.PIPE,
        cwd=flawed,
        check=False,
    )
    os.close(write)
    assert closed.returncode == 141
    assert closed.stderr == b""


def test_an_interrupt_ends_quietly_with_130(tmp_path: Path) -> None:
    (tmp_path / "started").unlink(missing_ok=True)
    code = (
        # Started in the background, a process ignores interrupts, and so do those it starts.
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "import pathlib, sys, time; from backstay import pipeline; from backstay.cli.main import main\n"
        "def scan(*a, **k): pathlib.Path('started').touch(); time.sleep(60)\n"
        "pipeline.scan = scan; sys.exit(main(['scan', '.']))"
    )
    running = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 30
    while not (tmp_path / "started").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    _, error = running.communicate(timeout=30)
    assert running.returncode == 130
    assert error == b"backstay: interrupted\n"


# The terminal.


def test_colour_is_for_terminals_that_want_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

    def wanted(refused: bool = False) -> bool:
        return terminal.color(refused, Terminal())  # type: ignore[arg-type]

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert wanted()
    assert not wanted(refused=True)
    monkeypatch.setenv("NO_COLOR", "1")
    assert not wanted()
    monkeypatch.setenv("NO_COLOR", "")
    assert wanted()
    monkeypatch.setenv("TERM", "dumb")
    assert not wanted()


def on_a_terminal(folder: Path, *arguments: str, **environment: str) -> str:
    """What a person at a terminal sees: stdout and stderr of a pseudo-terminal."""
    import pty

    seen = b""
    main_end, other_end = pty.openpty()
    running = subprocess.Popen(
        [sys.executable, "-m", "backstay.cli.main", *arguments],
        stdout=other_end,
        stderr=other_end,
        cwd=folder,
        env={**os.environ, "TERM": "xterm", **environment},
    )
    os.close(other_end)
    while True:
        try:
            part = os.read(main_end, 65536)
        except OSError:
            break
        if not part:
            break
        seen += part
    running.wait(timeout=60)
    os.close(main_end)
    return seen.decode()


def test_a_terminal_gets_colour_and_progress_and_a_pipe_neither(flawed: Path) -> None:
    seen = on_a_terminal(flawed, ".", NO_COLOR="")
    assert "\x1b[1mTop risks" in seen
    assert "\x1b[?25l" in seen  # the progress line hides the cursor while it is drawn
    assert "\x1b[?25h" in seen
    plain = on_a_terminal(flawed, ".", "-q", NO_COLOR="1")
    assert "\x1b[" not in plain
    piped = backstay(".", cwd=flawed)
    assert "\x1b" not in piped.stdout + piped.stderr
    assert "Top risks" in piped.stdout


@pytest.mark.parametrize("width", [40, 80, 140])
def test_lines_fit_the_width(flawed: Path, width: int) -> None:
    done = backstay(".", cwd=flawed, COLUMNS=str(width))
    assert max(len(line) for line in done.stdout.splitlines()) <= width


def test_output_survives_a_terminal_without_unicode(flawed: Path) -> None:
    (flawed / "naïve.env").write_text("x", encoding="utf-8")
    done = backstay(".", cwd=flawed, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert done.returncode in (0, 1, 3)
    assert "Traceback" not in done.stderr


def test_every_option_is_documented(capsys: pytest.CaptureFixture[str]) -> None:
    text = (Path(__file__).parent.parent / "docs" / "cli.md").read_text(encoding="utf-8")
    for command in ("scan", "explain", "list", "config", "schema", "version"):
        assert main([command, "--help"]) == 0
        shown = capsys.readouterr().out
        assert f"`{command}" in text or f"backstay {command}" in text
        for word in shown.replace(",", " ").replace("[", " ").replace("]", " ").split():
            if word.startswith("--") and word != "--help":
                assert f"`{word}" in text, word


def test_plan_defaults_to_the_table_on_stdout() -> None:
    (planned,) = outputs.plan([], [], registry.exporters())
    assert (planned.exporter.id, planned.path) == ("table", None)
