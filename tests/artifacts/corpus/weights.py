"""Weights: attacks by the headers, tensors, metadata and templates of GGUF and safetensors files."""

import base64
import json
import struct
from collections.abc import Iterator
from typing import Any

from corpus.archives import Entry, zipped
from corpus.opcodes import payload
from corpus.sample import Group, Label, Made
from corpus.templates import INJECTIONS, PLAIN
from corpus.torch_files import ELF
from corpus.wires import gguf, safetensors

ARCHITECTURE: dict[str, Any] = {
    "general.architecture": "llama",
    "general.name": "x",
    "llama.block_count": 1,
    "llama.context_length": 8,
}
VOCABULARY = {"tokenizer.ggml.model": "llama", "tokenizer.ggml.tokens": ["<s>", "</s>", "a", "b"]}
TENSOR = ("token_embd.weight", (4, 2), 0, 0)
DATA = b"\0" * 32


def _gguf() -> Group:
    group = Group("GGUF")
    base = ARCHITECTURE | VOCABULARY
    for name, template, advisory in INJECTIONS[:5]:
        group.bad(
            f"template-{name}.gguf",
            gguf(base | {"tokenizer.chat_template": template}, [TENSOR], DATA),
            "",
            advisory and "CVE-2024-34359",
        )
    group.bad(
        "named-template.gguf",
        gguf(
            base | {"tokenizer.chat_template": PLAIN, "tokenizer.chat_template.tool_use": INJECTIONS[0][1]},
            [TENSOR],
            DATA,
        ),
        "a template beside the first",
    )
    group.bad("tensor-count.gguf", gguf(base, [TENSOR], DATA, counts=(1 << 60, len(base))), "", "CVE-2024-21836")
    group.bad("pair-count.gguf", gguf(base, [TENSOR], DATA, counts=(1, 1 << 60)), "", "CVE-2024-23605")
    long = struct.pack("<IQ", 8, (1 << 64) - 1) + b"x"
    group.bad("string-length.gguf", gguf(base | {"general.note": long}, [TENSOR], DATA), "", "CVE-2024-23496")
    array = struct.pack("<IIQ", 9, 10, 1 << 61) + b"\0" * 8
    group.bad("array-length.gguf", gguf(base | {"general.array": array}, [TENSOR], DATA), "", "CVE-2024-21825")
    group.bad(
        "dimensions-overflow.gguf",
        gguf(base, [("w", (1 << 32, 1 << 32), 0, 0)], DATA),
        "the product wraps around",
        "CVE-2025-53630",
    )
    group.bad("dimensions-huge.gguf", gguf(base, [("w", (1 << 40, 1 << 20), 0, 0)], DATA), "", "CVE-2026-33298")
    group.bad(
        "size-sum.gguf", gguf(base, [("a", (1 << 61,), 0, 0), ("b", (1 << 61,), 0, 0)], DATA), "", "CVE-2026-27940"
    )
    group.bad(
        "beyond-file.gguf",
        gguf(base, [("w", (1 << 20,), 0, 0), ("b", (8,), 0, 32)], DATA * 2),
        "a tensor longer than its place and the file: memory is read beyond",
        "CVE-2026-7482",
    )
    group.bad("offset.gguf", gguf(base, [("w", (4,), 0, 1 << 40)], DATA))
    group.bad("overlap.gguf", gguf(base, [("a", (8,), 0, 0), ("b", (8,), 0, 0)], DATA), "two tensors in one place")
    group.bad(
        "five-dimensions.gguf",
        gguf(base, [("w", (1, 1, 1, 1, 1, 1, 1, 1, 1), 0, 0)], DATA),
        "more dimensions than the loader's array has",
        "CVE-2024-21802",
    )
    group.bad("unknown-type.gguf", gguf(base, [("w", (4,), 0x7FFFFFFF, 0)], DATA), "an index beyond the table of types")
    group.bad("negative-type.gguf", gguf(base, [("w", (4,), 0xFFFFFFFF, 0)], DATA))
    group.bad("alignment.gguf", gguf(base | {"general.alignment": 0}, [TENSOR], DATA), "a division by zero")
    nested = struct.pack("<IIQ", 9, 9, 1) + struct.pack("<IQ", 9, 1) * 5000
    group.bad("nested-arrays.gguf", gguf(base | {"general.deep": nested}, [TENSOR], DATA))
    group.bad("appended-pickle.gguf", gguf(base, [TENSOR], DATA) + payload())
    group.bad("program.gguf", gguf(base, [("w", (len(ELF) // 4,), 0, 0)], ELF), "a program for weights")
    twice = [*base.items(), ("tokenizer.chat_template", PLAIN), ("tokenizer.chat_template", INJECTIONS[0][1])]
    group.bad("duplicate-key.gguf", gguf(twice, [TENSOR], DATA))
    group.good(
        "cut-off.gguf", gguf(base, [("w", (1 << 10,), 0, 0)], DATA), "a download that ended early", Label.UNKNOWN
    )
    group.good("plain.gguf", gguf(base | {"tokenizer.chat_template": PLAIN}, [TENSOR], DATA))
    group.good("no-template.gguf", gguf(ARCHITECTURE, [TENSOR], DATA))
    return group


def _header(*tensors: tuple[str, str, list[int], list[int]], **metadata: Any) -> dict[str, Any]:
    header: dict[str, Any] = {"__metadata__": metadata} if metadata else {}
    return header | {
        name: {"dtype": kind, "shape": shape, "data_offsets": where} for name, kind, shape, where in tensors
    }


def _safetensors() -> Group:
    group = Group("safetensors")
    one = ("a", "F32", [4], [0, 16])
    group.bad("overlap.safetensors", safetensors(_header(one, ("b", "F32", [4], [8, 24])), b"\0" * 24))
    far = ("b", "F32", [4], [1 << 40, (1 << 40) + 16])
    group.bad("out-of-range.safetensors", safetensors(_header(one, far), b"\0" * 16), "a tensor far beyond the others")
    group.bad(
        "wrong-size.safetensors",
        safetensors(_header(("a", "F32", [8], [0, 16])), b"\0" * 16),
        "the shape needs twice the bytes",
    )
    group.bad(
        "hole.safetensors",
        safetensors(
            _header(one, ("b", "F32", [4], [16 + len(payload()), 32 + len(payload())])),
            b"\0" * 16 + payload() + b"\0" * 16,
        ),
        "a pickle between tensors",
    )
    group.bad("appended.safetensors", safetensors(_header(one), b"\0" * 16 + payload()), "a pickle after the tensors")
    group.bad(
        "appended-zip.safetensors",
        safetensors(_header(one), b"\0" * 16 + zipped(Entry("archive/data.pkl", payload(2)))),
    )
    group.bad(
        "header-size.safetensors", safetensors(_header(one), b"\0" * 16, size=1 << 62), "a header of four exbibytes"
    )
    group.bad("reversed.safetensors", safetensors(_header(("a", "F32", [4], [16, 0])), b"\0" * 16))
    group.bad("negative.safetensors", safetensors(_header(("a", "F32", [-4], [0, 16])), b"\0" * 16))
    group.bad(
        "overflow.safetensors",
        safetensors(_header(("a", "F32", [1 << 62, 4], [0, 16])), b"\0" * 16),
        "the product wraps to the size",
    )
    twice = (
        b'{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}'
    )
    group.bad("duplicate-key.safetensors", safetensors(twice, b"\0" * 16), "parsers keep another one")
    group.bad(
        "program.safetensors",
        safetensors(_header(("a", "U8", [len(ELF)], [0, len(ELF)])), ELF),
        "a program for weights",
    )
    group.bad(
        "metadata-pickle.safetensors",
        safetensors(_header(one, state=base64.b64encode(payload()).decode()), b"\0" * 16),
        "a pickle in the metadata",
    )
    deep = b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    group.bad("deep.safetensors", safetensors(deep, b"\0" * 16), "a header nested a hundred thousand deep")
    group.bad("header-pickle.safetensors", payload() + b"\0" * 64, "a pickle under this name")
    short = safetensors(_header(("a", "F32", [400], [0, 1600])), b"\0" * 160)
    group.good("cut-off.safetensors", short, "a download that ended early", Label.UNKNOWN)
    group.good("plain.safetensors", safetensors(_header(one, format="pt"), b"\0" * 16))
    group.good("empty.safetensors", safetensors(_header(("a", "F32", [0], [0, 0])), b""))
    group.good("spaces.safetensors", safetensors(json.dumps(_header(one)).encode() + b" " * 50, b"\0" * 16))
    group.good("scalar.safetensors", safetensors(_header(("s", "I64", [], [0, 8])), b"\0" * 8))
    return group


def samples() -> Iterator[Made]:
    yield from _gguf().made
    yield from _safetensors().made
