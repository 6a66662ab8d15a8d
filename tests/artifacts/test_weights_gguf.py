"""GGUF: models of every version are clean, their metadata are told, and what is hidden in them is found."""

import struct
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from weights_samples import Gguf, byte_tokens, gaps, llama, look, signs, texts

from backstay.artifacts.content import Content
from backstay.artifacts.report import Sign, State

TEMPLATE = "{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}\n{% endfor %}"
INJECTION = "{{ ''.__class__.__mro__[1].__subclasses__() }}"
ELF = b"\x7fELF\x02\x01\x01" + b"\0" * 9 + struct.pack("<HH", 2, 62) + b"\0" * 492


@pytest.mark.parametrize(("version", "order"), [(1, "<"), (2, "<"), (3, "<"), (3, ">")])
def test_models_of_every_version_and_order_are_clean(version: int, order: str) -> None:
    found = look(llama(version, order).build(), "tiny.gguf")
    assert found.state is State.CLEAN and found.complete and not found.observations, texts(found)
    assert found.format == "gguf" and found.facts["architecture"] == "llama" and found.facts["tensors"] == 8
    assert found.facts["parameters"] == 64 and found.facts["precision"] == "F32"
    assert found.facts["context_length"] == 2048 and found.declared["name"] == "tiny"


def test_metadata_of_the_author_and_of_shards() -> None:
    made = llama().string("general.license", "apache-2.0").string("general.size_label", "7B")
    made.number("general.base_model.count", 2).string("general.base_model.0.name", "Base")
    made.string("general.base_model.0.repo_url", "https://huggingface.co/org/base").string(
        "general.base_model.1.name", "Other"
    )
    made.number("general.dataset.count", 1).string(
        "general.dataset.0.repo_url", "https://huggingface.co/datasets/org/data"
    )
    made.strings("general.languages", ["en", "de"]).strings("general.tags", ["chat"])
    made.number("split.count", 3).number("split.no", 1).number("split.tensors.count", 24)
    found = look(made.build(), "tiny-00002-of-00003.gguf")
    assert found.state is State.CLEAN and not found.observations, texts(found)
    assert found.declared["license"] == "apache-2.0" and found.declared["base_model"] == ["org/base", "Other"]
    assert found.declared["datasets"] == ["org/data"] and found.declared["languages"] == ["en", "de"]
    assert (found.facts["shards"], found.facts["shard"], found.facts["split_tensors"]) == (3, 1, 24)


def test_quantised_tensors_and_a_type_that_is_declared_wrongly() -> None:
    made = Gguf().string("general.architecture", "llama").number("general.file_type", 2)
    made.tensor("blk.0.ffn_up.weight", [64, 2], 2, b"\0" * 72)
    found = look(made.build(), "q.gguf")
    assert found.facts["quantisation"] == "Q4_0" and not found.observations
    made = Gguf().string("general.architecture", "llama").number("general.file_type", 7)
    made.tensor("blk.0.ffn_up.weight", [64, 2], 2, b"\0" * 72)
    found = look(made.build(), "q.gguf")
    assert found.facts["quantisation"] == "Q4_0" and signs(found) == {Sign.IRREGULAR}


def test_templates_are_judged_wherever_they_stand() -> None:
    assert look(llama().string("tokenizer.chat_template", TEMPLATE).build(), "a.gguf").state is State.CLEAN
    for key in ("tokenizer.chat_template", "tokenizer.chat_template.tool_use", "general.description", "any.key"):
        found = look(llama().string(key, INJECTION).build(), "a.gguf")
        assert Sign.TEMPLATE in signs(found) and found.state is State.MALICIOUS, key
    found = look(llama().strings("general.tags", ["ok", INJECTION]).build(), "a.gguf")
    assert Sign.TEMPLATE in signs(found)


def test_a_named_template_is_judged_beside_a_harmless_default() -> None:
    made = llama().string("tokenizer.chat_template", TEMPLATE).strings("tokenizer.chat_templates", ["tool_use"])
    made.string("tokenizer.chat_template.tool_use", INJECTION)
    assert Sign.TEMPLATE in signs(look(made.build(), "a.gguf"))


def test_duplicate_keys_and_names_are_told() -> None:
    assert Sign.DECEIVES in signs(look(llama().string("general.name", "other").build(), "a.gguf"))
    made = llama()
    made.info("blk.0.attn_q.weight", [4, 2], 0, 0)
    assert Sign.DECEIVES in signs(look(made.build(), "a.gguf"))


