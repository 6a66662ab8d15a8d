"""A second scan that uses the cache says what a cold one says, after any edits, and the cache gives nothing away."""

import os
import random
from importlib import metadata
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backstay import cache
from backstay.cache import Cache, Conclusion
from backstay.examine import Examined
from backstay.model import Kind, Report, Skip
from backstay.pipeline import scan

SECRET = "sk-proj-" + "Zx81Qm4LpT7vWnE2" * 3
LINES = {
    "agent.py": ["from openai import OpenAI", "client = OpenAI()", "from helpers import MODEL", "import settings"],
    "helpers.py": ['MODEL = "gpt-4o"', 'MODEL = "gpt-4.1-mini"', "import os", 'OTHER = os.environ["MODEL"]'],
    "settings.py": ['PROMPT = "You are a careful clerk of a small bank and answer in one line."', f'KEY = "{SECRET}"'],
    "web/app.ts": ['import OpenAI from "openai";', "const client = new OpenAI();", "export const x = 1;"],
    "requirements.txt": ["openai==1.60.0", "openai==1.61.0", "langchain"],
    ".mcp.json": ['{"mcpServers": {"files": {"command": "npx", "args": ["-y", "@scope/files"]}}}', "{"],
}
CALLS = [
    "client.chat.completions.create(model=MODEL, messages=[])",
    'client.embeddings.create(model="text-embedding-3-small", input="x")',
    'client.chat.completions.create(model="o3-mini", messages=[{"role": "system", "content": settings.PROMPT}])',
]


@pytest.fixture(autouse=True)
def _own_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    base = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("XDG_CACHE_HOME", str(base / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(base / "state"))


def plain(report: Report) -> object:
    """A report without the times of its run."""
    return msgspec.to_builtins(
        msgspec.structs.replace(report, scan=msgspec.structs.replace(report.scan, started="", seconds=0.0))
    )


def edit(folder: Path, chance: random.Random) -> None:
    """One edit of a kind that people make: write, add a call, remove, rename."""
    name = chance.choice(sorted(LINES))
    path = folder / name
    how = chance.randrange(5)
    if how == 0 and path.exists():
        path.unlink()
    elif how == 1 and path.exists():
        path.rename(path.with_name(f"moved_{path.name}"))
    elif how == 2 and (folder / "agent.py").exists():
        with (folder / "agent.py").open("a") as file:
            file.write(chance.choice(CALLS) + "\n")
    else:
        path.parent.mkdir(exist_ok=True)
        lines = LINES[name]
        path.write_text("\n".join(chance.sample(lines, chance.randint(1, len(lines)))) + "\n")


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10**6))
def test_after_any_edits_a_scan_says_what_a_cold_one_says(seed: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder, chance = tmp_path_factory.mktemp("source"), random.Random(seed)
    for name, lines in LINES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("\n".join(lines) + "\n")
    for _ in range(5):
        assert plain(scan(folder, jobs=1, cached=True)) == plain(scan(folder, jobs=1))
        for _ in range(chance.randint(0, 3)):
            edit(folder, chance)


def test_what_is_known_is_not_found_out_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "app.py").write_text("from openai import OpenAI\nOpenAI().embeddings.create(model='ada-x', input='')\n")
    first = scan(tmp_path, jobs=1, cached=True)
    looked: list[str] = []
    monkeypatch.setattr("backstay.examine.Examiner.examine", lambda self, file, *_: looked.append(file.path))
    assert plain(scan(tmp_path, jobs=1, cached=True)) == plain(first)
    assert not looked
    assert "ada-x" in {asset.name for asset in first.assets if asset.kind == Kind.MODEL}


def test_only_who_has_a_file_can_read_what_is_kept_of_it(tmp_path: Path) -> None:
    for name, lines in LINES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("\n".join(lines) + "\n")
    scan(tmp_path, jobs=1, cached=True)
    (kept,) = cache.cache_folder().glob("*.cache")
    data = kept.read_bytes()
    assert len(data) > 500
    assert all(text not in data for text in (SECRET.encode(), b"careful clerk", b"gpt-4o", b"text-embedding"))
    assert kept.stat().st_mode & 0o077 == 0
    assert not list(tmp_path.rglob("*.cache"))


