"""Reach: where a template goes beyond its data: to the insides of Python, other files, or without end.

The ways are those of server-side template injection (CVE-2024-34359): from any object over its class, or from a
function over its globals, to the modules that run commands.
"""

import re

from jinja2 import nodes

from backstay.artifacts.exam import Exam
from backstay.artifacts.report import Sign
from backstay.artifacts.templates.strings import OPEN, Strings
from backstay.artifacts.templates.syntax import walk
from backstay.catalog.artifacts.folders import words

# Attributes of Python's objects from which everything else can be reached; what follows __ is any of a class's own.
_SPECIAL = re.compile(r"__[A-Za-z][A-Za-z_]*__")
_CLIMBING = re.compile(
    r"__(?:class|mro|bases?|subclasses|globals|builtins|init|import|getattribute|getattr|getitem|dict|code|closure|func|"
    r"self|module|loader|spec|reduce|reduce_ex|call|new|enter|exit|del|wrapped|kwdefaults|defaults|qualname|"
    r"subclasshook|init_subclass|annotations|builtin)__"
)
_FRAMES = words("templates", "attributes")
_ORDINARY = words("templates", "ordinary")
_FORMATTED = re.compile(r"[{.](?:" + "|".join(sorted(_FRAMES - _ORDINARY)) + r")\b")
_CALLS = words("templates", "calls")
_BUILTINS = frozenset({"__builtins__", "__builtin__", "__import__", "__loader__"})
# Jinja's own functions: they are called, and nothing of them is read.
_FUNCTIONS = words("templates", "functions")
_FRAGMENTS = re.compile(r"_{2}|class|globals|builtins|subclasses|import|getattr|\bmro\b|\binit\b|\bpopen\b")
# Filters that read the attribute that an argument names, by that argument's place.
_READING = {
    "map": 0, "selectattr": 0, "rejectattr": 0, "groupby": 0, "sort": -1, "sum": 0, "unique": -1, "min": -1, "max": -1,
    "attr": 0,
}  # fmt: skip
_MAKING = (nodes.Concat, nodes.Add, nodes.Mod, nodes.Mul, nodes.Filter, nodes.Call)
_ENDLESS = 10_000_000  # rounds or characters; a sandbox refuses more than 100,000 rounds


def judge(tree: nodes.Template, strings: Strings, exam: Exam, subject: str) -> None:
    """Note what a template reaches that no template needs."""
    own = (
        {node.name for node in walk(tree) if isinstance(node, nodes.Macro)}
        | set(strings.assigned)
        | set(strings.looped)
    )
    found: dict[str, Sign] = {}
    for node in walk(tree):
        exam.step()
        for message in _seen(node, strings, own):
            found.setdefault(message, Sign.TEMPLATE)
        for message in _endless(node):
            found.setdefault(message, Sign.EXHAUSTS)
    for message, sign in list(found.items())[:20]:
        exam.note(sign, subject, message)


def _seen(node: nodes.Node, strings: Strings, own: set[str]) -> list[str]:
    match node:
        case nodes.Getattr():
            if _forbidden(node.attr):
                return [f"reads {node.attr}, a way from data to Python's own objects"]
            if isinstance(node.node, nodes.Name) and node.node.name in _FUNCTIONS - own and node.attr not in _STEPS:
                return [f"reads {node.attr} of the function {node.node.name}"]
        case nodes.Getitem():
            return _item(node, strings, own)
        case nodes.Filter():
            return _filter(node, strings)
        case nodes.Name():
            if node.name in _BUILTINS and node.name not in own:
                return [f"names {node.name}"]
        case nodes.Call():
            return _call(node, own)
        case nodes.Keyword():
            if _forbidden(node.key):
                return [f"makes the name {node.key}"]
        case nodes.Const() | nodes.Concat() | nodes.Mod() | nodes.Add():
            return [f"makes the name {found[0]}" for one in strings.closed(node) if (found := _hidden(one))]
        case nodes.Include() | nodes.Import() | nodes.FromImport() | nodes.Extends():
            return _file(node, strings)
    return []


_STEPS = words("templates", "steps")


def _forbidden(name: str) -> bool:
    # `_Class__name` is how Python spells what a class keeps to itself.
    return bool(_SPECIAL.fullmatch(name)) or name in _FRAMES or (name.startswith("_") and "__" in name)


def _hidden(text: str) -> list[str]:
    found = _CLIMBING.search(text) or _FORMATTED.search(text)
    return [found[0].lstrip("{.")] if found else []


