"""Bad input: each kind has a status and a reason, harms no other file, and is bounded in time and memory."""

import json
import os
import resource
import shutil
import socket
import struct
import time
import tracemalloc
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from backstay import pipeline, registry
from backstay.config import ConfigError, load_policy
from backstay.installation import digest_key
from backstay.model import Asset, Kind, Policy, Report, Skip, State
from backstay.plugin import Detector, Enricher, Fact, File, Places, Selector
from test_collector import run_git

MCP = '{"mcpServers": {"time": {"command": "uvx", "args": ["mcp-server-time==2025.9.25"]}}}\n'
SECONDS = 30.0  # for a scan of a few files, however bad one of them is, on a busy machine


@pytest.fixture
def scan(tmp_path: Path) -> Iterator[Callable[..., Report]]:
    """Scan the folder with one good file in it, and hold the scan to its bounds."""
    (tmp_path / "good").mkdir()
    (tmp_path / "good" / ".mcp.json").write_text(MCP)

    def run(policy: Policy | None = None, *, file_seconds: float = 5.0, **options: object) -> Report:
        started = time.monotonic()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        report = pipeline.scan(tmp_path, policy, file_seconds=file_seconds, **options)  # type: ignore[arg-type]
        assert time.monotonic() - started < SECONDS
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300 * 1024
        assert any(asset.kind == Kind.MCP_SERVER and asset.name == "time" for asset in report.assets), "harmed"
        # Whatever the input, every view can encode the report.
        assert json.dumps([skip.path for skip in report.scan.skips]).isascii()
        return report

    yield run


Scan = Callable[..., Report]


def reasons(report: Report, path: str) -> set[str]:
    return {skip.reason for skip in report.scan.skips if skip.path == path}


def test_nothing_wrong(scan: Scan) -> None:
    report = scan()
    assert (report.scan.state, report.scan.reason) == (State.COMPLETE, "")
    assert report.scan.coverage.found == report.scan.coverage.read == 1


