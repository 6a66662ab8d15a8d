"""Weighing: calls whose harm depends on their arguments, by the rules that the policy names (`policy.RULES`)."""

import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from backstay.artifacts.pickles import carried, policy
from backstay.artifacts.pickles.constants import UnknownError
from backstay.artifacts.pickles.fold import literal
from backstay.artifacts.pickles.names import CLASS_MAKERS, DESCRIBING, INTERNAL, POSSESSED, type_maker
from backstay.artifacts.pickles.policy import Standing
from backstay.artifacts.pickles.terms import (
    OPAQUE,
    Attribute,
    Call,
    Global,
    Group,
    Known,
    Module,
    Opaque,
    Persistent,
    Value,
)
from backstay.artifacts.report import Sign

if TYPE_CHECKING:
    from backstay.artifacts.pickles.judge import Verdicts

_LARGEST = 1 << 30  # items or bytes
_ENDLESS = ("count", "cycle", "repeat")  # of itertools
_POWER = 1 << 24  # the exponent of a power, or the bits of a shift
_EXPONENT = re.compile(r"[eE]\+?0*([0-9_]{1,20})\s*\Z")
_SIZES = 64  # arguments, or sides of an array, that are looked at
_LAZY = ("partial", "partialmethod", "defaultdict", "lru_cache", "cached_property", "MethodType", "UnboundMethodType")
_COMPUTED = "takes what is known only while loading"


def weigh(judge: "Verdicts", function: Global, args: Value, keywords: Value | None, at: int, new: bool) -> Value:
    """What a call of a function that has to be weighed gives; says what is wrong with it."""
    rule, _, argument = function.entry.rule.partition(":")
    given = items(args)
    if given is None:
        judge.findings.add(Sign.EXECUTES, function.path, f"calls it: {_COMPUTED}", function.entry.reason, at)
        return OPAQUE
    if rule == "callable" or (rule == "constructor" and (new or not given)):
        return Call(function, args, keywords)  # nothing is called yet, nothing opened
    weighing = _RULES.get(rule)
    if weighing is None:
        judge.findings.add(Sign.EXECUTES, function.path, f"calls it{arguments(judge, args)}", function.entry.reason, at)
        return Call(function, args, keywords)
    if rule == "apply" and argument.isdigit():
        given = given[int(argument) : int(argument) + 1]
    return weighing(judge, function, given, at) or Call(function, args, keywords)


def items(args: Value) -> list[Value] | None:
    """Arguments one by one; None when they are not all known."""
    if isinstance(args, Group) and args.kind in ("tuple", "list") and not args.more:
        return args.items or []
    return None


def _attribute(judge: "Verdicts", function: Global, given: list[Value], at: int) -> Value | None:
    if function.name.endswith("getattr"):
        if len(given) < 2:
            return None
        name = _text(judge, given[1])
        if name is None:
            judge.findings.add(Sign.EXECUTES, function.path, "takes an attribute named only while loading", "", at)
            return OPAQUE
        return judge.attribute(given[0], name, at)
    for one in given if function.name.endswith("attrgetter") else given[:1]:
        name = _text(judge, one)
        if name is None:
            judge.findings.add(Sign.EXECUTES, function.path, "takes an attribute named only while loading", "", at)
        elif any(part in INTERNAL or part.startswith("__") for part in name.split(".")):
            judge.findings.add(Sign.EXECUTES, name, "reaches into the interpreter by this attribute", "", at)
    return None


def _calls(judge: "Verdicts", function: Global, given: list[Value], at: int) -> Value | None:
    """`partial`, `defaultdict`, `map`: the first argument is called, now or later."""
    if function.name == "partial" and given and isinstance(given[0], Global):
        inner = given[0]
        if inner.entry.standing is Standing.WEIGH and inner.entry.rule != "reference":
            judge.call(inner, Group("tuple", given[1:]), None, at)
            return None
    for one in given[:1]:
        called(judge, function, one, at, lazy=function.name in _LAZY)
    return None


def _calls_second(judge: "Verdicts", function: Global, given: list[Value], at: int) -> Value | None:
    for one in given[1:2]:
        called(judge, function, one, at, lazy=False)
    return None


def called(judge: "Verdicts", function: Global, value: Value, at: int, lazy: bool) -> None:
    """Something is handed to what calls it; `lazy` when that happens after loading, if at all."""
    if isinstance(value, Global):
        entry = value.entry
        if entry.standing is Standing.WEIGH:
            if (lazy and entry.rule in ("calls", "size", "type", "constructs")) or entry.rule == "calls":
                return
        elif entry.standing is not Standing.CODE or lazy:
            return  # safe, or said already
        judge.findings.add(Sign.EXECUTES, function.path, f"calls {value.path} by it", entry.reason, at)
    elif isinstance(value, Attribute):
        judge.findings.add(Sign.UNKNOWN, function.path, f"calls {shown(judge, value)} by it", "", at)
    elif isinstance(value, Call) and (_partial(value) or (lazy and carries(value))):
        return
    elif not isinstance(value, int | Known | Group):
        judge.findings.add(
            Sign.EXECUTES,
            function.path,
            f"calls {shown(judge, value)} by it, which is known only while loading",
            "",
            at,
        )


