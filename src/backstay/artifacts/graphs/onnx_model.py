"""ONNX model: walks a ModelProto with its graphs, subgraphs and functions, and judges operations and paths.

Field numbers are those of onnx/onnx.proto.
"""

from dataclasses import dataclass, field

from backstay.artifacts.exam import Exam
from backstay.artifacts.graphs import operations, paths
from backstay.artifacts.graphs.backdoors import Flow, Step, View
from backstay.artifacts.graphs.circles import circular, sizes
from backstay.artifacts.graphs.contents import Contents
from backstay.artifacts.graphs.onnx_tensors import Constant, Tensors
from backstay.artifacts.graphs.operations import Effect, When
from backstay.artifacts.report import Sign
from backstay.artifacts.wire.protobuf import Message

MAX_NODES = 100_000  # of a file that are kept for following their values
MAX_LIBRARIES = 50
_COST = 40  # steps of a node
_MAX_NAMES = 100
_FUNCTION = 200  # steps for each function, beside those for its fields
_LARGEST = 1 << 28  # nodes that a model may have once its functions are put in place
_DECLARED = {
    "author": "author", "license": "license", "name": "name", "version": "version", "model_version": "version",
    "model_name": "name", "model_author": "author", "model_license": "license", "base_model": "base_model",
}  # fmt: skip
_KEEP_TEXT = frozenset({"module", "class_name", "func_name", "name", "model_uri", "ep_cache_context"})
_REAL = frozenset({1, 10, 11, 16})  # floating-point types: what weights are, and shapes and indices are not


@dataclass(slots=True)
class _Function:
    name: tuple[str, str]  # domain and name
    nodes: int = 0
    calls: dict[tuple[str, str], int] = field(default_factory=dict)
    at: int = -1


