"""Described: tools that are objects of the project's own classes: what their methods and fields say of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backstay.code.ledger import Made
from backstay.code.naming import as_text
from backstay.code.scopes import ClassScope, FunctionScope
from backstay.code.values import External, Instance, Known, Site, Value, options
from backstay.code.walk import calls
from backstay.model import Kind

if TYPE_CHECKING:
    from backstay.code.observe import Observer

_NAMING = ("Name", "getName", "get_name")
_DESCRIBING = ("Info", "Definition", "Declaration", "Tool", "Spec", "ToolInfo")


def wrapped_tools(o: Observer, value: Value) -> list[Made]:
    """The tools that an object holds, where it is a wrapper around them: `Approvable{Tool: search}`."""
    if not isinstance(value, Instance) or value.site is None:
        return []
    found: dict[str, Made] = {}
    for _, expr in value.site.call.keywords[:20]:
        for made in o.assets_of(o.resolver.value(expr, value.site.scope, value.site.frame)):
            if made.kind == Kind.TOOL:
                found[made.key] = made
    return list(found.values())


def own_tools(o: Observer, cls: ClassScope) -> list[Made]:
    """The one tool that the methods of a class describe it as, by the schema that they give back."""
    for name in _DESCRIBING:
        method = _method(o, cls, name)
        if method is None:
            continue
        found: dict[str, Made] = {}
        for call, _ in calls(method):
            for func in options(o.resolver.value(call.func, method)):
                made = o.made(Site(call, method, None), func) if isinstance(func, External) else []
                found.update({one.key: one for one in made if one.kind == Kind.TOOL})
        if len(found) == 1:
            return list(found.values())
    return []


def own_name(o: Observer, cls: ClassScope) -> str:
    """What a tool's own method says it is called; empty when no method says it."""
    for name in _NAMING:
        method = _method(o, cls, name)
        if method is not None:
            for one in options(o.resolver.calls.returned(method, None)):
                if isinstance(one, Known) and isinstance(one.value, str):
                    return as_text(one)
    return ""


def _method(o: Observer, cls: ClassScope, name: str) -> FunctionScope | None:
    return next((one.methods[name] for one in o.resolver.members.lineage(cls) if name in one.methods), None)
