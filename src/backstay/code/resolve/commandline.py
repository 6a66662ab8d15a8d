"""Command lines: what an option is when its user does not set it, by argparse, click, typer and dataclass parsers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from backstay.code.facts import Attr, Call, Expr, Lit
from backstay.code.resolve.shapes import argument, choice
from backstay.code.scopes import FunctionScope, ModuleScope, Scope
from backstay.code.values import ClassValue, External, Instance, Known, ListValue, Value, options
from backstay.code.walk import calls

if TYPE_CHECKING:
    from backstay.code.resolve.resolver import Resolver

_PARSED = re.compile(r"(?:\w+\.)*\w*ArgumentParser\(\)\.parse_(?:args|known_args)\(\)(?:\[\])?\Z")
# Parsers that fill dataclasses, of transformers and trl; what they give is a tuple of them.
_FILLED = re.compile(
    r"(?:transformers|trl)\.(?:\w+\.)*(?:HfArgumentParser|TrlParser)\(\)\."
    r"parse_(?:args_into_dataclasses|args_and_config|dict|json_file|yaml_file)\Z"
)
_CLICK = frozenset(("click.option", "click.argument", "asyncclick.option", "rich_click.option", "typer.Option"))
_TYPER = frozenset(("typer.Option()", "typer.Argument()", "typer.params.Option()", "typer.params.Argument()"))
MAX_CHOICES = 8


class CommandLine:
    """Options are looked up in the module that parses them, by the name of the attribute they become."""

    def __init__(self, resolver: Resolver) -> None:
        self.r = resolver
        self._options: dict[int, dict[str, list[tuple[Call, Scope]]]] = {}

    def attribute(self, owner: External, name: str) -> Value | None:
        """`args.name` of parsed arguments: what its option says; None when it is no such thing."""
        if owner.site is None and owner.base is not None and owner.path.endswith("[]"):
            return self.attribute(owner.base, name)
        if owner.site is None or not _PARSED.match(owner.path):
            return None
        found: list[Value] = []
        for call, scope in self._of_module(owner.site.scope.module).get(name, []):
            found += self._default(call, scope)
        return choice(found) if found else None

    def _of_module(self, module: ModuleScope) -> dict[str, list[tuple[Call, Scope]]]:
        known = self._options.get(id(module))
        if known is None:
            known = self._options[id(module)] = {}
            for scope in module.walk():
                for call, _ in calls(scope):
                    if isinstance(call.func, Attr) and call.func.name == "add_argument":
                        name = _destination(call)
                        if name:
                            known.setdefault(name, []).append((call, scope))
        return known

    def _default(self, call: Call, scope: Scope) -> list[Value]:
        default = argument(call, "default")
        if default is not None:
            value = self.r.value(default, scope)
            return [] if isinstance(value, Known) and value.value is None else [value]
        return self._choices(call, scope)

    def _choices(self, call: Call, scope: Scope) -> list[Value]:
        allowed = argument(call, "choices")
        value = self.r.value(allowed, scope) if allowed is not None else None
        return value.items[:MAX_CHOICES] if isinstance(value, ListValue) else []

    def parameter(self, function: FunctionScope, name: str) -> Value | None:
        """The default of a click option that a function's parameter receives."""
        outer = function.parent or function
        for decorator in function.function.decorators:
            if isinstance(decorator, Call) and _destination(decorator) == name:
                callee = self.r.value(decorator.func, outer)
                if isinstance(callee, External) and callee.path in _CLICK:
                    found = self._default(decorator, outer)
                    return choice(found) if found else None
        return None

    def declared(self, value: Value) -> Value:
        """`typer.Option("x")` as a parameter's default stands for its first argument; other values for themselves."""
        if isinstance(value, External) and value.path in _TYPER and value.site is not None:
            default = argument(value.site.call, "default|0")
            if default is not None:
                return self.r.value(default, value.site.scope, value.site.frame)
        return value

    def filled(self, func: External, path: str) -> Value | None:
        """The dataclasses that a parser made from their classes fills, as a list; None for other calls."""
        if not _FILLED.match(path):
            return None
        parser = func.base.site if func.base is not None else None
        given: Expr | None = argument(parser.call, "dataclass_types|0") if parser is not None else None
        if parser is None or given is None:
            return None
        types = self.r.value(given, parser.scope, parser.frame)
        classes = [one for item in options(types) for one in (item.items if isinstance(item, ListValue) else [item])]
        made: list[Value] = [Instance(one.scope, None) for one in classes if isinstance(one, ClassValue)]
        return ListValue(made, len(made) < len(classes)) if made else None


def _destination(call: Call) -> str:
    """The attribute or parameter that an option becomes: its `dest`, its long name, or its only name."""
    given = argument(call, "dest")
    if isinstance(given, Lit) and isinstance(given.value, str):
        return given.value
    names = [arg.value for arg in call.args if isinstance(arg, Lit) and isinstance(arg.value, str)]
    # Click takes a plain name beside the dashed ones for the parameter's.
    plain = [name for name in names if not name.startswith("-")]
    long = [name for name in names if name.startswith("--")]
    chosen = (plain or long or names or [""])[0]
    return chosen.partition("/")[0].lstrip("-").replace("-", "_")
