"""Given: what a call gives its parameters, by the specs that catalog rows use."""

from fnmatch import fnmatchcase

from backstay.catalog.tables import Row
from backstay.code.facts import Call, Seq, Star
from backstay.code.resolve import Resolver, argument, choice
from backstay.code.urls import plain_url
from backstay.code.values import (
    DictValue,
    Environment,
    External,
    FunctionValue,
    Instance,
    Known,
    ListValue,
    Site,
    TextValue,
    Unknown,
    Value,
    flat,
    options,
)
from backstay.model import Value as Plain

MAX_TEXT = 300  # of an attribute; longer text is content, and content is not kept


class Given:
    """Reads a call's arguments. None means that a parameter is not passed, Unknown that nobody can tell."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver

    def value(self, site: Site, spec: str, row: Row | None = None) -> Value | None:
        """A parameter by `name`, position, `name|position`, or a dotted way into its dictionary (`a.b`, `a[].b`).

        `*` is the list of all arguments.
        """
        if spec == "*":
            exprs = [*site.call.args, *(value for _, value in site.call.keywords)]
            return ListValue([self._resolver.value(expr, site.scope, site.frame) for expr in exprs])
        for one in spec.split("|"):
            head, *steps = one.replace("[]", ".[]").replace("()", ".()").split(".")
            found = self._direct(site, head, row)
            for step in steps:
                found = self._step(found, step) if found is not None else None
            if found is not None:
                return found
        return None

    def project(self, path: str) -> str:
        """The name of the project that a file belongs to: its folder's, where the language has project files."""
        project = getattr(self._resolver.project.modules, "project", None)
        return project(path).rpartition("/")[2] if project is not None else ""

    def first(self, site: Site, specs: str | list[str], row: Row | None = None) -> Value | None:
        """The first of several parameters that is passed."""
        for spec in [specs] if isinstance(specs, str) else specs:
            found = self.value(site, spec, row)
            if found is not None:
                return found
        return None

    def _direct(self, site: Site, name: str, row: Row | None) -> Value | None:
        resolver = self._resolver
        if name.isdigit():
            results = self._results(site)
            if results is not None:
                return results[int(name)] if int(name) < len(results) else None
        expr = argument(site.call, name)
        if expr is not None:
            return resolver.value(expr, site.scope, site.frame)
        if name.isdigit():
            return None
        if name[:1].isupper():
            option = self._option(site, name)
            if option is not None:
                return option
        if resolver.catalog.options_object:
            options_object = self._of_object(site, name)
            if options_object is not None:
                return options_object
        open_ended = False
        spreads = [value for keyword, value in site.call.keywords if not keyword]
        if row is not None and row.spread:
            spread = argument(site.call, row.spread)
            spreads += [spread] if spread is not None else []
        for spread in spreads:
            value = resolver.value(spread, site.scope, site.frame)
            for one in options(value):
                if isinstance(one, DictValue):
                    exact = one.get(name)
                    if exact:
                        return exact[-1]
                    open_ended = open_ended or one.open
                else:
                    open_ended = True
        return Unknown(name) if open_ended else None

    def _of_object(self, site: Site, name: str) -> Value | None:
        """A parameter in the object that a call gets first or last: `create({ model: "x" })`."""
        args = site.call.args
        for expr in args[:1] + args[1:][-1:]:
            for one in options(self._resolver.value(expr, site.scope, site.frame)):
                exact = one.get(name) if isinstance(one, DictValue) else []
                if exact:
                    return exact[-1]
        return None

    def _results(self, site: Site) -> list[Value] | None:
        """In `f(g())`, what g gives f where it gives several values, as functions of Go may."""
        only = site.call.args[0] if len(site.call.args) == 1 else None
        if not isinstance(only, Call):
            return None
        for func in options(self._resolver.value(only.func, site.scope, site.frame)):
            if isinstance(func, FunctionValue) and isinstance(func.node.returns, Seq):
                value = self._resolver.value(only, site.scope, site.frame)
                return value.items if isinstance(value, ListValue) else []
        return None

    def _option(self, site: Site, name: str) -> Value | None:
        """What an option such as `option.WithBaseURL(url)` sets, in a list of options that is handed over."""
        for arg in site.call.args:
            held = self._resolver.value(arg.value, site.scope, site.frame) if isinstance(arg, Star) else None
            for one in flat(held) if held is not None else ():
                if isinstance(one, External) and one.site is not None and one.path.endswith(f".{name}()"):
                    return self.value(one.site, "0") or Known(True, one.site.place)
        return None

    def holds(self, site: Site, row: Row) -> bool:
        """Whether a row's `when` conditions hold for a call; one on an unknown value does not."""
        return all(self._condition(site, spec, wanted, row) for spec, wanted in row.when.items())

    def condition(self, site: Site, when: dict[str, Plain]) -> bool:
        """Whether conditions hold for a call."""
        return all(self._condition(site, spec, wanted, None) for spec, wanted in when.items())

    def _condition(self, site: Site, spec: str, wanted: Plain, row: Row | None) -> bool:
        value = self.value(site, spec, row)
        if wanted == "absent":
            return value is None
        if wanted == "present":
            return value is not None and not (isinstance(value, Known) and value.value is None)
        if value is None:
            return False
        accepted = wanted if isinstance(wanted, list) else [wanted]
        for one in _items(value):
            for want in accepted:
                if isinstance(want, str) and want.startswith("like:"):
                    if fnmatchcase(_whole(one), want.removeprefix("like:")):
                        return True
                    continue
                if isinstance(want, str) and want.startswith("text:"):
                    if fnmatchcase(_beginning(self._wrapped(one)), want.removeprefix("text:")):
                        return True
                    continue
                if isinstance(want, str) and want.startswith("path:"):
                    if isinstance(one, External) and fnmatchcase(one.path, want.removeprefix("path:")):
                        return True
                elif (
                    isinstance(one, Known)
                    and one.value == want
                    and isinstance(one.value, bool) == isinstance(want, bool)
                    # A dictionary that holds False is not switched off by it.
                    and not (isinstance(want, bool) and isinstance(value, DictValue))
                ):
                    return True
        return False

    def _wrapped(self, value: Value) -> Value:
        """The text in `text("...")`, `SQL("...")` and the like."""
        if isinstance(value, External) and value.site is not None and value.site.call.args:
            return self._resolver.value(value.site.call.args[0], value.site.scope, value.site.frame)
        return value

    def attributes(self, site: Site, wanted: dict[str, str | list[str]], row: Row) -> dict[str, Plain]:
        """Attributes from parameters: a known value, None where it is not passed, nothing where it is unknown."""
        found: dict[str, Plain] = {}
        for name, specs in wanted.items():
            value = self.first(site, specs, row)
            if value is None:
                found[name] = None
                continue
            known, plain = plain_value(value)
            if known:
                found[name] = plain
        return found

    def described(self, site: Site, row: Row) -> dict[str, Plain]:
        """A row's constants, and over them its attributes; what is not passed keeps the constant."""
        found = dict(row.set)
        for name, value in self.attributes(site, row.attributes, row).items():
            if value is not None or name not in found:
                found[name] = value
        return found

    def _step(self, value: Value, step: str) -> Value | None:
        found: list[Value] = []
        unknown = False
        for one in options(value):
            if step == "[]" and isinstance(one, ListValue):
                found += one.items
            elif step.isdigit() and isinstance(one, ListValue):
                found += one.items[int(step[:6]) :][:1]
            elif step == "()" and isinstance(one, FunctionValue):
                found.append(self._resolver.calls.returned(one.scope, None))
            elif isinstance(one, DictValue):
                exact = one.get(step)
                found += exact
                unknown = unknown or (one.open and not exact)
            elif isinstance(one, External) and one.site is not None and step == "*":  # all that it was made with
                found.append(self.value(one.site, "*") or Unknown(step))
            elif isinstance(one, External) and one.site is not None:  # a configuration object: Config(key=value)
                expr = argument(one.site.call, step)
                if expr is not None:
                    found.append(self._resolver.value(expr, one.site.scope, one.site.frame))
            elif isinstance(one, Instance) and one.site is not None and step.isidentifier():  # a struct of the project
                held = self._resolver.members.attribute(one, step)
                unknown = unknown or isinstance(held, Unknown)
                found += [] if isinstance(held, Unknown) else [held]
            else:
                unknown = True
        if found:
            return choice(found)
        return Unknown(step) if unknown else None