def _partial(value: Call) -> bool:
    return isinstance(value.callable, Global) and value.callable.name == "partial"


def carries(value: Call) -> bool:
    """Whether a call made code out of what the file holds."""
    maker = value.callable
    while isinstance(maker, Call):
        maker = maker.callable
    return isinstance(maker, Global) and (maker.entry.standing is Standing.CODE or maker.entry.rule == "code")


def _constructs(judge: "Verdicts", function: Global, given: list[Value], at: int) -> Value | None:
    if not given:
        return None
    cls = held(given[0]) or given[0]
    rest = Group("tuple", given[1:])
    if isinstance(cls, Global):
        if cls.entry.standing is Standing.WEIGH and cls.entry.rule != "reference":
            return Call(cls, rest)
        return judge.call(cls, rest, None, at, True)
    if isinstance(cls, Call):
        return judge.call(cls, rest, None, at, True)
    judge.findings.add(Sign.EXECUTES, function.path, f"makes an instance of {shown(judge, cls)}", "", at)
    return None


def _reference(judge: "Verdicts", function: Global, given: list[Value], at: int) -> Value | None:
    said = arguments(judge, Group("tuple", given))
    judge.findings.add(Sign.EXECUTES, function.path, f"calls it{said}", function.entry.reason, at)
    return None


def _reduce(judge: "Verdicts", function: Global, given: list[Value], at: int) -> Value | None:
    """`int | str` is stored as `reduce(or_, (int, str))`."""
    joiner = given[0] if len(given) == 2 else None
    classes = items(given[1]) if len(given) == 2 else None
    joins = isinstance(joiner, Global) and joiner.name == "or_" and joiner.module in ("operator", "_operator")
    if joins and classes and all(isinstance(one, Global | Call) for one in classes):
        return None
    return _reference(judge, function, given, at)


def _module(judge: "Verdicts", function: Global, given: list[Value], at: int) -> Value | None:
    name = _text(judge, given[0]) if given else None
    if name is None:
        judge.findings.add(Sign.EXECUTES, function.path, "imports a module named only while loading", "", at)
        return OPAQUE
    entry = policy.entry(name, "")
    judge.exam.needs(name, "")
    judge.sign(entry, name, "imports it", at)
    return Module(name)


def _named(judge: "Verdicts", function: Global, given: list[Value], at: int) -> Value | None:
    """A global by its module and name, as NumPy before 1.25 stores its functions."""
    parts = [_text(judge, one) for one in given[:2]]
    if len(parts) < 2 or parts[0] is None or parts[1] is None:
        judge.findings.add(Sign.EXECUTES, function.path, "names what it imports only while loading", "", at)
        return OPAQUE
    return judge.reach(parts[0], parts[1], at)


def _nested(judge: "Verdicts", function: Global, given: list[Value], at: int) -> Value | None:
    if not given or not judge.inspect_argument(given[0], at):
        judge.findings.add(
            Sign.EXECUTES, function.path, "loads a pickle or model whose bytes are not known", function.entry.reason, at
        )
    return None


def _codec(judge: "Verdicts", function: Global, given: list[Value], at: int) -> Value | None:
    codec = _text(judge, given[1]) if len(given) > 1 else "utf-8"
    if codec is None or codec.lower() not in policy.PLAIN_CODECS:
        judge.findings.add(
            Sign.EXECUTES, function.path, f"hides what it makes by the codec {codec or 'that it computes'}", "", at
        )
    return None


def _size(judge: "Verdicts", function: Global, given: list[Value], at: int) -> Value | None:
    for one in given[:_SIZES]:
        shape = (one.items or [])[:_SIZES] if isinstance(one, Group) and one.kind == "tuple" else [one]
        numbers = [number for side in shape if (number := _number(judge, side)) is not None]
        if numbers and math.prod(numbers) > _LARGEST:
            judge.findings.add(Sign.EXHAUSTS, function.path, f"takes memory for {math.prod(numbers)} items", "", at)
            break
    return None


