"""The Python front-end: every kind of statement and expression, any version's syntax, and hostile source."""

import random
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sketch import sketch
from understanding import file, parsed, understand

from backstay.code.facts import Assign, Attr, Call, Class, Do, Function, Lit, Module, Statement
from backstay.code.language import Heading
from backstay.code.languages.python import statements as python
from backstay.code.outline import Outline, decode, encode

ASK = b"""
from openai import OpenAI
OpenAI().chat.completions.create(model="gpt-4o")
"""


def body(source: str | bytes) -> list[str]:
    module = parsed(source)
    assert not module.broken, source
    return [sketch(one) for one in module.body]


STATEMENTS = [
    ("import a.b, c as d", ["import a.b", "import c as d"]),
    ("from . import a", ["from . import a"]),
    ("from ..b.c import (d as e, f,)", ["from ..b.c import d as e", "from ..b.c import f"]),
    ("from a import *", ["from a import *"]),
    ("from __future__ import annotations", []),
    ("x = 1; y: str = 'a'; z: int", ["x = 1", "y: str = 'a'", "z: int : -"]),
    ("a = b = f()", ["a = f()", "b = f()"]),
    ("a, (b, *c) = d", ["[a, [b, *c]] = d"]),
    ("a += 1; b |= c", ["a += 1", "b += c"]),
    ("a.b[c] = d", ["a.b[c] = d"]),
    ("f(1, *a, k=2, **o)", ["f(1, *a, k=2, **o)"]),
    ("assert f(), g()", ["f()", "g()"]),
    ("raise E(f()) from c", ["E(f())", "c"]),
    ("del x\nglobal y\npass", []),
    ("if f():\n a()\nelif g():\n b()\nelse:\n c()", ["f()", "a()", "g()", "b()", "c()"]),
    ("while f():\n a()\nelse:\n b()", ["f()", "a()", "b()"]),
    ("for i, j in f():\n a(i)\nelse:\n b()", ["[i, j] for f()", "a(i)", "b()"]),
    ("with f() as a, g():\n h()", ["a with f()", "g()", "h()"]),
    ("with (f() as a, g() as b):\n h()", ["a with f()", "b with g()", "h()"]),
    ("try:\n a()\nexcept (E, F) as e:\n b()\nelse:\n c()\nfinally:\n d()", ["a()", "b()", "c()", "d()"]),
    ("try:\n a()\nexcept* E:\n b()", ["a()", "b()"]),
    ("try:\n a()\nexcept E, F:\n b()", ["a()", "b()"]),
    (
        "match f():\n case [x] if g(x):\n  a()\n case {'k': v, **r} | P(z=1):\n  b()\n case _: c()",
        ["f()", "g(x)", "a()", "b()", "c()"],
    ),
    ("type X = list[int]\ntype Y[T] = dict[str, T]", ["X = list[int]", "Y = dict[[str, T]]"]),
    ("async def f():\n async with a() as b:\n  async for c in d: await e(c)", ["def f(): b with a(); c for d; e(c)"]),
    ("def f(a, /, b: int = 1, *, c=2, **k: str) -> R: return a", ["def f(a, b: int=1, c=2, **k: str) -> R: return a"]),
    ("def f(a, *b): yield b", ["def f(a, *b): yield b"]),
    ("def f[T: int](x: T): pass", ["def f(x: T):"]),
    (
        "@a\n@b.c(1)\nclass D(E, metaclass=F):\n x: int = 1\n def g(self): pass",
        ["@a @b.c(1) class D(E, metaclass=F): x: int = 1; def g(self):"],
    ),
    ("class A[T](B[T]): pass", ["class A(B[T]):"]),
]  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), STATEMENTS, ids=[source.split("\n")[0] for source, _ in STATEMENTS])
def test_statements(source: str, expected: list[str]) -> None:
    assert body(source) == expected


