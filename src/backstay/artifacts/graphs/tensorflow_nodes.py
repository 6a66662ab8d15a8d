"""TensorFlow nodes: GraphDef, FunctionDefLibrary and their attributes, as far as the judging of a graph needs them.

Field numbers are those of tensorflow/core/framework: graph.proto, node_def.proto, function.proto, attr_value.proto,
tensor.proto.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod

from backstay.artifacts.wire.protobuf import Field, Message, varint

STRING = 7  # DT_STRING
MAX_STRINGS = 256  # values of one tensor or list that are looked at
MAX_KEPT = 60_000  # nodes of one graph that are kept for following values
_NODE, _COST = 4, 8  # steps of a node, and of keeping one
# Bytes of one element by DataType; those of a number of bits are left out.
WIDTHS = {
    1: 4, 2: 8, 3: 4, 4: 1, 5: 2, 6: 1, 8: 8, 9: 8, 10: 1, 11: 1, 12: 1, 13: 4, 14: 2, 17: 2, 18: 16, 19: 2, 22: 4,
    23: 8, 24: 1, 25: 1,
}  # fmt: skip
PRECISIONS = {
    1: "F32",
    2: "F64",
    19: "F16",
    14: "BF16",
    24: "F8_E5M2",
    25: "F8_E4M3",
    6: "I8",
    4: "U8",
    3: "I32",
    9: "I64",
}


@dataclass(slots=True)
class Tensor:
    """A TensorProto: its type, its number of elements (-1: not said), and its texts if it holds some."""

    dtype: int = 0
    elements: int = 1
    texts: list[bytes] = field(default_factory=list)
    content: Field | None = None  # tensor_content, where there is one
    long: list[Field] = field(default_factory=list)  # texts that are no names: files or graphs in a constant


@dataclass(slots=True)
class Attribute:
    """An AttrValue, or a list of them."""

    type: int = 0
    number: int = 0
    texts: list[bytes] = field(default_factory=list)
    functions: list[str] = field(default_factory=list)
    tensors: list[Tensor] = field(default_factory=list)
    long: list[Field] = field(default_factory=list)

    @property
    def text(self) -> str:
        return self.texts[0].decode("utf-8", "replace") if self.texts else ""


@dataclass(slots=True)
class Node:
    """A NodeDef. `inputs` are as written: "name", "name:1", "name:out:0", "^name" for a mere order."""

    name: str
    op: str
    at: int
    inputs: list[str] = field(default_factory=list)
    attributes: dict[str, Attribute] = field(default_factory=dict)


@dataclass(slots=True)
class Scope:
    """The nodes of a graph or function that were kept, by name. `arguments` are a function's, in order."""

    name: str
    arguments: list[str] = field(default_factory=list)
    nodes: dict[str, Node] = field(default_factory=dict)
    size: int = 0  # nodes in all


@dataclass(slots=True)
class Graph:
    """A GraphDef: the main graph and its functions. `operations` are all it uses, with the first place of each."""

    main: Scope
    functions: dict[str, Scope] = field(default_factory=dict)
    operations: dict[str, tuple[str, int]] = field(default_factory=dict)
    parameters: int = 0
    precision: dict[int, int] = field(default_factory=dict)  # elements by DataType

    def scopes(self) -> list[Scope]:
        return [self.main, *self.functions.values()]


class GraphReader:
    """Reads GraphDefs. `kept` says which operations are kept with their attributes; constants of text and whatever
    calls a function always are. `found` is told of every tensor's content."""

    def __init__(self, kept: Callable[[str], bool], found: Callable[[Tensor, str], None]) -> None:
        self._kept, self._found = kept, found
        self.cut = False  # more nodes than are kept
        self._count_kept = 0

    def add(self, graph: Graph, message: Message) -> None:
        """Read a GraphDef into a graph; several messages of one field are merged as a parser merges them."""
        for one in message.fields((1, 2)):
            if one.number == 1:
                self._node(one, graph.main, graph)
            else:
                for function in one.message().fields((1,)):
                    self._function(function.message(), graph)

    def _function(self, message: Message, graph: Graph) -> None:
        scope = Scope("")
        for one in message.fields((1, 3)):
            if one.number == 3:
                self._node(one, scope, graph)
                continue
            for part in one.message().fields((1, 2)):
                if part.number == 1:
                    scope.name = part.text()
                elif len(scope.arguments) < MAX_STRINGS * 64:
                    scope.arguments.append(part.message().text(1))
        if scope.name in graph.functions:  # of two functions of a name both are looked at
            graph.functions[scope.name].nodes.update(scope.nodes)
        else:
            graph.functions[scope.name] = scope

    def _node(self, one: Field, scope: Scope, graph: Graph) -> None:
        node = Node("", "", one.at)
        attributes: list[Field] = []
        for part in one.message().fields((1, 2, 3, 5)):
            if part.number == 5:
                attributes.append(part)
            elif part.number == 3:
                node.inputs.append(part.text(1024))
            elif part.number == 1:
                node.name = part.text(1024)
            else:
                node.op = part.text(256)
        scope.size += 1
        one.message().walk.step(_NODE)
        if node.op not in graph.operations and len(graph.operations) < 10_000:
            graph.operations[node.op] = (node.name, one.at)
        of_text = node.op in _TYPED
        keep = of_text or node.op in CALLS or self._kept(node.op)
        for part in attributes if keep else ():
            entry = part.message()
            key = entry.text(1, 256)
            node.attributes[key] = _attribute(entry, node.op == "Const" and key == "value")
        if node.op == "Const":
            for tensor in node.attributes.get("value", Attribute()).tensors:
                self._count(tensor, graph)
                self._found(tensor, node.name)
        if of_text and not _is_text(node):
            return
        if keep or node.op in graph.functions:
            self._count_kept += 1
            if self._count_kept > MAX_KEPT:
                self.cut = True
                return
            one_of = scope.nodes.setdefault(node.name, node)
            if one_of is not node:  # names are unique for whoever runs it; none is lost here
                scope.nodes[f"{node.name}\0{one.at}"] = node
            one.message().walk.step(_COST)

    def _count(self, tensor: Tensor, graph: Graph) -> None:
        if tensor.dtype in PRECISIONS and tensor.elements > 0:
            graph.precision[tensor.dtype] = graph.precision.get(tensor.dtype, 0) + tensor.elements
            graph.parameters += tensor.elements