def _power(judge: "Verdicts", function: Global, given: list[Value], at: int) -> Value | None:
    """`pow(10, 10**9)` and `Fraction("1e1000000000")` work for hours on a number of gigabytes."""
    exponent: int | None = None
    if function.path.rpartition(".")[2] == "Fraction":
        found = _EXPONENT.search((_text(judge, given[0]) or "")[-64:]) if given else None
        digits = found[1].replace("_", "") if found else ""
        exponent = int(digits) if digits else None
    elif len(given) == 2:  # the power of a modulus stays below it
        base = _number(judge, given[0])
        idle = (0,) if "shift" in function.path else (-1, 0, 1)
        exponent = _number(judge, given[1]) if base not in idle else None
    if exponent is not None and exponent > _POWER:
        judge.findings.add(Sign.EXHAUSTS, function.path, f"works on a number with an exponent of {exponent}", "", at)
    return None


def _number(judge: "Verdicts", value: Value) -> int | None:
    try:
        number = literal(value, judge.constants)
    except UnknownError:
        return None
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def _setattr(judge: "Verdicts", function: Global, given: list[Value], at: int) -> Value | None:
    name = _text(judge, given[1]) if len(given) > 1 else None
    own = name == "cell_contents" and isinstance(given[0], Call) and carries(given[0])  # a closure's cell
    if name not in DESCRIBING and not own:
        said = arguments(judge, Group("tuple", given))
        judge.findings.add(Sign.EXECUTES, function.path, f"calls it{said}", function.entry.reason, at)
    return None


_CONSUMERS = "list tuple set frozenset dict sorted sum min max any all bytes bytearray reversed enumerate"
FORMATTING = frozenset(
    f"{module}.str.{name}" for module in ("builtins", "__builtin__") for name in ("format", "format_map")
)
CONSUMING = frozenset(
    {f"{module}.{name}" for module in ("builtins", "__builtin__") for name in _CONSUMERS.split()}
    | {"collections.deque", "collections.Counter"}
)


def formats(judge: "Verdicts", function: Global, args: Value, at: int) -> None:
    """`str.format` reads the attributes that its pattern names."""
    for one in (items(args) or ())[:1]:
        pattern = _text(judge, one)
        if pattern is None or (("{" in pattern) and ("__" in pattern or "." in pattern or "[" in pattern)):
            judge.findings.add(Sign.EXECUTES, function.path, "reads attributes that a pattern names", "", at)


def consume(judge: "Verdicts", function: Global, args: Value, at: int) -> None:
    """A function that walks through what it is given: a range of a trillion is small until then."""
    for one in items(args) or ():
        if isinstance(one, Call) and isinstance(one.callable, Global) and one.callable.name in _ENDLESS:
            if one.callable.module == "itertools" and not (
                one.callable.name == "repeat" and len(items(one.args) or ()) > 1
            ):
                judge.findings.add(
                    Sign.EXHAUSTS, function.path, f"walks through {one.callable.name}, which never ends", "", at
                )
        elif isinstance(one, Call) and isinstance(one.callable, Global) and one.callable.name in ("range", "xrange"):
            for bound in items(one.args) or ():
                if isinstance(bound, int):
                    _size(judge, function, [bound], at)


def _type(judge: "Verdicts", function: Global, given: list[Value], at: int) -> Value | None:
    if len(given) < 2:
        return None
    judge.findings.add(Sign.CARRIES, function.path, "makes a class", "", at)
    for one in given[1:]:
        for value in (one.items or ()) if isinstance(one, Group) else ():
            if isinstance(value, Global) and value.entry.standing is Standing.WEIGH and value.entry.rule != "type":
                judge.findings.add(Sign.EXECUTES, function.path, f"makes {value.path} a method of a class", "", at)
    return None


def _relative(judge: "Verdicts", function: Global, given: list[Value], at: int) -> Value | None:
    for one in given:
        try:
            path = literal(one, judge.constants)
        except UnknownError:
            if isinstance(one, Group):
                continue
            judge.findings.add(Sign.EXECUTES, function.path, "reads a file named only while loading", "", at)
            continue
        if isinstance(path, str) and (path.startswith(("/", "\\", "~")) or ":" in path or ".." in path):
            judge.findings.add(Sign.EXECUTES, function.path, f"reads the file {path}", "", at)
    return None


def _code(judge: "Verdicts", function: Global, given: list[Value], at: int) -> Value | None:
    judge.findings.add(Sign.CARRIES, function.path, "calls it", function.entry.reason, at)
    carried.weigh(judge, function, Group("tuple", given), at)
    return None


def _apply(judge: "Verdicts", function: Global, given: list[Value], at: int) -> Value | None:
    for one in given[:1]:
        called(judge, function, one, at, lazy=False)
    return None


_Rule = Callable[["Verdicts", Global, list[Value], int], Value | None]
_RULES: dict[str, _Rule] = {
    "attribute": _attribute,
    "calls": _calls,
    "calls-second": _calls_second,
    "constructs": _constructs,
    "reference": _reference,
    "reduce": _reduce,
    "module": _module,
    "named": _named,
    "nested": _nested,
    "codec": _codec,
    "power": _power,
    "size": _size,
    "setattr": _setattr,
    "type": _type,
    "relative": _relative,
    "code": _code,
    "apply": _apply,
    "fold": lambda judge, function, given, at: None,
}


