"""TensorFlow values: what a text in a graph is made of: follows constants through nodes, functions and callers."""

import base64
import binascii
from dataclasses import dataclass, field

from backstay.artifacts.graphs.paths import UNKNOWN
from backstay.artifacts.graphs.tensorflow_nodes import CALLS, Graph, Node, Scope, is_dataset

MAX_TEXTS = 32  # texts that one value may be
_MAX_DEPTH = 40
_MAX_LENGTH = 4096
_BUDGET = 2_000  # nodes looked at for one value
_MAX_CALLERS = 64

# Operations whose result has the texts of some of their inputs: the positions of those, None for all.
_PASS: dict[str, tuple[int, ...] | None] = {
    "Identity": (0,), "StopGradient": (0,), "PreventGradient": (0,), "Snapshot": (0,), "Reshape": (0,),
    "PlaceholderWithDefault": (0,), "ExpandDims": (0,), "Squeeze": (0,), "Fill": (1,), "Tile": (0,), "Slice": (0,),
    "StridedSlice": (0,), "Gather": (0,), "GatherV2": (0,), "Unpack": (0,), "Split": (1,), "SplitV": (0,),
    "Select": (1, 2), "SelectV2": (1, 2), "Switch": (0,), "RefSwitch": (0,), "Enter": (0,), "Exit": (0,),
    "RefEnter": (0,), "RefExit": (0,), "RefIdentity": (0,), "NextIteration": (0,), "BroadcastTo": (0,),
    "EnsureShape": (0,), "Copy": (0,), "CopyHost": (0,), "DeepCopy": (0,), "Transpose": (0,), "ReverseV2": (0,),
    "ShardedFilename": (0,), "ShardedFilespec": (0,), "StringStrip": (0,), "RandomShuffle": (0,),
    "IdentityN": None, "Pack": None, "ConcatV2": None, "Concat": None, "Merge": None, "RefMerge": None,
    "TensorSliceDataset": None, "TensorDataset": None, "ShuffleDataset": (0,), "RepeatDataset": (0,),
}  # fmt: skip
_JOINS = {"StringJoin", "Add", "AddV2", "AddN"}
FOLLOWED = frozenset({*_PASS, *_JOINS, "StringFormat", "ReduceJoin", "StringLower", "StringUpper", "DecodeBase64"})


