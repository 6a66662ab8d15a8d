"""Files that code reads by itself: prompts, templates, settings and the examples of an environment."""

import pytest
from cases import Case, cases
from understanding import Understood, understand

from backstay.model import Kind

HEAD = "from openai import OpenAI\nclient = OpenAI()\n"
CASES = cases("files.txt", "")


def with_calls(path: str, source: str) -> str:
    if not path.endswith(".py"):
        return source
    ask = "def ask(m, s): client.chat.completions.create(model=m, messages=[{'role': 'system', 'content': s}])\n"
    return HEAD + ask + source if "ask(" in source else source


def shown(found: Understood) -> str:
    return " ".join([*found.models, *found.names(Kind.PROMPT)]) or "-"


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_files(case: Case) -> None:
    found = understand({path: with_calls(path, source) for path, source in case.files.items()})
    assert shown(found) == case.expected


def test_a_prompt_stands_in_its_file() -> None:
    text = "You answer {customer}.\nBe kind.\n"
    source = HEAD + (
        "from pathlib import Path\n"
        "client.responses.create(model='m', input='', instructions=Path('system.md').read_text().format(customer=1))\n"
    )
    found = understand({"system.md": text, "app.py": source})
    prompt = found.attributes(Kind.PROMPT, "system.md")
    assert prompt["variables"] == ["customer"]
    assert [path for path, _ in found.places(Kind.PROMPT, "system.md")] == ["system.md"]
    assert text.strip() not in str(found.facts)


def test_models_stand_where_they_are_set() -> None:
    files = {
        "config.toml": '[a]\nx = 1\n\n[b]\nmodel = "m-1"\n',
        "app.py": HEAD + "import toml\nm = toml.load('config.toml')['b']['model']\nclient.responses.create(model=m)\n",
    }
    assert understand(files).places(Kind.MODEL, "m-1") == [("config.toml", 5)]


def test_documents_have_bounds() -> None:
    deep = "[" * 5_000
    wide = "a: " + "[x, " * 90 + "y" + "]" * 90
    for name, text in (("c.json", deep), ("c.yaml", wide), ("c.toml", "a = " + deep), ("c.yaml", "a: &a [*a, *a]")):
        source = HEAD + "import yaml, json, toml\n"
        loader = {"json": "json.load(open({0}))", "yaml": "yaml.safe_load(open({0}))", "toml": "toml.load({0})"}
        read = loader[name.rpartition(".")[2]].format(repr(name))
        understand({name: text, "app.py": source + f"client.responses.create(model={read}['a'], input='')\n"})
