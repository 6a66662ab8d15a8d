"""Python: what names and texts in a Python source stand for, as far as the source itself says it."""

import re
import unicodedata
from collections.abc import Iterator

import tree_sitter

from backstay.artifacts.exam import Exam, StopError
from backstay.artifacts.programs.names import known

MAX_TEXT = 1 << 16  # characters of a text that is put together
MAX_MADE = 1 << 24  # of all such texts
MAX_FOLDS = 64  # operations that one text is put together by, one within the other
MAX_STEPS = 4_000_000  # nodes looked at, however often
MAX_ABOVE = 200  # levels of a tree that are climbed
# Modules by other names.
_SAME = {"posix": "os", "nt": "os", "__builtin__": "builtins", "__builtins__": "builtins", "_io": "io"}


class Scope:
    """A source: its calls, and what its names stand for. A name stands for one thing in the whole of a source, the last
    that is said of it: what hides, hides under names of its own."""

    def __init__(self, source: bytes, exam: Exam) -> None:
        self._source, self._exam = source, exam
        self._names: dict[str, str] = {}  # name to dotted path
        self._values: dict[str, tree_sitter.Node] = {}  # name to what was assigned to it
        self._decoded: set[str] = set()  # names of what was decoded
        self._texts: dict[int, str | None] = {}  # by node, for what is put together
        self._made_of = self._steps = 0
        self.calls: list[tree_sitter.Node] = []
        self.dumps: list[int] = []  # where the whole environment is read

    def learn(self, root: tree_sitter.Node) -> None:
        """Read all imports, assignments and calls."""
        assigned: list[tree_sitter.Node] = []
        waiting = [root]
        while waiting:
            node = waiting.pop()
            self._step()
            match node.type:
                case "import_statement" | "import_from_statement":
                    self._import(node)
                case "assignment" | "named_expression":
                    assigned.append(node)
                case "call":
                    self.calls.append(node)
                case _:
                    pass
            waiting.extend(reversed(children(node)))
        for _ in range(3):  # what is assigned may be of names that are assigned later
            for node in assigned:
                self._assign(node)
        for call in self.calls[:10_000]:
            name = self.called(call)
            whole = name in _DUMPS and self._environment(self.argument(call))
            if whole or (name in ("os.environ.copy", "os.environ.items") and not self._passed_on(call)):
                self.dumps.append(call.start_byte)

    def _step(self) -> None:
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise StopError("too complex", f"code of {len(self._source)} bytes")
        self._exam.step()

    def uses(self, module: str) -> bool:
        """Whether the source imports a module."""
        return any(path.partition(".")[0] == module for path in self._names.values())

    def called(self, call: tree_sitter.Node) -> str:
        """The dotted path of what is called; empty when it is not known."""
        function = call.child_by_field_name("function")
        return self.path(function).removeprefix("builtins.") if function is not None else ""

    def argument(self, call: tree_sitter.Node, index: int = 0) -> tree_sitter.Node | None:
        """A positional argument; for the first one also the value of `args`, `cmd`, `command`, `source` or `url`."""
        arguments = call.child_by_field_name("arguments")
        if arguments is None or arguments.type != "argument_list":
            return arguments if index == 0 else None
        given = children(arguments)
        positional = [one for one in given if one.type not in ("keyword_argument", "comment")]
        if index < len(positional):
            return positional[index]
        for one in given:
            name = one.child_by_field_name("name")
            if (
                index == 0
                and name is not None
                and self.source_of(name) in ("args", "cmd", "command", "source", "url", "name")
            ):
                return one.child_by_field_name("value")
        return None

    def path(self, node: tree_sitter.Node, depth: int = 0) -> str:
        """The dotted path that an expression stands for: `o.system` after `import os as o` is `os.system`."""
        self._step()
        if depth > MAX_FOLDS:
            return ""
        match node.type:
            case "identifier":
                return self._names.get(self.source_of(node), self.source_of(node))
            case "parenthesized_expression":
                inside = children(node)
                return self.path(inside[0], depth + 1) if len(inside) == 1 else ""
            case "attribute":
                return self._attribute(node, depth)
            case "call":
                return self._gives(node, depth)
            case "subscript":
                return self._item(node, depth)
        return ""

    def _attribute(self, node: tree_sitter.Node, depth: int) -> str:
        owner, name = node.child_by_field_name("object"), node.child_by_field_name("attribute")
        if owner is None or name is None:
            return ""
        path = self.path(owner, depth + 1)
        if owner.type == "string":
            path = "str"
        return _joined(path, self.source_of(name)) if path else ""

    def _gives(self, call: tree_sitter.Node, depth: int) -> str:
        """The path of what a call gives: modules by name, attributes by name."""
        function = call.child_by_field_name("function")
        name = self.path(function, depth + 1) if function is not None else ""
        name, first = name.removeprefix("builtins."), self.argument(call)
        if first is None:
            return f"{name}()" if name in ("globals", "locals", "vars") else ""
        if name in (
            "__import__",
            "importlib.import_module",
            "importlib.__import__",
            "pydoc.locate",
            "pkgutil.resolve_name",
        ):
            return _joined((self.text(first) or "").replace(":", "."), "")
        if name == "getattr":
            second = self.argument(call, 1)
            asked = self.text(second) if second is not None else None
            owner = self.path(first, depth + 1)
            return _joined(owner, asked) if asked and owner else ""
        if name == "vars":
            return f"{self.path(first, depth + 1)}.__dict__"
        return ""

    def _item(self, node: tree_sitter.Node, depth: int) -> str:
        owner, key = node.child_by_field_name("value"), node.child_by_field_name("subscript")
        if owner is None or key is None:
            return ""
        path, asked = self.path(owner, depth + 1), self.text(key)
        if not asked:
            return ""
        if path in ("sys.modules", "globals()", "locals()"):
            return _joined(asked, "")
        if path.endswith(".__dict__"):
            return _joined(path[: -len(".__dict__")], asked)
        return _joined("builtins", asked) if path in ("builtins", "__builtins__") else ""

    def text(self, node: tree_sitter.Node, depth: int = 0) -> str | None:
        """The text that an expression is known to be; None when it is not."""
        self._step()
        if depth > MAX_FOLDS or self._made_of > MAX_MADE:
            return None
        if node.type == "string":
            return _literal(node, self.source_of(node))
        if node.id not in self._texts:
            self._texts[node.id] = None  # what is made of itself
            found = self._texts[node.id] = self._put_together(node, depth)
            self._made_of += len(found or "")
        return self._texts[node.id]

    def _put_together(self, node: tree_sitter.Node, depth: int) -> str | None:
        match node.type:
            case "concatenated_string":
                return _together([self.text(one, depth + 1) for one in children(node)])
            case "parenthesized_expression":
                inside = children(node)
                return self.text(inside[0], depth + 1) if len(inside) == 1 else None
            case "binary_operator":
                left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
                operator = node.child_by_field_name("operator")
                if left is None or right is None or operator is None or self.source_of(operator) != "+":
                    return None
                return _together([self.text(left, depth + 1), self.text(right, depth + 1)])
            case "identifier":
                value = self._values.get(self.source_of(node))
                return self.text(value, depth + 8) if value is not None else None
            case "subscript":
                owner, key = node.child_by_field_name("value"), node.child_by_field_name("subscript")
                if owner is None or key is None or self.source_of(key).replace(" ", "") != "::-1":
                    return None
                found = self.text(owner, depth + 1)
                return found[::-1] if found is not None else None
            case "call":
                return self._made(node, depth)
        return None

    def _made(self, call: tree_sitter.Node, depth: int) -> str | None:
        """The text that a call gives: `chr(111)`, `"".join([...])`, `b"..".decode()`."""
        function, first = call.child_by_field_name("function"), self.argument(call)
        if function is None:
            return None
        if self.source_of(function) == "chr" and first is not None and first.type == "integer":
            number = _number(self.source_of(first))
            return chr(number) if 0 <= number < 0xD800 else None
        if function.type != "attribute":
            return None
        owner, method = function.child_by_field_name("object"), function.child_by_field_name("attribute")
        if owner is None or method is None:
            return None
        match self.source_of(method):
            case "decode" | "strip" | "encode" | "lower":
                return self.text(owner, depth + 1)
            case "join" if first is not None and first.type in ("list", "tuple"):
                glue = self.text(owner, depth + 1)
                parts = [self.text(one, depth + 1) for one in children(first)[:1_000]]
                return None if glue is None or None in parts else glue.join(one or "" for one in parts)[:MAX_TEXT]
            case "replace" if first is not None:
                base, old = self.text(owner, depth + 1), self.text(first, depth + 1)
                second = self.argument(call, 1)
                new = self.text(second, depth + 1) if second is not None else None
                if base is None or not old or new is None or len(new) > 64:
                    return None
                return base.replace(old, new)[:MAX_TEXT]
        return None

    def command(self, node: tree_sitter.Node, depth: int = 0) -> str | None:
        """The command of a call that starts a program, as far as it is known from its first word on."""
        self._step()
        if depth > MAX_FOLDS:
            return None
        if node.type in ("list", "tuple"):
            words = [self.command(one, depth + 8) for one in children(node)[:50]]
            if not words or words[0] is None:
                return None
            return " ".join(one or "…" for one in words)
        if node.type == "attribute" and self.path(node) == "sys.executable":
            return "python"
        if node.type == "identifier" and self.source_of(node) in self._values:
            value = self._values[self.source_of(node)]
            return self.command(value, depth + 8) if value.type != "identifier" else self.text(node)
        found = self.text(node)
        if found is not None:
            return found
        if node.type == "string":  # with interpolations: what comes before the first
            start = self._before(node)
            return f"{start}…" if start.strip() else None
        if node.type in ("binary_operator", "call"):
            inner = node.child_by_field_name("left") or self._formatted(node)
            found = self.command(inner, depth + 1) if inner is not None else None
            return f"{found} …" if found else None
        return None

    def _formatted(self, call: tree_sitter.Node) -> tree_sitter.Node | None:
        function = call.child_by_field_name("function")
        if function is None or function.type != "attribute":
            split = function is not None and self.path(function) in ("shlex.split", "str")
            return self.argument(call) if split else None
        method = function.child_by_field_name("attribute")
        if method is None:
            return None
        if self.source_of(method) in ("format", "split", "strip"):
            return function.child_by_field_name("object")
        return self.argument(call) if self.called(call) == "shlex.split" else None

    def hidden(self, node: tree_sitter.Node) -> bool:
        """Whether an expression is, or is made of, what was decoded or fetched."""
        waiting, seen = [node], 0
        while waiting and seen < 2_000:
            one = waiting.pop()
            seen += 1
            self._step()
            if one.type == "call" and self._hides(one):
                return True
            if one.type == "identifier" and self.source_of(one) in self._decoded:
                return True
            waiting.extend(children(one))
        return False

    def _hides(self, call: tree_sitter.Node) -> bool:
        if self.called(call) in known().hides:
            return True
        function = call.child_by_field_name("function")
        if function is None or function.type != "attribute":
            return False
        name = function.child_by_field_name("attribute")
        # `Fernet(key).decrypt(..)`, `codecs.getdecoder(..)(..)`: by the method alone
        return name is not None and self.source_of(name) in (
            "b64decode",
            "decompress",
            "decrypt",
            "unhexlify",
            "a85decode",
            "b85decode",
        )

    def at_once(self, node: tree_sitter.Node) -> bool:
        """Whether a statement runs as soon as the source is imported: it stands in no function."""
        return not any(one.type in ("function_definition", "lambda") for one in _above(node))

    def guarded(self, node: tree_sitter.Node) -> bool:
        """Whether a statement runs only when the source is the program itself (`if __name__ == "__main__"`)."""
        conditions = (one.child_by_field_name("condition") for one in _above(node) if one.type == "if_statement")
        return any("__name__" in self.source_of(one) for one in conditions if one is not None)

    def held(self, node: tree_sitter.Node) -> bool:
        """Whether an expression is made of a long literal of the source itself."""
        waiting, seen = [node], 0
        while waiting and seen < 200:
            one = waiting.pop()
            seen += 1
            if one.type == "string" and one.end_byte - one.start_byte > 40:
                text = self.source_of(one)
                if not any(mark in text for mark in (" ", "://", "{")):
                    return True
            if one.type == "identifier" and self.source_of(one) in self._values:
                waiting.append(self._values[self.source_of(one)])
            waiting.extend(children(one))
        return False

    def _import(self, node: tree_sitter.Node) -> None:
        module = node.child_by_field_name("module_name")
        prefix = self.source_of(module) if module is not None else ""
        for one in node.children_by_field_name("name"):
            name, alias = one, None
            if one.type == "aliased_import":
                name, alias = one.child_by_field_name("name") or one, one.child_by_field_name("alias")
            dotted = self.source_of(name)
            if alias is not None:
                self._names[self.source_of(alias)] = _joined(prefix, dotted)
            elif prefix:
                self._names[dotted] = _joined(prefix, dotted)
            else:
                self._names[dotted.partition(".")[0]] = _joined(dotted.partition(".")[0], "")
        if prefix in _STARRED and any(one.type == "wildcard_import" for one in children(node)):
            for path in known().starts:
                if path.startswith(f"{prefix}."):
                    self._names.setdefault(path.rpartition(".")[2], path)

    def _assign(self, node: tree_sitter.Node) -> None:
        target = node.child_by_field_name("left") or node.child_by_field_name("name")
        value = node.child_by_field_name("right") or node.child_by_field_name("value")
        if target is None or value is None or target.type != "identifier":
            return
        name = self.source_of(target)
        self._values[name] = value
        if value.type in ("identifier", "attribute", "call", "subscript", "parenthesized_expression"):
            path = self.path(value)
            if (
                path
                and path != name
                and (path.partition(".")[0] in known().asked or path in known().runs or path in known().starts)
            ):
                self._names[name] = path
        if name not in self._decoded and self.hidden(value):
            self._decoded.add(name)

    def _environment(self, node: tree_sitter.Node | None) -> bool:
        return node is not None and self.path(node) == "os.environ"

    def _passed_on(self, call: tree_sitter.Node) -> bool:
        """Whether a copy of the environment is for a program that is started (`env=`), or is only kept."""
        above = call.parent
        return above is not None and above.type in ("keyword_argument", "assignment")

    def _before(self, node: tree_sitter.Node) -> str:
        """What a text with interpolations begins with."""
        begin = ""
        for one in children(node):
            if one.type == "interpolation":
                break
            if one.type == "string_content":
                begin += self.source_of(one)
        return begin

    def source_of(self, node: tree_sitter.Node) -> str:
        """The text of a node; names as Python reads them, which takes letters of other shapes for the plain ones."""
        text = self._source[node.start_byte : node.end_byte].decode("utf-8", "replace")
        return text if text.isascii() or node.type != "identifier" else unicodedata.normalize("NFKC", text)


