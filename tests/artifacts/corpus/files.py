"""Files: attacks by what a file is called, how it is compressed, and the arrays it is hidden among."""

import bz2
import gzip
import io
import lzma
import struct
import zlib
from collections.abc import Iterator

from corpus.archives import Entry, npy, object_npy, tarred, torch_zip, wrapper, zipped
from corpus.opcodes import COMMAND, STOP, call, payload, pickled
from corpus.sample import Group, Made

NAMES = (
    "model.txt",
    "model.png",
    "model.json",
    "model.onnx",
    "model.safetensors",
    "model.h5",
    "model.gguf",
    "model.tflite",
    "model.pb",
    "model.bin",
    "model.dat",
    "model.model",
    "model.p",
    "model.sav",
    "model",
    "model.csv",
    "model.pdf",
    "model.npy",
    "model.ckpt",
    "model.msgpack",
    "model.keras",
    "model.xml",
    "model.index",
)


def _extensions() -> Group:
    group = Group("wrong extension")
    for number, name in enumerate(NAMES):
        group.bad(name, payload((0, 2, 4)[number % 3]), "a pickle under another name")
    group.bad("zip/model.safetensors", torch_zip(payload(2)), "a PyTorch zip file")
    group.bad("zip/weights.h5", torch_zip(payload(2)))
    group.bad("gzip/model.png", gzip.compress(payload(), mtime=0))
    group.bad("numpy/array.bin", object_npy(payload()))
    return group


def lz4_frame(data: bytes) -> bytes:
    """An LZ4 frame of stored blocks, without checksums (its header checksum is 0x82 for these flags)."""
    return struct.pack("<I", 0x184D2204) + b"\x60\x40\x82" + struct.pack("<I", len(data) | 1 << 31) + data + b"\0" * 4


def zstd_frame(data: bytes) -> bytes:
    """A Zstandard frame of one raw block (RFC 8878): single segment, four bytes of size."""
    return b"\x28\xb5\x2f\xfd\xa0" + struct.pack("<I", len(data)) + (len(data) << 3 | 1).to_bytes(3, "little") + data


def _compressed() -> Group:
    group = Group("compressed and joblib")
    evil = payload()
    group.bad("model.pkl.gz", gzip.compress(evil, mtime=0))
    group.bad("model.pkl.z", zlib.compress(evil))
    group.bad("model.pkl.bz2", bz2.compress(evil))
    group.bad("model.pkl.xz", lzma.compress(evil))
    group.bad("model.pkl.lzma", lzma.compress(evil, lzma.FORMAT_ALONE))
    group.bad("model.pkl.lz4", lz4_frame(evil))
    group.bad("model.pkl.zst", zstd_frame(evil))
    group.bad("model.joblib", zlib.compress(evil, 3), "joblib.dump(compress=3)")
    group.bad("twice.pkl.gz", gzip.compress(gzip.compress(evil, mtime=0), mtime=0))
    group.bad("members.pkl.gz", gzip.compress(pickled(1), mtime=0) + gzip.compress(evil, mtime=0), "the second member")
    numbers = struct.pack("<3d", 1, 2, 3)
    group.bad("before-array.joblib", b"\x80\x04(" + call("os", "system", COMMAND) + wrapper((3,)) + numbers + b"t.")
    group.bad("after-array.joblib", b"\x80\x04(" + wrapper((3,)) + numbers + call("os", "system", COMMAND) + b"t.")
    aligned = b"\x80\x04(" + wrapper((3,), aligned=16)
    room = -(len(aligned) + 1) % 16
    group.bad(
        "aligned.joblib", aligned + bytes([room]) + b"\xff" * room + numbers + call("os", "system", COMMAND) + b"t."
    )
    group.bad(
        "object-array.joblib",
        b"\x80\x04(" + wrapper((1,), "O8") + payload() + b"Nt.",
        "an object array is a pickle within",
    )
    group.bad(
        "array-subclass.joblib",
        b"\x80\x04(" + call("os", "system", COMMAND) + b"0" + wrapper((2, 2), "f4") + b"\0" * 16 + b"t.",
    )
    zipfile = b"ZF" + b"0x%x" % len(evil) + b" " * (19 - len(b"0x%x" % len(evil))) + zlib.compress(evil)
    group.bad("zfile.pkl", zipfile, "joblib before 0.10")
    group.bad(
        "CVE-2024-34997.joblib",
        pickled(call("joblib.numpy_pickle", "NumpyArrayWrapper.read_array", None, None)),
        advisory="CVE-2024-34997",
    )
    folded = io.BytesIO()
    with gzip.GzipFile("", "wb", 9, folded, 0) as packed:
        packed.write(b"\x80\x04" + b"N0" * 3_000_000)
        packed.write(call("os", "system", COMMAND) + STOP)
    group.bad("bomb-before.pkl.gz", folded.getvalue(), "6 MB of nothing before the payload")
    return group


def _numpy() -> Group:
    group = Group("numpy")
    evil = payload()
    group.bad("object.npy", object_npy(evil), advisory="CVE-2019-6446")
    group.bad("object-2.npy", object_npy(evil, version=2))
    group.bad("object-3.npy", object_npy(evil, version=3))
    group.bad("record.npy", npy("[('a', '<f4'), ('b', '|O')]", "(1,)", evil), "a field of objects")
    group.bad("arrays.npz", zipped(Entry("x.npy", npy("'<f4'", "(1,)", b"\0" * 4)), Entry("y.npy", object_npy(evil))))
    group.bad("packed.npz", zipped(Entry("y.npy", object_npy(evil), method=8)))
    group.bad("not-an-array.npy", payload(2), "numpy.load reads a pickle under this name")
    group.bad("not-an-array.npz", zipped(Entry("a", evil)))
    group.bad(
        "two.npy", npy("'<f4'", "(1,)", b"\0" * 4) + object_npy(evil), "a second array, for a reader that goes on"
    )
    return group


def _nested() -> Group:
    group = Group("archives")
    evil, model = payload(), torch_zip(payload(2))
    group.bad(
        "depth-3.zip",
        zipped(Entry("a.zip", zipped(Entry("b.zip", zipped(Entry("c.pkl", evil, method=8)), method=8)), method=8)),
    )
    group.bad("model.tar.gz", gzip.compress(tarred(("model/model.pkl", evil)), mtime=0))
    group.bad("model.tar.xz", tarred(("model/model.pt", model), mode="w:xz"))
    group.bad("slip.tar", tarred(("../../backstay-none", b"x"), ("model.pkl", pickled(1))), "a path out of the folder")
    group.bad("absolute.tar", tarred(("/tmp/backstay-none", b"x"), ("model.pkl", pickled(1))))
    group.bad(
        "link.tar", tarred(("weights/x.pkl", pickled(1)), links=(("weights", "/etc"),)), "a link out of the folder"
    )
    group.bad("slip.zip", zipped(Entry("../../backstay-none.pkl", pickled(1))))
    group.bad("link.zip", zipped(Entry("model.pkl", b"/etc/passwd", mode=0o120777), Entry("x.pkl", pickled(1))))
    group.bad(
        "polyglot.png",
        b"\x89PNG\r\n\x1a\n" + b"\0" * 64 + torch_zip(payload(2)),
        "an image with a PyTorch file at its end",
    )
    group.bad("trailing.zip", zipped(Entry("weights.npy", npy("'<f4'", "(1,)", b"\0" * 4))) + evil)
    return group


def samples() -> Iterator[Made]:
    for group in (_extensions(), _compressed(), _numpy(), _nested()):
        yield from group.made
