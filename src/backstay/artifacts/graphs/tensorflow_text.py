"""TensorFlow text: turns the text format of Protocol Buffers into the binary one, for what a graph is judged by.

Fields that judging does not need are left out. Facts from the text format's specification
(protobuf.dev/reference/protobuf/textformat-spec) and TensorFlow's .proto files.
"""

import re
from collections.abc import Iterator

from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam, MalformedError, StopError

MAX_DEPTH = 100
_TOKEN = re.compile(
    rb"""(?P<blank>[ \t\r\n\f\v]+|\#[^\n]*)
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<number>[0-9+.-][A-Za-z0-9.+-]*)
    |(?P<text>"(?:[^"\\\n]|\\.)*+"|'(?:[^'\\\n]|\\.)*+')
    |(?P<mark>[{}<>:;,\[\]/])""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|[xX]([0-9A-Fa-f]{1,2})|(.))", re.DOTALL)
_ESCAPES = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v"}
_TYPES = {
    "DT_FLOAT": 1, "DT_DOUBLE": 2, "DT_INT32": 3, "DT_UINT8": 4, "DT_INT16": 5, "DT_INT8": 6, "DT_STRING": 7,
    "DT_INT64": 9, "DT_BOOL": 10, "DT_BFLOAT16": 14, "DT_HALF": 19, "DT_RESOURCE": 20, "DT_VARIANT": 21,
    "true": 1, "True": 1, "t": 1,
}  # fmt: skip

# Messages by name: fields by name, with number and message ("" for a text, "#" for a number).
_MESSAGES: dict[str, dict[str, tuple[int, str]]] = {
    "SavedModel": {"saved_model_schema_version": (1, "#"), "meta_graphs": (2, "MetaGraphDef")},
    "MetaGraphDef": {
        "meta_info_def": (1, "MetaInfoDef"), "graph_def": (2, "GraphDef"), "collection_def": (4, "Collection"),
        "signature_def": (5, "Signature"), "asset_file_def": (6, "AssetFileDef"), "object_graph_def": (7, "Objects"),
    },
    "MetaInfoDef": {"tags": (4, ""), "tensorflow_version": (5, "")},
    "GraphDef": {"node": (1, "NodeDef"), "library": (2, "Library")},
    "NodeDef": {"name": (1, ""), "op": (2, ""), "input": (3, ""), "attr": (5, "Attribute")},
    "Attribute": {"key": (1, ""), "value": (2, "AttrValue")},
    "AttrValue": {
        "list": (1, "List"), "s": (2, ""), "i": (3, "#"), "type": (6, "#"), "tensor": (8, "Tensor"),
        "func": (10, "Function"),
    },
    "List": {"s": (2, ""), "i": (3, "#"), "type": (6, "#"), "tensor": (8, "Tensor"), "func": (9, "Function")},
    "Function": {"name": (1, ""), "attr": (2, "Attribute")},
    "Tensor": {"dtype": (1, "#"), "tensor_shape": (2, "Shape"), "tensor_content": (4, ""), "string_val": (8, "")},
    "Shape": {"dim": (2, "Dim"), "unknown_rank": (3, "#")},
    "Dim": {"size": (1, "#")},
    "Library": {"function": (1, "FunctionDef")},
    "FunctionDef": {"signature": (1, "OpDef"), "node_def": (3, "NodeDef"), "attr": (5, "Attribute")},
    "OpDef": {"name": (1, ""), "input_arg": (2, "Argument")},
    "Argument": {"name": (1, "")},
    "Collection": {"key": (1, ""), "value": (2, "CollectionDef")},
    "CollectionDef": {"node_list": (1, "Names")},
    "Names": {"value": (1, "")},
    "Signature": {"key": (1, ""), "value": (2, "SignatureDef")},
    "SignatureDef": {"inputs": (1, "Input"), "outputs": (2, "Input")},
    "Input": {"key": (1, "")},
    "AssetFileDef": {"tensor_info": (1, "Argument"), "filename": (2, "")},
    "Objects": {"nodes": (1, "Object"), "concrete_functions": (2, "Concrete")},
    "Object": {"user_object": (4, "User"), "asset": (5, "Index")},
    "Index": {"asset_file_def_index": (1, "#")},
    "User": {"identifier": (1, ""), "metadata": (3, "")},
    "Concrete": {"key": (1, ""), "value": (2, "Bound")},
    "Bound": {"bound_inputs": (2, "#")},
}  # fmt: skip
# How a text begins: the name of its first field, after blanks and comments.
_FIRST = re.compile(rb"(?:[ \t\r\n\f\v]|#[^\n]*\n)*+([a-z_]{4,26})[ \t]*+(:?)[ \t\r\n]*+([{<]?)")
_KINDS = {
    b"saved_model_schema_version": "SavedModel", b"meta_graphs": "SavedModel",
    b"meta_info_def": "MetaGraphDef", b"graph_def": "MetaGraphDef", b"saver_def": "MetaGraphDef",
    b"collection_def": "MetaGraphDef", b"signature_def": "MetaGraphDef", b"asset_file_def": "MetaGraphDef",
    b"object_graph_def": "MetaGraphDef",
    b"node": "GraphDef", b"library": "GraphDef", b"versions": "GraphDef", b"version": "GraphDef",
}  # fmt: skip
_NUMBERS = (b"saved_model_schema_version", b"version")
_OPERATION = re.compile(rb"\b(?:op\s*:\s*[\"']_?[A-Z]|node_def\s*[:{<]|stripped_op_list\s*[:{<]|tags\s*:)")


def kind(head: bytes) -> str:
    """What message a text is, by its first bytes: "SavedModel", "MetaGraphDef", "GraphDef", or ""."""
    first = _FIRST.match(head)
    if first is None or first[1] not in _KINDS or not (first[2] if first[1] in _NUMBERS else first[3]):
        return ""
    return _KINDS[first[1]] if _OPERATION.search(head) is not None else ""


def binary(content: Content, name: str, exam: Exam) -> bytes:
    """The text as a binary message. Raises StopError beyond the bounds of a text, MalformedError where it is none."""
    if content.size > exam.limits.text:
        raise StopError("too large", f"text of {content.size} bytes")
    reader = _Reader(content.read(0, content.size), exam)
    return reader.message(_MESSAGES[name], b"", 0)


class _Reader:
    def __init__(self, data: bytes, exam: Exam) -> None:
        self._tokens = _tokens(data, exam)
        self._token: tuple[str, bytes, int] = ("", b"", 0)
        self._next()

    def _next(self) -> None:
        self._token = next(self._tokens, ("end", b"", -1))

    def _fail(self) -> MalformedError:
        return MalformedError("invalid text format", f"at byte {self._token[2]}")

    def message(self, fields: dict[str, tuple[int, str]], end: bytes, depth: int) -> bytes:
        """The fields up to the closing mark, encoded; those that are not in `fields` are checked for form only."""
        if depth > MAX_DEPTH:
            raise StopError("nested too deeply", f"more than {MAX_DEPTH} messages")
        pieces: list[bytes] = []
        while True:
            what, text, _ = self._token
            if what == "end" or (what == "mark" and text == end):
                if (what == "end") != (end == b""):
                    raise self._fail()
                self._next()
                return b"".join(pieces)
            if what == "mark" and text in (b",", b";"):
                self._next()
            elif what == "name" or (what == "mark" and text == b"["):
                number, inner = fields.get(self._field_name(), (0, ""))
                self._values(number, inner, pieces, depth)
            else:
                raise self._fail()

    def _field_name(self) -> str:
        what, text, _ = self._token
        self._next()
        if what == "name":
            return text.decode()
        while self._token[1] != b"]":  # an extension or Any, which no graph needs
            if self._token[0] == "end":
                raise self._fail()
            self._next()
        self._next()
        return ""

    def _values(self, number: int, inner: str, pieces: list[bytes], depth: int) -> None:
        if self._token[1] == b":":
            self._next()
        if self._token[:2] == ("mark", b"["):
            self._next()
            while self._token[1] != b"]":
                if self._token[1] == b",":
                    self._next()
                    continue
                self._value(number, inner, pieces, depth)
            self._next()
            return
        self._value(number, inner, pieces, depth)

    def _value(self, number: int, inner: str, pieces: list[bytes], depth: int) -> None:
        what, text, _ = self._token
        if what == "mark" and text in (b"{", b"<"):
            self._next()
            data = self.message(_MESSAGES.get(inner, {}), b"}" if text == b"{" else b">", depth + 1)
            if number:
                pieces.append(_varint(number << 3 | 2) + _varint(len(data)) + data)
        elif what == "text":
            parts: list[bytes] = []
            while self._token[0] == "text":
                parts.append(_unescaped(self._token[1]))
                self._next()
            data = b"".join(parts)
            if number and not inner:
                pieces.append(_varint(number << 3 | 2) + _varint(len(data)) + data)
        elif what in ("number", "name"):
            self._next()
            if number and inner == "#":
                pieces.append(_varint(number << 3) + _varint(_number(text)))
        else:
            raise self._fail()


def _tokens(data: bytes, exam: Exam) -> Iterator[tuple[str, bytes, int]]:
    at, count = 0, 0
    while at < len(data):
        found = _TOKEN.match(data, at)
        if found is None:
            raise MalformedError("invalid text format", f"at byte {at}")
        count += 1
        if not count & 63:
            exam.step(128)
        if found.lastgroup != "blank":
            yield found.lastgroup or "", found[0], at
        at = found.end()


def _number(text: bytes) -> int:
    name = text.decode("ascii", "replace")
    if name in _TYPES:
        return _TYPES[name]
    try:
        return int(name[:40], 0) & (1 << 64) - 1
    except ValueError:
        return 0


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def _unescaped(text: bytes) -> bytes:
    """What stands between the quotes of a text; millions of escapes are never held one by one."""
    plain, at = bytearray(), 1
    for found in _ESCAPE.finditer(text, 1, len(text) - 1):
        plain += text[at : found.start()]
        plain += _escaped(found)
        at = found.end()
    return bytes(plain + text[at:-1])


def _escaped(found: re.Match[bytes]) -> bytes:
    if found[1] is not None:
        return bytes([int(found[1], 8) & 0xFF])
    if found[2] is not None:
        return bytes([int(found[2], 16)])
    return _ESCAPES.get(found[3], found[3])