EXPRESSIONS = [
    ("'a' \"b\" '''c'''", "'abc'"),
    ("'a' f'{b}'", "text('a', b)"),
    ("f'x{y!r:>{w}}z{{}}'", "text('x', y, 'z{}')"),
    ("f'{d['k']}{f'{g(\"x\")}'}'", "text(d['k'], text(g('x')))"),  # PEP 701
    ("t'hello {name}'", "text('hello ', name)"),  # PEP 750
    (r"'\x41\u0042\n\q' r'\n'", r"'AB\n\\q\\n'"),
    ("b'bytes'", "'bytes'"),
    ("'a' + b + 'c'", "text('a', b, 'c')"),
    ("'a %s' % b", "('a %s' % b)"),
    ("a + b", "(a + b)"),
    ("-1", "-1"),
    ("-1.5 if a else +2", "either(-1.5, 2)"),
    ("not f(-x)", "?(f(?(x)))"),
    ("a or b and c", "either(a, either(b, c))"),
    ("f() < g() <= 3", "?(f(), g())"),
    ("a[1, b:c]", "a[[1, ?(b, c)]]"),
    ("[1, *a]", "[1, *a]"),
    ("(1,)", "[1]"),
    ("{1, 2}", "[1, 2]"),
    ("{'a': 1, **b}", "{'a': 1, **b}"),
    ("[x.y for x in z if f(x)]", "<x.y for x in z also f(x)>"),
    ("{k: v for k, v in z.items()}", "<k: v for [k, v] in z.items()>"),
    ("[a for b in c() for a in d(b)]", "<a for b in c() also d(b)>"),
    ("sum(x for x in y)", "sum(<x for x in y>)"),
    ("lambda a, *b, c=1: f(a)", "lambda a, b, c: f(a)"),
    ("await f()", "f()"),
    ("(f())", "f()"),
    ("(x := f(1))", "f(1)"),
    ("None, True, False, ...", "[None, True, False, ?()]"),
    ("0x1f, 0b1, 0o17, 1_000, 1.5e3", "[31, 1, 15, 1000, 1500.0]"),
    ("a.b().c[0]", "a.b().c[0]"),
]


@pytest.mark.parametrize(("source", "expected"), EXPRESSIONS, ids=[source for source, _ in EXPRESSIONS])
def test_expressions(source: str, expected: str) -> None:
    assert body(f"v = {source}\n")[-1 if ":=" not in source else 0] == f"v = {expected}"


def test_a_walrus_binds() -> None:
    assert body("if (n := f(1)) > 2: g(n)\n") == ["?(f(1))", "n = f(1)", "g(n)"]


def test_python_2() -> None:
    source = "print 'a', f()\nexec code in ns\nprint >>out, g()\nraise E, h()\nx = 0777\ny = 10L\nz = ur'a'\n"
    found = body(source + "if a <> k(): pass\n")
    assert found[:6] == ["'a'", "f()", "exec(code)", "g()", "[E, h()]", "x = 511"]
    assert found[6:] == ["y = 10", "z = 'a'", "?(a, k())"]


def test_lines() -> None:
    source = '''\
x = (
    f(
        1)
)
def g(
    a,
):
    """Words
    and more."""
    return (a
        .b()
        .c())
class K:
    y = \\
        2
'''
    module = parsed(source, dedent=False)
    assign, function, cls = module.body
    assert isinstance(assign, Assign)
    assert isinstance(assign.value, Call)
    assert (assign.line, assign.value.line, assign.value.end_line) == (1, 2, 3)
    assert isinstance(function, Function)
    assert (function.line, function.end_line) == (5, 12)
    words, given = function.body
    assert isinstance(words, Do)
    assert isinstance(words.value, Lit)
    assert (words.value.line, words.value.end_line) == (8, 9)
    # The attribute's line is where a reader looks for a method in a chain.
    assert isinstance(given, Do)
    assert isinstance(given.value, Call)
    assert isinstance(given.value.func, Attr)
    assert (given.value.func.line, given.value.end_line) == (12, 12)
    assert isinstance(cls, Class)
    assert (cls.line, cls.end_line) == (13, 15)


