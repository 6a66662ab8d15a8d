"""Policy: what a global that a pickle reaches may do, by the allow-lists in `catalog/artifacts/pickles`.

The answer depends on the tables alone: it is the same on every machine, whatever is installed there.
"""

from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cache, lru_cache

import msgspec

from backstay.catalog.pickles import Row, Tables, tables

MAX_NAME = 1_000  # characters; no honest name comes near


class Standing(StrEnum):
    """What the policy says of a module's name."""

    SAFE = "safe"  # an ordinary part of a model: harmless to import, and to call with whatever arguments
    WEIGH = "weigh"  # harmless or not by its arguments; `Entry.rule` says how to tell
    CODE = "code"  # makes functions or classes out of what the file holds
    DANGEROUS = "dangerous"  # runs commands or code, touches files, network or the interpreter; or no part of a model
    UNKNOWN = "unknown"  # a package that the policy does not know


# How a name of standing WEIGH is told. As a mere value (never called) each of them is harmless.
RULES = {
    "attribute": "Reads attributes: of the object that is the first argument (`getattr`), or of one to come "
    "(`attrgetter`, `methodcaller`). Safe for a literal plain name of a class or an instance; of a global ask for "
    "`entry(module, 'Name.attribute')`. Dangerous: dunder or computed names, dots, anything of a module.",
    "calls": "Calls its first argument, now or later (`partial`, `map`, `defaultdict`, `_rebuild_from_type_v2`); of a "
    "state (BUILD) that is the first item. Safe for None and for a global that is safe; unknown for one that is "
    "unknown, and for a method that a safe `getattr` of an instance gives; carried code for what such code made; "
    "dangerous for a global that is weighed, and for what any other call gave.",
    "calls-second": "As `calls`, with its second argument.",
    "constructs": "Makes an instance of the class that is its first argument, past `__init__` (`copyreg.__newobj__`, "
    "`_reconstructor`), as NEWOBJ does: it stands as that class does. A class of standing WEIGH is safe here "
    "unless its rule is `reference`. What is no global is dangerous.",
    "constructor": "A class whose `__init__` opens, loads or runs what it is given: harmless as a value, made past "
    "`__init__`, and when called without arguments; dangerous when called with some (REDUCE, INST, OBJ).",
    "reference": "Harmless as a value that the model holds, dangerous when called or made in whatever way.",
    "reduce": "As `reference`, but for `operator.or_` over classes: so pickles hold a union of types.",
    "named": "Takes a global by a module and a name that are its first two arguments: as `entry(module, name)` stands. "
    "Computed ones are dangerous.",
    "module": "Imports the module that its first argument names: as `entry(name, '')` stands. A computed name is "
    "dangerous.",
    "nested": "Its argument are the bytes of a pickle or model of its own, which is loaded: inspect them. Bytes that "
    "are not known are dangerous.",
    "codec": "Encodes or decodes text by the codec that its second argument names: safe for those of `PLAIN_CODECS` "
    "with a literal text; others hide what they make.",
    "setattr": "Sets an attribute: safe for one that only describes a class or function (`__qualname__`, `__doc__`), "
    "and for the cell of a function that the file carries; dangerous otherwise.",
    "power": "Raises or shifts a number, or reads one with an exponent: beyond 2**24 it exhausts.",
    "size": "Takes memory by the numbers it is given, or a tuple's product: more than 2**30 exhausts.",
    "type": "`type(x)` is harmless; `type(name, bases, namespace)` makes a class: carried code.",
    "relative": "Reads a file that its string arguments name below a fixed folder: safe for a relative path without "
    "`..`, dangerous otherwise.",
    "code": "A code object: carried code; judge its arguments with `programs.names.judge`.",
}

PLAIN_CODECS = frozenset(
    {"ascii", "latin1", "latin-1", "latin_1", "iso-8859-1", "iso8859-1", "utf8", "utf-8", "utf_8", "utf-16"}
    | {"utf-16-le", "utf-16-be", "utf-32"}
)

_PICKLERS = frozenset({"pickle", "_pickle", "cPickle", "pickle5", "cloudpickle", "dill", "joblib", "marshal"})


class Entry(msgspec.Struct, frozen=True):
    """A standing with its reason: `reason` is a phrase ("runs a shell command"), `rule` the name of a weighing."""

    standing: Standing
    reason: str = ""
    rule: str = ""


