"""Fuzzing: whatever bytes come, an inspection ends soon and says something.

`BACKSTAY_FUZZ=20` tries twenty times as many examples, with a new seed each time.
"""

import os
import random
import struct
import time
from collections.abc import Callable

import pytest
from corpus import Made, samples
from corpus.real import real
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backstay.artifacts.content import Bytes
from backstay.artifacts.inspection import inspect
from backstay.artifacts.report import Inspection

DEPTH = int(os.environ.get("BACKSTAY_FUZZ", "1"))
SECONDS = 2.0  # of CPU for one input, none of which is larger than 200 kB
LARGEST = 200_000

SETTINGS = settings(
    max_examples=150 * DEPTH,
    deadline=None,
    derandomize=DEPTH == 1,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def answered(data: bytes, name: str) -> Inspection:
    """The inspection of some bytes, which took its time but not more, and in which no reader fell over."""
    start = time.process_time()
    found = inspect(Bytes(data), name)
    spent = time.process_time() - start
    assert spent < SECONDS, f"{name}: {spent:.1f} s"
    assert not [gap for gap in found.gaps if gap.reason == "reader failed"], (name, found.gaps)
    return found


# Opcodes without arguments, and those with: what follows the opcode is drawn to fit, or nearly.
PLAIN = b"(.012NQRbadelosu}])tt\x81\x85\x86\x87\x88\x89\x8f\x90\x91\x92\x93\x94\x97\x98"
MODULES = st.sampled_from(["os", "posix", "builtins", "collections", "numpy", "torch._utils", "sys", "x.y", "", "\x00"])
NAMES = st.sampled_from(["system", "eval", "OrderedDict", "ndarray", "_rebuild_tensor_v2", "modules", "a.b.c", "", "é"])


def _counted(width: str, most: int = 40) -> Callable[[tuple[bytes, int]], bytes]:
    def put(drawn: tuple[bytes, int]) -> bytes:
        data, more = drawn
        size = max(0, len(data) + more) % (1 << (8 * struct.calcsize(width)))
        return struct.pack("<" + width, size) + data

    return put


_BODY = st.tuples(st.binary(max_size=40), st.sampled_from([0, 0, 0, 0, 1, -1, 200, 1 << 31, 1 << 40]))
ARGUMENTS = st.one_of(
    st.sampled_from(list(PLAIN)).map(lambda code: bytes([code])),
    st.tuples(MODULES, NAMES).map(lambda pair: b"c" + f"{pair[0]}\n{pair[1]}\n".encode()),
    st.tuples(MODULES, NAMES).map(lambda pair: b"i" + f"{pair[0]}\n{pair[1]}\n".encode()),
    st.tuples(MODULES | NAMES, st.just(b"")).map(
        lambda pair: b"\x8c" + bytes([len(pair[0].encode())]) + pair[0].encode()
    ),
    _BODY.map(lambda drawn: b"C" + _counted("B")(drawn)),
    _BODY.map(lambda drawn: b"U" + _counted("B")(drawn)),
    _BODY.map(lambda drawn: b"X" + _counted("I")(drawn)),
    _BODY.map(lambda drawn: b"B" + _counted("I")(drawn)),
    _BODY.map(lambda drawn: b"\x8d" + _counted("Q")(drawn)),
    _BODY.map(lambda drawn: b"\x96" + _counted("Q")(drawn)),
    _BODY.map(lambda drawn: b"\x8a" + _counted("B")(drawn)),
    st.integers(0, 255).map(lambda number: b"K" + bytes([number])),
    st.integers(0, 255).map(lambda number: b"h" + bytes([number % 8])),
    st.integers(0, 255).map(lambda number: b"q" + bytes([number % 8])),
    st.integers(0, 2**32 - 1).map(lambda number: b"r" + struct.pack("<I", number)),
    st.integers(0, 2**32 - 1).map(lambda number: b"j" + struct.pack("<I", number)),
    st.integers(0, 2**64 - 1).map(lambda number: b"\x95" + struct.pack("<Q", number)),
    st.sampled_from(
        [b"\x82\x01", b"\x83\x01\x01", b"\x84\x01\0\0\x01", b"I01\n", b"L5L\n", b"S'x'\n", b"Vx\n", b"Px\n"]
    ),
    st.sampled_from(
        [b"F1.5\n", b"G" + b"\0" * 8, b"g0\n", b"p1\n", b"\x80\x04", b"\x80\xff", b"Sx\n", b"I" + b"9" * 50]
    ),
)


@SETTINGS
@given(st.lists(ARGUMENTS, max_size=120), st.sampled_from([b"", b"\x80\x02", b"\x80\x04", b"\x80\x05"]))
def test_opcodes(parts: list[bytes], start: bytes) -> None:
    """Any opcodes in any order, with arguments that fit or do not."""
    answered(start + b"".join(parts), "model.pkl")


@SETTINGS
@given(st.binary(max_size=400), st.sampled_from(["x.pkl", "x.pt", "x.gguf", "x.onnx", "x.h5", "x.npy", "x.json", "x"]))
def test_noise(data: bytes, name: str) -> None:
    answered(data, name)


MAGIC = (
    b"PK\3\4",
    b"GGUF\3\0\0\0",
    b"\x89HDF\r\n\x1a\n",
    b"\x93NUMPY\1\0",
    b"\x1f\x8b\x08\0",
    b"BZh9",
    b"\xfd7zXZ\0",
    b"\x28\xb5\x2f\xfd",
    b"\x04\x22\x4d\x18",
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!\x1a\7",
    b"\x78\x9c",
    b"\x5d\0\0\x80\0",
    b"CBM1",
    b"lmgg",
    b"X\n\0\0\0\3",
    b"RDX3\n",
    b"\x1c\0\0\0TFL3",
    b"<?xml",
    b'{"',
    b"binf",
    b"\x08\x01\x12",
    b"\x0a\x10",
    b"\xac\xed\0\5",
    b"!<arch>\n",
    b"\x7fELF",
    b"ZF0x10",
)


@SETTINGS
@given(st.sampled_from(MAGIC), st.binary(max_size=400))
def test_beginnings(magic: bytes, data: bytes) -> None:
    """What begins like a format and goes on with anything."""
    answered(magic + data, "model.bin")


def _chosen() -> list[Made]:
    """Small files of every technique, and of every real library, two each: chosen once, always the same."""
    count: dict[str, int] = {}
    found = []
    every = [*samples(), *(Made(one.path.name, one.path.read_bytes(), one.label, one.path.suffix) for one in real())]
    for one in sorted(every, key=lambda one: (len(one.data), one.name)):
        kind = one.technique + one.name.rpartition(".")[2]
        if 20 < len(one.data) <= LARGEST and count.setdefault(kind, 0) < 2:
            count[kind] += 1
            found.append(one)
    return found


CHOSEN = _chosen()


def test_truncated_files() -> None:
    """Every kind of file, cut off anywhere, or at a dozen places where it is long."""
    for one in CHOSEN:
        size = len(one.data)
        for cut in sorted({size * part // (12 * DEPTH) for part in range(12 * DEPTH)} | {size - 1, 1, 8}):
            answered(one.data[:cut], one.name.rpartition("/")[2])


@pytest.mark.parametrize("seed", range(DEPTH))
def test_mutated_files(seed: int) -> None:
    """Every kind of file with a few bytes changed, numbers made huge, stretches repeated, left out or swapped."""
    chance = random.Random(seed)
    for one in CHOSEN:
        for _ in range(12):
            data = bytearray(one.data)
            for _ in range(chance.randint(1, 4)):
                _mutate(data, chance)
            answered(bytes(data[:LARGEST]), one.name.rpartition("/")[2])


def _mutate(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data) + 1)
    match chance.randrange(6):
        case 0:
            data[at : at + 1] = bytes([chance.randrange(256)])
        case 1:
            data[at : at + 4] = chance.choice([b"\xff\xff\xff\xff", b"\0\0\0\x80", b"\xff\xff\xff\x7f", b"\0\0\0\0"])
        case 2:
            data[at : at + 8] = chance.choice([b"\xff" * 8, b"\0" * 7 + b"\x80", b"\xff" * 7 + b"\x7f"])
        case 3:
            data[at:at] = data[at : at + chance.randint(1, 64)]
        case 4:
            del data[at : at + chance.randint(1, 32)]
        case 5:
            other = chance.randrange(len(data) + 1)
            data[at : at + 16], data[other : other + 16] = data[other : other + 16], data[at : at + 16]


def test_spliced_files() -> None:
    """The beginning of one file and the end of another."""
    chance = random.Random(5)
    for one in CHOSEN:
        for _ in range(3 * DEPTH):
            other = chance.choice(CHOSEN)
            data = one.data[: chance.randrange(len(one.data))] + other.data[chance.randrange(len(other.data)) :]
            answered(data[:LARGEST], one.name.rpartition("/")[2])
