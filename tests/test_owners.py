"""Who owns what, and how that is known."""

import shutil
from pathlib import Path

import pytest

from backstay.model import Asset, Kind, Policy, RelationshipKind, Report
from backstay.model.policy import Context
from backstay.people import owner
from backstay.pipeline import scan
from backstay.placement import placement_of, placement_of_all
from test_collector import run_git

MCP = '{"mcpServers": {"%s": {"command": "uvx", "args": ["mcp-server-time==2025.9.25"]}}}\n'
COMPONENT = """apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: rag
spec:
  owner: group:default/search
"""


def write(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def server(report: Report, name: str) -> Asset:
    return next(asset for asset in report.assets if asset.kind == Kind.MCP_SERVER and asset.name == name)


def owners(report: Report, asset: Asset) -> dict[str, str]:
    """Names of an asset's owners, and how each is known."""
    names = {one.key: one.name for one in report.assets}
    return {
        names[edge.target]: edge.text("from")
        for edge in report.relationships
        if edge.source == asset.key and edge.kind == RelationshipKind.OWNED_BY
    }


def owners_of_a(report: Report) -> dict[str, str]:
    return owners(report, server(report, "a"))


def test_the_best_word_counts(tmp_path: Path) -> None:
    write(tmp_path, "a/.mcp.json", MCP % "a")
    write(tmp_path, "package.json", '{"name": "x", "author": "Ann Author <ann@acme.example> (https://acme.example)"}')
    assert owners_of_a(scan(tmp_path)) == {"Ann Author": "manifest"}
    write(tmp_path, "a/catalog-info.yaml", COMPONENT)
    assert owners_of_a(scan(tmp_path)) == {"search": "catalog"}
    write(tmp_path, "CODEOWNERS", "a/ @acme/ml @bob\n")
    assert owners_of_a(scan(tmp_path)) == {"acme/ml": "codeowners", "bob": "codeowners"}
    policy = Policy(context=(Context(path="a/**", owner="platform"),))
    report = scan(tmp_path, policy)
    assert owners_of_a(report) == {"platform": "policy"}
    assert server(report, "a").attributes["owner_source"] == "policy"


def test_no_owner_is_known_to_be_absence(tmp_path: Path) -> None:
    write(tmp_path, ".mcp.json", MCP % "a")
    report = scan(tmp_path)
    asset = server(report, "a")
    assert owners(report, asset) == {}
    assert asset.attributes["owner_source"] is None


def test_no_address_is_kept(tmp_path: Path) -> None:
    write(tmp_path, ".mcp.json", MCP % "a")
    write(tmp_path, "CODEOWNERS", "* jane.doe@acme.example\n")
    write(tmp_path, "pyproject.toml", '[project]\nname = "x"\nauthors = [{name = "J", email = "j@acme.example"}]\n')
    report = scan(tmp_path)
    assert owners_of_a(report) == {"jane.doe": "codeowners"}
    assert "acme.example" not in repr((report.assets, report.relationships))


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("* @all/x\n/ml/ @acme/ml\n", {"acme/ml"}),
        ("/ml/ @acme/ml\n* @all/x\n", {"all/x"}),  # the last line wins, not the closest
        ("* @all/x\nml/deep/\n", set()),  # a line without owners takes the path out
        ("ml/* @acme/ml\n", set()),  # the files of ml, nothing deeper
        ("/deep/ @acme/ml\n", set()),
        ("deep/ @acme/ml\n", {"acme/ml"}),
        ("*.json @acme/json # comment @acme/not\n", {"acme/json"}),
        ("[One] @d/d\n*.json\n[Two]\nml/ @e/e\n", {"d/d", "e/e"}),  # each section of GitLab decides by itself
        ("* @@developers\n", set()),
        ("ml\\ x/ @acme/ml\n", set()),
    ],
)
def test_codeowners(tmp_path: Path, lines: str, expected: set[str]) -> None:
    write(tmp_path, "ml/deep/.mcp.json", MCP % "a")
    write(tmp_path, "CODEOWNERS", lines)
    assert set(owners_of_a(scan(tmp_path))) == expected


