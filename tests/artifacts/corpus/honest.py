"""Honest files: what picklers and compressors of the standard library write, and ordinary files that are no models."""

import argparse
import array
import bz2
import collections
import datetime
import decimal
import fractions
import functools
import gzip
import ipaddress
import lzma
import operator
import pathlib
import pickle
import random
import re
import struct
import types
import uuid
import zlib
import zoneinfo
from collections.abc import Iterator
from typing import Any

from corpus.archives import (
    HONEST,
    Entry,
    call_dtype,
    npy,
    object_npy,
    tarred,
    torch_legacy,
    torch_zip,
    wrapper,
    zipped,
)
from corpus.files import lz4_frame, zstd_frame
from corpus.opcodes import Ops, call, glob, many, named, new, pickled
from corpus.sample import Group, Label, Made

OBJECTS: dict[str, Any] = {
    "plain": {"a": [1, 2.5, "x", None, True], "b": (1, (2, 3)), "c": {1, 2}, "d": b"bytes", "e": 1 << 80, "f": 3j},
    "dates": [datetime.datetime(2026, 1, 2, 3, tzinfo=datetime.UTC), datetime.date(2026, 1, 2), datetime.timedelta(1)],
    "zones": [datetime.datetime(2026, 1, 2, tzinfo=zoneinfo.ZoneInfo("UTC"))],
    "paths": [pathlib.PurePosixPath("models/x"), pathlib.PureWindowsPath("C:/models")],
    "numbers": [decimal.Decimal("1.5"), fractions.Fraction(1, 3), uuid.UUID(int=5), range(3), slice(1, 2)],
    "collections": [
        collections.OrderedDict(a=1),
        collections.Counter("aab"),
        collections.deque([1], 5),
        collections.defaultdict(list, a=[1]),
    ],
    "default-ints": collections.defaultdict(int, a=1),
    "namespace": types.SimpleNamespace(lr=0.1),
    "arguments": argparse.Namespace(lr=0.1, epochs=3),
    "pattern": re.compile(r"(?u)\b\w\w+\b"),
    "random": random.Random(1),
    "array": array.array("d", [1.0, 2.0]),
    "addresses": ipaddress.ip_network("10.0.0.0/8"),
    "getter": operator.itemgetter(1),
    "partial": functools.partial(int, base=2),
    "bytes": [b"\0" * 300, bytearray(b"abc"), frozenset({1})],
    "types": [int, str, list, float, dict],
    "text": "import os; os.system('rm -rf /')  # a text, not a call",
}


def _pickles(group: Group) -> None:
    for number, (name, one) in enumerate(OBJECTS.items()):
        for protocol in {number % 6, 2, 4}:
            group.good(f"{name}-{protocol}.pkl", pickle.dumps(one, protocol))
    group.good("two-streams.pkl", pickled([1, 2]) + pickled({"a": 1}))
    group.good("long.pkl", pickle.dumps(list(range(20_000))))
    group.good("shared.pkl", pickle.dumps([[1, 2]] * 500))
    group.good(
        "own-class.pkl",
        pickled(new("mypackage.models", "Model", state={"w": 1.0})),
        "a class of somebody's own package",
        Label.UNKNOWN,
    )
    group.good(
        "main-class.pkl",
        pickled(new("__main__", "Model", state={"w": 1.0})),
        "a class of the script that wrote it",
        Label.UNKNOWN,
    )


def _arrays(group: Group) -> None:
    rebuilt = call("numpy._core.multiarray", "_reconstruct", named("numpy", "ndarray"), (0,), b"b")
    old = Ops(glob("numpy.core.multiarray", "_reconstruct") + many(glob("numpy", "ndarray"), (0,), b"b") + b"R")
    for name, made in (("array", rebuilt), ("array-old", old)):
        state = many(1, (3,), call_dtype("f8"), False, struct.pack("<3d", 1, 2, 3))
        group.good(f"{name}.pkl", pickled(Ops(made + state + b"b")))
    group.good(
        "scalar.pkl", pickled(call("numpy._core.multiarray", "scalar", call_dtype("f8"), struct.pack("<d", 1.5)))
    )
    group.good("clip.pkl", pickled(call("functools", "partial", named("numpy", "clip"))))
    matrix = call("numpy._core.multiarray", "_reconstruct", named("numpy", "matrix"), (0,), b"b")
    group.good("matrix.pkl", pickled(Ops(matrix + many(1, (1, 1), call_dtype("f8"), False, b"\0" * 8) + b"b")))
    numbers = struct.pack("<3d", 1, 2, 3)
    group.good("array.joblib", b"\x80\x04" + wrapper((3,)) + numbers + b".")
    aligned = b"\x80\x04" + wrapper((3,), aligned=16)
    room = -(len(aligned) + 1) % 16
    group.good("array-aligned.joblib", aligned + bytes([room]) + b"\xff" * room + numbers + b".")
    group.good("array.npy", npy("'<f4'", "(2, 2)", b"\0" * 16))
    group.good("array-2.npy", npy("'<f4'", "(2, 2)", b"\0" * 16, version=2))
    group.good("record.npy", npy("[('a', '<f4'), ('b', '<i8')]", "(1,)", b"\0" * 12))
    group.good("text.npy", npy("'<U3'", "(2,)", b"\0" * 24))
    group.good(
        "objects.npy",
        object_npy(pickled(Ops(rebuilt + many(1, (1,), call_dtype("O8"), False, ["x"]) + b"b"))),
        "labels as objects",
    )
    group.good(
        "arrays.npz",
        zipped(
            Entry("a.npy", npy("'<f4'", "(1,)", b"\0" * 4), method=8), Entry("b.npy", npy("'<i8'", "()", b"\0" * 8))
        ),
    )


