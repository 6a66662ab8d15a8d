"""OpenVINO: an intermediate representation in XML, whose weights lie in a `.bin` beside it.

Facts from OpenVINO's documentation of its operation sets and from its reader of representations 7 to 11.
"""

import re
from math import prod

from backstay.artifacts import xml
from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam
from backstay.artifacts.format import Candidate, Format
from backstay.artifacts.graphs import operations, paths
from backstay.artifacts.report import Sign
from backstay.artifacts.xml import Element

_LIBRARY = re.compile(r"\.(?:so|dll|dylib|pyd)(?:\.\d+){0,4}$", re.IGNORECASE)
_PATHS = frozenset(
    {"library", "library_path", "path", "file", "filename", "weights_path", "implementation", "extension"}
)
_BITS = {
    "f32": 32, "f16": 16, "f64": 64, "bf16": 16, "i64": 64, "i32": 32, "i16": 16, "i8": 8, "u64": 64, "u32": 32,
    "u16": 16, "u8": 8, "i4": 4, "u4": 4, "u2": 2, "u1": 1, "nf4": 4, "boolean": 8, "f8e4m3": 8, "f8e5m2": 8,
    "f4e2m1": 4, "f8e8m0": 8,
}  # fmt: skip
_REAL = frozenset({"f32", "f16", "f64", "bf16", "i8", "u8", "i4", "u4", "nf4", "f8e4m3", "f8e5m2", "f4e2m1", "u2"})
_CONVERTERS = ("onnx_Frontend_IR", "torch_jit", "torch-jit-export", "TensorFlow_Frontend_IR")  # names of nobody
_MAX_NAMES = 100
_MAX_RANGES = 1_000_000
_MAX_LIBRARIES = 50


def _matches(candidate: Candidate) -> bool:
    head = candidate.head
    return xml.root(head) == "net" and (b"<layer" in head or b"<!DOCTYPE" in head or b"l\0a\0y\0e\0r" in head)


class _Reader:
    def __init__(self, exam: Exam) -> None:
        self.exam = exam
        self._layer: Element | None = None
        self._ranges: list[tuple[int, int, str, int]] = []
        self._precision: dict[str, int] = {}
        self._names: dict[str, list[str]] = {"Parameter": [], "Result": []}
        self._noted = 0
        self._versions = frozenset(operations.table("openvino").versions)

    def element(self, one: Element) -> None:
        if one.name == "net" and not one.path:
            name = one.attributes.get("name", "")
            self.exam.declare("name", name if name not in _CONVERTERS else "")
            if "version" in one.attributes:
                self.exam.fact("framework_version", f"IR {one.attributes['version']}")
        elif one.name == "layer":
            self._begin(one)
        elif self._layer is not None and one.name in ("data", "weights", "biases") and "layer" in one.path:
            self._data(one)
        elif one.name == "Runtime_version":
            self.exam.fact("producer", f"OpenVINO {one.attributes.get('value', '')}")
        if "layers" in one.path:
            self._attributes(one)

    def _begin(self, one: Element) -> None:
        self._layer = one
        kind, version = one.attributes.get("type", ""), one.attributes.get("version", "")
        name = one.attributes.get("name", "")
        if kind in self._names and len(self._names[kind]) < _MAX_NAMES:
            self._names[kind].append(name)
        if version and version not in self._versions:
            self._noted += 1
            if self._noted <= _MAX_LIBRARIES:
                message = f"a layer of the operation set {version!r}: needs an extension library (layer {name})"
                self.exam.note(Sign.NATIVE, kind, message, one.offset)

    def _data(self, one: Element) -> None:
        if "offset" not in one.attributes and "size" not in one.attributes:
            return
        layer = self._layer.attributes.get("name", "") if self._layer is not None else ""
        numbers: dict[str, int] = {}
        for key in ("offset", "size"):
            text = one.attributes.get(key, "0")
            if not (text.isascii() and text.isdecimal() and len(text) <= 18):
                self.exam.note(Sign.TENSORS, layer, f"the {key} of its weights is {text}", one.offset)
                return
            numbers[key] = int(text)
        kind = one.attributes.get("element_type", "")
        shape = [part.strip() for part in one.attributes.get("shape", "").split(",") if part.strip()]
        if kind in _BITS and all(part.isascii() and part.isdecimal() and len(part) < 16 for part in shape[:64]):
            elements = prod(int(part) for part in shape[:64])
            needed = (elements * _BITS[kind] + 7) // 8
            if needed != numbers["size"] and elements:
                message = f"its shape needs {needed} bytes, and {numbers['size']} are given to it"
                self.exam.note(Sign.TENSORS, layer, message, one.offset)
            elif kind in _REAL:
                self._precision[kind] = self._precision.get(kind, 0) + elements
        if len(self._ranges) < _MAX_RANGES:
            self._ranges.append((numbers["offset"], numbers["offset"] + numbers["size"], layer, one.offset))

    def _attributes(self, one: Element) -> None:
        """No layer names a library or a file: weights are found by the name of the representation."""
        for key, value in one.attributes.items():
            if _LIBRARY.search(value) and key not in ("name", "names", "id"):
                message = f"attribute {key} of {one.name} names a native library"
                self.exam.note(Sign.OPERATIONS, value, message, one.offset)
            elif key.lower() in _PATHS and (why := paths.outside(value)):
                self.exam.note(Sign.ESCAPES, value, f"attribute {key} of {one.name}: {why}", one.offset)

    def close(self) -> None:
        exam = self.exam
        self._ranges.sort()
        end, name, range_ = -1, "", (-1, -1)
        for first, last, other, at in self._ranges:
            exam.step()
            if first < end and (first, last) != range_ and last > first:
                exam.note(Sign.TENSORS, other, f"its weights overlap those of {name}", at)
                break
            if last > end:
                end, name, range_ = last, other, (first, last)
        if self._ranges:
            own = (exam.member.rpartition("!")[2] or exam.name).rpartition("/")[2]
            exam.fact("external", [own.removesuffix(".xml") + ".bin"])
            exam.fact("external_bytes", [str(max(last for _, last, _, _ in self._ranges))])
            exam.fact("tensors", len(self._ranges))
        for kind, fact in (("Parameter", "inputs"), ("Result", "outputs")):
            if self._names[kind]:
                exam.fact(fact, self._names[kind])
        if self._precision:
            exam.fact("parameters", sum(self._precision.values()))
            exam.fact("precision", max(self._precision, key=lambda one: self._precision[one]).upper())


def _read(content: Content, exam: Exam) -> None:
    exam.fact("framework", "openvino")
    reader = _Reader(exam)
    try:
        for one in xml.elements(content, exam):
            reader.element(one)
    finally:
        reader.close()


FORMAT = Format(id="openvino", matches=_matches, read=_read, executable=None)
