"""Judge: what a pickle does, weighed against the policy: every global that it reaches and every call that it makes."""

from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam, StopError
from backstay.artifacts.pickles import arrays, carried, nested, policy, tensors, weighing
from backstay.artifacts.pickles.constants import Constants, UnknownError
from backstay.artifacts.pickles.findings import Findings
from backstay.artifacts.pickles.fold import FOLDED, fold, fold_method, literal
from backstay.artifacts.pickles.machine import BrokenError
from backstay.artifacts.pickles.names import CODE_TYPES, INTERNAL, opening, type_maker
from backstay.artifacts.pickles.policy import Entry, Standing
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

_NAMES = 100_000
_HIDDEN = 10_000
_NESTED = 50  # calls by way of others
_IDS = 50_000

_SIGNS = {Standing.DANGEROUS: Sign.EXECUTES, Standing.CODE: Sign.CARRIES, Standing.UNKNOWN: Sign.UNKNOWN}

# Harmless functions whose calls are looked at all the same.
_LOOKED_AT = FOLDED | weighing.CONSUMING | weighing.FORMATTING | tensors.REBUILDING


class Verdicts:
    """The judge of the streams of one content. `persistent` are the ids that it asks its loader for."""

    def __init__(self, content: Content, exam: Exam, constants: Constants) -> None:
        self.content, self.exam, self.constants = content, exam, constants
        self.findings = Findings(exam)
        self.globals: dict[tuple[str, str], Global] = {}
        self.persistent: list[Persistent] = []
        self.candidates: list[tuple[int, Content]] = []  # what may hide a pickle, and where it stands
        self.loaded: list[tuple[int, Content]] = []  # what the stream itself loads as a file of its own
        self.calls = 0
        self.tensors = 0
        self.within = 0  # how deep in pickles that a wrapper of this one loads by itself
        self._nesting = 0
        self._grown: set[int] = set()  # bytearrays that hold more than their constant says
        self._extensions: dict[int, tuple[str, str]] = {}

    # What the machine tells

    def reach(self, module: str, name: str, at: int) -> Value:
        """A global is looked up: that alone imports its module."""
        name = name.removesuffix(".__new__")  # calling it makes an instance, as calling the class does
        known = self.globals.get((module, name))
        if known is not None:
            return known
        if len(self.globals) >= _NAMES:
            raise StopError("too many names", f"more than {_NAMES}")
        entry = policy.entry(module, name)
        found = self.globals[module, name] = Global(module, name, entry)
        found.plain = entry.standing is Standing.SAFE and found.path not in _LOOKED_AT
        self.exam.needs(module, name)
        self.sign(entry, found.path, "refers to it", at)
        return found

    def compute(self, module: Value, name: Value, at: int) -> Value:
        """A global is looked up by names that are no constants."""
        parts = []
        for one in (module, name):
            try:
                parts.append(literal(one, self.constants))
            except UnknownError:
                self.findings.add(Sign.EXECUTES, "STACK_GLOBAL", "names what it imports only while loading", "", at)
                return OPAQUE
        if not isinstance(parts[0], str) or not isinstance(parts[1], str):
            raise BrokenError("name is no text")
        self.findings.add(
            Sign.EXECUTES, f"{parts[0]}.{parts[1]}", "hides this name by putting it together while loading", "", at
        )
        return self.reach(parts[0], parts[1], at)

    def call(self, function: Value, args: Value, keywords: Value | None, at: int, new: bool = False) -> Value:
        """A call; `new` when a class's `__new__` is called past its `__init__`."""
        self.calls += 1
        if isinstance(function, Global) and function.plain:
            return Call(function, args, keywords)
        if self._nesting > _NESTED:
            self.findings.add(Sign.EXECUTES, "call", "calls through a chain of calls that no model needs", "", at)
            return OPAQUE
        self._nesting += 1
        try:
            if isinstance(function, Global):
                return self._call_global(function, args, keywords, at, new)
            return self._call_other(function, args, keywords, at, new)
        finally:
            self._nesting -= 1

    def build(self, target: Value, state: Value, at: int) -> None:
        """State is set: by `__setstate__`, into `__dict__`, or attribute by attribute."""
        if isinstance(target, Global | Module | Attribute):
            self.findings.add(Sign.EXECUTES, weighing.shown(self, target), "sets attributes on it", "", at)
        elif isinstance(target, Call):
            weighing.state(self, target, state, at)

    def extend(self, target: Value, at: int) -> None:
        """Items are added to something that is no plain container."""
        if isinstance(target, Global | Module | Attribute):
            self.findings.add(Sign.EXECUTES, weighing.shown(self, target), "adds items to it", "", at)
        elif isinstance(target, int) and self.constants.grows(target):
            self._grown.add(target)
        elif isinstance(target, int | Known):
            raise BrokenError("items added to a constant")

    def extension(self, code: int, at: int) -> Value:
        """A global of the extension registry, which is filled by the loading program or by the pickle itself."""
        if code <= 0:
            raise BrokenError("invalid extension code")
        if code in self._extensions:
            return self.reach(*self._extensions[code], at)
        self.findings.add(
            Sign.UNKNOWN, f"extension {code}", "names a global by a code that only the loading program knows", "", at
        )
        return OPAQUE

    def register(self, args: Value, at: int) -> None:
        """`copyreg.add_extension(module, name, code)`."""
        try:
            module, name, code = literal(args, self.constants)
            if isinstance(module, str) and isinstance(name, str) and isinstance(code, int):
                self._extensions[code] = module, name
        except (UnknownError, TypeError, ValueError):
            pass
        self.findings.add(
            Sign.EXECUTES, "copyreg.add_extension", "calls it", "gives names to codes, to call them unseen", at
        )

    def persistent_id(self, term: Persistent) -> None:
        if len(self.persistent) < _IDS:
            self.persistent.append(term)

    def accuse(self, sign: Sign, subject: str, message: str, at: int) -> None:
        """Something that the machine itself finds wrong."""
        self.findings.add(sign, subject, message, "", at)

    def raw(self, target: Call, at: int) -> int:
        """Where the stream goes on after raw bytes that the loader of `target` reads from the file itself."""
        return arrays.skipped(self, target, at)

    def hidden(self, at: int, length: int) -> None:
        """A long text, or bytes, whose first characters could be those of a pickle."""
        if len(self.candidates) < _HIDDEN:
            self.candidates.append((at, self.content.part(at, length)))
        else:
            self.exam.gap("too many candidates", f"more than {_HIDDEN} texts that begin like a pickle")

    def inspect_argument(self, value: Value, at: int) -> bool:
        """Look into bytes that are loaded as a pickle; whether they are known."""
        if isinstance(value, int) and value in self._grown:
            return False
        found = nested.bytes_of(value, self.content, self.constants, self.exam)
        if found is not None and len(self.loaded) < _HIDDEN:
            self.loaded.append((at, found))
        return found is not None

    def sign(self, entry: Entry, subject: str, message: str, at: int) -> None:
        """Say what the policy says of something."""
        if entry.standing in _SIGNS:
            self.findings.add(_SIGNS[entry.standing], subject, message, entry.reason, at)

    # Calls

    def _call_global(self, function: Global, args: Value, keywords: Value | None, at: int, new: bool) -> Value:
        standing = function.entry.standing
        if function.path in ("copyreg.add_extension", "copy_reg.add_extension"):
            self.register(args, at)
            return Call(function, args, keywords)
        maker = type_maker(function.path)
        if maker:
            return self._named_type(function, args, at)
        if function.path in weighing.CONSUMING:
            weighing.consume(self, function, args, at)
        if function.path in weighing.FORMATTING:
            weighing.formats(self, function, args, at)
        if function.path in tensors.REBUILDING:
            tensors.check(self, function, args, at)
        result = fold(function.path, args, self.constants)
        if standing in _SIGNS:
            self.sign(function.entry, function.path, f"calls it{weighing.arguments(self, args)}", at)
        if standing is Standing.CODE:
            carried.weigh(self, function, args, at)
        elif standing is Standing.WEIGH:
            weighed = weighing.weigh(self, function, args, keywords, at, new)
            return result or weighed
        return result or Call(function, args, keywords)

    def _named_type(self, function: Global, args: Value, at: int) -> Value:
        """What gives a type of the interpreter by its name, as dill and cloudpickle have it."""
        try:
            name = literal(args, self.constants)[0]
        except (UnknownError, TypeError, IndexError):
            name = None
        if not isinstance(name, str):
            self.findings.add(Sign.EXECUTES, function.path, "names the type that it gives only while loading", "", at)
            return OPAQUE
        if name in CODE_TYPES:
            return self.reach("types", name, at)
        if opening(name):
            self.findings.add(
                Sign.EXECUTES, function.path, f"gives the type {name}, which opens what it is told", "", at
            )
        return Call(function, args)

    def _call_other(self, function: Value, args: Value, keywords: Value | None, at: int, new: bool) -> Value:
        if isinstance(function, Persistent):
            held = weighing.held(function)
            if held is not None:
                return self.call(held, args, keywords, at, new)
            self.findings.add(Sign.UNKNOWN, "persistent id", "calls what its loader gives for an id", "", at)
        elif isinstance(function, Attribute):
            self.findings.add(Sign.EXECUTES, weighing.shown(self, function), "calls an attribute of a value", "", at)
            return fold_method(function, args, self.constants) or Call(function, args, keywords)
        elif isinstance(function, Call):
            return weighing.result_called(self, function, args, keywords, at, new)
        elif isinstance(function, Opaque | Module):
            self.findings.add(
                Sign.EXECUTES,
                weighing.shown(self, function),
                "calls something that is known only while loading",
                "",
                at,
            )
        elif isinstance(function, Group) and function.more:
            self.findings.add(Sign.EXECUTES, "call", "calls something that is known only while loading", "", at)
        else:
            raise BrokenError("call of no function")
        return Call(function, args, keywords)

    def attribute(self, base: Value, name: str, at: int) -> Value:
        """What `getattr(base, name)` gives."""
        if isinstance(base, Persistent):
            base = weighing.held(base) or base
        if isinstance(base, Global | Module):
            if name == "__new__" and isinstance(base, Global):
                return base  # calling it makes an instance, as calling the class does
            before = base.name if isinstance(base, Global) else ""
            module = base.module if isinstance(base, Global) else base.name
            return self.reach(module, f"{before}.{name}" if before else name, at)
        if name == "__new__" and isinstance(base, Call) and weighing.carries(base):
            return base
        if name in INTERNAL or (name.startswith("__") and name.endswith("__")):
            self.findings.add(Sign.EXECUTES, name, "reaches into the interpreter by this attribute", "", at)
        elif isinstance(base, Opaque):
            self.findings.add(
                Sign.EXECUTES, name, "takes this attribute of something that is known only while loading", "", at
            )
        elif isinstance(base, Call) and isinstance(base.callable, Global):
            of = base.callable
            entry = policy.entry(of.module, f"{of.name}.{name}")
            if of.entry.standing is Standing.SAFE and entry.standing is Standing.DANGEROUS:
                self.findings.add(Sign.EXECUTES, f"{of.path}.{name}", "refers to it", entry.reason, at)
        return Attribute(base, name)