class Policy:
    """The tables, and what an organisation adds: globs over "module.name" that are safe for it.

    An addition lifts what is unknown. It never lifts what is known to be dangerous.
    """

    def __init__(self, allow: tuple[str, ...] = (), known: Tables | None = None) -> None:
        self.allow = allow
        self._tables = tables() if known is None else known
        self.entry = lru_cache(maxsize=16_384)(self._entry)  # the same names come again and again

    def _entry(self, module: str, name: str) -> Entry:
        if len(module) + len(name) > MAX_NAME:
            return Entry(Standing.DANGEROUS, "a name of absurd length")
        path = self._tables.settled(f"{module}.{name}" if name else module)
        parts = path.split(".")
        found = self._found(path, parts, name.split(".")[-len(parts) :] if name else [])
        if found.standing is Standing.UNKNOWN and any(fnmatchcase(path, one) for one in self.allow):
            return Entry(Standing.SAFE, "allowed by the organisation")
        return found

    def _found(self, path: str, parts: list[str], named: list[str]) -> Entry:
        """`parts` are all segments of a path, `named` those of them that stand in the name."""
        listed = self._tables.exact.get(path)
        if listed is not None:
            return _of(listed, parts[-1])
        if not all(part.isidentifier() for part in parts):
            return _odd(parts)
        top, last = parts[0], parts[-1]
        dunder = next((part for part in parts[1:] if _dunder(part) and (part in named or part == "__main__")), "")
        if named == ["__dict__"] and top not in self._tables.closed and top not in ("__main__", "__mp_main__"):
            return Entry(Standing.CODE, "the names of a module, which a stored function sees")
        if dunder:
            return Entry(Standing.DANGEROUS, f"reaches into the interpreter by {dunder}")
        if not named:
            return self._module(top)
        row = self._tables.below(parts)
        known = top in self._tables.packages
        if row is not None and row.standing == "dangerous":
            return _of(row, last)
        walked = self._walked(parts, named)
        if walked:
            return Entry(Standing.DANGEROUS, f"reaches {walked} through {'.'.join(parts[: -len(named)]) or top}")
        borrowed = self._tables.borrowed.get(last)
        if borrowed is not None and (known or last in self._tables.certain) and top not in self._tables.closed:
            return Entry(Standing.DANGEROUS, f"{borrowed} under a borrowed name")
        acts = self._acts(last) if known else ""
        if row is not None and not (row.standing == "safe" and acts):
            return _of(row, last)
        if top in self._tables.closed:
            return self._closed(parts)
        return Entry(Standing.WEIGH, acts, "reference") if acts else self._packaged(top, parts, known)

    def _acts(self, last: str) -> str:
        """What the words of a function's name say that it does to files, programs or addresses."""
        if _classlike(last) or last.startswith("__pyx_unpickle_"):
            return ""
        return next((self._tables.verbs[word] for word in last.lower().split("_") if word in self._tables.verbs), "")

    def _walked(self, parts: list[str], named: list[str]) -> str:
        """A module that a name goes through: one that the module in hand imports is an attribute of it.

        No pickler writes that; names have dots for what stands in a class.
        """
        hidden = next((part for part in named if part in self._tables.hidden), "")
        closed = parts[0] in self._tables.closed
        if hidden or (closed and ".".join(parts[: 1 - len(named)]) in self._tables.exact):
            return hidden
        known = closed or parts[0] in self._tables.packages
        for at, part in enumerate(named[:-1]):
            if part in self._tables.closed or part in self._tables.packages:
                return part
            if known and not _classlike(part):
                upto = ".".join(parts[: len(parts) - len(named) + at + 1])
                if closed or upto in self._tables.modules:
                    return part
        return ""

    def _module(self, top: str) -> Entry:
        """The mere import of a module."""
        if top in self._tables.stdlib:
            return Entry(Standing.CODE, "a module of the standard library")
        if top in self._tables.packages:
            return Entry(Standing.CODE, f"a module of {top}")
        return Entry(Standing.UNKNOWN, f"a module of {top}, which is not known")

    def _closed(self, parts: list[str]) -> Entry:
        """The standard library and the like are closed sets: what is not listed has no business in a model."""
        owner = self._tables.exact.get(".".join(parts[:-1]))
        if owner is not None and owner.standing == "safe":
            return Entry(Standing.SAFE, f"of {parts[-2]}")
        if parts[0] in self._tables.shadowed and _classlike(parts[-1]):
            return Entry(Standing.UNKNOWN, f"a class of {parts[0]}, a name that the standard library has, too")
        return Entry(Standing.DANGEROUS, self._tables.reason(parts) or "no part of a model")

    def _packaged(self, top: str, parts: list[str], known: bool) -> Entry:
        last = parts[-1]
        if not known:
            if top in ("__main__", "__mp_main__"):
                return Entry(Standing.UNKNOWN, "of the program that saved it, which is not here")
            if last.strip("_") in ("load", "loads") and not _PICKLERS.isdisjoint(parts[:-1]):
                return Entry(Standing.DANGEROUS, f"loads pickles for {top}")
            what = "a class" if _classlike(last) else "a function"
            return Entry(Standing.UNKNOWN, f"{what} of {top}, which is not known")
        if _classlike(last) or last.startswith("__pyx_unpickle_"):
            return Entry(Standing.SAFE, f"a class of {top}")
        return Entry(Standing.UNKNOWN, f"a function of {top} that models are not known to need")


def entry(module: str, name: str) -> Entry:
    """What is known of `name` in `module`; the name may be dotted (`os.system` in `random`).

    An empty name asks for the mere import of the module.
    """
    return _policy().entry(module, name)


@cache
def _policy() -> Policy:
    return Policy()


def _of(row: Row, last: str) -> Entry:
    if row.standing == "denied":  # the instances of its classes stand in honest files, made past `__init__`
        return Entry(Standing.WEIGH, row.reason, "constructor" if _classlike(last) else "reference")
    return Entry(Standing(row.standing), row.reason, row.rule)


def _odd(parts: list[str]) -> Entry:
    """Names that are none: of a `torch.package`, of something local, or of nothing at all."""
    if parts[0].startswith("<torch_package"):
        return Entry(Standing.CODE, "of the code that a torch package carries")
    return Entry(Standing.UNKNOWN, "not the name of anything")


def _dunder(part: str) -> bool:
    return part.startswith("__") and part.endswith("__")


def _classlike(part: str) -> bool:
    """Whether a name is spelled as a class or a constant is."""
    return part.lstrip("_")[:1].isupper()
