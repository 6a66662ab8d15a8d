"""Hostile documents: texts that ask a reader for endless time or memory end within counted bounds, with a reason."""

import json
import resource
import struct
import time

import pytest

from backstay.artifacts.content import Bytes
from backstay.artifacts.documents import parse_json
from backstay.artifacts.exam import Limits, StopError
from backstay.artifacts.inspection import inspect
from backstay.artifacts.report import Inspection, State

SECONDS = 20.0  # of CPU: twice what the bounds are set for
GROWTH = 400 << 10  # KiB
TENTH = Limits(steps=4_000_000)  # of what an inspection may spend


def ended(data: bytes, name: str, limits: Limits | None = None) -> Inspection:
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    found = inspect(Bytes(data), name, limits)
    assert time.process_time() - start < SECONDS
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < GROWTH
    return found


def reasons(found: Inspection) -> set[str]:
    return {one.reason for one in found.gaps}


def gguf(pairs: list[tuple[bytes, bytes]]) -> bytes:
    texts = b"".join(
        struct.pack("<Q", len(key)) + key + struct.pack("<IQ", 8, len(value)) + value for key, value in pairs
    )
    return b"GGUF" + struct.pack("<IQQ", 3, 0, len(pairs)) + texts


def message(number: int, data: bytes) -> bytes:
    return bytes([number << 3 | 2]) + struct.pack("B", len(data)) + data


def test_many_templates() -> None:
    """Each is parsed and judged, which takes far longer than reading it."""
    template = b"{% if messages[0].content == 'x' %}{{ x.y }}{% endif %}"
    found = ended(
        gguf([(b"tokenizer.chat_template.%d" % number, template) for number in range(2_000)]), "model.gguf", TENTH
    )
    assert found.state is State.UNKNOWN
    assert "too many steps" in reasons(found)


def test_long_template() -> None:
    found = ended(gguf([(b"tokenizer.chat_template", b"{{ x" + b".a" * 200_000 + b" }}")]), "model.gguf")
    assert found.state is State.UNKNOWN
    assert "template too large" in reasons(found)


@pytest.mark.parametrize("value", ["{}", "[]", '{"a":{"b":[1]}}', '"x"'])
def test_json_of_many_values(value: str) -> None:
    """A value of two bytes takes a hundred in memory."""
    number = 12_000_000 // len(value) * 2
    text = f'{{"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"model":[{value}'
    found = ended(text.encode() + f",{value}".encode() * number + b"]}", "tokenizer.json")
    assert found.state is State.UNKNOWN
    assert reasons(found) == {"too large"}


def test_json_of_many_values_in_utf_16() -> None:
    with pytest.raises(StopError):
        parse_json(("[" + "{}," * 3_000_000 + "1]").encode("utf-16"))


def test_json_of_one_long_text() -> None:
    """Size alone is no reason."""
    assert parse_json(json.dumps({"a": "x" * 20_000_000}).encode()).root == {"a": "x" * 20_000_000}


def test_large_tokenizer_is_read() -> None:
    """The size of Gemma's: 262,144 tokens and more than half a million merges, each a list."""
    vocabulary = {f"token{number}": number for number in range(262_144)}
    merges = [[f"to{number}", "ken"] for number in range(580_000)]
    document: dict[str, object] = {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
        "pre_tokenizer": None, "post_processor": None, "decoder": None,
        "model": {"type": "BPE", "vocab": vocabulary, "merges": merges},
    }  # fmt: skip
    found = inspect(Bytes(json.dumps(document).encode()), "tokenizer.json")
    assert found.state is State.CLEAN
    assert found.facts["vocabulary"] == 262_144


def test_many_steps_around_every_text() -> None:
    """Each names a token of a large vocabulary."""
    step = {"type": "TemplateProcessing", "special_tokens": {"a": {"ids": [1]}}}
    document: dict[str, object] = {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None, "decoder": None,
        "model": {"vocab": {str(number): number for number in range(200_000)}, "merges": []},
        "post_processor": {"type": "Sequence", "processors": [step] * 900},
    }  # fmt: skip
    start = time.process_time()
    inspect(Bytes(json.dumps(document).encode()), "tokenizer.json")
    assert time.process_time() - start < 5


def test_many_objects_in_a_configuration() -> None:
    """What was seen before the bound is met counts."""
    row = '{"auto_map":{"A":["x.y","z.w"]},"x_path":"a/b"}'
    text = '{"model_type":"x","architectures":["a"],"l":[' + ",".join([row] * 35_000) + "]}"
    found = ended(text.encode(), "config.json", TENTH)
    assert found.state is State.CODE
    assert reasons(found) == {"too many steps"}


def test_escapes_of_a_text_graph() -> None:
    """Tensors are written so; none of the escapes is kept."""
    text = b'node { name: "a" op: "PyFunc" }\nnode { name: "' + rb"\101" * 2_000_000 + b'" op: "Const" }'
    found = ended(text, "graph.pbtxt")
    assert found.state is State.MALICIOUS


def test_many_elements() -> None:
    head = b'<PMML version="4.4" xmlns="http://www.dmg.org/PMML-4_4"><Header/>'
    found = ended(head + b"<a/>" * 400_000 + b"</PMML>", "model.pmml", TENTH)
    assert reasons(found) == {"too many steps"}


def test_escapes_of_r_text() -> None:
    text = b"A\n2\n262144\n131840\n16\n1\n9\n600000\n" + rb"\101" * 600_000
    assert "too many steps" in reasons(ended(text, "model.rds", TENTH))


def test_many_functions() -> None:
    """ONNX functions that call each other in a row."""
    functions = b"".join(
        b"\xca\x01" + bytes([len(body)]) + body
        for body in (
            message(1, b"f%d" % number) + message(7, message(4, b"f%d" % (number + 1)) + message(7, b"x"))
            + message(10, b"x") for number in range(25_000)
        )
    )  # fmt: skip
    graph = message(1, message(1, b"a") + message(2, b"b") + message(4, b"Add")) + message(2, b"g")
    data = b"\x08\x08" + message(2, b"pytorch") + message(7, graph) + functions + message(8, b"\x10\x0d")
    assert "too many steps" in reasons(ended(data, "model.onnx", TENTH))
