"""TensorFlow judge: says which operations of a graph reach files, servers, Python or native code, and with what."""

from dataclasses import dataclass, field

from backstay.artifacts.containers import payloads
from backstay.artifacts.content import Bytes
from backstay.artifacts.exam import Exam
from backstay.artifacts.graphs import operations, paths
from backstay.artifacts.graphs.circles import circular
from backstay.artifacts.graphs.contents import Contents
from backstay.artifacts.graphs.operations import Effect, When
from backstay.artifacts.graphs.tensorflow_nodes import PRECISIONS, Graph, GraphReader, Node, Scope, Tensor, is_dataset
from backstay.artifacts.graphs.tensorflow_values import FOLLOWED, Values
from backstay.artifacts.report import Sign
from backstay.artifacts.wire.protobuf import Field

MAX_LIBRARIES = 50  # unknown operations that are named
_MAX_INSPECTED = 200  # texts of a graph that are looked at as files of their own
_LONG = 24  # bytes of the shortest serialized graph worth asking about
_TABLES = frozenset({"HashTable", "HashTableV2", "AnonymousHashTable"})
_STATIC = frozenset({"InitializeTableFromTextFile", "InitializeTableFromTextFileV2"})
_EXPORT = frozenset({"LookupTableExport", "LookupTableExportV2"})
_SAVES = frozenset({"SaveV2", "Save", "SaveSlices"})
_CARRIERS = frozenset(
    {"DatasetFromGraph", "IteratorFromStringHandle", "XlaCallModule", "XlaCustomCallV2", "TRTEngineOp"}
)
_PYTHON_CALL = (b"xla_python_cpu_callback", b"xla_ffi_python", b"xla_python_gpu_callback")