@pytest.mark.parametrize(
    ("newline", "encoding"),
    [("\n", "utf-8"), ("\r\n", "utf-8"), ("\n", "utf-8-sig"), ("\r\n", "latin-1"), ("\n", "utf-16")],
)
def test_line_ends_and_encodings(newline: str, encoding: str) -> None:
    source = newline.join(
        [
            "import openai",
            "prénom = 'gpt-4o'",
            "c = openai.OpenAI()",
            "c.chat.completions.create(",
            "  model=prénom)",
            "",
        ]
    )
    found = understand({"app.py": source.encode(encoding)})
    assert found.models == ["gpt-4o"]
    assert not found.skips
    edge = found.edge("repository app -uses-> model gpt-4o")[0]
    assert (edge.evidence[0].line, edge.evidence[0].end_line) == (4, 5)


def test_main_and_branches() -> None:
    module = parsed(
        "a = 1\nif c:\n  b = 2\n  for d in e:\n    g = 3\nwith f() as h:\n  i = 4\n"
        "if __name__ == '__main__':\n  main()\n"
    )
    assert module.main
    assert {sketch(one.target): one.branch for one in module.body if isinstance(one, Assign)} == {
        "a": 0, "b": 1, "d": 1, "g": 2, "h": 0, "i": 0,
    }  # fmt: skip
    assert not parsed("if name == 'main': main()\n").main
    # A function in a branch begins anew: what it assigns is firm for itself.
    inner = parsed("if c:\n  def f():\n    x = 1\n").body[0]
    assert isinstance(inner, Function)
    assert [one.branch for one in inner.body if isinstance(one, Assign)] == [0]


BROKEN = [
    ("def f(:\n  x = 1\ny = g(2)\nclass K(: pass\nz = h(3)\n", ["y = g(2)", "z = h(3)"]),
    ("x = f(1)\n]\ny = g(2)\n", ["x = f(1)", "y = g(2)"]),
    ("x = f(1)\ny = $\nz = g(3)\n", ["x = f(1)", "z = g(3)"]),
    ("<<<<<<< HEAD\nx = f(1)\n=======\nx = g(1)\n>>>>>>> other\ny = h(3)\n", ["x = f(1)", "y = h(3)"]),
    ("x = f(1)\ny = (\n", ["x = f(1)"]),
    ("((((", []),
    ("f(****c)", []),
]


@pytest.mark.parametrize(("source", "expected"), BROKEN, ids=[source for source, _ in BROKEN])
def test_broken_source_is_counted_and_the_rest_understood(source: str, expected: list[str]) -> None:
    module = parsed(source, dedent=False)
    assert module.broken > 0
    said = [sketch(one) for one in module.body]
    assert set(expected) <= set(said)


def test_broken_source_is_reported_and_still_shows_its_models() -> None:
    found = understand({"app.py": ASK + b"def f(:\n  pass\n"})
    assert found.models == ["gpt-4o"]
    assert [(skip.path, skip.reason) for skip in found.skips] == [("app.py", "syntax errors")]


def test_sound_source_is_not_reported() -> None:
    assert not understand({"app.py": ASK}).skips


