"""Wrapped: handlers within calls of middleware, `requireAuth(limit(handler))`, and what the middleware does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backstay.code.facts import Call, Expr
from backstay.code.guards import authenticator, limiter
from backstay.code.ledger import Made
from backstay.code.resolve import argument
from backstay.code.values import FunctionValue, Site, options

if TYPE_CHECKING:
    from backstay.code.observe import Observer

MAX_WRAPS = 6  # calls around one handler


def unwrap(o: Observer, site: Site, spec: str, subject: Made) -> None:
    """Functions handed to the calls that make a handler are the subject's code; what gets them may guard it."""
    given: list[Expr | None] = [*site.call.args] if spec == "*" else [argument(site.call, spec)]
    for one in given:
        if isinstance(one, Call):
            _unwrap(o, one, site, subject, 0)


def _unwrap(o: Observer, call: Call, site: Site, subject: Made, depth: int) -> None:
    for wrapper in options(o.resolver.value(call.func, site.scope, site.frame)):
        for name, asked in (("authentication", authenticator), ("rate_limit", limiter)):
            if subject.attributes.get(name) is None and (guard := asked(o, wrapper)):
                subject.attributes[name] = guard
    for arg in call.args:
        if isinstance(arg, Call):
            if depth < MAX_WRAPS:
                _unwrap(o, arg, site, subject, depth + 1)
            continue
        for value in options(o.resolver.value(arg, site.scope, site.frame)):
            if isinstance(value, FunctionValue):
                o.bear(value.scope, subject)
