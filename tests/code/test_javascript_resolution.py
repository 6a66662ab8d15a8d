"""JavaScript: what a model's name can be, followed through objects, modules, classes and promises."""

import random
import time

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


GROWING = {
    "concatenated": "let a = ['m-1']\n" + "a = a.concat(a)\n" * 60,
    "pushed": "const a = ['m-1']\n" + "a.push(...a)\n" * 60,
    "spread": "let a = ['m-1']\n" + "a = [...a, ...a]\n" * 60,
    "joined": "let a = ['m-1']\n" + "a = [a.join(','), a.join(',')]\n" * 60,
    "nested": "let a = ['m-1']\n" + "a = [a, a]\n" * 60 + "a = a.flat()\n" * 5,
    "mapped": "let a = ['m-1']\n" + "a = a.map((x) => a.map((y) => x + y))\n" * 40,
    "assigned": "let a = {}\n" + "a = Object.assign({}, a, { b: a, c: a })\n" * 60,
    "set": "const a = new Map()\n" + "".join(f"a.set('k{i}', a.get('k{i - 1}'))\n" for i in range(500)),
    "schemas": "import { z } from 'zod'\nlet s = z.string()\n" + "s = s.min(1)\n" * 500
    + "const a = [z.object({ M: s }).parse(process.env).M]\n",
    "conditions": "function f(p) {\n" + "".join(f"  if (p === 'a{i}') {{\n    return f(p)\n  }}\n" for i in range(999))
    + "}\nconst a = [f('a7')]\n",
}  # fmt: skip


@pytest.mark.parametrize("source", GROWING.values(), ids=GROWING)
def test_values_that_grow_are_bounded(source: str) -> None:
    started = time.process_time()
    found = understand({"app.ts": HEAD + source + expanded("ask(a[0])\nask('m-9')\n")})
    assert time.process_time() - started < 10
    assert "m-9" in found.models, "what follows is understood"


def test_whatever_is_left_of_a_file_is_understood_without_harm() -> None:
    chance = random.Random(7)
    for case in CASES:
        files = {path: expanded(source) for path, source in case.files.items()}
        path = chance.choice(sorted(files))
        cut = chance.randrange(len(files[path]))
        files[path] = files[path][:cut] if chance.random() < 0.5 else files[path][cut:]
        other = {"other.ts": HEAD + expanded("ask('m-9')\n")}
        assert "m-9" in understand(files | other).models
