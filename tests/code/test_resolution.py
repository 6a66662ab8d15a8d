"""Resolution: what a model's name can be, followed across names, classes, calls and files, and where it ends."""

import json

import pytest
from cases import Case, cases
from understanding import OWNER, understand

from backstay.model import Kind

HEAD = "from openai import OpenAI\nclient = OpenAI()\n"
CASES = cases("resolution.txt", HEAD)


def ask(model: str) -> str:
    return f"client.chat.completions.create(model={model}, messages=[])\n"


def with_calls(source: str) -> str:
    return source.replace("ask(", "client.chat.completions.create(messages=[], model=")


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_resolution(case: Case) -> None:
    found = understand({path: with_calls(source) for path, source in case.files.items()})
    if not case.expected.startswith("? "):
        assert found.models == case.expected.split()
        return
    assert found.models == [], "no name is invented"
    unresolved = [edge.attributes.get("unresolved") for edge in found.edge(f"{OWNER} -uses-> provider openai")]
    assert case.expected.removeprefix("? ") in unresolved


def test_the_cases_are_all_read() -> None:
    assert len(CASES) > 100
    assert len({case.name for case in CASES}) == len(CASES)


def test_a_notebook_rebinds_a_name() -> None:
    cells = [HEAD, "m = 'm-1'", ask("m"), "m = 'm-2'", ask("m")]
    notebook = {"cells": [{"cell_type": "code", "source": cell.splitlines(keepends=True)} for cell in cells]}
    assert understand({"a.ipynb": json.dumps(notebook, indent=1)}).models == ["m-1", "m-2"]


def test_what_is_raised_is_not_returned() -> None:
    source = "GONE = 'm-9'\ndef f(x):\n  if x: return 'm-1'\n  raise GONE\n"
    assert understand(HEAD + source + ask("f(1)")).models == ["m-1"]


def test_cycles_that_lead_nowhere() -> None:
    files = {"a.py": "from b import X\nY = X\n" + HEAD + ask("Y"), "b.py": "from a import Y\nX = Y"}
    assert understand(files).models == []
    stars = {"a.py": "from b import *\n" + HEAD + ask("Y"), "b.py": "from a import *"}
    assert understand(stars).models == []


def test_tests_do_not_speak_for_production() -> None:
    app = HEAD + "def f(m):\n  return " + ask("m")
    found = understand({"app.py": app, "tests/test_app.py": "from app import f\nf('fake')"})
    assert found.models == []
    own = understand({"tests/helpers.py": app, "tests/test_app.py": "from helpers import f\nf('m-1')"})
    assert own.models == ["m-1"], "a test's own code may be told by tests"


AGENTS = "from agents import Agent\nhelper = Agent(name='helper', model='gpt-4o')\n"


def test_a_local_module_with_the_name_of_a_library() -> None:
    library = understand({"agents.py": "def plan(): return 1\n", "app.py": AGENTS})
    assert library.names(Kind.AGENT) == ["helper"], "agents.py has no Agent, so the SDK is meant"
    local = understand({"agents.py": "class Agent:\n  def __init__(self, name, model): pass\n", "app.py": AGENTS})
    assert local.names(Kind.AGENT) == [], "agents.py has an Agent of its own"


def test_places_are_those_of_the_name() -> None:
    found = understand({"c.py": "A = 1\nM = 'm-1'\n", "app.py": HEAD + "from c import M\n" + ask("M")})
    assert found.places(Kind.MODEL, "m-1") == [("c.py", 2)]
    uses = found.edge(f"{OWNER} -uses-> model m-1")
    assert [(edge.evidence[0].path, edge.evidence[0].line) for edge in uses] == [("app.py", 4)]


def test_a_long_template_is_not_multiplied() -> None:
    """A prompt with a part of several values is one prompt; only short text, such as a name, is each of its values."""
    source = "for tone in ['kind', 'stern']:\n  client.responses.create(model='m', instructions=" + repr("x" * 300)
    assert len(understand(HEAD + source + " + f'{tone}')").names(Kind.PROMPT)) == 1


def test_the_same_facts_whatever_the_order_of_files() -> None:
    files = {f"{number}/{path}": source for number, case in enumerate(CASES) for path, source in case.files.items()}
    files = {path: with_calls(source) for path, source in files.items()}
    first = understand(files)
    assert len(first.models) >= 6
    assert understand(files).facts == first.facts
    assert understand(dict(reversed(files.items()))).facts == first.facts