@dataclass
class Values:
    """Follows texts in one graph. `assets` are constants that the loader sets to a file of the model's own folder,
    `bound` what it gives to functions by itself: texts by function and position."""

    graph: Graph
    assets: dict[str, str] = field(default_factory=dict)
    bound: dict[tuple[str, int], str] = field(default_factory=dict)
    _callers: dict[str, list[tuple[Scope, list[str]]]] | None = None

    def of(self, scope: Scope, reference: str) -> list[str]:
        """Every text that an input may be, as far as the graph says; pieces that it does not say are `UNKNOWN`."""
        self._left = _BUDGET
        return self._texts(scope, reference, 0)

    def _texts(self, scope: Scope, reference: str, depth: int) -> list[str]:
        self._left -= 1
        if depth > _MAX_DEPTH or self._left < 0:
            return [UNKNOWN]
        name = reference.partition(":")[0]
        if name in scope.arguments:
            return self._argument(scope, scope.arguments.index(name), depth)
        node = scope.nodes.get(name)
        return [UNKNOWN] if node is None else self._made(scope, node, reference, depth)

    def _made(self, scope: Scope, node: Node, reference: str, depth: int) -> list[str]:
        inputs = [one for one in node.inputs if not one.startswith("^")]
        if node.op == "Const":
            if scope is self.graph.main and node.name in self.assets:
                return [self.assets[node.name]]
            value = node.attributes.get("value")
            return _unique(
                [one.decode("utf-8", "replace") for tensor in value.tensors for one in tensor.texts] if value else []
            )
        if node.op in _PASS:
            positions = _PASS[node.op]
            chosen = inputs if positions is None else [inputs[one] for one in positions if one < len(inputs)]
            if node.op == "IdentityN":
                number = reference.rpartition(":")[2]
                chosen = inputs[int(number) :][:1] if number.isdecimal() and len(number) < 6 else inputs[:1]
            return _unique([text for one in chosen[:MAX_TEXTS] for text in self._texts(scope, one, depth + 1)])
        if is_dataset(node.op) and inputs and not _functions(node):
            return self._texts(scope, inputs[0], depth + 1)  # shuffled, repeated, in batches: the same elements
        if node.op in _JOINS:
            separator = node.attributes["separator"].text if "separator" in node.attributes else ""
            return self._joined(scope, inputs, separator, depth)
        if node.op == "ReduceJoin" and inputs:
            separator = node.attributes["separator"].text if "separator" in node.attributes else ""
            return [separator.join(self._texts(scope, inputs[0], depth + 1))[:_MAX_LENGTH]]
        if node.op == "StringFormat":
            return self._formatted(scope, node, inputs, depth)
        if node.op in ("StringLower", "StringUpper") and inputs:
            texts = self._texts(scope, inputs[0], depth + 1)
            return [one.lower() if node.op == "StringLower" else one.upper() for one in texts]
        if node.op == "DecodeBase64" and inputs:
            return _unique([_decoded(one) for one in self._texts(scope, inputs[0], depth + 1)])
        return [UNKNOWN]

    def _joined(self, scope: Scope, inputs: list[str], separator: str, depth: int) -> list[str]:
        found = [""]
        for position, one in enumerate(inputs[:64]):
            texts = self._texts(scope, one, depth + 1)
            start = separator if position else ""
            found = _unique([f"{before}{start}{text}"[:_MAX_LENGTH] for before in found for text in texts])
        return found

    def _formatted(self, scope: Scope, node: Node, inputs: list[str], depth: int) -> list[str]:
        template = node.attributes["template"].text if "template" in node.attributes else "%s"
        placeholder = node.attributes["placeholder"].text if "placeholder" in node.attributes else "%s"
        pieces = template[:_MAX_LENGTH].split(placeholder or "%s")
        found = [pieces[0]]
        for position, piece in enumerate(pieces[1:65]):
            texts = self._texts(scope, inputs[position], depth + 1) if position < len(inputs) else [UNKNOWN]
            found = _unique([f"{before}{text}{piece}"[:_MAX_LENGTH] for before in found for text in texts])
        return found

    def _argument(self, scope: Scope, position: int, depth: int) -> list[str]:
        given = self.bound.get((scope.name, position))
        found: list[str] = [] if given is None else [given]
        for caller, inputs in self._calls().get(scope.name, ())[:_MAX_CALLERS]:
            if position < len(inputs):
                found.extend(self._texts(caller, inputs[position], depth + 1))
        return _unique(found) or [UNKNOWN]

    def _given(self, node: Node, name: str, inputs: list[str]) -> list[str]:
        """What a function's arguments are: of a data set's function, the elements of its first input come first."""
        function = self.graph.functions.get(name)
        if not is_dataset(node.op) or function is None or not inputs:
            return inputs
        elements = max(1, len(function.arguments) - len(inputs) + 1)
        return [*inputs[:1] * min(elements, MAX_TEXTS), *inputs[1:]]

    def _calls(self) -> dict[str, list[tuple[Scope, list[str]]]]:
        """Who calls each function, with the inputs that become its arguments."""
        if self._callers is None:
            self._callers = {}
            for scope in self.graph.scopes():
                for node in scope.nodes.values():
                    called = [node.op] if node.op in self.graph.functions else []
                    if node.op in CALLS or is_dataset(node.op):
                        called += _functions(node)
                    inputs = [one for one in node.inputs if not one.startswith("^")][CALLS.get(node.op, 0) :]
                    for name in called:
                        self._callers.setdefault(name, []).append((scope, self._given(node, name, inputs)))
        return self._callers


def _functions(node: Node) -> list[str]:
    return [one for attribute in node.attributes.values() for one in attribute.functions]


def _unique(texts: list[str]) -> list[str]:
    """Without repetitions, and not too many; what was left out is unknown."""
    found = list(dict.fromkeys(texts))
    return found if len(found) <= MAX_TEXTS else [*found[: MAX_TEXTS - 1], UNKNOWN]


def _decoded(text: str) -> str:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return UNKNOWN