def test_only_the_first_codeowners_counts(tmp_path: Path) -> None:
    write(tmp_path, ".mcp.json", MCP % "a")
    write(tmp_path, "docs/CODEOWNERS", "* @acme/docs\n")
    write(tmp_path, ".github/CODEOWNERS", "* @acme/github\n")
    write(tmp_path, "CODEOWNERS", "* @acme/root\n")
    assert set(owners_of_a(scan(tmp_path))) == {"acme/github"}


def test_a_place_is_kept_with_each_owner(tmp_path: Path) -> None:
    write(tmp_path, ".mcp.json", MCP % "a")
    write(tmp_path, "CODEOWNERS", "# head\n\n* @acme/ml\n")
    report = scan(tmp_path)
    (edge,) = [
        edge
        for edge in report.relationships
        if edge.kind == RelationshipKind.OWNED_BY and edge.source == server(report, "a").key
    ]
    assert edge.place is not None and (edge.place.path, edge.place.line) == ("CODEOWNERS", 3)


@pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
def test_history_is_the_last_word(tmp_path: Path) -> None:
    run_git(tmp_path, "init", "-q")
    write(tmp_path, ".mcp.json", MCP % "a")
    for author in ("Bob <bob@acme.example>", "Cid <cid@acme.example>", "Cid <cid@acme.example>"):
        write(tmp_path, ".mcp.json", (MCP % "a") + " " * len((tmp_path / ".mcp.json").read_text()))
        run_git(tmp_path, "add", ".")
        run_git(tmp_path, "commit", "-q", "-m", "change", "--author", author)
    report = scan(tmp_path)
    assert owners_of_a(report) == {"Cid": "git"}
    assert "acme.example" not in repr((report.assets, report.relationships))


def test_services_exist_where_something_stands_in_them(tmp_path: Path) -> None:
    for path in ("rag/requirements.txt", "empty/package.json"):
        write(tmp_path, path, "{}")
    write(tmp_path, "rag/deep/.mcp.json", MCP % "a")
    report = scan(tmp_path)
    services = [asset.name for asset in report.assets if asset.kind == Kind.SERVICE]
    assert "rag" in services
    contains = {(edge.source, edge.target) for edge in report.relationships if edge.kind == RelationshipKind.CONTAINS}
    rag = next(asset for asset in report.assets if asset.kind == Kind.SERVICE and asset.name == "rag")
    repository = next(asset for asset in report.assets if asset.kind == Kind.REPOSITORY)
    assert {(rag.key, server(report, "a").key), (repository.key, rag.key)} <= contains


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@acme/ml", (Kind.TEAM, "acme/ml")),
        ("@bob", (Kind.IDENTITY, "bob")),
        ("group:default/ml", (Kind.TEAM, "ml")),
        ("user:bob", (Kind.IDENTITY, "bob")),
        ("bob+x@acme.example", (Kind.IDENTITY, "bob")),
        ("12345+bob@users.noreply.github.com", (Kind.IDENTITY, "bob")),
        ("Bob B <bob@acme.example>", (Kind.IDENTITY, "Bob B")),
        ("<bob@acme.example>", (Kind.IDENTITY, "bob")),
        ("Bob bob@acme.example", (Kind.IDENTITY, "Bob")),
        ("", None),
        ("@@role", None),
        ("a\x1b[2J", None),
        ("x" * 500, None),
    ],
)
def test_how_people_are_written(text: str, expected: tuple[Kind, str] | None) -> None:
    assert owner(text) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("src/app.py", "production"),
        ("tests/x.py", "test"),
        ("src/test_app.py", "test"),
        ("src/app_test.go", "test"),
        ("src/app.spec.ts", "test"),
        ("examples/rag/app.py", "example"),
        ("docs/a.py", "documentation"),
        ("README.md", "documentation"),
        ("latest/contest.py", "production"),
    ],
)
def test_placement(path: str, expected: str) -> None:
    assert placement_of(path) == expected


def test_what_is_used_in_production_is_production(tmp_path: Path) -> None:
    assert placement_of_all(["tests/a.py", "src/a.py"]) == "production"
    assert placement_of_all(["tests/a.py", "docs/a.py"]) == "test"
    assert placement_of_all([]) == ""
    write(tmp_path, "tests/.mcp.json", MCP % "a")
    assert server(scan(tmp_path), "a").attributes["placement"] == "test"
