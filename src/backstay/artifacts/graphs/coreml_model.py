"""Core ML model: walks a Model with its pipelines, networks and programs, for code and files that it needs.

Field numbers are those of Apple's mlmodel/format: Model.proto, NeuralNetwork.proto, MIL.proto.
"""

from math import prod

from backstay.artifacts.exam import Exam
from backstay.artifacts.graphs import paths
from backstay.artifacts.report import Sign
from backstay.artifacts.wire.protobuf import Message

TYPES = frozenset({
    200, 201, 202, 300, 301, 302, 303, 304, 400, 401, 402, 403, 404, 500, 501, 502, 555, 556, 560, 600, 601, 602, 603,
    604, 606, 607, 609, 610, 900, 2000, 2001, 2002, 2003, 2004, 2005, 2006, 3000,
})  # fmt: skip
_NETWORKS = (303, 403, 500)
_KINDS = {
    200: "pipeline", 201: "pipeline", 202: "pipeline", 300: "linear model", 301: "support vector machine",
    302: "tree ensemble", 303: "neural network", 304: "probit regressor", 400: "linear model",
    401: "support vector machine", 402: "tree ensemble", 403: "neural network", 404: "nearest neighbours",
    500: "neural network", 501: "item similarity", 502: "ML program",
}  # fmt: skip
_PACKAGE = "@model_path/"  # where a package's weights lie
_BITS = {10: "F16", 11: "F32", 12: "F64", 13: "BF16", 21: "I8", 22: "I16", 23: "I32", 31: "U8"}
_MAX_NAMES = 100
_MAX_FILES = 1_000


class CoremlModel:
    """One model file."""

    def __init__(self, exam: Exam) -> None:
        self.exam = exam
        self._parameters: dict[int, int] = {}
        self._files: dict[str, None] = {}

    def read(self, message: Message) -> None:
        """All of it."""
        exam = self.exam
        version = message.first(1)
        if version is not None and version.wire == 0:
            exam.fact("framework_version", f"specification {min(version.value, 10_000)}")
        for one in message.fields((2,)):
            self._description(one.message())
        self.model(message)
        if self._files:
            exam.fact("external", list(self._files))
        if self._parameters:
            exam.fact("parameters", sum(self._parameters.values()))
            largest = max(self._parameters, key=lambda one: self._parameters[one])
            exam.fact("precision", _BITS.get(largest, f"type {largest}"))

    def model(self, message: Message) -> None:
        """A Model, on its own or in a pipeline."""
        for one in message.fields(TYPES):
            inner = one.message()
            if one.number in _KINDS:
                self.exam.fact("architecture", _KINDS[one.number])
            if one.number in (200, 201):
                for pipeline in inner.fields((1,)):
                    self._pipeline(pipeline.message())
            elif one.number == 202:
                self._pipeline(inner)
            elif one.number in _NETWORKS:
                self._network(inner)
            elif one.number == 502:
                self._program(inner)
            elif one.number == 555:
                name = inner.text(10, 256)
                self.exam.note(Sign.NATIVE, name, "a custom model: the app has to bring this class", one.at)
            elif one.number == 556:
                self._linked(inner, one.at)
            elif one.number == 3000:
                name = inner.text(1, 256)
                self.exam.note(Sign.NATIVE, name, "a model in a form that only a framework of the system knows", one.at)

    def _pipeline(self, message: Message) -> None:
        for one in message.fields((1,)):
            self.model(one.message())

    def _network(self, message: Message) -> None:
        for layer in message.fields((1,)):
            for one in layer.message().fields((500, 605, 615)):
                if one.number == 500:
                    name = one.message().text(10, 256)
                    self.exam.note(Sign.NATIVE, name, "a custom layer: the app has to bring this class", one.at)
                    continue
                for branch in one.message().fields((1, 2) if one.number == 605 else (3, 4)):
                    self._network(branch.message())

    def _linked(self, message: Message, at: int) -> None:
        for one in message.fields((1,)):
            for part in one.message().fields((1, 2)):
                path = part.message().text(1, 4096)
                why = paths.outside(path)
                if why:
                    self.exam.note(Sign.ESCAPES, path, f"a linked model: {why}", at)
                elif path and part.number == 1:
                    self._file(path)

    def _program(self, message: Message) -> None:
        for function in message.fields((2,)):
            for value in function.message().fields((2,)):
                for entry in value.message().fields((3,)):
                    for block in entry.message().fields((2,)):
                        self._block(block.message())

    def _block(self, message: Message) -> None:
        for operation in message.fields((3,)):
            kind = ""
            values: list[Message] = []
            blocks: list[Message] = []
            for one in operation.message().fields((1, 2, 4, 5)):
                if one.number == 1:
                    kind = one.text(256)
                elif one.number == 4:
                    blocks.append(one.message())
                elif one.number == 5:
                    values += [part.message() for part in one.message().fields((2,))]
                else:
                    values += _bound(one.message())
            if kind == "custom_layer":
                self.exam.note(Sign.NATIVE, kind, "a custom layer: the app has to bring its class", operation.at)
            for value in values:
                self._value(value)
            for block in blocks:
                self._block(block)

    def _value(self, message: Message) -> None:
        kind = elements = 0
        for one in message.fields((2, 5)):
            if one.number == 2:
                kind, elements = _tensor(one.message())
                continue
            path = one.message().text(1, 4096)
            inner = path.removeprefix(_PACKAGE)
            why = paths.outside(inner)
            if why:
                self.exam.note(Sign.ESCAPES, path, f"weights outside of the package: {why}", one.at)
            self._file(inner)
            self._parameters[kind] = self._parameters.get(kind, 0) + elements

    def _file(self, path: str) -> None:
        if len(self._files) < _MAX_FILES:
            self._files[path] = None

    def _description(self, message: Message) -> None:
        names: dict[int, list[str]] = {1: [], 10: []}
        for one in message.fields((1, 10, 100)):
            if one.number == 100:
                self._metadata(one.message())
            elif len(names[one.number]) < _MAX_NAMES:
                names[one.number].append(one.message().text(1, 256))
        for number, fact in ((1, "inputs"), (10, "outputs")):
            if names[number]:
                self.exam.fact(fact, names[number])

    def _metadata(self, message: Message) -> None:
        for number, name in ((2, "version"), (3, "author"), (4, "license")):
            self.exam.declare(name, message.text(number, 1024))
        for entry in message.fields((100,)):
            if entry.message().text(1, 256) == "com.github.apple.coremltools.version":
                self.exam.fact("producer", f"coremltools {entry.message().text(2, 64)}")


def _bound(entry: Message) -> list[Message]:
    """The values that are written into an operation's inputs."""
    return [
        value.message()
        for argument in entry.fields((2,))
        for binding in argument.message().fields((1,))
        for value in binding.message().fields((2,))
    ]


def _tensor(message: Message) -> tuple[int, int]:
    """The type of a tensor and its number of elements."""
    kind = 0
    sizes: list[int] = []
    for tensor in message.fields((1,)):
        for one in tensor.message().fields((1, 3)):
            if one.number == 1:
                kind = one.value
            elif len(sizes) < 64:
                constant = one.message().first(1)
                size = constant.message().first(1) if constant is not None else None
                sizes.append(min(size.value, 1 << 40) if size is not None else 0)
    return kind, min(prod(sizes), 1 << 60)