def _containers(group: Group) -> None:
    model = pickled({"coef": [0.1, 0.2], "classes": ["a", "b"]})
    group.good("model.pkl.gz", gzip.compress(model, mtime=0))
    group.good("model.pkl.z", zlib.compress(model))
    group.good("model.pkl.bz2", bz2.compress(model))
    group.good("model.pkl.xz", lzma.compress(model))
    group.good("model.pkl.lzma", lzma.compress(model, lzma.FORMAT_ALONE))
    group.good("model.pkl.lz4", lz4_frame(model))
    group.good("model.pkl.zst", zstd_frame(model))
    group.good("state.pt", torch_zip())
    group.good("legacy.pt", torch_legacy())
    group.good("training.ckpt", torch_zip(b"\x80\x02}X\5\0\0\0modelq\0" + HONEST[2:-1] + b"sX\5\0\0\0epochK\5s."))
    group.good(
        "model.tar.gz", gzip.compress(tarred(("model/model.pkl", model), ("model/README.md", "# Model\n")), mtime=0)
    )
    group.good("models.zip", zipped(Entry("a.pkl", model, method=8), Entry("b/c.npy", npy("'<f4'", "(1,)", b"\0" * 4))))


def _ordinary(group: Group) -> None:
    group.good(
        "image.png",
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBBBBBI", 13, b"IHDR", 1, 1, 8, 0, 0, 0, 0, 0) + b"\0" * 40,
    )
    group.good("table.csv", b"a,b,c\n1,2,3\n" * 50)
    group.good("script.py", b"import os\nos.system('true')\n", "source code is no model")
    group.good("page.html", b"<!DOCTYPE html><html><body>{{ x }}</body></html>")
    group.good("notes.txt", b"cos is a function. (See os.system.)\n")
    group.good("notes.md", b"# Model\n\npickle.loads(b'cos\\nsystem\\n')\n")
    group.good("settings.json", b'{"name": "x", "version": 1}')
    group.good("package.json", b'{"name": "x", "main": "../index.js"}')
    group.good(
        "drawing.svg",
        b'<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd"><svg xmlns="http://www.w3.org/2000/svg"/>',  # noqa: E501
    )
    group.good(
        "package.whl",
        zipped(
            Entry("x/__init__.py", b"import os\n"),
            Entry("x-1.dist-info/METADATA", b"Name: x\n"),
            Entry("x/run.sh", b"#!/bin/sh\n"),
        ),
    )
    group.good(
        "document.docx",
        zipped(Entry("[Content_Types].xml", b"<Types/>", method=8), Entry("word/document.xml", b"<w/>", method=8)),
    )
    group.good("library.so", b"\x7fELF\2\1\1" + b"\0" * 200)
    group.good(
        "sources.tar", tarred(("a/x.py", "import os\n"), ("a/run.sh", "#!/bin/sh\n"), links=(("a/latest", "x.py"),))
    )
    group.good("empty.bin", b"")
    group.good("zeros.bin", b"\0" * 5000)
    group.good("noise.bin", random.Random(7).randbytes(20_000))
    group.good("noise.dat", random.Random(8).randbytes(20_000))


def samples() -> Iterator[Made]:
    for name, fill in (
        ("pickles", _pickles),
        ("arrays", _arrays),
        ("containers", _containers),
        ("ordinary files", _ordinary),
    ):
        group = Group(name)
        fill(group)
        yield from group.made
