"""The directory collector: what it finds, what it leaves out, and what it says of the rest."""

import os
import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backstay.collectors import git, git_index
from backstay.collectors.directory import Directory, shown
from backstay.collectors.reader import Limits
from backstay.globs import git_path, git_pattern, git_patterns
from backstay.model import Skip
from backstay.plugin import File

needs_git = pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")


def write(root: Path, *paths: str, text: str = "x = 1\n") -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def found(root: Path, **options: object) -> list[str]:
    return [entry.path for entry in Directory(root, **options).walk().entries]  # type: ignore[arg-type]


def skips(root: Path, **options: object) -> dict[str, Skip]:
    return {skip.path: skip for skip in Directory(root, **options).walk().skips}  # type: ignore[arg-type]


def run_git(root: Path, *arguments: str, text: str | None = None) -> str:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Ann Author",
        "GIT_AUTHOR_EMAIL": "ann@acme.example",
        "GIT_COMMITTER_NAME": "Ann Author",
        "GIT_COMMITTER_EMAIL": "ann@acme.example",
    }
    done = subprocess.run(
        ["git", "-c", "init.defaultBranch=main", *arguments],
        cwd=root,
        env=environment,
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


class TestLeavingOut:
    def test_every_file_is_found_in_the_order_of_paths(self, tmp_path: Path) -> None:
        write(tmp_path, "b.py", "a/z.py", "a/b/c.py", "a-b.py")
        assert found(tmp_path) == ["a-b.py", "a/b/c.py", "a/z.py", "b.py"]

    def test_ignore_files_of_every_folder(self, tmp_path: Path) -> None:
        write(tmp_path, "keep.py", "drop.log", "sub/drop.log", "sub/keep.log", "sub/deep/keep.log", "out/x.py")
        write(tmp_path, ".gitignore", text="*.log\n/out/\n")
        write(tmp_path, "sub/.gitignore", text="!keep.log\n")
        assert found(tmp_path) == [".gitignore", "keep.py", "sub/.gitignore", "sub/deep/keep.log", "sub/keep.log"]
        assert skips(tmp_path)["out"] == Skip("out", "ignored", ".gitignore", by_choice=True)

    def test_backstayignore_outranks_gitignore(self, tmp_path: Path) -> None:
        write(tmp_path, "models/a.py", "notes/b.py")
        write(tmp_path, ".gitignore", text="models/\n")
        write(tmp_path, ".backstayignore", text="!models/\nnotes/\n")
        assert found(tmp_path) == [".backstayignore", ".gitignore", "models/a.py"]

    def test_a_distrusted_tree_cannot_hide_anything(self, tmp_path: Path) -> None:
        write(tmp_path, "a.py", "b.py")
        write(tmp_path, ".gitignore", text="a.py\n")
        write(tmp_path, ".backstayignore", text="b.py\n")
        assert {"a.py", "b.py"} <= set(found(tmp_path, trust_repo=False))

    def test_exclusions_of_the_user(self, tmp_path: Path) -> None:
        write(tmp_path, "a.py", "docs/b.py", "src/docs/c.py", "src/gen/d.py")
        assert found(tmp_path, exclude=("docs", "src/gen/**")) == ["a.py"]
        assert {skip.reason for skip in skips(tmp_path, exclude=("docs",)).values()} == {"excluded"}

    @pytest.mark.parametrize(
        "path",
        ["node_modules/x/a.js", ".venv/lib/a.py", "vendor/a.go", "third_party/a.py", "dist/a.js", "build/a.py",
         "__pycache__/a.py", ".tox/a.py", "lib/site-packages/a.py", "x.egg-info/a.py", "static/app.min.js"],
    )  # fmt: skip
    def test_vendored_and_generated_trees_only_when_asked(self, tmp_path: Path, path: str) -> None:
        write(tmp_path, "main.py", path)
        assert found(tmp_path) == ["main.py"]
        skipped = skips(tmp_path)
        assert len(skipped) == 1 and all(
            s.by_choice and s.reason in ("vendored", "generated") for s in skipped.values()
        )
        assert found(tmp_path, include_vendored=True) == sorted(["main.py", path])

    def test_a_virtual_environment_by_any_name(self, tmp_path: Path) -> None:
        write(tmp_path, "main.py", "myenv/pyvenv.cfg", "myenv/bin/a.py")
        assert found(tmp_path) == ["main.py"]

    def test_a_target_folder_is_generated_only_beside_its_manifest(self, tmp_path: Path) -> None:
        write(tmp_path, "java/pom.xml", "java/target/a.py", "python/target/a.py")
        assert found(tmp_path) == ["java/pom.xml", "python/target/a.py"]

    def test_the_mark_generated_hides_nothing(self, tmp_path: Path) -> None:
        write(tmp_path, "poetry.lock", text="# This file is @generated by a tool\n")
        assert found(tmp_path) == ["poetry.lock"]

    def test_many_files_left_out_are_counted_not_listed(self, tmp_path: Path) -> None:
        write(tmp_path, *(f"logs/{number}.log" for number in range(50)), "logs/a.py")
        write(tmp_path, ".gitignore", text="*.log\n")
        walk = Directory(tmp_path).walk()
        assert walk.skips == [Skip("logs", "ignored", "50 files", by_choice=True)]
        assert walk.left_out == 50


class TestLinks:
    def test_a_link_inside_is_not_followed_and_its_target_read_once(self, tmp_path: Path) -> None:
        write(tmp_path, "AGENTS.md", "real/a.py")
        (tmp_path / "CLAUDE.md").symlink_to("AGENTS.md")
        (tmp_path / "alias").symlink_to("real")
        assert found(tmp_path) == ["AGENTS.md", "real/a.py"]
        assert {skip.reason for skip in skips(tmp_path).values()} == {"link"}

    def test_a_link_out_of_the_root_is_not_followed(self, tmp_path: Path) -> None:
        root = tmp_path / "root"
        write(tmp_path, "outside/secret.py", "root/a.py", "rooted/b.py")
        (root / "file").symlink_to(tmp_path / "outside" / "secret.py")
        (root / "folder").symlink_to("../outside")
        (root / "twin").symlink_to("../rooted")  # a name that starts like the root's is not inside it
        assert found(root) == ["a.py"]
        assert {skip.path: skip.reason for skip in skips(root).values()} == dict.fromkeys(
            ("file", "folder", "twin"), "link out of the root"
        )

    def test_loops_and_broken_links_are_reported(self, tmp_path: Path) -> None:
        write(tmp_path, "a/b.py")
        (tmp_path / "a" / "up").symlink_to("..")
        (tmp_path / "one").symlink_to("two")
        (tmp_path / "two").symlink_to("one")
        (tmp_path / "gone").symlink_to("nowhere")
        assert found(tmp_path) == ["a/b.py"]
        reasons = {skip.path: skip.reason for skip in skips(tmp_path).values()}
        assert reasons == {"a/up": "link loop", "one": "link loop", "two": "link loop", "gone": "broken link"}

    def test_a_file_replaced_by_a_link_is_not_read(self, tmp_path: Path) -> None:
        write(tmp_path, "outside.py", "root/a.py", "root/sub/b.py")
        directory = Directory(tmp_path / "root")
        assert len(directory.walk().entries) == 2
        (tmp_path / "root" / "a.py").unlink()
        (tmp_path / "root" / "a.py").symlink_to(tmp_path / "outside.py")
        shutil.rmtree(tmp_path / "root" / "sub")
        (tmp_path / "root" / "sub").symlink_to(tmp_path)
        reader = directory.reader()
        for path in ("a.py", "sub/outside.py"):
            read = reader.read(path)
            assert isinstance(read, Skip) and read.reason == "unreadable"

    def test_the_root_itself_may_be_a_link(self, tmp_path: Path) -> None:
        write(tmp_path, "real/a.py")
        (tmp_path / "link").symlink_to("real")
        assert found(tmp_path / "link") == ["a.py"]


class TestSpecialFiles:
    def test_pipes_and_sockets_are_never_opened(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        write(tmp_path, "a.py")
        os.mkfifo(tmp_path / "pipe.py")
        monkeypatch.chdir(tmp_path)
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("socket.py")
            assert found(tmp_path) == ["a.py"]
            assert {skip.reason for skip in skips(tmp_path).values()} == {"not a regular file"}

    def test_a_pipe_that_takes_a_files_place_holds_nobody_up(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "a.py")
        read = Directory(tmp_path).reader().read("a.py")
        assert isinstance(read, Skip) and read.reason == "not a regular file"


class TestLimits:
    def test_depth(self, tmp_path: Path) -> None:
        write(tmp_path, "a/b/c/d.py", "a/b/e.py")
        limits = Limits(depth=2)
        assert found(tmp_path, limits=limits) == ["a/b/e.py"]
        assert skips(tmp_path, limits=limits)["a/b/c"] == Skip("a/b/c", "nested too deeply", "more than 2 folders")

    def test_paths_longer_than_the_system_allows(self, tmp_path: Path) -> None:
        here = os.open(tmp_path, os.O_RDONLY)
        for _ in range(40):
            os.mkdir("d" * 200, dir_fd=here)
            inner = os.open("d" * 200, os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = inner
        os.close(os.open("a.py", os.O_CREAT | os.O_WRONLY, dir_fd=here))
        os.close(here)
        entries = Directory(tmp_path).walk().entries
        assert [len(entry.path) for entry in entries] == [40 * 201 + 4]
        assert isinstance(Directory(tmp_path).reader().read(*entries[0]), File)

    def test_number_of_files(self, tmp_path: Path) -> None:
        write(tmp_path, *(f"{number:02}.py" for number in range(30)))
        walk = Directory(tmp_path, limits=Limits(files=10)).walk()
        assert [(skip.reason, skip.by_choice) for skip in walk.skips] == [("too many files", False)]

    def test_time(self, tmp_path: Path) -> None:
        write(tmp_path, "a/b.py")
        walk = Directory(tmp_path, limits=Limits(walk=-1)).walk()
        assert [(skip.reason, skip.by_choice) for skip in walk.skips] == [("time limit", False)]

    def test_size_keeps_the_head_and_hashes_all_on_demand(self, tmp_path: Path) -> None:
        (tmp_path / "model.bin").write_bytes(b"HEAD" + b"x" * 5000)
        reader = Directory(tmp_path, limits=Limits(whole=1000, head=4)).reader()
        file = reader.read("model.bin")
        assert isinstance(file, File)
        assert (file.data, file.size, file.truncated, file.sha256) == (b"HEAD", 5004, True, "")
        hashed, skip = reader.hashed(file)
        assert skip is None and len(hashed.sha256) == 64

    def test_hashing_gives_up_in_time_and_says_so(self, tmp_path: Path) -> None:
        (tmp_path / "model.bin").write_bytes(b"x" * 5000)
        reader = Directory(tmp_path, limits=Limits(whole=1000, head=4, hash_file=-1)).reader()
        file = reader.read("model.bin")
        assert isinstance(file, File)
        hashed, skip = reader.hashed(file)
        assert hashed.sha256 == "" and skip is not None and (skip.reason, skip.by_choice) == ("not hashed", False)

    @pytest.mark.parametrize("size", [0, 1, 999, 1000, 1001, 5000])
    def test_what_is_read_is_what_is_there(self, tmp_path: Path, size: int) -> None:
        (tmp_path / "a").write_bytes(b"y" * size)
        file = Directory(tmp_path, limits=Limits(whole=1000, head=10)).reader().read("a")
        assert isinstance(file, File)
        assert (file.size, file.truncated) == (size, size > 1000)
        assert len(file.data) == (10 if size > 1000 else size)


class TestNames:
    @pytest.mark.parametrize(
        "name", [b"new\nline.py", b"\x1b[31mred.py", b"\xff\xfe.py", b"\xed\xa0\x80.py", b"a\\b.py"]
    )
    def test_any_bytes_are_a_name(self, tmp_path: Path, name: bytes) -> None:
        (tmp_path / os.fsdecode(name)).write_bytes(b"x = 1\n")
        directory = Directory(tmp_path)
        (entry,) = directory.walk().entries
        assert entry.path.encode("utf-8").decode("utf-8") == entry.path
        file = directory.reader().read(*entry)
        assert isinstance(file, File) and file.data == b"x = 1\n" and file.path == entry.path

    def test_two_names_that_are_shown_alike_are_not_mixed_up(self, tmp_path: Path) -> None:
        for name in (b"\xff.py", b"\\xff.py"):
            (tmp_path / os.fsdecode(name)).write_bytes(b"")
        assert len(found(tmp_path)) == 1
        assert [skip.reason for skip in skips(tmp_path).values()] == ["ambiguous name"]

    def test_shown(self) -> None:
        assert shown("plain é") == "plain é"
        assert shown(os.fsdecode(b"a\xffb")) == "a\\xffb"


class TestUnreadable:
    def test_a_file_that_may_not_be_opened(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        write(tmp_path, "a.py", "b.py")
        _refuse(monkeypatch, "a.py")
        reader = Directory(tmp_path).reader()
        assert reader.read("a.py") == Skip("a.py", "unreadable", "Permission denied")
        assert isinstance(reader.read("b.py"), File)

    def test_a_folder_that_may_not_be_opened(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        write(tmp_path, "a.py", "closed/b.py")
        _refuse(monkeypatch, "closed")
        walk = Directory(tmp_path).walk()
        assert [entry.path for entry in walk.entries] == ["a.py"]
        assert walk.skips == [Skip("closed", "unreadable", "Permission denied")]

    def test_a_folder_in_a_files_place(self, tmp_path: Path) -> None:
        (tmp_path / "a.py").mkdir()
        read = Directory(tmp_path).reader().read("a.py")
        assert isinstance(read, Skip) and read.reason == "not a regular file"

    def test_a_file_that_is_gone(self, tmp_path: Path) -> None:
        read = Directory(tmp_path).reader().read("gone.py")
        assert read == Skip("gone.py", "unreadable", "No such file or directory")

    @pytest.mark.parametrize("name", ["missing", "file", "with\0nul"])
    def test_a_root_that_is_none(self, tmp_path: Path, name: str) -> None:
        (tmp_path / "file").write_text("x")
        directory = Directory(tmp_path / name)
        assert directory.problem
        assert directory.walk().entries == []


def _refuse(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Make one name unreadable, for root too."""
    real = os.open

    def guarded(path: object, *arguments: object, **options: object) -> int:
        if path == name:
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", guarded)


class TestPatterns:
    @pytest.mark.parametrize(
        ("pattern", "path", "folder", "expected"),
        [
            ("*.log", "a/b.log", False, True),
            ("/a", "b/a", False, False),
            ("a/", "a", False, False),
            ("a/", "x/a", True, True),
            ("a/**/b", "a/b", False, True),
            ("a/**/b", "a/x/y/b", False, True),
            ("a/**", "a", True, False),
            ("a/**", "a/b/c", False, True),
            ("**/a/b", "x/a/b", False, True),
            ("a?c", "a/c", False, False),
            ("a[!b]c", "a/c", False, False),
            ("[[:digit:]]x", "7x", False, True),
            (r"\#a", "#a", False, True),
            (r"a\ ", "a ", False, True),
            ("a ", "a", False, True),
            ("a[", "a[", False, False),
            ("é", "é", False, True),
            ("??", "é", False, True),  # git counts bytes
        ],
    )
    def test_as_git_reads_them(self, pattern: str, path: str, folder: bool, expected: bool) -> None:
        read = git_pattern(git_path(pattern))
        matched = read is not None and (folder or not read.folders_only) and read.regex.match(git_path(path))
        assert bool(matched) is expected

    @pytest.mark.parametrize("pattern", ["*a" * 100 + "b", "**/a*/" * 50 + "*b*c*d", "[a-z]*" * 100 + "!", "*" * 900])
    def test_no_pattern_is_slow(self, pattern: str, benchmark_seconds: Callable[[], float]) -> None:
        read = git_pattern(pattern)
        assert read is not None
        for path in ("a" * 255, "ab/" * 1300 + "x", "a" * 4000):
            read.regex.match(path)
            read.covers.match(path)
        assert benchmark_seconds() < 2

    def test_a_long_ignore_file_is_bounded(self) -> None:
        assert len(git_patterns(b"a*b*c\n" * 100_000, 2000)) == 2000


@pytest.fixture
def benchmark_seconds() -> Callable[[], float]:
    import time

    started = time.process_time()
    return lambda: time.process_time() - started


_NAMES = st.sampled_from(["a", "b", "ab", "a.py", "b.log", "é", "a b", "[x", "#c", "!d"])
_PATHS = st.lists(st.lists(_NAMES, min_size=1, max_size=4).map("/".join), min_size=1, max_size=8)
_PIECES = st.sampled_from(
    ["a", "b", "ab", "*", "**", "?", "[ab]", "[!a]", ".py", "/", "/", "*.log", "é", " ", "\\", "#", "!"]
)
_PATTERNS = st.lists(
    st.builds(
        "{}{}".format, st.sampled_from(["", "", "!", "/"]), st.lists(_PIECES, min_size=1, max_size=5).map("".join)
    ),
    max_size=5,
)


@needs_git
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(paths=_PATHS, top=_PATTERNS, inner=_PATTERNS)
def test_ignoring_agrees_with_git(
    tmp_path_factory: pytest.TempPathFactory, paths: list[str], top: list[str], inner: list[str]
) -> None:
    root = tmp_path_factory.mktemp("ignore")
    run_git(root, "init", "-q")
    for path in paths:
        target = root / path
        if any(parent.is_file() for parent in target.parents) or target.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("")
    (root / ".gitignore").write_text("\n".join(top) + "\n")
    if (root / "a").is_dir():
        (root / "a" / ".gitignore").write_text("\n".join(inner) + "\n")
    theirs = run_git(root, "ls-files", "-z", "--others", "--exclude-standard", "--cached").split("\0")
    assert found(root) == sorted(path for path in theirs if path)


@needs_git
class TestGit:
    @pytest.fixture
    def repo(self, tmp_path: Path) -> Path:
        root = tmp_path / "repo"
        write(root, "a.py", "sub/b.py")
        run_git(root, "init", "-q")
        run_git(root, "add", ".")
        run_git(root, "commit", "-q", "-m", "one")
        return root

    def test_facts(self, repo: Path) -> None:
        run_git(repo, "remote", "add", "origin", "https://user:secret@git.acme.example/org/rag.git?token=x")
        source = Directory(repo).source
        assert source.id == "git.acme.example/org/rag"
        assert source.remote == "https://git.acme.example/org/rag.git"
        assert (source.commit, source.branch) == (run_git(repo, "rev-parse", "HEAD").strip(), "main")

    def test_facts_from_packed_refs_and_a_detached_head(self, repo: Path) -> None:
        commit = run_git(repo, "rev-parse", "HEAD").strip()
        run_git(repo, "pack-refs", "--all")
        assert Directory(repo).source.commit == commit
        run_git(repo, "checkout", "-q", "--detach")
        source = Directory(repo).source
        assert (source.commit, source.branch) == (commit, "")

    def test_a_folder_inside_a_work_tree(self, repo: Path) -> None:
        write(repo, ".gitignore", text="/sub/*.log\n")
        write(repo, "sub/c.log")
        run_git(repo, "remote", "add", "origin", "git@git.acme.example:org/rag.git")
        directory = Directory(repo / "sub")
        assert directory.source.id == "git.acme.example/org/rag/sub"
        assert [entry.path for entry in directory.walk().entries] == ["b.py"]

    def test_a_linked_work_tree(self, repo: Path, tmp_path: Path) -> None:
        run_git(repo, "worktree", "add", "-q", str(tmp_path / "linked"), "-b", "feature")
        source = Directory(tmp_path / "linked").source
        assert (source.branch, source.commit) == ("feature", run_git(repo, "rev-parse", "HEAD").strip())

    def test_a_git_file_cannot_borrow_a_strangers_repository(self, repo: Path, tmp_path: Path) -> None:
        write(tmp_path, "hostile/a.py")
        (tmp_path / "hostile" / ".git").write_text(f"gitdir: {repo}/.git\n")
        source = Directory(tmp_path / "hostile").source
        assert (source.id, source.commit) == ("hostile", "")

    @pytest.mark.parametrize("head", ["ref: ../../../../etc/passwd", "ref: refs/../../../secret", "nonsense", "ref: "])
    def test_a_hostile_head_leads_nowhere(self, repo: Path, head: str) -> None:
        (repo / ".git" / "HEAD").write_text(head)
        assert Directory(repo).source.commit == ""

    @pytest.mark.parametrize("url", ["/home/ann/rag", "file:///srv/rag", "ext::sh -c id", "C:\\src\\rag", "a\x1b[2Jb"])
    def test_a_remote_that_is_no_address_is_not_kept(self, repo: Path, url: str) -> None:
        (repo / ".git" / "config").write_text(f'[remote "origin"]\n\turl = {url}\n')
        source = Directory(repo).source
        assert (source.remote, source.id) == ("", "repo")

    def test_what_is_tracked_is_scanned_whatever_gitignore_says(self, repo: Path) -> None:
        write(repo, ".gitignore", text="a.py\nsub/\n")
        write(repo, "sub/untracked.py", "other/a.py")
        assert found(repo) == [".gitignore", "a.py", "sub/b.py"]

    def test_info_exclude(self, repo: Path) -> None:
        write(repo, "private.py")
        (repo / ".git" / "info" / "exclude").write_text("private.py\n")
        assert found(repo) == ["a.py", "sub/b.py"]

    def test_dirty(self, repo: Path) -> None:
        repository = git.locate(repo)
        assert repository is not None
        assert git_index.dirty(repository) is False
        os.utime(repo / "a.py", (1, 1))
        assert git_index.dirty(repository) is False  # another time, the same content
        (repo / "a.py").write_text("x = 2\n")
        assert git_index.dirty(repository) is True
        (repo / "a.py").write_text("x = 1\n")
        (repo / "sub" / "b.py").unlink()
        assert git_index.dirty(repository) is True

    def test_dirty_is_unknown_where_a_filter_would_have_to_run(self, repo: Path) -> None:
        (repo / ".gitattributes").write_text("*.py filter=evil\n")
        (repo / "a.py").write_text("x = 2\n")
        repository = git.locate(repo)
        assert repository is not None and git_index.dirty(repository) is None

    @pytest.mark.parametrize("version", ["2", "3", "4"])
    def test_every_version_of_the_index(self, repo: Path, version: str) -> None:
        run_git(repo, "update-index", f"--index-version={version}")
        repository = git.locate(repo)
        assert repository is not None
        assert [entry.path for entry in git_index.entries(repository)] == [b"a.py", b"sub/b.py"]

    @pytest.mark.parametrize(
        "damage", [b"", b"DIRC", b"DIRC\0\0\0\2\xff\xff\xff\xff", b"DIRC\0\0\0\4\0\0\0\1" + b"\xff" * 99]
    )
    def test_a_damaged_index_is_unknown(self, repo: Path, damage: bytes) -> None:
        (repo / ".git" / "index").write_bytes(damage)
        repository = git.locate(repo)
        assert repository is not None and git_index.dirty(repository) is None
        assert found(repo) == ["a.py", "sub/b.py"]