class Model:
    """One ModelProto."""

    def __init__(self, exam: Exam) -> None:
        self.exam = exam
        self.tensors = Tensors(exam, Contents(exam))
        table = operations.table("onnx")
        self._effects = table.effects()
        self._known, self._domains = table.names(), frozenset(table.domains)
        self._used: dict[tuple[str, str], tuple[str, int]] = {}  # domain and operation, with the first place
        self._functions: dict[tuple[str, str], _Function] = {}
        self._function: _Function | None = None
        self._left = MAX_NODES
        self._training = False

    def read(self, message: Message) -> None:
        """All of it."""
        views: list[View] = []
        for one in message.fields((1, 2, 3, 4, 5, 7, 8, 14, 20, 25)):
            if one.number == 7:
                views.append(self.graph(one.message()))
            elif one.number == 20:
                self._training = True
                for part in one.message().fields((1, 2)):
                    self.graph(part.message())
            elif one.number == 25:
                self._read_function(one.message(), one.at)
            elif one.number == 14:
                self._declare(one.message())
        self._information(message)
        for view in views[:1]:
            inputs = [name for name in view.inputs if name not in view.constants]
            for name, names in (("inputs", inputs), ("outputs", view.outputs)):
                if names:
                    self.exam.fact(name, names[:_MAX_NAMES])
        self._judge_domains()
        self._judge_functions()
        self.tensors.close()
        if self._left <= 0:
            self.exam.gap("too many nodes", f"more than {MAX_NODES} are not followed")
            return
        for view in views:
            flow = Flow(view, self.exam)
            for site in flow.sites():
                self.exam.note(Sign.OPERATIONS, site.operation, site.message, site.at)

    def graph(self, message: Message) -> View:
        """A GraphProto, with what following its values needs. Nodes beyond a bound are judged and not kept."""
        view = View()
        for one in message.fields((1, 5, 11, 12, 15)):
            if one.number == 1:
                step = self._node(one.message(), one.at)
                self.exam.step(_COST)
                self._left -= 1
                if self._left > 0:
                    view.steps.append(step)
            elif one.number == 5:
                constant = self.tensors.read(one.message(), one.at, weight=True)
                view.constants[constant.name] = constant
            elif one.number == 15:
                for part in one.message().fields((1, 2)):
                    constant = self.tensors.read(part.message(), part.at, weight=part.number == 1)
                    view.constants[constant.name] = constant
            elif one.number == 11:
                name, rank = _value(one.message())
                view.inputs[name] = rank
            else:
                view.outputs.append(_value(one.message())[0])
        return view

    def _node(self, message: Message, at: int) -> Step:
        step = Step("", "", at=at)
        name = domain = ""
        texts: dict[str, list[str]] = {}
        for one in message.fields((1, 2, 3, 4, 5, 7)):
            match one.number:
                case 1:
                    step.inputs.append(one.text(1024))
                case 2:
                    step.outputs.append(one.text(1024))
                case 3:
                    name = one.text(1024)
                case 4:
                    step.operation = one.text(256)
                case 5:
                    self._attribute(one.message(), step, texts)
                case _:
                    domain = one.text(256)
        step.domain = "" if domain == "ai.onnx" else domain
        if step.operation == "Constant" and step.constant is not None and step.constant.data_type in _REAL:
            self.tensors.weigh(step.constant)
        key = (step.domain, step.operation)
        if len(self._used) < 10_000:
            self._used.setdefault(key, (name, at))
        if self._function is not None:
            self._function.nodes += 1
            self._function.calls[key] = self._function.calls.get(key, 0) + 1
        effect = self._effects.get(step.operation)
        if effect is not None and (step.domain or step.operation not in self._known):
            self._effect(effect, step, name, texts)
        return step

    def _attribute(self, message: Message, step: Step, texts: dict[str, list[str]]) -> None:
        name = ""
        numbers: list[int] = []
        values: list[bytes] = []
        constant: Constant | None = None
        for one in message.fields((1, 3, 4, 5, 6, 9, 10, 11, 22, 23)):
            match one.number:
                case 1:
                    name = one.text(256)
                case 3:
                    numbers.append(one.signed)
                case 4 | 9 if len(values) < 16:
                    values.append(one.bytes(4096))
                case 5 | 10:
                    constant = self.tensors.read(one.message(), one.at)
                case 6 | 11:
                    step.branches.append(("", self.graph(one.message())))
                case 22 | 23:
                    for part in one.message().fields((1, 2)):
                        constant = self.tensors.read(part.message(), part.at)
                case _:
                    pass
        if step.branches and step.branches[-1][0] == "":
            step.branches[-1] = (name, step.branches[-1][1])
        if values and name in _KEEP_TEXT:
            texts[name] = [one.decode("utf-8", "replace") for one in values]
        if constant is not None:
            step.constant = constant
        if name in ("axes", "axis", "keepdims", "embed_mode", "value_int", "starts", "ends", "select_last_index"):
            step.numbers[name] = numbers or [one for part in message.fields((8,)) for one in _signed(part.numbers(64))]

    def _effect(self, effect: Effect, step: Step, name: str, texts: dict[str, list[str]]) -> None:
        known = [text for key in effect.attributes for text in texts.get(key, ())]
        place = f"node {name}"
        subject = f"{step.domain}.{step.operation}" if step.domain else step.operation
        if effect.when is When.ALWAYS:
            named = f": {'.'.join(known[:2])}" if known else ""
            self.exam.note(Sign.OPERATIONS, subject, f"{effect.does}{named} ({place})", step.at)
            return
        self.exam.note(Sign.NATIVE, subject, f"{effect.does} ({place})", step.at)
        if step.numbers.get("embed_mode") == [0]:
            for text in known:
                why = paths.outside(text)
                if why:
                    message = f"its compiled part lies in {text}: {why} ({place})"
                    self.exam.note(Sign.ESCAPES, subject, message, step.at)

    def _read_function(self, message: Message, at: int) -> None:
        self.exam.step(_FUNCTION)
        self._function = function = _Function(("", ""), at=at)
        domain = message.text(10, 256)
        function.name = ("" if domain == "ai.onnx" else domain, message.text(1, 256))
        for one in message.fields((7, 11)):
            if one.number == 7:
                self._node(one.message(), one.at)
            else:
                self._attribute(one.message(), Step("", ""), {})
        self._functions[function.name] = function
        self._function = None

    def _declare(self, message: Message) -> None:
        key, value = message.text(1, 256).lower(), message.text(2, 4096)
        if key in _DECLARED:
            self.exam.declare(_DECLARED[key], value)
        elif key == "task":
            self.exam.declare("tags", [value])

    def _information(self, message: Message) -> None:
        exam = self.exam
        version = message.first(1)
        opset = 0
        for one in message.fields((8,)):
            entry = one.message()
            number = entry.first(2)
            if entry.text(1, 256) in ("", "ai.onnx") and number is not None and number.wire == 0:
                opset = max(opset, min(number.value, 1_000))
        if opset or version is not None:
            ir = version.value if version is not None and version.wire == 0 else 0
            exam.fact("framework_version", f"IR {min(ir, 10_000)}, operator set {opset}")
        producer = f"{message.text(2, 256)} {message.text(3, 256)}".strip()
        if producer:
            exam.fact("producer", producer)

    def _judge_domains(self) -> None:
        table = operations.table("onnx")
        noted = 0
        for (domain, name), (node, at) in self._used.items():
            if (domain, name) in self._functions or name in self._effects:
                continue
            if domain in self._domains and (domain not in ("", "ai.onnx.ml") or name in self._known):
                continue
            noted += 1
            if noted > MAX_LIBRARIES:
                self.exam.note(Sign.NATIVE, "more operations", f"more than {MAX_LIBRARIES} of custom libraries")
                return
            title = table.owner(domain)
            whose = f"an operation of {title}" if title else "an operation of a custom native library"
            subject = f"{domain}.{name}" if domain else name
            self.exam.note(Sign.NATIVE, subject, f"{whose} (node {node})", at)

    def _judge_functions(self) -> None:
        """Functions are put in place of their calls: doubling ones grow beyond any memory, recursive ones for ever."""
        self.exam.step(sum(len(one.calls) for one in self._functions.values()))
        calls = {name: one.calls for name, one in self._functions.items()}
        for domain, name in circular(calls)[:MAX_LIBRARIES]:
            message = "a function that calls itself: a loader puts it in place of its call for ever"
            self.exam.note(Sign.EXHAUSTS, f"{domain}.{name}", message, self._functions[domain, name].at)
        for (domain, name), size in sizes(calls, {name: one.nodes for name, one in self._functions.items()}).items():
            if size > _LARGEST:
                message = f"stands for {size} nodes once the functions it calls are put in place"
                self.exam.note(Sign.EXHAUSTS, f"{domain}.{name}", message, self._functions[domain, name].at)
                return


def _signed(values: list[int]) -> list[int]:
    return [value - (1 << 64) if value >> 63 else value for value in values]


def _value(message: Message) -> tuple[str, tuple[int, bool] | None]:
    """The name of a ValueInfoProto, its number of dimensions that are not 1, and whether the first one is open."""
    name = ""
    rank: tuple[int, bool] | None = None
    for one in message.fields((1, 2)):
        if one.number == 1:
            name = one.text(1024)
            continue
        for kind in one.message().fields((1,)):  # a tensor's type
            for shape in kind.message().fields((2,)):
                sizes = [
                    dim.message().first(1) for dim, _ in zip(shape.message().fields((1,)), range(64), strict=False)
                ]
                varying = sum(size is None or size.value != 1 for size in sizes)
                rank = varying, bool(sizes) and (sizes[0] is None or sizes[0].signed <= 0)
    return name, rank