def _beginning(value: Value) -> str:
    """The known start of a text, in lower case and without leading blanks."""
    if isinstance(value, Known) and isinstance(value.value, str):
        return value.value[:200].lstrip().lower()
    if isinstance(value, TextValue) and value.parts and isinstance(value.parts[0], str):
        return value.parts[0][:200].lstrip().lower()
    return ""


def _whole(value: Value) -> str:
    """A text in lower case, with … for what is not known of it."""
    if isinstance(value, Known) and isinstance(value.value, str):
        return value.value[:500].lower()
    if isinstance(value, TextValue):
        return "".join(part if isinstance(part, str) else "…" for part in value.parts[:50])[:500].lower()
    return ""


def _items(value: Value) -> list[Value]:
    """The alternatives of a value, a list or dictionary by its elements."""
    out: list[Value] = []
    for one in options(value):
        if isinstance(one, DictValue):
            out += [inner for _, item in one.entries for inner in options(item)]
        else:
            out += one.items if isinstance(one, ListValue) else [one]
    return out


def plain_value(value: Value) -> tuple[bool, Plain]:
    """Whether a value is known, and it as plain data: objects of libraries and functions become their names."""
    match value:
        case Known(plain):
            return True, plain_url(plain)[:MAX_TEXT] if isinstance(plain, str) else plain
        case Environment(default=default) if default is not None:
            return plain_value(default)
        case ListValue(items):
            found = [plain_value(item) for item in items[:50] if not isinstance(item, ListValue)]
            whole = len(found) == len(items[:50]) and all(known for known, _ in found)
            return whole, [str(plain) for known, plain in found if known]
        case External(path) if path.startswith("builtins."):
            return False, None  # `bool(...)` of something is not a name for it
        case External(path):
            return True, path.removesuffix("()")
        case FunctionValue(scope):
            return True, scope.qualname
        case TextValue(parts):
            return False, "".join(part if isinstance(part, str) else "{}" for part in parts)
        case DictValue(entries):
            return True, [str(key.value) for key, _ in entries if isinstance(key, Known)]
    return False, None


def text_of(value: Value | None) -> str:
    """A value as text when it is wholly known; empty otherwise."""
    for one in options(value) if value is not None else []:
        if isinstance(one, Known) and isinstance(one.value, str):
            return one.value
    return ""
