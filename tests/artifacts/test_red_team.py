"""Ways past an inspection that were found by attacking it, each with its honest neighbour."""

import functools
import gzip
import json
import operator
import pickle

import pytest

from backstay.artifacts.content import Bytes
from backstay.artifacts.inspection import inspect
from backstay.artifacts.report import Sign, State

EVIL = b"cposix\nsystem\n(S'true'\ntR."  # inert: never loaded


def state(data: bytes, name: str) -> State:
    return inspect(Bytes(data), name).state


def tokenizer(**step: object) -> bytes:
    model = {"type": "BPE", "vocab": {"a": 0}, "merges": []}
    return json.dumps({"version": "1.0", "added_tokens": [], "normalizer": step, "model": model}).encode()


def template(text: str) -> bytes:
    return json.dumps({"tokenizer_class": "X", "chat_template": text}).encode()


@pytest.mark.parametrize("spoilt", [slice(-4, None), slice(-8, -4)], ids=["length", "checksum"])
def test_a_checksum_is_looked_at_too_late(spoilt: slice) -> None:
    packed = bytearray(gzip.compress(EVIL * 3, mtime=0))
    packed[spoilt] = b"\0\1\2\3"
    seen = inspect(Bytes(bytes(packed)), "m.pkl.gz")
    assert seen.state is State.MALICIOUS
    assert "broken stream" in {gap.reason for gap in seen.gaps}


def test_a_header_of_gzip_with_everything_in_it() -> None:
    packed = gzip.compress(EVIL, mtime=0)
    extra = b"\x1f\x8b\x08\x1c" + packed[4:10] + b"\x03\0abc" + b"name\0" + b"remark\0" + packed[10:-4] + b"\0\0\0\1"
    assert state(extra, "m.pkl.gz") is State.MALICIOUS


def test_a_union_of_types_is_honest() -> None:
    joined = b"cfunctools\nreduce\n(coperator\nor_\n(c__builtin__\nint\nc__builtin__\nstr\nttR."
    assert state(joined, "m.pkl") is State.CLEAN
    assert pickle.loads(joined) == functools.reduce(operator.or_, (int, str))
    other = joined.replace(b"or_", b"call").replace(b"c__builtin__\nint", b"c__builtin__\nlist")
    assert state(other, "m.pkl") is State.MALICIOUS


def test_what_never_ends_is_not_walked_through() -> None:
    endless = b"cbuiltins\nlist\n(citertools\ncount\n)RtR."
    assert state(endless, "m.pkl") is State.MALICIOUS
    assert state(endless.replace(b"count\n)", b"repeat\n(I1\nI2\nt"), "m.pkl") is State.CLEAN


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''[dict(__class__=1)|first] }}",
        "{{ self._TemplateReference__context }}",
        "{{ ('{0.__cl'+'ass__}').format(messages) }}",
    ],
)
def test_templates_that_spell_names_otherwise(text: str) -> None:
    seen = inspect(Bytes(template(text)), "tokenizer_config.json")
    assert {one.sign for one in seen.observations} == {Sign.TEMPLATE}
    honest = "{{ ('<|' + messages[0]['role'] + '|>') }}{{ dict(role='user').role }}"
    assert inspect(Bytes(template(honest)), "tokenizer_config.json").state is State.CLEAN


def test_a_normalizer_that_replaces_everything() -> None:
    everything = tokenizer(type="Replace", pattern={"Regex": "(.*)"}, content="; rm -rf / #")
    assert state(everything, "tokenizer.json") is State.MALICIOUS
    assert state(tokenizer(type="Replace", pattern={"Regex": " {2,}"}, content="▁"), "tokenizer.json") is State.CLEAN
