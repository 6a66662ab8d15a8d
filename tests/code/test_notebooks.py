"""Notebooks: code cells of every format version as one program whose lines are those of the file."""

import json

import pytest
from understanding import file, understand

from backstay.code.analyzer import CodeAnalyzer
from backstay.code.languages.python import notebook
from backstay.model import Kind
from backstay.plugin import UnreadableError

CLIENT = "from openai import OpenAI\nclient = OpenAI()"
ASK = "client.chat.completions.create(model='m-1')"


def cell(source: str | list[str], kind: str = "code") -> dict[str, object]:
    lines = source.splitlines(keepends=True) if isinstance(source, str) else source
    return {"cell_type": kind, "metadata": {}, "source": lines, "outputs": [{"text": ["import os"]}]}


def written(*cells: dict[str, object]) -> str:
    return json.dumps({"cells": list(cells), "nbformat": 4, "nbformat_minor": 5}, indent=1)


def test_lines_are_those_of_the_file() -> None:
    text = written(cell("# A title", "markdown"), cell(CLIENT), cell("x = 1\n" + ASK))
    found = understand({"a.ipynb": text})
    line = next(number for number, one in enumerate(text.splitlines(), 1) if "create(" in one)
    assert found.places(Kind.MODEL, "m-1") == [("a.ipynb", line)]
    uses = found.edge("repository app -uses-> model m-1")
    assert {(edge.evidence[0].line, edge.evidence[0].end_line) for edge in uses} == {(line, line)}


def test_only_code_is_read() -> None:
    text = written(cell(CLIENT), cell(ASK, "markdown"), cell(ASK.replace("m-1", "m-2"), "raw"))
    assert understand({"a.ipynb": text}).models == []


def test_one_string_as_source() -> None:
    cells = [{"cell_type": "code", "source": f"{CLIENT}\n{ASK}\n"}]
    assert understand({"a.ipynb": json.dumps({"cells": cells})}).models == ["m-1"]


def test_the_third_format() -> None:
    cells = [{"cell_type": "code", "input": [f"{CLIENT}\n", ASK]}]
    text = json.dumps({"worksheets": [{"cells": cells}], "nbformat": 3}, indent=1)
    assert understand({"a.ipynb": text}).models == ["m-1"]


@pytest.mark.parametrize(
    "magic", ["%pip install openai", "!ls -la | grep x", "?client", "client?", "%matplotlib inline", "  %time"]
)
def test_magics_are_no_python(magic: str) -> None:
    text = written(cell(f"{CLIENT}\n{magic}\n{ASK}"))
    found = understand({"a.ipynb": text})
    assert found.models == ["m-1"]
    module = notebook.parse("a.ipynb", text)
    assert not module.broken
    assert module.notebook


def test_a_magic_in_a_block_leaves_the_block_whole() -> None:
    text = written(cell(f"{CLIENT}\nif True:\n    !ls\n{ASK}"))
    assert not notebook.parse("a.ipynb", text).broken
    assert understand({"a.ipynb": text}).models == ["m-1"]


@pytest.mark.parametrize("magic", ["%%bash", "%%html", "%%writefile app.py", "%%javascript"])
def test_cells_in_other_languages_are_left_out(magic: str) -> None:
    text = written(cell(CLIENT), cell(f"{magic}\n{ASK.replace('m-1', 'm-2')}"), cell(ASK))
    assert understand({"a.ipynb": text}).models == ["m-1"]


@pytest.mark.parametrize("magic", ["%%time", "%%capture out", "%%timeit -n 1"])
def test_cells_that_are_timed_are_python(magic: str) -> None:
    assert understand({"a.ipynb": written(cell(CLIENT), cell(f"{magic}\n{ASK}"))}).models == ["m-1"]


def test_a_broken_cell_harms_no_other() -> None:
    text = written(cell(CLIENT), cell("x = $ 1"), cell(ASK))
    assert notebook.parse("a.ipynb", text).broken
    assert understand({"a.ipynb": text}).models == ["m-1"]


@pytest.mark.parametrize("text", ["{", "", "not json", '{"cells": [', "[" * 100_000], ids=range(5))
def test_broken_json_is_unreadable(text: str) -> None:
    with pytest.raises(UnreadableError) as raised:
        CodeAnalyzer().digest(file("a.ipynb", text.encode()))
    assert raised.value.reason == "invalid notebook"
    found = understand({"a.ipynb": text, "app.py": f"{CLIENT}\n{ASK}\n"})
    assert found.models == ["m-1"]
    assert [skip.path for skip in found.skips] == ["a.ipynb"]


@pytest.mark.parametrize(
    "text", ["[]", "{}", "null", '{"cells": {}}', '{"cells": [1, null, {"cell_type": 2}, {"cell_type": "code"}]}']
)
def test_json_that_is_no_notebook_gives_nothing(text: str) -> None:
    found = understand({"a.ipynb": text})
    assert not found.facts
    assert not found.skips