_STARRED = frozenset({"os", "subprocess"})
_DUMPS = frozenset({"dict", "str", "repr", "json.dumps", "list"})


def _above(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    above = node.parent
    for _ in range(MAX_ABOVE):
        if above is None:
            return
        yield above
        above = above.parent


def children(node: tree_sitter.Node) -> list[tree_sitter.Node]:
    """The named children of a node."""
    return node.named_children


def _joined(path: str, name: str) -> str:
    """A path and a name in it, by the one name that a module has."""
    top, dot, rest = path.partition(".")
    path = f"{_SAME.get(top, top)}{dot}{rest}".strip(".")
    return f"{path}.{name}".strip(".")


def _literal(node: tree_sitter.Node, text: str) -> str | None:
    """The value of a text literal; None for one with interpolations."""
    if any(one.type == "interpolation" for one in children(node)):
        return None
    found = _LITERAL.match(text)
    if found is None or len(text) > 1 << 20:
        return None
    body = text[found.end() : -len(found[2])]
    return body if "r" in found[1].lower() else _ESCAPE.sub(_unescaped, body)


_LITERAL = re.compile(r"([A-Za-z]{0,2})(\"\"\"|'''|\"|')")
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{1,3})|(\n)|(.))", re.DOTALL)
_PLAIN = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "\\": "\\", "'": "'", '"': '"'}


def _unescaped(found: re.Match[str]) -> str:
    number = found[1] or found[2] or found[3]
    if number:
        value = int(number, 16)
        return chr(value) if value < 0x110000 else ""
    if found[4]:
        return chr(int(found[4], 8))
    return "" if found[5] else _PLAIN.get(found[6], f"\\{found[6]}")


def _together(parts: list[str | None]) -> str | None:
    if None in parts:
        return None
    return "".join(one or "" for one in parts)[:MAX_TEXT]


def _number(text: str) -> int:
    try:
        return int(text, 0) if len(text) < 20 else -1
    except ValueError:
        return -1