@pytest.mark.parametrize(
    ("shape", "kind", "offset"),
    [
        ([8], 0, 1 << 62),
        ([8], 0, 7),
        ([33], 2, 0),
        ([1 << 40, 1 << 40], 0, 0),
        ([1 << 63], 0, 0),
        ([8], 5000, 0),
        ([1 << 41], 0, 0),
    ],
)
def test_tensors_that_lie_are_told(shape: list[int], kind: int, offset: int) -> None:
    made = Gguf().string("general.architecture", "llama")
    made.info("w", shape, kind, offset)
    made.data = b"\0" * 64
    found = look(made.build(), "a.gguf")
    assert Sign.TENSORS in signs(found) and found.state is State.MALICIOUS


def test_tensors_that_overlap_are_told() -> None:
    made = Gguf().string("general.architecture", "llama")
    made.info("a", [16], 0, 0).info("b", [16], 0, 32)
    made.data = b"\0" * 96
    assert signs(look(made.build(), "a.gguf")) == {Sign.TENSORS}


def test_types_that_are_not_known_are_gaps() -> None:
    made = Gguf().string("general.architecture", "llama")
    made.info("a", [32], 4, 0).info("b", [32], 140, 0)
    made.data = b"\0" * 64
    found = look(made.build(), "a.gguf")
    assert gaps(found) == {"unknown tensor type"} and found.state is State.UNKNOWN


def test_programs_in_tensors_holes_and_behind_them() -> None:
    made = Gguf().string("general.architecture", "llama").tensor("w", [512], 24, ELF)
    assert Sign.PROGRAM in signs(look(made.build(), "a.gguf"))
    made = Gguf().string("general.architecture", "llama").info("a", [8], 0, 0).info("b", [8], 0, 32 + len(ELF))
    made.data = b"\0" * 32 + ELF + b"\0" * 32
    assert Sign.PROGRAM in signs(look(made.build(), "a.gguf"))
    assert Sign.PROGRAM in signs(look(llama().build() + ELF, "a.gguf"))


def test_truncated_files_are_not_clean() -> None:
    whole = llama().build()
    for cut in (30, 200, len(whole) // 2, len(whole) - 40):
        found = look(whole[:cut], "a.gguf")
        assert found.state is State.UNKNOWN and Sign.INCOMPLETE in signs(found), cut


def test_commands_in_metadata_are_told() -> None:
    found = look(llama().string("general.description", "x'; os.system('true')").build(), "a.gguf")
    assert Sign.DECEIVES in signs(found)


def test_a_huge_vocabulary_is_cheap() -> None:
    made = Gguf().string("general.architecture", "llama")
    made.strings("tokenizer.ggml.tokens", [*byte_tokens(), *(f"t{one}" for one in range(250_000))])
    data = made.build()
    began = time.process_time()
    assert look(data, "a.gguf").state is State.CLEAN
    assert time.process_time() - began < 2


class Repeated(Content):
    """A head and then one piece over and over."""

    def __init__(self, head: bytes, piece: bytes, size: int) -> None:
        self.head, self.piece, self.size = head, piece, size

    def read(self, at: int, length: int) -> bytes:
        length = max(0, min(length, self.size - at))
        start = max(0, at - len(self.head)) % len(self.piece)
        found = self.head[at : at + length]
        rest = length - len(found)
        return found + (self.piece * (rest // len(self.piece) + 2))[start : start + rest]


def test_ten_million_tensors_end_within_the_limits() -> None:
    info = struct.pack("<Q", 4) + b"name" + struct.pack("<IQIQ", 1, 0, 0, 0)
    found = look(Repeated(b"GGUF" + struct.pack("<IQQ", 3, 10_000_000, 0), info, 400_000_000), "a.gguf")
    assert Sign.EXHAUSTS in signs(found) and gaps(found) == {"too many tensors"}


def test_arrays_in_arrays_end() -> None:
    raw = struct.pack("<IQ", 9, 1) * 5_000
    found = look(Gguf().pair("a", 9, raw).build(), "a.gguf")
    assert gaps(found) == {"nested too deeply"} and Sign.EXHAUSTS in signs(found)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_whatever_changes_it_ends_with_an_answer(data: st.DataObject) -> None:
    whole = bytearray(llama(version=data.draw(st.sampled_from([1, 2, 3]))).build())
    for _ in range(data.draw(st.integers(0, 8))):
        whole[data.draw(st.integers(4, min(len(whole), 8000) - 1))] = data.draw(st.integers(0, 255))
    found = look(bytes(whole[: data.draw(st.integers(0, len(whole)))]), "a.gguf")
    assert "reader failed" not in gaps(found)


def test_a_vocabulary_without_tensors_is_whole() -> None:
    name = struct.pack("<Q", 20) + b"general.architecture" + struct.pack("<IQ", 8, 5) + b"llama"
    found = look(b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + name, "vocabulary.gguf")
    assert found.state is State.CLEAN and found.complete, texts(found)
