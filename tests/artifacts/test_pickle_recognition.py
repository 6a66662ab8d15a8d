"""What is taken for a pickle, and what is not."""

import pickle
import string
from pathlib import Path

import pytest
from corpus.opcodes import POP, STOP, call, payload, pickled, value

from backstay.artifacts.content import Bytes
from backstay.artifacts.format import Candidate
from backstay.artifacts.formats import joblib, torch_legacy
from backstay.artifacts.formats import pickle as pickles
from backstay.artifacts.pickles import trial

NAMES = ("model.pkl", "data.txt", "table.csv", "config.json", "weights")


def recognised(data: bytes, name: str = "data") -> bool:
    return trial.recognised(Candidate(Bytes(data), name))


@pytest.mark.parametrize("name", NAMES)
def test_attacks_are_recognised_under_any_name(name: str) -> None:
    system = call("posix", "system", "true")
    for data in (
        *(payload(protocol) for protocol in (0, 2, 4)),
        system + STOP,  # no PROTO
        b"N0" + system + STOP,
        b"(0)0]0}0" + system + STOP,
        b"\x95\xff\0\0\0\0\0\0\0" + system + STOP,
        b"N0" * 50_000 + payload(0),  # beyond the head
        payload(0)[:-1],  # no STOP
        payload(0)[:-1] + b"\xff\xff",
        payload(4)[:-1] + b"\xff\xff",
        b"cantigravity\nfly\n.",
        b"(S'true'\nios\nsystem\n.",
        payload(0) + b"\n# a comment\n" * 20,
    ):
        assert recognised(data, name), data[:40]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_data_alone_is_recognised_by_its_protocol_or_its_name(protocol: int) -> None:
    data = pickle.dumps({"weights": [1.5] * 10, "name": "x" * 40}, protocol)
    assert recognised(data, "model.pkl")
    assert recognised(data) is (protocol >= 2)


ORDINARY = {
    "prose": b"In the beginning there was a file.\nIt was not a pickle.\n" * 40,
    "ignored paths": b"coverage\ndist\n.env\n.git\nbuild\n",
    "ignored paths of tests": b"ctest\nbuild\n.cache\nnode_modules\n",
    "words": "\n".join(f"c{letter}t\ndog" for letter in string.ascii_lowercase).encode(),
    "csv": b"Id,Name,Value\n" + b"1,a,2.5\n" * 4_000,
    "letters": b"Sepal,1\nIris,2\nFoo,3\nLong,4\nVar,5\n" * 4_000,
    "json": b'{"a": [1, 2, {"b": null}]}',
    "python": b"import os\n\nclass A:\n    pass\n",
    "c": b"#include <stdio.h>\nint main() { return 0; }\n",
    "shell": b"#!/bin/sh\ncd /\n",
    "records": b"S00600004844521B\nS1130000285F245F2212226A000424290008237C2A\n" * 2_000,
    "marks": b"(((((((" * 5_000,
    "brackets": b"]]]]}}}}" * 9_000,
    "zeros": bytes(100_000),
    "blanks": b" " * 1_000,
    "empty": b"",
    "one byte": b"N",
    "zip": b"PK\x03\x04\x14\0\0\0\0\0" + bytes(100),
    "elf": b"\x7fELF" + bytes(100),
    "png": b"\x89PNG\r\n\x1a\n" + bytes(100),
    "jpeg": b"\xff\xd8\xff\xe0" + bytes(100),
    "gif": b"GIF89a" + bytes(100),
    "pdf": b"%PDF-1.7\n" + b"1 0 obj\n" * 50,
    "latin": bytes(range(0x80, 0x100)) * 20,
    "compiled python": b"\xa7\r\r\n" + bytes(12) + b"\xe3" + bytes(50),
    "class": b"\xca\xfe\xba\xbe" + bytes(100),
    "unknown protocol": b"\x80\x63" + b"N." * 20,
    "protocol and noise": b"\x80\x04\x07\x07" + bytes(range(256)),
}


@pytest.mark.parametrize("data", ORDINARY.values(), ids=ORDINARY.keys())
def test_ordinary_files_are_no_pickles(data: bytes) -> None:
    assert not recognised(data)


def test_the_sources_of_the_project_are_no_pickles() -> None:
    root = Path(__file__).parents[2]
    kinds = {".py", ".md", ".toml", ".txt", ".html", ".css", ".js", ".json", ".yaml"}
    files = [path for folder in ("src", "docs", "tests") for path in (root / folder).rglob("*") if path.suffix in kinds]
    assert len(files) > 300
    taken = [path for path in files if recognised(path.read_bytes()[:200_000], path.name)]
    assert taken == []


def test_each_layout_has_its_own_format() -> None:
    wrapped = pickled(call("joblib.numpy_pickle", "NumpyArrayWrapper"))
    legacy = pickled(0x1950A86A20F9469CFC6C, protocol=2) + pickled(1001, protocol=2)
    plain = pickle.dumps({"a": 1})
    for data, expected in ((wrapped, joblib.FORMAT), (legacy, torch_legacy.FORMAT), (plain, pickles.FORMAT)):
        candidate = Candidate(Bytes(data), "x.bin")
        fitting = [one for one in (joblib.FORMAT, torch_legacy.FORMAT, pickles.FORMAT) if one.matches(candidate)]
        assert fitting == [expected]


def test_a_pickle_longer_than_the_head_is_recognised() -> None:
    assert recognised(b"\x80\x04" + value(b"\0" * 200_000) + POP + payload(0))
    assert recognised(pickle.dumps([float(number) for number in range(50_000)]))
    assert recognised(pickle.dumps(["cats and dogs\n"] * 50_000, 0), "words.pkl")
