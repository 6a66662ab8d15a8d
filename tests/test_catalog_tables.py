"""The SDK tables keep their schema, contradict neither each other nor the providers, and hide no row."""

import re
import tomllib
from collections import Counter
from importlib import resources
from itertools import chain

import pytest

from backstay import catalog
from backstay.catalog import tables as loader
from backstay.catalog.tables import FileRow, Table, languages, tables
from backstay.model import Kind

ROLES = frozenset(
    [
        "model",
        "embedding",
        "base_model",
        "produces",
        "prompt",
        "template",
        "text",
        "messages",
        "tools",
        "agents",
        "members",
        "guardrails",
        "mcp_servers",
        "vector_store",
        "dataset",
        "evaluation_dataset",
        "model_file",
        "credential",
        "authentication",
        "handler",
        "guards",
        "service",
        "url",
    ]
)
TASKS = frozenset(["training", "evaluation", "ingestion", "inference"])
MODEL_TASKS = frozenset(["chat", "embedding", "rerank", "image", "speech", "vision", "classification"])
CAPABILITIES = frozenset(
    ["reads_untrusted", "reads_private", "changes_state", "sends_out", "runs_code", "spends_money"]
)
TOKENS = frozenset(["@variable", "@function", "@class", "@file", "@callee", "@launch", "@key", "@project"])
PARAMETER = re.compile(
    r"(?:@receiver|\*|(?:[\w-]+|<\d>)(?:\[\]|\(\))?(?:\.[\w-]+(?:\[\])?)*(?:\|[\w-]+(?:\[\])?(?:\.[\w-]+(?:\[\])?)*)*)\Z"
)
PATTERN = re.compile(r"[\w*?.()\[\]@/$:-]+\Z")


ALL = [(table, row) for table in tables() for row in table.rows]


def label(table: Table) -> str:
    return f"{table.language}-{table.id}"


def test_a_key_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match=r"strange\.toml"):
        loader._load('title = "X"\nmodels = ["x"]\n', "strange", "python")
    with pytest.raises(ValueError, match=r"strange\.toml"):
        loader._load('title = "X"\n[[call]]\nmatch = ["x"]\nkind = "model"\n', "strange", "python")
    with pytest.raises(ValueError, match=r"strange\.toml"):
        loader._load('title = "X"\n[[call]]\nmakes = "model"\n', "strange", "python")


def test_there_are_tables_for_what_people_use() -> None:
    names = {table.id for table in tables("python")}
    assert names >= {
        "openai",
        "anthropic",
        "google_genai",
        "aws_bedrock",
        "azure_ai",
        "mistral",
        "cohere",
        "ollama",
        "litellm",
        "langchain",
        "langgraph",
        "llama_index",
        "crewai",
        "autogen",
        "openai_agents",
        "pydantic_ai",
        "google_adk",
        "smolagents",
        "dspy",
        "haystack",
        "semantic_kernel",
        "mcp",
    }


@pytest.mark.parametrize("table", tables(), ids=label)
def test_rows_speak_the_vocabulary(table: Table) -> None:
    kinds = {"", "client", "chain", *Kind}
    for row in table.rows:
        where = f"{label(table)}: {row.match[:1]}"
        assert row.match or isinstance(row, FileRow), f"{where} matches nothing"
        assert all(PATTERN.match(pattern) for pattern in row.match), f"{where}: odd pattern"
        assert row.makes in kinds, f"{where} makes {row.makes}"
        assert set(row.arguments.values()) <= ROLES, f"{where}: roles {set(row.arguments.values()) - ROLES}"
        assert all(PARAMETER.match(spec) for spec in row.arguments), f"{where}: {list(row.arguments)}"
        assert row.task_of in TASKS | {""}, f"{where}: task_of {row.task_of}"
        assert row.task in MODEL_TASKS | {""}, f"{where}: task {row.task}"
        assert row.on in ("", "endpoints", "chain", "class"), f"{where}: on {row.on}"
        given = ("argument:", "receiver:")
        assert row.returns in ("", "self") or row.returns.startswith(given), f"{where}: returns {row.returns}"
        chained = row.makes == Kind.ENDPOINT and row.returns == "self"  # `app.get(...).post(...)`
        assert chained or not (row.returns and row.makes), f"{where} both makes something and returns something else"
        capabilities = row.set.get("capabilities", [])
        assert isinstance(capabilities, list), f"{where}: capabilities are a list"
        assert set(capabilities) <= CAPABILITIES, f"{where}: {capabilities}"
        for name in [row.name] if isinstance(row.name, str) else row.name:
            known = name in TOKENS or not name.startswith("@") or name.startswith("@attribute:")
            assert known, f"{where}: name {name}"


