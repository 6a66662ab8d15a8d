"""JSON and YAML are read as other readers read them, with lines, and within bounds."""

import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from backstay.documents import MAX_DEPTH, DocumentError, Node, read_json, read_yaml

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.text(st.characters(codec="utf-8"), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcdef-_ ", max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_json_as_the_standard_library_reads_it(value: Any) -> None:
    assert read_json(json.dumps(value)).plain() == value
    assert read_json(json.dumps(value, indent=2, ensure_ascii=False)).plain() == value


@settings(deadline=None)
@given(st.dictionaries(st.text("abcdef", min_size=1, max_size=8), VALUES, max_size=4), st.booleans())
def test_yaml_as_pyyaml_reads_it(value: dict[str, Any], flow: bool) -> None:
    text = yaml.safe_dump(value, default_flow_style=flow, allow_unicode=True)
    [node] = read_yaml(text)
    assert node.plain() == yaml.safe_load(text)


def test_lines() -> None:
    [node] = read_yaml("a:\n  b: 1\n  c:\n    - x\n    - y\nd: z\n")
    assert (node.get("a").line, node.get("a").end_line) == (2, 5)
    assert (node.get("a", "c", 1).line, node.get("d").line) == (5, 6)


def test_merge_keys_do_not_overwrite() -> None:
    [node] = read_yaml("base: &base {image: a, port: 1}\nweb:\n  <<: *base\n  port: 2\n")
    assert node.get("web").plain() == {"image": "a", "port": 2}


def test_keys_are_texts_as_written() -> None:
    [node] = read_yaml("on: 1\n2: two\n? [a]\n: b\n")
    assert node.plain() == {"on": 1, "2": "two", "?": "b"}


def test_several_documents() -> None:
    assert [node.plain() for node in read_yaml("a: 1\n---\n- 2\n---\n")] == [{"a": 1}, [2], None]


LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(12)
)
HOSTILE = {
    "deep flow": "[" * 300_000,
    "deep block": "".join(" " * n + "a:\n" for n in range(2 * MAX_DEPTH)),
    "billion laughs": LAUGHS,
    "alias of itself": "a: &a [*a]",
    "unknown alias": "a: *b",
    "python tag is text": "a: !!python/object/apply:os.system [exit]\nb: [",
    "tab": "a:\n\t- b",
    "control character": "a: \x00",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_yaml_is_refused(text: str) -> None:
    with pytest.raises(DocumentError):
        read_yaml(text)


@pytest.mark.parametrize("text", ["[" * 300_000, '{"a":' * 100_000, "[" * 200 + "]" * 200, "", "{'a': 1}", "nul"])
def test_hostile_json_is_refused(text: str) -> None:
    with pytest.raises(DocumentError):
        read_json(text)


@settings(deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_answered(text: str) -> None:
    for read in (read_json, read_yaml):
        try:
            found = read(text)
        except DocumentError:
            continue
        assert isinstance(found, Node | list)