def test_unreadable_file(scan: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed.py").write_text("import openai\n")
    real = os.open

    def guarded(path: object, *arguments: object, **options: object) -> int:
        if path == "closed.py":
            raise PermissionError(13, "Permission denied")
        return real(path, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", guarded)
    report = scan()
    assert reasons(report, "closed.py") == {"unreadable"}
    assert report.scan.state == State.PARTIAL
    assert report.scan.reason == "Not everything could be read: 1 unreadable."
    coverage = report.scan.coverage
    assert (coverage.found, coverage.read, coverage.unread) == (2, 1, 1)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_for_a_common_user(scan: Scan, tmp_path: Path) -> None:
    (tmp_path / "closed.py").write_text("import openai\n")
    (tmp_path / "closed.py").chmod(0)
    assert reasons(scan(), "closed.py") == {"unreadable"}


def test_binary_in_disguise(scan: Scan, tmp_path: Path) -> None:
    for name in ("app.py", "requirements.txt", "mcp.json", "package.json", "Dockerfile", "data.ipynb"):
        (tmp_path / name).write_bytes(bytes(range(256)) * 500)
    assert scan().scan.coverage.read == 7


def test_a_hundred_megabytes(scan: Scan, tmp_path: Path) -> None:
    with (tmp_path / "huge.py").open("wb") as file:
        file.write(b"import openai\n")
        file.truncate(100 << 20)
    with (tmp_path / "text.py").open("wb") as file:
        file.write(b"import openai\n" * 1_000_000)
    report = scan()
    assert report.scan.coverage.read == 3
    assert report.scan.coverage.bytes > 100 << 20


def test_a_million_lines(scan: Scan, tmp_path: Path) -> None:
    (tmp_path / "long.py").write_bytes(b"x = 1\n" * 1_000_000)
    (tmp_path / "long.json").write_bytes(b'{"mcpServers": [\n' + b"1,\n" * 1_000_000 + b"1]}\n")
    scan()


def test_one_line_of_megabytes(scan: Scan, tmp_path: Path) -> None:
    (tmp_path / "line.py").write_bytes(b"import openai; x = " + b"1+" * 1_000_000 + b"1\n")
    (tmp_path / "line.md").write_bytes(b"# backstay: ignore[" * 100_000)
    scan()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("deep.py", "import openai\nx = " + "(" * 100_000 + ")" * 100_000),
        ("deep_lists.py", "import openai\nx = " + "[" * 50_000 + "]" * 50_000),
        ("deep_calls.py", "import openai\nx = " + "f(" * 50_000 + ")" * 50_000),
        ("deep_unary.py", "import openai\nx = " + "not " * 100_000 + "1"),
        ("deep_attributes.py", "import openai\nx = a" + ".b" * 100_000),
        (
            "deep_blocks.py",
            "import openai\n" + "".join(f"{' ' * n}if x:\n" for n in range(2000)) + " " * 2000 + "pass\n",
        ),
        ("mcp.json", '{"mcpServers": ' + '{"a":' * 100_000),
        ("package.json", "[" * 200_000),
        ("deep.ipynb", '{"cells":' + "[" * 100_000 + "]" * 100_000 + "}"),
        ("docker-compose.yml", "services: " + "[" * 50_000),
        ("catalog-info.yaml", "apiVersion: " + "{a: " * 50_000),
        ("pyproject.toml", "x = " + "[" * 100_000),
    ],
)
def test_deeply_nested_content(scan: Scan, tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    report = scan()
    assert report.scan.coverage.found == 2
    assert report.scan.state in (State.COMPLETE, State.PARTIAL)


def test_a_bomb_of_yaml_aliases(scan: Scan, tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    (tmp_path / "catalog-info.yaml").write_text("\n".join(lines))
    report = scan()
    assert reasons(report, "catalog-info.yaml")


def test_deeply_nested_folders(scan: Scan, tmp_path: Path) -> None:
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(500):
        os.mkdir("d" * 20, dir_fd=here)
        inner = os.open("d" * 20, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
    report = scan()
    assert {skip.reason for skip in report.scan.skips} == {"nested too deeply"}
    assert report.scan.state == State.PARTIAL


@pytest.mark.parametrize(
    "content",
    [
        "import openai\nnäme = 'ü'\n".encode("latin-1"),
        "import openai\nx = 'é'\n".encode("utf-16"),
        b"\xef\xbb\xbfimport openai\n",
        b"import openai\nx = '\xff\xfe\xed\xa0\x80'\n",
        b"# -*- coding: no-such-codec -*-\nimport openai\n",
        b"# -*- coding: unicode_escape -*-\nimport openai\nx = '\\ud800'\n",
        b"import openai\r\rx = 1\r\n\x0c\x00y = 2\n",
    ],
)
def test_wrong_encoding(scan: Scan, tmp_path: Path, content: bytes) -> None:
    for name in ("app.py", "requirements.txt", "CODEOWNERS", "prompt.md"):
        (tmp_path / name).write_bytes(content)
    assert scan().scan.coverage.read == 5


@pytest.mark.parametrize(
    "content",
    [
        "import openai\ndef broken(:\n",
        "print 'Python 2'\nexec 'x'\ntry:\n    pass\nexcept E, e:\n    raise E, 'x'\nimport openai\n",
        "import openai\nx = '''never closed",
        "<<<<<<< HEAD\nimport openai\n=======\nimport anthropic\n>>>>>>> other\n",
        "\0import openai",
        "",
    ],
)
def test_source_that_does_not_parse(scan: Scan, tmp_path: Path, content: str) -> None:
    (tmp_path / "app.py").write_text(content)
    assert scan().scan.coverage.read == 2


def test_links_and_special_files(scan: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "up").symlink_to("..")
    (tmp_path / "etc").symlink_to("/etc")
    (tmp_path / "good" / "again").symlink_to("..")
    os.mkfifo(tmp_path / "requirements.txt")
    os.mkfifo(tmp_path / ".gitignore")
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("app.py")
        report = scan()
    found = {skip.path: (skip.reason, skip.by_choice) for skip in report.scan.skips}
    assert found == {
        "loop": ("link loop", True),
        "up": ("link out of the root", True),
        "etc": ("link out of the root", True),
        "good/again": ("link loop", True),
        "requirements.txt": ("not a regular file", True),
        ".gitignore": ("not a regular file", True),
        "app.py": ("not a regular file", True),
    }
    assert report.scan.state == State.COMPLETE


@pytest.mark.parametrize(
    "name",
    [b"new\nline.mcp.json", b"\x1b]0;owned\x07.mcp.json", b"\xff\xfe.mcp.json", b"<script>.mcp.json", b" .mcp.json"],
)
def test_names_of_any_bytes(scan: Scan, tmp_path: Path, name: bytes) -> None:
    folder = tmp_path / os.fsdecode(name)
    folder.mkdir()
    (folder / ".mcp.json").write_text(MCP.replace("time", "other"))
    report = scan()
    other = next(asset for asset in report.assets if asset.kind == Kind.MCP_SERVER and asset.name == "other")
    assert other.place is not None and other.place.path.endswith("/.mcp.json")
    other.place.path.encode("utf-8")


def test_zip_bombs_beside_code(scan: Scan, tmp_path: Path) -> None:
    inner = tmp_path / "inner.zip"
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", b"\0" * (50 << 20))
    with zipfile.ZipFile(tmp_path / "model.pt", "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(20):
            archive.write(inner, f"archive/data/{number}")
    shutil.copy(inner, tmp_path / "weights.npz")
    shutil.copy(inner, tmp_path / "app.py")
    assert scan().scan.coverage.read == 5


@pytest.mark.parametrize(
    "head",
    [
        struct.pack("<Q", 2**63) + b"{",
        struct.pack("<Q", 100) + b"{" * 100,
        b"GGUF" + struct.pack("<IQQ", 3, 2**63, 2**63),
        b"\x80\x04" + b"(" * 100_000,
        b"PK\x03\x04" + b"\xff" * 1000,
        b"PK\x05\x06" + b"\xff" * 18,
        b"\x89HDF\r\n\x1a\n" + b"\xff" * 1000,
        b"",
    ],
)
@pytest.mark.parametrize("name", ["model.safetensors", "model.gguf", "model.pkl", "model.pt", "model.h5"])
def test_model_files_that_lie(scan: Scan, tmp_path: Path, name: str, head: bytes) -> None:
    (tmp_path / name).write_bytes(head)
    assert scan().scan.coverage.read == 2


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "[" * 100_000,
        'exclude = ["' + "*a" * 5000 + '"]\n',
        "[[waivers]]\nrule = 1\n",
        "unknown = true\n",
        'severity = {"unpinned-model" = "none at all"}\n',
        "\0",
        "fail-on = '\x1b[2J'\n",
    ],
)
def test_hostile_policy(tmp_path: Path, text: str) -> None:
    (tmp_path / "backstay.toml").write_text(text)
    started = time.monotonic()
    with pytest.raises(ConfigError) as caught:
        load_policy(tmp_path / "backstay.toml")
    assert time.monotonic() - started < 5
    assert "\x1b" not in str(caught.value)


def test_patterns_that_would_hang_others(scan: Scan, tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("*a*a*a*a*a*a*a*a*a*b\n" * 500 + "**/" * 300 + "*x*x*x*y\n")
    (tmp_path / "CODEOWNERS").write_text("*a*a*a*a*a*a*a*a*a*b @acme/ml\n" * 500)
    for number in range(50):
        (tmp_path / f"{'a' * 200}{number}.py").write_text("")
    assert scan(Policy(exclude=("*a*a*a*a*a*a*a*b",))).scan.coverage.read == 53


@pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
def test_hostile_git_configuration_runs_nothing(scan: Scan, tmp_path: Path) -> None:
    run_git(tmp_path, "init", "-q")
    run_git(tmp_path, "add", ".")
    run_git(tmp_path, "commit", "-q", "-m", "one")
    mark = tmp_path.parent / f"{tmp_path.name}.ran"
    script = tmp_path / "evil.sh"
    script.write_text(f"#!/bin/sh\ntouch '{mark}'\ncat\n")
    script.chmod(0o755)
    secret = tmp_path.parent / f"{tmp_path.name}.secret"
    secret.write_text('[remote "origin"]\n\turl = https://private.example/secret.git\n')
    (tmp_path / ".git" / "config").write_text(
        f"""[core]
    repositoryformatversion = 0
    fsmonitor = {script}
    sshCommand = {script}
    hooksPath = {tmp_path}
    pager = {script}
[include]
    path = {secret}
[filter "evil"]
    clean = {script}
    smudge = {script}
    process = {script}
    required = true
[diff]
    external = {script}
[credential]
    helper = !{script}
[remote "origin"]
    url = ext::{script}
    promisor = true
[extensions]
    partialClone = origin
"""
    )
    (tmp_path / ".gitattributes").write_text("* filter=evil diff=evil\n")
    (tmp_path / ".git" / "objects" / "info").mkdir(exist_ok=True)
    (tmp_path / ".git" / "objects" / "info" / "alternates").write_text("/etc\n")
    for hook in ("post-checkout", "pre-commit", "fsmonitor-watchman"):
        shutil.copy(script, tmp_path / ".git" / "hooks" / hook)
    report = scan()
    assert not mark.exists()
    assert (report.scan.source.remote, report.scan.source.id) == ("", tmp_path.name)
    assert report.scan.source.commit and report.scan.source.dirty is None


@pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
def test_damaged_git_objects(scan: Scan, tmp_path: Path) -> None:
    run_git(tmp_path, "init", "-q")
    run_git(tmp_path, "add", ".")
    run_git(tmp_path, "commit", "-q", "-m", "one")
    for path in (tmp_path / ".git" / "objects").rglob("*"):
        if path.is_file():
            path.chmod(0o644)
            path.write_bytes(b"x\x9c" + b"\xff" * 50)
    report = scan()
    assert report.scan.source.dirty is None
    assert any("history" in note for note in report.scan.notes)


def _detector(name: str, act: Callable[[], None]) -> Detector:
    def detect(file: File) -> Iterator[Fact]:
        act()
        yield Asset(file.urn(Kind.MODEL, name), Kind.MODEL, name, {}, file.evidence(name))

    return Detector(name, Selector(names=frozenset({"trigger"})), detect, (Kind.MODEL,), "tests", name)


def _raise() -> None:
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("act", "reason", "plugin"),
    [
        (lambda: time.sleep(600), "timed out", ""),
        (lambda: os._exit(1), "crashed the reader", ""),
        (_raise, "plugin failed", "bad"),
    ],
)
def test_a_detector_that_misbehaves(
    scan: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, act: Callable[[], None], reason: str, plugin: str
) -> None:
    (tmp_path / "trigger").write_text("x")
    detectors = (*registry.detectors(), _detector("bad", act))
    monkeypatch.setattr(registry, "detectors", lambda: detectors)
    report = scan(file_seconds=1.0)
    assert [(skip.reason, skip.plugin) for skip in report.scan.skips] == [(reason, plugin)]
    assert report.scan.state == State.PARTIAL and reason in report.scan.reason
    status = next(status for status in report.scan.statuses if status.plugin == "bad")
    assert status.state == (State.PARTIAL if plugin else State.COMPLETE)
    assert any(status.plugin == "mcp-config" and status.state == State.COMPLETE for status in report.scan.statuses)


def test_an_enricher_and_an_analyzer_that_fail(scan: Scan, monkeypatch: pytest.MonkeyPatch) -> None:
    class Bad:
        id, suffixes = "bad-analyzer", (".json",)

        def beyond(self, paths: Iterable[str]) -> str:
            return ""

        def prepare(self, paths: Iterable[str]) -> None:
            pass

        def digest(self, file: File) -> bytes | None:
            return b"x"

        def join(self, digests: dict[str, bytes], places: Places) -> Iterator[Fact]:
            assert list(digests) == ["good/.mcp.json"]
            yield Asset("urn:backstay:model:kept", Kind.MODEL, "kept")
            raise ZeroDivisionError

    def enrich(graph: object, places: Places) -> Iterator[Fact]:
        raise ZeroDivisionError

    enrichers = (*registry.enrichers(), Enricher("bad-enricher", enrich, 1))
    analyzers = (*registry.analyzers(), Bad())
    monkeypatch.setattr(registry, "enrichers", lambda: enrichers)
    monkeypatch.setattr(registry, "analyzers", lambda: analyzers)
    report = scan()
    failed = {status.plugin: status.reason for status in report.scan.statuses if status.state == State.FAILED}
    assert failed == dict.fromkeys(("bad-analyzer", "bad-enricher"), "failed with ZeroDivisionError")
    assert report.scan.state == State.PARTIAL
    assert report.scan.reason == "Failed: bad-analyzer, bad-enricher."
    assert any(asset.name == "kept" for asset in report.assets)


@pytest.mark.parametrize("name", ["missing", "file"])
def test_a_root_that_cannot_be_scanned(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("x")
    report = pipeline.scan(tmp_path / name)
    assert report.scan.state == State.FAILED and report.scan.reason.startswith("The folder cannot be read: ")
    assert report.score is None and not report.assets


def test_a_root_of_which_nothing_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.py").write_text("")
    real = os.open

    def guarded(path: object, *arguments: object, **options: object) -> int:
        if path == "a.py":
            raise PermissionError(13, "Permission denied")
        return real(path, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", guarded)
    report = pipeline.scan(tmp_path)
    assert (report.scan.state, report.score) == (State.FAILED, None)


def test_an_empty_root(tmp_path: Path) -> None:
    report = pipeline.scan(tmp_path)
    assert (report.scan.state, report.scan.reason, report.score) == (State.COMPLETE, "There was nothing to read.", None)


def test_a_distrusted_tree_suppresses_nothing(scan: Scan, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1  # backstay: ignore[unpinned-model] -- because\n")
    assert "1 inline suppressions not honoured" in scan(trust_repo=False).scan.notes
    assert not any("not honoured" in note for note in scan().scan.notes)


def test_the_same_tree_gives_the_same_report(scan: Scan, tmp_path: Path) -> None:
    for number in range(150):
        (tmp_path / f"{number}").mkdir()
        (tmp_path / f"{number}" / ".mcp.json").write_text(MCP.replace("time==", f"x{number}=="))
    one, many = scan(jobs=1), scan(jobs=4)
    assert (one.assets, one.relationships, one.findings) == (many.assets, many.relationships, many.findings)
    assert (one.scan.skips, one.scan.statuses) == (many.scan.skips, many.scan.statuses)


def test_a_file_is_not_read_again_once_it_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.py").write_text("first")
    (tmp_path / "b.py").write_text("same")
    seen: list[bytes | None] = []

    def enrich(graph: object, places: Places) -> Iterator[Fact]:
        (tmp_path / "a.py").write_text("other")
        seen.extend(places.read(path) for path in ("a.py", "b.py", "never.py", "../x"))
        yield from ()

    monkeypatch.setattr(registry, "enrichers", lambda: (Enricher("reads", enrich, 1),))
    pipeline.scan(tmp_path)
    assert seen == [None, b"same", None, None]


class TestDigestKey:
    def test_is_made_once_and_private(self, tmp_path: Path) -> None:
        key, note = digest_key(tmp_path / "state")
        assert (len(key), note) == (32, "")
        assert digest_key(tmp_path / "state") == (key, "")
        assert (tmp_path / "state" / "digest.key").stat().st_mode & 0o777 == 0o600
        assert [path.name for path in (tmp_path / "state").iterdir()] == ["digest.key"]

    def test_is_made_private_again(self, tmp_path: Path) -> None:
        key, _ = digest_key(tmp_path)
        (tmp_path / "digest.key").chmod(0o644)
        assert digest_key(tmp_path) == (key, "")
        assert (tmp_path / "digest.key").stat().st_mode & 0o777 == 0o600

    def test_lasts_for_one_scan_where_it_cannot_be_kept(self, tmp_path: Path) -> None:
        (tmp_path / "state").write_text("in the way")
        first, note = digest_key(tmp_path / "state")
        assert len(first) == 32 and "for this scan only" in note
        assert digest_key(tmp_path / "state")[0] != first

    def test_a_damaged_key_is_not_used(self, tmp_path: Path) -> None:
        (tmp_path / "digest.key").write_bytes(b"short")
        key, note = digest_key(tmp_path)
        assert len(key) == 32 and note

    def test_a_scan_says_when_it_could_not_be_kept(
        self, tmp_path: Path, scan: Scan, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "good" / ".mcp.json"))
        assert any("this scan only" in note for note in scan().scan.notes)


def test_the_collector_keeps_little(tmp_path: Path) -> None:
    from backstay.collectors.directory import Directory

    for number in range(40):
        folder = tmp_path / f"{number}"
        folder.mkdir()
        for inner in range(50):
            (folder / f"{inner}.py").touch()
    tracemalloc.start()
    entries = Directory(tmp_path).walk().entries
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(entries) == 2000 and used / len(entries) < 600


def test_skips_hold_no_content(scan: Scan, tmp_path: Path) -> None:
    (tmp_path / "mcp.json").write_text('{"mcpServers": {"a": sk-proj-SECRETSECRETSECRET }}')
    (tmp_path / "catalog-info.yaml").write_text("owner: [sk-proj-SECRETSECRETSECRET")
    assert all(isinstance(skip, Skip) and "SECRET" not in repr(skip) for skip in scan().scan.skips)
