"""Hostile sources of every language are read and joined in little time, and nothing is raised."""

import json
import time
from collections.abc import Callable
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from understanding import understand

from backstay import page
from backstay.catalog.tables import Table, tables

SIZE, SMALL = 20_000, 10_000  # bytes of an attack; the smaller for what holds code of a language that has its own
SECONDS = 10  # of processor, for reading and joining one
JAVA = "package a;\nimport dev.langchain4j.model.openai.OpenAiChatModel;\n"
# What makes a file of each kind one that matters, and opens a body where code may stand.
HEADS = {
    "py": "import openai\n",
    "ipynb": "import openai\n",
    "ts": "import OpenAI from 'openai';\n",
    "tsx": "import OpenAI from 'openai';\n",
    "vue": "<script>\nimport OpenAI from 'openai';\n",
    "java": JAVA + "class A { void f() {\n",
    "kt": JAVA.replace(";", "") + "fun f() {\n",
    "go": 'package main\nimport "github.com/openai/openai-go"\nfunc main() {\n',
    "cs": "using OpenAI.Chat;\nclass A { void F() {\n",
    "razor": "@using OpenAI.Chat\n@code {\n",
    "csproj": '<Project><ItemGroup><PackageReference Include="OpenAI"/></ItemGroup>\n',
}
REPEATED = {
    "parentheses": "(",
    "brackets": "[",
    "braces": "{\n",
    "closing braces": "}",
    "angles": "A<",
    "angles and commas": "a<b,",
    "double quotes": '"',
    "quotes": "'",
    "backticks": "`",
    "conditions": "a?b:",
    "elvis": "a?:",
    "comments": "/*",
    "backslashes": "\\",
    "templates": "`${",
    "interpolations": '"${',
    "elements": "<a b={",
    "functions": "function f() {",
    "lambdas": "a=>{",
    "ifs": "if (a) ",
    "imports": "import a.b.c;\n",
    "annotations": "@A(",
    "nul bytes": "a\0(",
    "carriage returns": "a = b\r\n",
    "byte order marks": "\ufeff",
}
WHOLE: dict[str, Callable[[], str]] = {
    "concatenations": lambda: "x = " + "+".join(['"a"'] * 20_000),
    "names added": lambda: "x = " + "+".join("a" * 10_000),
    "one identifier": lambda: "x" * SIZE,
    "one chain": lambda: "x" + ".a(1)" * 5_000,
    "one builder": lambda: "X.builder()" + ".a(1)" * 5_000 + ".build()",
}
METHODS = {
    "py": ("class C:\n", " def m{n}(self): return self.m{m}()\n", ""),
    "ts": ("class C {\n", " m{n}() {{ return this.m{m}() }}\n", "}"),
    "java": (JAVA + "class C {\n", " Object m{n}() {{ return m{m}(); }}\n", "}"),
    "kt": (JAVA.replace(";", "") + "class C {\n", " fun m{n}() = m{m}()\n", "}"),
    "go": (
        HEADS["go"].partition("func")[0] + "type C struct{}\n",
        "func (c *C) m{n}() int {{ return c.m{m}() }}\n",
        "",
    ),
    "cs": ("using OpenAI.Chat;\nclass C {\n", " object M{n}() {{ return M{m}(); }}\n", "}"),
}
CLASSES = {
    "py": "class C{n}(C{m}):\n def f{n}(self): return super().f{m}()\n",
    "ts": "class C{n} extends C{m} {{ f{n}() {{ return super.f{m}() }} }}\n",
    "java": "class C{n} extends C{m} {{ Object f{n}() {{ return super.f{m}(); }} }}\n",
    "kt": "open class C{n}(val x{n}: C{m}) : C{m}(x{n})\n",
    "go": "type C{n} struct {{ C{m} }}\nfunc (c C{n}) f{n}() int {{ return c.f{m}() }}\n",
    "cs": "record C{n}(C{m} X{n}) : C{m} {{ object f{n} = f{m}; }}\n",
}


def read(ending: str, source: str | bytes) -> None:
    if ending == "ipynb":
        text = source if isinstance(source, str) else source.decode("latin-1")
        cells = [{"cell_type": "code", "source": text}]
        source = json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    data = source.encode() if isinstance(source, str) else source
    started = time.process_time()
    understand({f"a.{ending}": data})
    assert time.process_time() - started < SECONDS


@cache
def warmed(ending: str) -> None:
    """Front-end and tables are loaded once, and not in the time of an attack."""
    understand({f"a.{ending}": HEADS[ending].encode()})


@pytest.mark.parametrize("attack", [*REPEATED, *WHOLE])
@pytest.mark.parametrize("ending", HEADS)
def test_an_attack_on_the_parser(ending: str, attack: str) -> None:
    warmed(ending)
    unit, size = REPEATED.get(attack), SIZE if ending in METHODS else SMALL
    read(ending, HEADS[ending] + (WHOLE[attack]() if unit is None else unit * (size // len(unit))))


@pytest.mark.parametrize("ending", METHODS)
def test_methods_that_call_each_other(ending: str) -> None:
    warmed(ending)
    head, line, foot = METHODS[ending]
    head = head if ending in ("java", "kt", "go", "cs") else HEADS[ending] + head
    read(ending, head + "".join(line.format(n=n, m=(n * 7 + 1) % 4_000) for n in range(4_000)) + foot)


@pytest.mark.parametrize("ending", CLASSES)
def test_classes_that_derive_from_each_other(ending: str) -> None:
    warmed(ending)
    head = {"java": JAVA, "kt": JAVA.replace(";", ""), "go": METHODS["go"][0], "cs": "using OpenAI.Chat;\n"}
    lines = "".join(CLASSES[ending].format(n=n, m=(n + 1) % 1_000) for n in range(1_000))
    read(ending, head.get(ending, HEADS[ending]) + lines)


@pytest.mark.parametrize("ending", HEADS)
@pytest.mark.parametrize("encoded", [b"\xff\xc3(", b"\xe9", b"\x00\xd8"], ids=["no UTF-8", "Latin-1", "half UTF-16"])
def test_bytes_that_are_no_text(ending: str, encoded: bytes) -> None:
    warmed(ending)
    head = HEADS[ending].encode()
    read(ending, (b"\xff\xfe" if encoded == b"\x00\xd8" else b"") + head + encoded * (SIZE // len(encoded)) + b"\0")


LANGUAGES = {"py": "python", "ts": "javascript", "java": "jvm", "kt": "jvm", "go": "go", "cs": "dotnet"}


@cache
def examples(ending: str) -> list[bytes]:
    """The files of the pages that explain the tables of a language."""
    loaded = [page.load(f"backstay.catalog.sdk.{one.language}", one.id) for one in _tables(LANGUAGES[ending])]
    files = [file for one in loaded for example in one.examples for file in example.files.items()]
    return [content.encode() for path, content in files if path.endswith(f".{ending}")]


def _tables(language: str) -> list[Table]:
    return [one for one in tables() if one.language == language]


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
@pytest.mark.parametrize("ending", LANGUAGES)
def test_real_code_that_was_cut_and_mixed(ending: str, data: st.DataObject) -> None:
    source = bytearray(data.draw(st.sampled_from(examples(ending))))
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(source)))
        end = min(len(source), at + data.draw(st.integers(0, 30)))
        source[at:end] = data.draw(st.binary(max_size=3) | st.sampled_from([b"(", b"}", b'"', b"`", b"<", b"\n", b""]))
    read(ending, bytes(source[: data.draw(st.integers(len(source) // 2, len(source)))]))