DEEP = {
    "parentheses": "(" * 10_000 + "1" + ")" * 10_000,
    "sum": " + ".join(f"a{i}" for i in range(20_000)),
    "text": " + ".join(f"'a{i}' + b" for i in range(5_000)),
    "difference": " - ".join(f"a{i}" for i in range(20_000)),
    "alternatives": " or ".join(f"a{i}" for i in range(20_000)),
    "chain": " | ".join(f"a{i}" for i in range(5_000)),
    "comparison": " < ".join(f"a{i}" for i in range(5_000)),
    "attributes": "a" + ".b" * 20_000,
    "calls": "a" + ".b()" * 20_000,
    "arguments": "f(" * 5_000 + ")" * 5_000,
    "just below the limit": "f(" * 140 + ")" * 140,
    "conditional": "a if b else " * 5_000 + "c",
    "lambda": "lambda: " * 5_000 + "1",
    "not": "not " * 5_000 + "c",
    "dictionaries": "{1:" * 3_000 + "1" + "}" * 3_000,
    "items": "a" + "[0]" * 5_000,
    "interpolations": 'f"{' * 200 + "1" + '}"' * 200,
    "targets": " = ".join(f"a{i}" for i in range(2_000)),
}
NESTED = {
    "conditions": "".join(" " * i + "if a:\n" for i in range(1_000)) + " " * 1_000 + "f()\n",
    "functions": "".join(" " * i + f"def f{i}():\n" for i in range(1_000)) + " " * 1_000 + "f()\n",
    "classes": "".join(" " * i + f"class f{i}:\n" for i in range(140)) + " " * 140 + "f()\n",
    "elif": "if a: b()\n" + "".join(f"elif a{i}: b{i}()\n" for i in range(5_000)),
    "decorators": "@a\n" * 5_000 + "def f(): pass\n",
    "staircase": "\n".join(" " * i + "x" for i in range(2_000)) + "\n",
    "statements": "x = 1\n" * 20_000,
}


@pytest.mark.parametrize("source", [*(f"x = {one}\n" for one in DEEP.values()), *NESTED.values()], ids=[*DEEP, *NESTED])
def test_deep_and_long_source_is_bounded(source: str) -> None:
    started = time.monotonic()
    found = understand({"app.py": source.encode() + ASK})
    assert time.monotonic() - started < 10
    assert found.models == ["gpt-4o"], "what follows is understood"


def test_nesting_past_the_limit_is_counted() -> None:
    assert not parsed("x = " + "(" * 60 + "1" + ")" * 60).broken
    assert parsed("x = " + "(" * 400 + "1" + ")" * 400).broken


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("9" * 100_000, 2.0**63),
        (str(2**63 - 1), 2**63 - 1),
        (str(2**63), 2.0**63),
        ("0x" + "f" * 5_000, 2.0**63),
        ("1e999", float("inf")),
    ],
    ids=["digits", "largest", "one more", "hexadecimal", "exponent"],
)
def test_huge_numbers(number: str, expected: float) -> None:
    module = parsed(f"x = {number}\n")
    again = decode(encode(Outline("python", Heading(), module))).module
    assert again is not None
    statement = again.body[0]
    assert isinstance(statement, Assign)
    assert isinstance(statement.value, Lit)
    assert statement.value.value == expected


@pytest.mark.parametrize("data", [b"", b"\n", b"\xef\xbb\xbf", b"#", b"\x0c\n", b"\xff\xfe"], ids=repr)
def test_empty_files(data: bytes) -> None:
    found = understand({"app.py": data, "other.py": ASK})
    assert found.models == ["gpt-4o"]
    assert not found.skips


def test_nul_bytes_harm_nothing_else() -> None:
    module = python.parse("app.py", b"x = f()\n\0\0y = 1\nz = g()\n")
    assert module.broken
    assert "x = f()" in [sketch(one) for one in module.body]


def test_invalid_utf_8_in_text() -> None:
    assert understand({"app.py": b"x = '\xe9\xff'\n" + ASK}).models == ["gpt-4o"]


def test_a_script_of_another_language_is_left_alone() -> None:
    assert python.imports(b"import openai\n") == [("openai", 0)]
    assert understand({"run": b"#!/usr/bin/env ruby\n" + ASK}).models == []
    assert understand({"run": b"#!/usr/bin/env python3\n" + ASK}).models == ["gpt-4o"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (b"import a.b as c, d # e\n", {("a.b", 0), ("d", 0)}),
        (b"try:\n    import a\nexcept ImportError: pass\n", {("a", 0)}),
        (b"from a import (b as c, d)\n", {("a", 0), ("a.b", 0), ("a.d", 0)}),
        (b"from ..a import b\n", {("a", 2), ("a.b", 2)}),
        (b"from . import b\n", {("", 1), ("b", 1)}),
        (b"x = 'an import b'\n", set()),
        (b"import a", {("a", 0)}),
    ],
)
def test_imports_without_parsing(source: bytes, expected: set[tuple[str, int]]) -> None:
    assert set(python.imports(source)) == expected


