"""HCL is read as Terraform reads it, without evaluating anything, and nothing hostile makes that slow."""

import contextlib
import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backstay.detectors.support.hcl import Block, Values, read_hcl
from backstay.documents import Node
from backstay.plugin import UnreadableError


def only(text: str) -> Block:
    (block,) = read_hcl(text)
    return block


def test_blocks_labels_and_lines() -> None:
    block = only(
        '# a\nresource "x" y {\n  a = 1\n\n  inner { b = true }\n'
        '  dynamic "inner" {\n    content { b = null }\n  }\n}\n'
    )
    assert (block.type, block.labels, block.line) == ("resource", ("x", "y"), 2)
    assert block.get("a") == Node(1, 3, 3)
    assert block.get("inner", "b").value is True
    assert [one.get("b").value for one in block.all("inner")] == [True, None]
    assert block.get("none", "b") == Node(None, 0)


VALUES = {
    '"a\\n\\"b\\" $${c} ${d["e"]}"': 'a\n"b" ${c} ${d["e"]}',
    "-1.5e3": -1500.0,
    '[1, "a", [], {}]': [1, "a", [], {}],
    "[\n 1, # one\n 2, // two\n /* three */ 3\n]": [1, 2, 3],
    '{ a = 1, "b c" : 2\n (d) = 3 }': {"a": 1, "b c": 2, "d": 3},
    "var.x == 1 ? [2] : {a = 3}": "${var.x == 1 ? [2] : {a = 3}}",
    '"a" == b ? "c" : "d"': '${"a" == b ? "c" : "d"}',
    "[for x in y : x]": "${[for x in y : x]}",
    "jsonencode([{a = 1}])": [{"a": 1}],
    "f(\n  a,\n  b\n)": "${f(\n  a,\n  b\n)}",
    "<<-EOT\n  a ${b}\n  }\n  EOT": "  a ${b}\n  }\n",
    "null": None,
    "true // yes": True,
    "1 # 2": 1,
}


@pytest.mark.parametrize("written", VALUES)
def test_values(written: str) -> None:
    block = only("b {\n  v = " + written + "\n  w = 7\n}")
    assert block.get("v").plain() == VALUES[written]
    assert block.get("w").value == 7


plain = st.recursive(
    st.one_of(
        st.booleans(),
        st.integers(-(10**12), 10**12),
        st.text(st.characters(codec="utf-8", exclude_characters="$%\x00")),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(plain)
def test_what_json_writes_is_read_back(value: object) -> None:
    written = json.dumps(value, ensure_ascii=True).replace("\\u", "\\\\u").replace("\\b", "b").replace("\\f", "f")
    expected = json.loads(written)
    assert only("b {\n  v = " + written + "\n}").get("v").plain() == expected


def test_references_are_put_in_and_end() -> None:
    blocks = read_hcl(
        'variable "a" { default = "x" }\nvariable "o" {}\nlocals {\n  b = "${var.a}-y"\n  c = local.c\n'
        '  d = "${local.d}${local.d}"\n}\n'
    )
    values = Values(blocks)
    assert values.text(Node("<${local.b}/${var.o}>", 1)) == "<x-y/${var.o}>"
    assert values.text(Node("${local.c}", 1)) == "${local.c}"
    assert len(values.text(Node("${local.d}" * 100, 1))) <= 20_000


@pytest.mark.parametrize("text", ["a = ", 'a "b', "a {", "{", 'a = "b\n"', "a = <<E\nb", "}", "a b c = 1", '"' * 9])
def test_what_is_broken_says_so_or_gives_little(text: str) -> None:
    with contextlib.suppress(UnreadableError):
        assert len(read_hcl(text)) <= 1


TOKENS = [
    "a",
    "=",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    '"',
    "${",
    "<<E\n",
    "\nE\n",
    "\n",
    ",",
    ":",
    "#",
    "//",
    "/*",
    "*/",
    "1",
    "\\",
    "é",
    " ",
]


@settings(max_examples=500, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(TOKENS), st.text(max_size=3)), max_size=60).map("".join))
def test_anything_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(UnreadableError):
        for block in read_hcl(text):
            assert block.line >= 1


LONG = 100_000
ATTACKS = {
    "braces": "a {\n" * (LONG // 4),
    "lists": "a = " + "[" * LONG,
    "lists in turn": "a = " + "[" * 25 + "[]," * (LONG // 3) + "]" * 25,
    "objects": "a = " + "{a=" * (LONG // 3),
    "interpolations": 'a = "' + "${" * (LONG // 2) + '"',
    "strings": 'a = "b"\n' * (LONG // 8),
    "open strings": 'a = "' * (LONG // 5),
    "here-documents": "a = <<E\n" * (LONG // 8),
    "comments": "/*" * (LONG // 2),
    "hashes": "#\n" * (LONG // 2),
    "slashes": "a = /" * (LONG // 5),
    "encoded": "a = " + "jsonencode(" * (LONG // 11) + ")" * (LONG // 11),
    "blocks": "a b {}\n" * (LONG // 7),
    "attributes": "a = b\n" * (LONG // 6),
    "commas": "a = [" + "," * LONG + "]",
    "keys": "a = {" + "b\n" * (LONG // 2) + "}",
    "spaces": "a = [" + " " * LONG + "for",
}


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda name: str(name).replace(" ", "-"))
def test_time_is_bounded(attack: str) -> None:
    start = time.process_time()
    with contextlib.suppress(UnreadableError):
        read_hcl(ATTACKS[attack])
    assert time.process_time() - start < 3
