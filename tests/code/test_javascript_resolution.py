"""JavaScript: what a model's name can be, followed through objects, modules, classes and promises."""

import pytest
from cases import Case, cases
from understanding import OWNER, understand

HEAD = "import OpenAI from 'openai'\nconst client = new OpenAI()\n"
CASES = [
    Case(case.name, case.expected, {"app.ts" if path == "app.py" else path: text for path, text in case.files.items()})
    for case in cases("javascript.txt", HEAD)
]


def expanded(source: str) -> str:
    """`ask(x)` asks by the expression x, however many brackets are in it."""
    out, at = "", 0
    while (start := source.find("ask(", at)) >= 0:
        depth, end = 1, start + 4
        while depth:
            depth += {"(": 1, ")": -1}.get(source[end], 0)
            end += 1
        model = source[start + 4 : end - 1]
        out += f"{source[at:start]}client.chat.completions.create({{ messages: [], model: {model} }})"
        at = end
    return out + source[at:]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_resolution(case: Case) -> None:
    found = understand({path: expanded(source) for path, source in case.files.items()})
    assert not found.skips
    if not case.expected.startswith("? "):
        assert found.models == case.expected.split()
        return
    assert found.models == [], "no name is invented"
    unresolved = [edge.attributes.get("unresolved") for edge in found.edge(f"{OWNER} -uses-> provider openai")]
    assert case.expected.removeprefix("? ") in unresolved


def test_the_cases_are_all_read() -> None:
    assert len(CASES) > 50
    assert len({case.name for case in CASES}) == len(CASES)