def _item(node: nodes.Getitem, strings: Strings, own: set[str]) -> list[str]:
    if isinstance(node.node, nodes.Name) and node.node.name in _FUNCTIONS - own:
        return [f"reads an item of the function {node.node.name}"]
    if isinstance(node.node, nodes.List | nodes.Tuple | nodes.Dict) and not node.node.items:
        return ["reads an item of nothing"]
    texts = strings.of(node.arg) if not isinstance(node.arg, nodes.Slice) else ()
    for text in texts:
        if OPEN not in text:
            if bool(_SPECIAL.fullmatch(text)) or text in _FRAMES - _ORDINARY:
                return [f"reads {text}, a way from data to Python's own objects"]
        elif isinstance(node.arg, _MAKING) and _FRAGMENTS.search(text):
            return ["reads an item whose name is put together out of parts"]
    return []


def _filter(node: nodes.Filter, strings: Strings) -> list[str]:
    place = _READING.get(node.name)
    args: list[nodes.Node] = [one.value for one in node.kwargs if one.key == "attribute"]
    if place is not None and 0 <= place < len(node.args):
        args.append(node.args[place])
    first = strings.closed(node.args[0]) if node.args else ()
    if node.name == "map" and "attr" in first:
        args += node.args[1:]
    for one in args:
        texts = strings.of(one)
        for text in texts:
            if _SPECIAL.search(text) or _FRAMES & set(text.split(".")):
                return [f"reads {text}, a way from data to Python's own objects"]
        computed = isinstance(one, _MAKING) and any(OPEN in text for text in texts or (OPEN,))
        if computed or (node.name == "attr" and (not texts or any(OPEN in text for text in texts))):
            return [f"reads an attribute whose name is computed ({node.name})"]
    return [
        f"makes the name {found[0]}"
        for text in strings.closed(node)
        if node.name != "string" and (found := _hidden(text))
    ]


def _call(node: nodes.Call, own: set[str]) -> list[str]:
    if isinstance(node.node, nodes.Name) and node.node.name in _CALLS - own:
        return [f"calls {node.node.name}"]
    if isinstance(node.node, nodes.Getattr) and node.node.attr == "system" and node.args:
        return ["calls system"]
    # The result of a name that is put together is called: what it is, is hidden.
    if isinstance(node.node, nodes.Getitem) and isinstance(node.node.arg, nodes.Concat | nodes.Mod | nodes.Filter):
        return ["calls what it finds under a name that is put together"]
    return []


def _file(node: nodes.Include | nodes.Import | nodes.FromImport | nodes.Extends, strings: Strings) -> list[str]:
    names = strings.items(node.template) or (OPEN,)
    for name in names:
        if OPEN in name or name.startswith(("/", "\\", "~", "file:")) or ".." in name or name[1:2] == ":":
            return [f"takes in the file {name}" if OPEN not in name else "takes in a file whose name is computed"]
    return []


def _endless(node: nodes.Node) -> list[str]:
    match node:
        case nodes.For():
            return ["repeats without a sensible end"] if _rounds(node, 0) >= _ENDLESS else []
        case nodes.Mul():
            sizes = [one.value for one in (node.left, node.right) if isinstance(one, nodes.Const)]
            return ["makes a text without a sensible end"] if any(_huge(one) for one in sizes) else []
        case nodes.Pow():
            power = node.right.value if isinstance(node.right, nodes.Const) else 0
            nested = isinstance(node.left, nodes.Pow) or isinstance(node.right, nodes.Pow)
            return (
                ["computes a number without a sensible end"]
                if nested or (isinstance(power, int) and power > 100_000)
                else []
            )
        case nodes.Filter() if node.name in ("center", "indent", "wordwrap", "batch"):
            sizes = [one.value for one in node.args if isinstance(one, nodes.Const)]
            return ["makes a text without a sensible end"] if any(_huge(one) for one in sizes) else []
        case nodes.Call() if isinstance(node.node, nodes.Getattr) and node.node.attr in (
            "center",
            "ljust",
            "rjust",
            "zfill",
        ):
            sizes = [one.value for one in node.args if isinstance(one, nodes.Const)]
            return ["makes a text without a sensible end"] if any(_huge(one) for one in sizes) else []
    return []


def _huge(value: object) -> bool:
    return isinstance(value, int) and value >= _ENDLESS


def _rounds(node: nodes.For, depth: int) -> int:
    """How often the innermost of some loops over numbers runs, as far as literals say."""
    own = _ranged(node.iter)
    inner = (
        max((_rounds(one, depth + 1) for one in node.body if isinstance(one, nodes.For)), default=1) if depth < 6 else 1
    )
    return own * inner


def _ranged(node: nodes.Node) -> int:
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name == "range" and node.args:
        end = node.args[1] if len(node.args) > 1 else node.args[0]
        step = node.args[2] if len(node.args) > 2 else None
        if isinstance(end, nodes.Const) and isinstance(end.value, int):
            by = step.value if isinstance(step, nodes.Const) and isinstance(step.value, int) and step.value else 1
            return max(1, abs(end.value // by))
        if isinstance(end, nodes.Pow):
            return _ENDLESS
    return 1