@dataclass
class Judge:
    """Judges the graphs of one file. `training` graphs (.meta) may hold what feeds a training."""

    exam: Exam
    training: bool = False
    placed: bool = True  # whether offsets are those of the file
    effects: dict[str, Effect] = field(default_factory=lambda: operations.table("tensorflow").effects())
    _inspected: int = 0

    def __post_init__(self) -> None:
        self.contents = Contents(self.exam)

    def reader(self) -> GraphReader:
        """What reads a graph for this judge."""
        kept = frozenset(self.effects) | FOLLOWED | _TABLES | _CARRIERS
        known = operations.table("tensorflow").names()  # any other is a function, or needs a library
        return GraphReader(lambda name: name in kept or name not in known or is_dataset(name), self._content)

    def judge(self, values: Values) -> None:
        """All of a graph: its main nodes and every function, whether or not something calls it."""
        graph = values.graph
        for scope in graph.scopes():
            for node in scope.nodes.values():
                self.exam.step()
                effect = self.effects.get(node.op)
                if effect is not None and (not effect.beside or any(one in graph.operations for one in effect.beside)):
                    self._effect(effect, node, scope, graph, values)
                self._long_texts(node)
        self._libraries(graph)
        self._circles(graph)

    def judge_names(self, graph: Graph) -> None:
        """What the mere names of operations say, of a graph that is too large to be followed."""
        for name, (node, at) in graph.operations.items():
            effect = self.effects.get(name)
            if effect is not None and effect.when is When.ALWAYS and name != "ReadFile":
                self.exam.note(Sign.OPERATIONS, name, f"{effect.does} (node {node})", at if self.placed else -1)

    def _effect(self, effect: Effect, node: Node, scope: Scope, graph: Graph, values: Values) -> None:
        subject = node.op
        place = f"node {node.name}" + (f" of function {scope.name}" if scope.name else "")
        texts = [text for one in effect.inputs for text in self._input(node, one, scope, values)]
        for name in effect.attributes:
            if name in node.attributes:
                texts += [text.decode("utf-8", "replace") for text in node.attributes[name].texts]
        if effect.when is When.EXPORT:
            if self._exports(node, scope, graph):
                self._note(Sign.OPERATIONS, subject, f"{effect.does} as its result ({place})", node)
            return
        if effect.when is When.DEBUG:
            urls = [text for text in texts if "://" in text]
            if urls:
                self._note(Sign.OPERATIONS, subject, f"{effect.does}: {paths.plain(urls[0])} ({place})", node)
            return
        leaving = [(text, why) for text in texts if (why := self._leaves(effect, text))]
        if leaving:
            text, why = leaving[0]
            self._note(Sign.OPERATIONS, subject, f"{effect.does}: {paths.plain(text)}, {why} ({place})", node)
        elif effect.when is When.ALWAYS or (effect.when is When.INFERENCE and not self.training):
            known = [text for text in texts if text.strip(paths.UNKNOWN)]
            if known and all(text.startswith("assets://") for text in known) and len(known) == len(texts):
                return  # a file that the model brings along
            named = f": {paths.plain(known[0])}" if known else ""
            self._note(Sign.OPERATIONS, subject, f"{effect.does}{named} ({place})", node)
        elif effect.when is When.INFERENCE:
            self._note(Sign.IRREGULAR, subject, f"{effect.does} while the model is trained ({place})", node)

    def _leaves(self, effect: Effect, text: str) -> str:
        why = paths.outside(text)
        if not why or effect.when is When.DEBUG:
            return ""
        if effect.when is When.CHECKPOINT and why == "an absolute path" and paths.checkpoint(text):
            return ""
        if effect.when in (When.READER, When.OUTSIDE, When.CHECKPOINT) and self.training and not paths.sensitive(text):
            return ""
        return why

    def _input(self, node: Node, position: int, scope: Scope, values: Values) -> list[str]:
        inputs = [one for one in node.inputs if not one.startswith("^")]
        return values.of(scope, inputs[position]) if position < len(inputs) else []

    def _exports(self, node: Node, scope: Scope, graph: Graph) -> bool:
        """Whether a table's contents are read that were read from a file, or by no saver."""
        handle = node.inputs[0].partition(":")[0] if node.inputs else ""
        source = scope.nodes.get(handle)
        if source is not None and source.op in _TABLES:
            return True
        if any(one.op in _STATIC and one.inputs and one.inputs[0].partition(":")[0] == handle
               for one in scope.nodes.values()):  # fmt: skip
            return True
        return not scope.name and not any(one in graph.operations for one in _SAVES)

    def _circles(self, graph: Graph) -> None:
        """Functions that are put in place of themselves: loading such a graph ends in a crash (CVE-2022-23591)."""
        calls = {
            name: {node.op for node in scope.nodes.values() if node.op in graph.functions}
            for name, scope in graph.functions.items()
        }
        for name in circular(calls)[:MAX_LIBRARIES]:
            self.exam.note(Sign.EXHAUSTS, name, "a function that calls itself: a loader puts it in place for ever")

    def _libraries(self, graph: Graph) -> None:
        table = operations.table("tensorflow")
        names = table.names()
        unknown = [one for one in graph.operations if one and one not in names and one not in graph.functions]
        for name in unknown[:MAX_LIBRARIES]:
            node, at = graph.operations[name]
            title = table.owner(name)
            message = (
                f"an operation of {title}" if title else "an operation of a native library that is not TensorFlow's"
            )
            self.exam.note(Sign.NATIVE, name, f"{message} (node {node})", at if self.placed else -1)
        if len(unknown) > MAX_LIBRARIES:
            self.exam.note(Sign.NATIVE, f"{len(unknown) - MAX_LIBRARIES} more operations", "not TensorFlow's own")

    def facts(self, graph: Graph) -> None:
        """The weights that stand in the graph itself: a frozen one has them all."""
        if graph.parameters > 0:
            self.exam.fact("parameters", graph.parameters)
            self.exam.fact("precision", PRECISIONS[max(graph.precision, key=lambda one: graph.precision[one])])

    def _content(self, tensor: Tensor, name: str) -> None:
        """A constant's bytes: a program among weights begins where a tensor begins."""
        if tensor.content is not None:
            data = tensor.content
            self.contents.look(data.content, data.at, data.value, name, tensor.dtype in (4, 6))

    def _long_texts(self, node: Node) -> None:
        """Texts long enough to be a file, a graph or a module of their own."""
        for name, attribute in node.attributes.items():
            for one in [*attribute.long, *(long for tensor in attribute.tensors for long in tensor.long)]:
                self.exam.step()
                if self._inspected >= _MAX_INSPECTED:
                    self.exam.gap("too many texts", f"more than {_MAX_INSPECTED} in one graph")
                    return
                self._long(one, node, name)

    def _long(self, one: Field, node: Node, name: str) -> None:
        head = one.bytes(4096)
        found = payloads.kind(head)
        if found:
            self._note(Sign.PROGRAM, found, f"{found} in {node.op} {node.name}", node)
        if node.op == "XlaCallModule" and name == "module":
            module = one.bytes(16 << 20)
            for call in _PYTHON_CALL:
                if call in module:
                    self._note(
                        Sign.OPERATIONS, "XlaCallModule", f"calls {call.decode()}: a function of the process", node
                    )
        if one.value >= _LONG and _looks_like_a_file(head):
            self._inspected += 1
            self.exam.inspect(Bytes(one.bytes(self.exam.limits.text)), f"{node.name}.{name}")

    def _note(self, sign: Sign, subject: str, message: str, node: Node) -> None:
        self.exam.note(sign, subject, message, node.at if self.placed else -1)


def _looks_like_a_file(head: bytes) -> bool:
    """Whether a text is worth recognising: bytes that no word or sentence begins with."""
    return head[:1] in b"\x80\x0a\x08PK\x1f\x93\x89(c]" and any(
        byte < 9 or 13 < byte < 32 or byte > 126 for byte in head[:256]
    )