# Operations on any type: kept where they are on texts.
_TYPED = frozenset({
    "Add", "AddN", "AddV2", "BroadcastTo", "Concat", "ConcatV2", "Const", "Copy", "CopyHost", "DeepCopy",
    "EnsureShape", "Enter", "Exit", "ExpandDims", "Fill", "Gather", "GatherV2", "Identity", "IdentityN",
    "Merge", "NextIteration", "Pack", "Placeholder", "PlaceholderV2", "PlaceholderWithDefault",
    "PreventGradient", "RefEnter", "RefExit", "RefIdentity", "RefMerge", "RefSwitch", "Reshape", "ReverseV2",
    "Select", "SelectV2", "Slice", "Snapshot", "Split", "SplitV", "Squeeze", "StopGradient", "StridedSlice",
    "Switch", "Tile", "Transpose", "Unpack",
})  # fmt: skip
# Operations that call functions of the library with inputs of their own, and how many inputs come before those.
CALLS = {
    "PartitionedCall": 0, "StatefulPartitionedCall": 0, "TPUPartitionedCall": 0, "While": 0, "StatelessWhile": 0,
    "If": 1, "StatelessIf": 1, "_If": 1, "Case": 1, "StatelessCase": 1, "RemoteCall": 1, "SymbolicGradient": 0,
    "XlaLaunch": 0,
}  # fmt: skip


def is_dataset(operation: str) -> bool:
    """Whether an operation makes a data set, of the elements of another one perhaps."""
    return operation.rstrip("0123456789V").endswith("Dataset")


def _is_text(node: Node) -> bool:
    for name in ("dtype", "T", "Tparams"):
        attribute = node.attributes.get(name)
        if attribute is not None and attribute.type:
            return attribute.type == STRING
    return any(tensor.texts or tensor.long for one in node.attributes.values() for tensor in one.tensors)


def _attribute(entry: Message, shapes: bool) -> Attribute:
    found = Attribute()
    for value in entry.fields((2,)):
        for one in value.message():
            _value(one, found, shapes)
            if one.number == 1:  # a list: its numbers are those of single values, but 9 is a function
                for part in one.message().fields((2, 8, 9)):
                    if part.number == 9:
                        _add_function(part, found)
                    else:
                        _value(part, found, shapes)
    return found


def _value(one: Field, found: Attribute, shapes: bool) -> None:
    if one.number == 2:
        _add_text(one, found.texts, found.long)
    elif one.number == 3:
        found.number = one.signed
    elif one.number == 6:
        found.type = one.value
    elif one.number == 8 and len(found.tensors) < MAX_STRINGS:
        found.tensors.append(tensor(one.message(), shapes))
    elif one.number == 10:
        _add_function(one, found)


def _add_function(one: Field, found: Attribute) -> None:
    if len(found.functions) < MAX_STRINGS:
        found.functions.append(one.message().text(1, 1024))


def _add_text(one: Field, texts: list[bytes], long: list[Field]) -> None:
    if len(texts) < MAX_STRINGS:
        texts.append(one.bytes(4096))
    if one.value >= 64 and len(long) < MAX_STRINGS:
        long.append(one)


def tensor(message: Message, shapes: bool = True) -> Tensor:
    """A TensorProto."""
    found = Tensor()
    for one in message.fields((1, 2, 4, 8)):
        if one.number == 1:
            found.dtype = one.value
        elif one.number == 2 and shapes:
            found.elements = elements(one.message())
        elif one.number == 4:
            found.content = one
        elif one.number == 8:
            _add_text(one, found.texts, found.long)
    if found.dtype == STRING and found.content is not None:
        found.texts.extend(_packed(found.content.bytes(1 << 20), max(0, found.elements)))
    return found


def elements(shape: Message) -> int:
    """The number of elements of a TensorShapeProto; -1 when it is not known."""
    sizes: list[int] = []
    for one in shape.fields((2, 3)):
        if one.number == 3 and one.value:
            return -1
        if one.number == 2 and len(sizes) < 255:
            size = one.message().first(1)
            sizes.append(size.signed if size is not None else 0)
    return -1 if any(size < 0 or size > 1 << 50 for size in sizes) else prod(sizes)


def _packed(data: bytes, count: int) -> list[bytes]:
    """Texts as tensor_content holds them: all lengths as varints, then all bytes."""
    sizes, at = [], 0
    for _ in range(min(count, MAX_STRINGS * 16)):
        size, at = varint(data, at)
        if at < 0:
            return []
        sizes.append(size)
    found = []
    for size in sizes[:MAX_STRINGS]:
        found.append(data[at : at + min(size, 4096)])
        at += size
    return found
