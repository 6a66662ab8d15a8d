"""Builders of weight files, as their libraries write them and as attackers do."""

import json
import struct
from pathlib import Path
from typing import Any

from backstay.artifacts.content import Bytes, Content
from backstay.artifacts.exam import Exam, Limits
from backstay.artifacts.inspection import inspect
from backstay.artifacts.report import Inspection, Sign

SAMPLES = Path(__file__).parent / "samples" / "weights"
SIZES = {"F32": 4, "F16": 2, "BF16": 2, "F64": 8, "I64": 8, "U8": 1}


def look(data: bytes | Content, name: str, limits: Limits | None = None) -> Inspection:
    """The inspection of a whole file."""
    return inspect(Bytes(data) if isinstance(data, bytes) else data, name, limits)


def signs(inspection: Inspection) -> set[Sign]:
    return {one.sign for one in inspection.observations}


def gaps(inspection: Inspection) -> set[str]:
    return {one.reason for one in inspection.gaps}


def texts(inspection: Inspection) -> str:
    return "\n".join(one.text for one in inspection.observations)


def header(entries: dict[str, Any] | str | bytes, data: bytes = b"", length: int | None = None) -> bytes:
    """A safetensors file with any header."""
    raw = (
        entries
        if isinstance(entries, bytes)
        else (entries if isinstance(entries, str) else json.dumps(entries)).encode()
    )
    return struct.pack("<Q", len(raw) if length is None else length) + raw + data


def safetensors(tensors: dict[str, tuple[str, list[int], bytes]], metadata: dict[str, Any] | None = None) -> bytes:
    """A safetensors file as the library writes it."""
    entries: dict[str, Any] = {} if metadata is None else {"__metadata__": metadata}
    data = b""
    for name, (kind, shape, values) in tensors.items():
        entries[name] = {"dtype": kind, "shape": shape, "data_offsets": [len(data), len(data) + len(values)]}
        data += values
    raw = json.dumps(entries, separators=(",", ":")).encode()
    return header(raw + b" " * (-len(raw) % 8), data)


def floats(number: int, value: float = 0.5, step: float = 0.001) -> bytes:
    return struct.pack(f"<{number}f", *(value + step * (one % 7) for one in range(number)))


class Gguf:
    """A writer of GGUF files that writes what it is told, right or wrong."""

    def __init__(self, version: int = 3, order: str = "<") -> None:
        self.version, self.order = version, order
        self.pairs: list[bytes] = []
        self.infos: list[bytes] = []
        self.data = b""
        self.counts: tuple[int, int] | None = None
        self.count = "I" if version == 1 else "Q"

    def pack(self, code: str, *values: object) -> bytes:
        return struct.pack(self.order + code, *values)

    def text(self, text: str | bytes) -> bytes:
        raw = text.encode() if isinstance(text, str) else text
        return self.pack(self.count, len(raw)) + raw

    def pair(self, key: str, kind: int, raw: bytes) -> "Gguf":
        self.pairs.append(self.text(key) + self.pack("I", kind) + raw)
        return self

    def string(self, key: str, value: str) -> "Gguf":
        return self.pair(key, 8, self.text(value))

    def number(self, key: str, value: int) -> "Gguf":
        return self.pair(key, 4, self.pack("I", value))

    def strings(self, key: str, values: list[str]) -> "Gguf":
        raw = self.pack("I", 8) + self.pack(self.count, len(values)) + b"".join(map(self.text, values))
        return self.pair(key, 9, raw)

    def integers(self, key: str, values: list[int]) -> "Gguf":
        return self.pair(key, 9, self.pack("I", 5) + self.pack(f"{self.count}{len(values)}i", len(values), *values))

    def info(self, name: str, shape: list[int], kind: int, offset: int, dimensions: int | None = None) -> "Gguf":
        number = len(shape) if dimensions is None else dimensions
        raw = self.text(name) + self.pack("I", number) + b"".join(self.pack(self.count, one) for one in shape)
        self.infos.append(raw + self.pack("IQ", kind, offset))
        return self

    def tensor(self, name: str, shape: list[int], kind: int, data: bytes) -> "Gguf":
        """A tensor where the writer of llama.cpp would put it: one after the other, each padded."""
        self.info(name, shape, kind, len(self.data))
        self.data += data + b"\0" * (-len(data) % 32)
        return self

    def build(self) -> bytes:
        tensors, pairs = self.counts or (len(self.infos), len(self.pairs))
        head = b"GGUF" + self.pack("I", self.version) + self.pack(f"2{self.count}", tensors, pairs)
        head += b"".join(self.pairs) + b"".join(self.infos)
        return head + b"\0" * (-len(head) % 32) + self.data


def byte_tokens() -> list[str]:
    """The first 256 tokens of vocabularies made of bytes."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    return [chr(one) for one in [*printable, *range(0x100, 0x100 + 256 - len(printable))]]


def llama(version: int = 3, order: str = "<", blocks: int = 2) -> Gguf:
    """A small model as llama.cpp's converter would write it."""
    made = Gguf(version, order).string("general.architecture", "llama").string("general.name", "tiny")
    made.number("general.file_type", 0).number("llama.context_length", 2048).number("llama.block_count", blocks)
    tokens = [*byte_tokens(), "hello", "world"]
    made.string("tokenizer.ggml.model", "gpt2").strings("tokenizer.ggml.tokens", tokens)
    made.integers("tokenizer.ggml.token_type", [1] * len(tokens)).number("tokenizer.ggml.eos_token_id", 2)
    for block in range(blocks):
        for part in ("attn_q", "attn_k", "ffn_up", "attn_norm"):
            made.tensor(f"blk.{block}.{part}.weight", [4, 2], 0, made.pack("8f", *(one / 9 for one in range(8))))
    return made


__all__ = ["SAMPLES", "SIZES", "Exam", "Gguf", "Limits", "Sign", "byte_tokens", "floats", "gaps", "header", "llama",
           "look", "safetensors", "signs", "texts"]  # fmt: skip
