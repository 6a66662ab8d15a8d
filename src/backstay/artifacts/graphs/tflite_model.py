"""TensorFlow Lite model: walks subgraphs, operators and buffers of the FlatBuffer, and judges them.

Positions of fields are those of tensorflow/lite/schema/schema.fbs.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod

from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam, MalformedError
from backstay.artifacts.graphs import operations, paths
from backstay.artifacts.graphs.circles import circular
from backstay.artifacts.graphs.contents import Contents
from backstay.artifacts.graphs.operations import When
from backstay.artifacts.report import Sign
from backstay.artifacts.wire.flatbuffers import Buffer, OutsideError, Table

# Bits of one element by TensorType; texts, resources and variants have none.
BITS = {
    0: 32, 1: 16, 2: 32, 3: 8, 4: 64, 6: 8, 7: 16, 8: 64, 9: 8, 10: 64, 11: 128, 12: 64, 15: 32, 16: 16, 17: 4, 18: 16,
    19: 2, 20: 4,
}  # fmt: skip
PRECISIONS = {
    0: "F32",
    1: "F16",
    2: "I32",
    3: "U8",
    4: "I64",
    7: "I16",
    9: "I8",
    10: "F64",
    17: "I4",
    18: "BF16",
    19: "I2",
}
_CUSTOM = 32
_SUBGRAPHS = {118: (0, 1), 119: (0, 1), 129: (0,), 31: (0,)}  # IF, WHILE, CALL_ONCE, CALL: fields that name subgraphs
_MAX_NAMES = 100
_MAX_LIBRARIES = 50
_FLEX = "Flex"


class TfliteModel:
    """One model."""

    def __init__(self, content: Content, exam: Exam) -> None:
        self.content, self.exam = content, exam
        self._buffers: list[int] = []  # sizes, -1 where one is not in the file
        self._codes: list[tuple[int, str]] = []  # number and name of each kind of operator
        self._precision: dict[int, int] = {}
        self._counted: set[int] = set()
        self._tensors = 0
        flex = [name for name, one in operations.table("tensorflow").effects().items() if one.when in _FORBIDDEN]
        self._forbidden = re.compile(rb"(?<![A-Za-z0-9_])(?:" + "|".join(sorted(flex)).encode() + rb")(?![A-Za-z0-9_])")

    def read(self) -> None:
        """All of it."""
        with self._checked():
            self._read()

    @contextmanager
    def _checked(self) -> Iterator[None]:
        """A part whose damage is a gap of it; an offset that no honest file has, however much is lost, is forged."""
        with self.exam.contained():
            try:
                yield
            except OutsideError as error:
                if error.forged:
                    message = "an offset out of the file: a runtime that does not check it reads other memory"
                    self.exam.note(Sign.TENSORS, "offset", message, error.at)
                raise

    def _read(self) -> None:
        exam = self.exam
        model = Buffer(self.content, exam).root()
        exam.declare("name", model.text(3, 256) if model.text(3, 256) not in _CONVERTERS else "")
        if model.text(3, 256):
            exam.fact("producer", model.text(3, 256))
        with self._checked():
            self._read_buffers(model)
        with self._checked():
            self._operators(model)
        calls: dict[int, list[int]] = {}
        seen: set[int] = set()
        for number, graph in enumerate(model.tables(2)):
            if graph.at in seen:
                continue
            seen.add(graph.at)
            calls[number] = []
            with self._checked():
                self._subgraph(graph, number, calls[number])
        for one in circular(calls)[:_MAX_LIBRARIES]:
            exam.note(Sign.EXHAUSTS, f"subgraph {one}", "calls itself: running it does not end")
        with self._checked():
            self._outside(model)
        with self._checked():
            self._metadata(model)
        self._facts(model)

    def _read_buffers(self, model: Table) -> None:
        size = self.content.size
        contents = Contents(self.exam)
        for number, one in enumerate(model.tables(4)):
            start, length = one.vector(0)
            offset, given = one.number(1, "Q"), one.number(2, "Q")
            if start < 0 and offset > 1:  # 0 and 1 stand for none
                start, length = offset, given
            if start >= 0 and start + length > size:
                ends = "the file ends before" if start < size and offset <= 1 else "it lies beyond the file"
                message = f"{length} bytes at {start}: {ends}"
                sign = Sign.INCOMPLETE if start < size and offset <= 1 else Sign.TENSORS
                self.exam.note(sign, f"buffer {number}", message, one.at)
                if sign is Sign.INCOMPLETE:
                    self.exam.gap("cut short", f"buffer {number}")
                self._buffers.append(-1)
                continue
            self._buffers.append(length if start >= 0 else 0)
            if start >= 0:
                contents.look(self.content, start, length, str(number), of_bytes=True)

    def _operators(self, model: Table) -> None:
        for one in model.tables(1):
            code = max(one.number(0, "b"), one.number(3, "i"))
            name = one.text(1, 1024) if code == _CUSTOM else ""
            self._codes.append((code, name))
        table, tensorflow = operations.table("tflite"), operations.table("tensorflow")
        noted = 0
        for code, name in dict.fromkeys(self._codes):
            if code != _CUSTOM:
                continue
            if name.startswith(_FLEX) and name[len(_FLEX) :] in tensorflow.names():
                self._flex(name)
                continue
            noted += 1
            if noted > _MAX_LIBRARIES:
                self.exam.note(Sign.NATIVE, "more operators", f"more than {_MAX_LIBRARIES} of custom libraries")
                return
            plain = name[len(_FLEX) :] if name.startswith(_FLEX) else name
            title = tensorflow.owner(plain) if name.startswith(_FLEX) else table.owner(name)
            message = f"a custom operator of {title}" if title else "a custom operator: needs a native library"
            self.exam.note(Sign.NATIVE, name, message)

    def _flex(self, name: str) -> None:
        effect = operations.table("tensorflow").effects().get(name[len(_FLEX) :])
        if effect is not None and effect.when in _FORBIDDEN:
            self.exam.note(Sign.OPERATIONS, name, effect.does)

    def _subgraph(self, graph: Table, number: int, calls: list[int]) -> None:
        tensors = self._read_tensors(graph, number)
        seen: set[int] = set()
        for one in graph.tables(3):
            if one.at in seen:
                continue
            seen.add(one.at)
            index = one.number(0, "I")
            if index >= len(self._codes):
                message = f"an operator of kind {index}, of {len(self._codes)}"
                self.exam.note(Sign.TENSORS, f"subgraph {number}", message, one.at)
                continue
            for position in (1, 2):
                wrong = [value for value in one.numbers(position) if value >= tensors or value < -1]
                if wrong:
                    message = f"an operator reads or writes tensor {wrong[0]}, of {tensors}"
                    self.exam.note(Sign.TENSORS, f"subgraph {number}", message, one.at)
            code, name = self._codes[index]
            if code in _SUBGRAPHS:
                options = one.table(4)
                if options is not None:
                    calls.extend(options.number(position) for position in _SUBGRAPHS[code])
            elif code == _CUSTOM and name.startswith(_FLEX):
                self._flex_options(one, name)

    def _flex_options(self, operator: Table, name: str) -> None:
        """What a Flex operator runs stands in its options; its name is only a label."""
        at, size = operator.vector(5)
        options = self.content.read(at, min(size, 1 << 16)) if size else b""
        found = self._forbidden.search(options)
        if found is not None and found[0].decode() != name[len(_FLEX) :]:
            inner = found[0].decode()
            does = operations.table("tensorflow").effects()[inner].does
            self.exam.note(Sign.OPERATIONS, inner, f"{does}, under the name of {name}", operator.at)

    def _read_tensors(self, graph: Table, number: int) -> int:
        count = 0
        seen: set[int] = set()
        for one in graph.tables(0):
            count += 1
            if one.at in seen:
                continue
            seen.add(one.at)
            index, kind = one.number(2, "I"), one.number(1, "b")
            if index >= len(self._buffers) and self._buffers:
                message = f"tensor {one.text(3, 256)} has buffer {index}, of {len(self._buffers)}"
                self.exam.note(Sign.TENSORS, f"subgraph {number}", message, one.at)
                continue
            size = self._buffers[index] if self._buffers else 0
            if index == 0 or size <= 0 or kind not in BITS or one.place(6) >= 0:
                continue
            shape = one.numbers(0, limit=256)
            if any(value < 0 for value in shape):
                self.exam.note(Sign.TENSORS, one.text(3, 256), f"the shape {shape[:8]} of stored data", one.at)
                continue
            elements = prod(shape)
            needed = (elements * BITS[kind] + 7) // 8
            if needed > size:
                message = f"its shape needs {needed} bytes, and its buffer has {size}"
                self.exam.note(Sign.TENSORS, one.text(3, 256), message, one.at)
            elif needed < size:
                message = f"its shape needs {needed} bytes of {size} in its buffer"
                self.exam.note(Sign.IRREGULAR, one.text(3, 256), message, one.at)
            if index not in self._counted:
                self._counted.add(index)
                self._tensors += 1
                self._precision[kind] = self._precision.get(kind, 0) + elements
        return count

    def _outside(self, model: Table) -> None:
        """Buffers in other files, by the names of these."""
        names = [one.text(0, 4096) for one, _ in zip(model.tables(8), range(_MAX_NAMES), strict=False)]
        for name in names:
            why = paths.outside(name)
            if why:
                self.exam.note(Sign.ESCAPES, name, f"buffers lie in this file: {why}")
        if names:
            self.exam.fact("external", names)

    def _metadata(self, model: Table) -> None:
        for entry, _ in zip(model.tables(6), range(_MAX_NAMES), strict=False):
            if entry.text(0, 64) != "TFLITE_METADATA":
                continue
            for number, one in enumerate(model.tables(4)):
                if number == entry.number(1, "I"):
                    start, size = one.vector(0)
                    self._described(self.content.part(start, size))
                    return

    def _described(self, content: Content) -> None:
        """A ModelMetadata table (metadata_schema.fbs): what the author says of the model."""
        if content.read(4, 4) != b"M001":
            return
        try:
            table = Buffer(content, self.exam).root()
            for position, name in ((0, "name"), (2, "version"), (4, "author"), (5, "license")):
                self.exam.declare(name, table.text(position, 1024))
        except MalformedError as error:
            self.exam.note(Sign.IRREGULAR, "metadata", f"{error.reason} {error.detail}")

    def _facts(self, model: Table) -> None:
        exam = self.exam
        exam.fact("framework_version", f"schema {model.number(0, 'I')}")
        parameters = sum(self._precision.values())
        if parameters:
            exam.fact("parameters", parameters)
            exam.fact("tensors", self._tensors)
            largest = max(self._precision, key=lambda one: self._precision[one])
            exam.fact("precision", PRECISIONS.get(largest, f"type {largest}"))
        for signature in model.tables(7):
            for position, name in ((0, "inputs"), (1, "outputs")):
                names = [
                    one.text(0, 256) for one, _ in zip(signature.tables(position), range(_MAX_NAMES), strict=False)
                ]
                if names:
                    exam.fact(name, names)
            break


_FORBIDDEN = (When.ALWAYS, When.INFERENCE)
_CONVERTERS = frozenset({"MLIR Converted.", "TOCO Converted.", "Exported from Subgraph.", "Keras Converted"})