def result_called(judge: "Verdicts", function: Call, args: Value, keywords: Value | None, at: int, new: bool) -> Value:
    """What calling the result of a call gives."""
    maker = function.callable
    inner = items(function.args) or []
    if isinstance(maker, Global) and maker.entry.standing is Standing.WEIGH:
        name = maker.name.rpartition(".")[2]
        given = items(args) or []
        if name == "partial" and inner:
            return judge.call(inner[0], Group("tuple", inner[1:] + given), keywords, at, new)
        if name == "attrgetter" and len(inner) == 1 and given:
            value = given[0]
            for part in (_text(judge, inner[0]) or "").split("."):
                value = judge.attribute(value, part, at)
            return value
        if name == "methodcaller" and inner and given:
            method = judge.attribute(given[0], _text(judge, inner[0]) or "", at)
            return judge.call(method, Group("tuple", inner[1:]), None, at)
        if name == "type" and len(inner) > 1:
            return Call(function, args, keywords)
    if isinstance(maker, Global) and (carries(function) or type_maker(maker.path)):
        if new or maker.name.rpartition(".")[2] in CLASS_MAKERS or type_maker(maker.path):
            return Call(function, args, keywords)  # an instance of a class that the file carries, and is said to
        judge.findings.add(Sign.EXECUTES, maker.path, "calls a function that the file carries", "", at)
        return Call(function, args, keywords)
    if isinstance(maker, Global) and maker.entry.standing is Standing.UNKNOWN and new:
        return Call(function, args, keywords)
    if isinstance(maker, Call) and new:
        return Call(function, args, keywords)
    judge.findings.add(Sign.EXECUTES, shown(judge, function), "calls what a call gave", "", at)
    return Call(function, args, keywords)


def state(judge: "Verdicts", target: Call, value: Value, at: int) -> None:
    """State that BUILD sets on an object."""
    maker = target.callable
    pair = value.items or [] if isinstance(value, Group) and value.kind == "tuple" else []
    if isinstance(maker, Global) and maker.entry.standing is Standing.WEIGH:
        if maker.name.rpartition(".")[2] == "partial" and len(pair) == 4:
            bound = pair[1].items or [] if isinstance(pair[1], Group) else []
            target.args = Group("tuple", [pair[0], *bound])
            weigh(judge, maker, target.args, None, at, False)
        rule, _, wanted = maker.entry.rule.partition(":")
        if rule == "callable":
            _callables(judge, maker, value, wanted, at)
    if carries(target):
        return
    if len(pair) == 2 and isinstance(pair[1], Group) and pair[1].kind == "dict":
        for key in (pair[1].items or [])[::2]:
            name = _text(judge, key)
            if name is None or name in POSSESSED:
                what = name or "an attribute named only while loading"
                judge.findings.add(Sign.EXECUTES, shown(judge, target), f"sets {what} on an object", "", at)


def _callables(judge: "Verdicts", maker: Global, value: Value, wanted: str, at: int) -> None:
    fields = value.items or [] if isinstance(value, Group) and value.kind == "dict" else []
    for key, one in zip(fields[::2], fields[1::2], strict=False):
        if _text(judge, key) == wanted:
            called(judge, maker, one, at, lazy=True)


def held(value: Value) -> Global | None:
    """The class within a persistent id of torch's old format: `("module", class, file, source)`."""
    if isinstance(value, Persistent) and isinstance(value.id, Group):
        return next((one for one in value.id.items or () if isinstance(one, Global)), None)
    return None


def _text(judge: "Verdicts", value: Value) -> str | None:
    try:
        text = literal(value, judge.constants)
    except UnknownError:
        return None
    return text if isinstance(text, str) else None


def arguments(judge: "Verdicts", args: Value) -> str:
    """The arguments of a call for a message, as far as they are known: " with 'id', 2"."""
    said = [shown(judge, one) for one in (items(args) or [])[:4]]
    return f" with {', '.join(said)}" if said else ""


def shown(judge: "Verdicts", value: Value) -> str:
    """A term in a few words."""
    match value:
        case Global():
            return value.path
        case Module():
            return value.name
        case Attribute():
            return f"an attribute {value.name}"
        case Call():
            return f"the result of {value.callable.path}" if isinstance(value.callable, Global) else "a result"
        case Group():
            return f"a {value.kind}"
        case Persistent():
            return "a persistent id"
        case Opaque():
            return "something computed"
    try:
        text = repr(literal(value, judge.constants))
    except UnknownError:
        return "a long text"
    return text if len(text) <= 60 else text[:57] + "..."