@pytest.mark.parametrize("table", tables(), ids=label)
def test_a_table_stands_beside_its_page(table: Table) -> None:
    assert resources.files("backstay.catalog.sdk").joinpath(table.language, f"{table.id}.md").is_file()
    assert table.title
    # What is known by an address needs no import; every row then asks for it.
    assert table.modules or all(row.when for row in table.call), "no import makes a file relevant"


def test_every_provider_of_a_row_is_in_the_catalog() -> None:
    known = {provider.name for provider in catalog.providers()}
    named = {(table.id, name) for table, row in ALL for name in (row.provider, table.provider) if name}
    assert not {pair for pair in named if pair[1] not in known}


def test_imports_lead_to_packages_of_the_table() -> None:
    assert not [(t.id, package) for t in tables() for package in t.imports.values() if package not in t.packages]


def test_no_row_hides_another() -> None:
    """A row of an exact path without conditions leaves nothing to later rows of that path."""
    hidden = []
    for table in tables():
        for part in (table.call, table.decorator, table.base):
            final: set[str] = set()
            for row in part:
                hidden += [(table.id, pattern) for pattern in row.match if "*" not in pattern and pattern in final]
                final |= {pattern for pattern in row.match if not row.when}
    assert not hidden


def test_no_pattern_stands_twice_in_a_row() -> None:
    twice = [(t.id, pattern) for t, row in ALL for pattern, n in Counter(row.match).items() if n > 1]
    assert not twice


@pytest.mark.parametrize("language", languages())
def test_tables_do_not_contradict_each_other(language: str) -> None:
    """Two tables may speak of one path (one says what is made, one what it does), but not make two things of it."""
    makers: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for table in tables(language):
        for part, part_rows in (("call", table.call), ("decorator", table.decorator), ("base", table.base)):
            for row in part_rows:
                for pattern in row.match if row.makes else []:
                    if "*" not in pattern:
                        makers.setdefault((part, pattern), set()).add((table.id, row.makes))
    assert not {key: by for key, by in makers.items() if len({table for table, _ in by}) > 1}


@pytest.mark.parametrize("language", languages())
def test_aliases_do_not_contradict_each_other(language: str) -> None:
    found: dict[str, set[str]] = {}
    for table in tables(language):
        for spelling, path in table.alias.items():
            found.setdefault(spelling, set()).add(path)
    assert not {spelling: paths for spelling, paths in found.items() if len(paths) > 1}


def test_an_alias_leads_somewhere() -> None:
    """The spelling that an alias leads to begins a pattern, or the alias is dead."""
    literal = [pattern for _, row in ALL for pattern in row.match]
    heads = {pattern.partition("*")[0] for pattern in literal if "*" in pattern}
    plain = "\n".join([*(p for p in literal if "*" not in p), *(old for table in tables() for old in table.alias)])
    dead = [
        (label(table), spelling, path)
        for table in tables()
        for spelling, path in table.alias.items()
        if path not in plain and not any(path.startswith(head) or head.startswith(path) for head in heads if head)
    ]
    assert not dead


@pytest.mark.parametrize("language", languages())
def test_patterns_hold_together(language: str) -> None:
    """Every exact pattern finds its own row in the joined index."""
    joined = loader.catalog(language)
    for table, row in chain.from_iterable(((t, r) for r in t.call) for t in tables(language)):
        for pattern in row.match:
            if "*" not in pattern:
                assert any(found is row for found, _ in joined.calls.find(pattern)), (table.id, pattern)


def test_tables_are_plain_toml() -> None:
    folders = [resources.files("backstay.catalog.sdk").joinpath(one) for one in languages()]
    for entry in chain.from_iterable(folder.iterdir() for folder in folders if folder.is_dir()):
        if entry.name.endswith(".toml"):
            tomllib.loads(entry.read_text(encoding="utf-8"))