def test_another_version_or_policy_of_digests_does_not_read_it(tmp_path: Path) -> None:
    path = tmp_path / "one.cache"
    old = Cache(path, b"a" * 32)
    old.keep(Examined("a.py", 3, "ff" * 32))
    old.keep_joined("code", "tree", Conclusion([], [], [], 2))
    old.write()
    again = Cache(path, b"a" * 32)
    assert again.find("a.py", "ff" * 32) is not None
    assert again.find("a.py", "ee" * 32) is None
    assert again.find("b.py", "ff" * 32) is None
    assert again.find_joined("code", "tree") == Conclusion([], [], [], 2)
    assert again.find_joined("code", "other") is None
    other = Cache(path, b"b" * 32)
    assert other.find("a.py", "ff" * 32) is None
    assert other.find_joined("code", "tree") is None


@pytest.mark.parametrize("at", [0, 10, 40, 60, 90, -1])
def test_a_damaged_cache_is_an_empty_one(tmp_path: Path, at: int) -> None:
    path = tmp_path / "one.cache"
    made = Cache(path, b"a" * 32)
    made.keep(Examined("a.py", 3, "ff" * 32))
    made.write()
    data = bytearray(path.read_bytes())
    data[at] ^= 0x55
    path.write_bytes(bytes(data))
    assert Cache(path, b"a" * 32).find("a.py", "ff" * 32) is None
    path.write_bytes(bytes(data[: len(data) // 2]))
    assert Cache(path, b"a" * 32).find("a.py", "ff" * 32) is None


def test_what_failed_is_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "one.cache"
    made = Cache(path, b"a" * 32)
    made.keep(Examined("slow.py", 3, "ff" * 32, skips=[Skip("slow.py", "timed out")]))
    made.keep(Examined("bad.json", 3, "ee" * 32, skips=[Skip("bad.json", "invalid JSON")]))
    made.write()
    again = Cache(path, b"a" * 32)
    assert again.find("slow.py", "ff" * 32) is None
    assert again.find("bad.json", "ee" * 32) is not None


def test_old_caches_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MAX_SOURCES", 3)
    for number in range(5):
        made = Cache(tmp_path / f"{number}.cache", b"a" * 32)
        made.keep(Examined("a.py", 3, "ff" * 32))
        made.write()
    assert len(list(tmp_path.iterdir())) == 3


def test_a_cache_that_cannot_be_written_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "a.py").write_text("import openai\n")
    assert scan(tmp_path / "source", jobs=1, cached=True).assets


def test_there_is_no_cache_inside_what_is_scanned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "app.py").write_text("import openai\n")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    scan(tmp_path, jobs=1, cached=True)
    assert [path.name for path in tmp_path.iterdir()] == ["app.py"]
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "link").symlink_to(tmp_path / "outside")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "outside" / "link"))
    assert cache.opened(tmp_path, ()) is None


def test_nobody_else_can_make_a_cache(tmp_path: Path) -> None:
    path = tmp_path / "one.cache"
    made = Cache(path, b"a" * 32)
    made.keep(Examined("a.py", 3, "ff" * 32))
    made.write()
    data = path.read_bytes()
    assert b"a" * 32 not in data, "the key is not in what it locks"
    path.write_bytes(data.replace(b"a.py", b"b.py"))
    assert not Cache(path, b"a" * 32).filled


def test_what_a_plugin_is_made_of_tells_caches_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "their_plugin").mkdir()
    code = tmp_path / "their_plugin" / "__init__.py"
    code.write_text("ONE = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    point = metadata.EntryPoint("theirs", "their_plugin", "backstay.plugins")
    monkeypatch.setattr("backstay.cache.metadata.entry_points", lambda **_: [point])
    before = list(cache._program())
    assert list(cache._program()) == before
    code.write_text("ONE = 12\n")
    assert list(cache._program()) != before


def test_what_is_said_of_all_files_is_not_kept_where_one_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "app.py").write_text("from openai import OpenAI\nOpenAI().embeddings.create(model='ada-x', input='')\n")
    with monkeypatch.context() as failing:
        failing.setattr("backstay.code.analyzer.CodeAnalyzer.digest", _out_of_memory)
        failed = scan(tmp_path, jobs=1, cached=True)
    assert "out of memory" in {skip.reason for skip in failed.scan.skips}
    again = scan(tmp_path, jobs=1, cached=True)
    assert "ada-x" in {asset.name for asset in again.assets}


def _out_of_memory(*_: object) -> None:
    raise MemoryError


def test_what_a_killed_scan_left_is_removed(tmp_path: Path) -> None:
    old, new = tmp_path / ".one.cache.0123", tmp_path / ".one.cache.4567"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (1, 1))
    made = Cache(tmp_path / "one.cache", b"a" * 32)
    made.keep(Examined("a.py", 3, "ff" * 32))
    made.write()
    assert not old.exists()
    assert new.exists(), "another scan may be writing it"