# Property tests ------------------------------------------------------------------------------------------------------

ROOT = Path(__file__).parents[2]
OWN = sorted((ROOT / "src" / "backstay" / "code").rglob("*.py"))
# The engine does the same for the same source; no deadline for one example, as the machine may be busy.
bounded = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def check(source: bytes) -> Module:
    """Reading ends fast, keeps its lines, and survives being stored."""
    started = time.monotonic()
    module = python.parse("app.py", source)
    assert time.monotonic() - started < 5
    encoded = encode(Outline("python", Heading(python.imports(source)), module))
    again = decode(encoded)
    assert again.module is not None
    assert encode(again) == encoded, "stored facts are read as they were"
    last = source.count(b"\n") + 1
    assert all(1 <= one.line <= last for one in _statements(module.body))
    return module


def _statements(body: list[Statement]) -> list[Statement]:
    return [
        inner for one in body for inner in (one, *(_statements(one.body) if isinstance(one, Function | Class) else ()))
    ]


@bounded
@given(st.one_of(st.text(max_size=400), st.text(alphabet="()[]{}:=.,'\"\\ \n\tfi nldexmar@*#01", max_size=400)))
def test_random_text(source: str) -> None:
    check(source.encode("utf-8", "replace"))


@bounded
@given(st.binary(max_size=400))
def test_random_bytes(source: bytes) -> None:
    check(source)


@settings(bounded, max_examples=40)
@given(st.sampled_from(OWN), st.integers(0, 40_000))
def test_real_source_cut_off(path: Path, length: int) -> None:
    check(path.read_bytes()[:length])


@settings(bounded, max_examples=60)
@given(st.sampled_from(OWN), st.integers(0, 2**32), st.integers(1, 30))
def test_real_source_mutated(path: Path, seed: int, changes: int) -> None:
    chance, source = random.Random(seed), bytearray(path.read_bytes())
    for _ in range(changes):
        if not source:
            break
        at = chance.randrange(len(source))
        match chance.randrange(3):
            case 0:
                source[at] = chance.choice(b"()[]{}:'\"\\\n \0\xff=,")
            case 1:
                del source[at : at + chance.randrange(40)]
            case 2:
                there = chance.randrange(len(source))
                source[at:at] = source[there : there + chance.randrange(40)]
    check(bytes(source))


@settings(bounded, max_examples=25)
@given(st.sampled_from(OWN), st.integers(0, 2**32))
def test_mutated_source_passes_through_the_analyzer(path: Path, seed: int) -> None:
    chance = random.Random(seed)
    lines = path.read_bytes().splitlines(keepends=True)[:150]
    chance.shuffle(lines)
    understand({"own.py": b"".join(lines), "app.py": ASK, "uses.py": b"from own import *\nimport app\n" + ASK})


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.name)
def test_real_source_is_understood_whole(path: Path) -> None:
    module = check(path.read_bytes())
    assert not module.broken
    names = {one.name for one in module.body if isinstance(one, Function | Class)}
    defined = {
        line.split("(")[0].split(":")[0].split()[-1]
        for line in path.read_text().splitlines()
        if line.startswith(("def ", "class "))
    }
    assert names == defined


def test_outlines_without_facts_survive_storing() -> None:
    outline = decode(encode(Outline("python", Heading([("a.b", 0), ("c", 2)]), None)))
    assert (outline.heading.imports, outline.module) == ([("a.b", 0), ("c", 2)], None)
    assert file("app.py", b"x").text == "x"


def test_an_endless_run_of_remarks_is_soon_read() -> None:
    source = b"import openai\n" + b"# x\n" * 20_000 + b"answer = openai.OpenAI()\n"
    started = time.process_time()
    module = python.parse("app.py", source)
    assert time.process_time() - started < 3
    assert module.body[-1].line == 20_002
