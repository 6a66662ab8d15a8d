"""Declared: models and prompts that code names where no call can be followed to them, told by name and content.

An enumeration of models behind a factory, a default in a settings class, a constant `SYSTEM_PROMPT` that is handed on
through the project's own wrappers: the id or text stands in the code, its way to a model does not. Only ids of known
models and texts of some length count, only where a name says what they are, and only what nothing else has found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from backstay.catalog import providers
from backstay.code.confidence import NAMED, NAMED_USE
from backstay.code.facts import (
    Assign,
    Attr,
    Call,
    Comp,
    Do,
    Either,
    Expr,
    Function,
    Item,
    Lit,
    Map,
    Name,
    Seq,
    Text,
    parts,
)
from backstay.code.ledger import Made, R, sighting
from backstay.code.naming import enclosing
from backstay.code.scopes import ClassScope, FunctionScope, ModuleScope, Scope
from backstay.code.values import Known, Place
from backstay.keys import is_hub_name, model_key, package_key, provider_key, text_digest
from backstay.model import Attributes, Kind, Level, urn
from backstay.model_ids import ModelId, holds_model, is_about_models, known_id, looks_like_id, words
from backstay.placement import placement_of

if TYPE_CHECKING:
    from backstay.code.observe import Observer

MAX_OF_ONE = 80  # ids that one list, dictionary or enumeration is read for; beyond it is a catalog, not a choice
MIN_PROMPT = 50  # characters of a text that is a prompt by its name alone
MIN_WORDS = 7
_AI = (Kind.PACKAGE, Kind.PROVIDER, Kind.MODEL, Kind.AGENT, Kind.MCP_SERVER)
_ENUMS = frozenset(("Enum", "StrEnum", "IntEnum"))
_PROMPT_WORDS = frozenset(("prompt", "prompts", "instruction", "instructions"))
_SYSTEM_TEXTS = frozenset(("message", "msg", "template", "content", "text"))
# Words beside "prompt" that say it is one for a person, or a thing about prompts.
_NO_PROMPT = (
    frozenset(
        ("help", "error", "label", "confirm", "confirmation", "login", "password", "placeholder", "description", "desc")
    )
    | frozenset(
        (
            "doc",
            "docs",
            "cli",
            "shell",
            "terminal",
            "regex",
            "pattern",
            "path",
            "file",
            "dir",
            "url",
            "id",
            "key",
            "hash",
        )
    )
    | frozenset(("token", "tokens", "len", "length", "cost", "test", "title", "version", "install", "setup", "warning"))
)
_KEYWORDS = frozenset(("prompt", "system_prompt", "system_message", "instructions", "prompt_template", "system"))
_VARIABLE = re.compile(r"\{\{?\s*([A-Za-z_][\w.]{0,60})\s*\}?\}")
# Calls that hand a text on as it is, or as a template or message; other calls do something with it.
_WRAPPER = re.compile(r"(?i)dedent|cleandoc|template|message|\AField\Z|\Afield\Z|\Astr\Z|Prompt\Z|\Ajoin\Z")
_ASKING = frozenset(("get", "getenv", "environ", "env"))
_OPTIONS = frozenset(("add_argument", "option", "Option", "argument", "Argument"))


def declared(observer: Observer, modules: list[ModuleScope]) -> None:
    """Add the models and prompts that only their names and contents tell of."""
    if not any(made.kind in _AI for made in observer.ledger.assets.values()):
        return  # a project without any library or service of AI may call anything a model
    found = _Declared(observer)
    for module in modules:
        if placement_of(module.path) != "test":
            found.scope(module)


class _Declared:
    def __init__(self, observer: Observer) -> None:
        self.o = observer
        assets = observer.ledger.assets.values()
        self._models = {made.name.lower() for made in assets if made.kind == Kind.MODEL}
        self._models |= {name.rpartition("/")[2] for name in self._models}
        self._told = {  # where prompts are known to stand
            (place.path, line)
            for made in assets
            if made.kind == Kind.PROMPT
            for place in made.evidence
            for line in range(place.line, min(place.end_line or place.line, place.line + 2_000) + 1)
        }
        self._resolved = frozenset(self._told)
        # With a router that reads ids, the provider before one, or else who makes the model, is who is called.
        self._routed = package_key("pypi", "litellm") in observer.ledger.assets
        self._resold = provider_key("openrouter") in observer.ledger.assets
        gateways = [one.name for one in providers() if one.gateway and provider_key(one.name) in observer.ledger.assets]
        # With one gateway in use, `openai/gpt-4o` is the gateway's own name of a model.
        self._gateway = gateways[0] if len(gateways) == 1 and not self._routed else ""

    def scope(self, scope: Scope) -> None:
        """Everything declared in a scope and the scopes within."""
        if isinstance(scope, FunctionScope) and not scope.function.texts:
            return
        if isinstance(scope, ClassScope):
            self._enumeration(scope)
        for statement in scope.body:
            match statement:
                case Assign(target=target, value=value, annotation=annotation):
                    name = _name(target)
                    if annotation is not None and holds_model(name):
                        self._candidates(annotation, scope, MAX_OF_ONE)
                    if value is not None:
                        self._given(name, value, scope)
                        if annotation is not None and holds_model(_name(annotation)):
                            self._candidates(value, scope, MAX_OF_ONE)  # `const Fast ChatModel = "gpt-4o-mini"`
                        self._prompt_given(name, value, scope)
                        self._within(value, scope)
                case Do(value=value, how=how):
                    self._within(value, scope)
                    if how == "return" and isinstance(scope, FunctionScope):
                        self._prompt_given(scope.function.name, value, scope)
                case Function(params=params, decorators=decorators):
                    inner = scope.child(statement)
                    for param in params:
                        for expr in (param.annotation, param.default):
                            if expr is not None and holds_model(param.name):
                                self._candidates(expr, inner, MAX_OF_ONE)
                    for decorator in decorators:
                        self._within(decorator, inner)
        for child in scope.children:
            self.scope(child)

    # models

    def _enumeration(self, scope: ClassScope) -> None:
        if not any(_name(base) in _ENUMS or _name(base).endswith("Enum") for base in scope.cls.bases):
            return
        of_models = holds_model(scope.cls.name)
        members = [one for one in scope.body if isinstance(one, Assign) and isinstance(one.target, Name)]
        texts = [lit for one in members[:MAX_OF_ONE] if one.value is not None for lit in _literals(one.value)]
        if not any(known_id(str(lit.value)) for lit in texts):
            return
        for lit in texts:
            found = known_id(str(lit.value))
            if found is None and of_models and looks_like_id(str(lit.value)):
                found = ModelId(str(lit.value), "", "")
            if found is not None:
                self._model(found, lit, scope)

    def _given(self, name: str, value: Expr, scope: Scope) -> None:
        """A value that a variable, parameter or key of this name holds; `def resolve_model(): aliases = {...}` too."""
        of_models = isinstance(value, Map) and isinstance(scope, FunctionScope) and holds_model(scope.function.name)
        if holds_model(name) or of_models:
            self._candidates(value, scope, MAX_OF_ONE)

    def _candidates(self, value: Expr, scope: Scope, left: int) -> None:
        for lit in list(_literals(value))[:left]:
            found = known_id(str(lit.value))
            if found is not None:
                self._model(found, lit, scope)

    def _within(self, value: Expr, scope: Scope) -> None:
        """The calls and dictionaries of an expression: keywords, keys and defaults that name a model or a prompt."""
        stack = [value]
        while stack:
            one = stack.pop()
            if isinstance(one, Call):
                self._call(one, scope)
            elif isinstance(one, Map):
                for key, inner in zip(one.keys, one.values, strict=True):
                    if isinstance(key, Lit) and isinstance(key.value, str):
                        self._given(key.value, inner, scope)
                self._message(one, scope)
            stack.extend(parts(one))

    def _call(self, call: Call, scope: Scope) -> None:
        callee = _name(call.func)
        for name, value in call.keywords:
            if name:
                self._given(name, value, scope)
                if name in _KEYWORDS:
                    self._prompt(f"{enclosing(scope)}.{name}", value, scope)
        first = call.args[0] if call.args else None
        named = first.value if isinstance(first, Lit) and isinstance(first.value, str) else ""
        if callee in _ASKING and len(call.args) > 1:
            self._given(named, call.args[1], scope)
        elif callee in _OPTIONS and named.startswith("-"):
            for name, value in call.keywords:
                if name in ("default", "choices", "type"):
                    self._given(named, value, scope)
        elif named and holds_model(callee):
            self._candidates(Seq(call.args, call.line), scope, MAX_OF_ONE)

    def _model(self, found: ModelId, lit: Lit, scope: Scope) -> None:
        name = found.name
        if is_about_models(scope.path.rpartition("/")[2].partition(".")[0]):
            return  # `pricing.py` and `token_counter.py` speak of models they do not use
        if {name.lower(), name.lower().rpartition("/")[2], str(lit.value).lower()} & self._models:
            return
        o, place = self.o, Place(scope.path, lit.line, lit.end_line or lit.line)
        seen = sighting("declared", place, NAMED, "", Level.INFERRED)
        called = (found.prefix or ("" if self._resold else found.vendor)) if self._routed else ""
        if self._gateway and found.prefix and "/" in str(lit.value):
            name, provider = str(lit.value).strip(), self._gateway
        else:
            provider = called or found.vendor
        hub = not found.vendor and not found.prefix and is_hub_name(name)
        attributes: Attributes = {}
        if provider:
            attributes["provider"] = provider
        if hub:
            attributes["hub"] = "huggingface"
        made = o.ledger.assets.get(model_key(name, hub=hub))
        made = made or o.ledger.asset(model_key(name, hub=hub), Kind.MODEL, name, seen, attributes)
        made.evidence[seen] = None
        if called:
            o.ledger.edge(o.provider(called, place, "declared", NAMED_USE).key, R.SERVES, made.key, seen)
        self._use(scope, made, place)

    def _use(self, scope: Scope, made: Made, place: Place) -> None:
        self.o.use(scope, R.USES, made, {}, place, "declared", NAMED_USE)

    # prompts

    def _prompt_given(self, name: str, value: Expr, scope: Scope) -> None:
        role = _prompt_role(name)
        if isinstance(scope, FunctionScope) and _prompt_role(scope.function.name):
            # `def build_prompt(): text = "..."`: the prompt and its pieces go by the function.
            name = scope.function.name
            role = _prompt_role(name)
            lines = range(scope.function.line, min(scope.function.end_line, scope.function.line + 2_000) + 1)
            if any((scope.path, line) in self._resolved for line in lines):
                return
        if not role:
            return
        if isinstance(value, Call) and isinstance(value.func, Name) and value.func.id == "embedded":
            self._built_in(value, scope, role)
        elif isinstance(value, Map):
            for key, inner in zip(value.keys, value.values, strict=True):
                if isinstance(key, Lit) and isinstance(key.value, str):
                    self._prompt(f"{name}.{key.value}", inner, scope, role)
        else:
            self._prompt(name, value, scope, role)

    def _built_in(self, value: Call, scope: Scope, role: str) -> None:
        """A variable that holds a file built into the program: the file is the prompt."""
        text = self.o.resolver.value(value, scope)
        if not isinstance(text, Known) or not isinstance(text.value, str) or len(text.value) < MIN_PROMPT:
            return
        fixed, place = text.value.strip(), text.place
        made = self.o.ledger.asset(
            urn(Kind.PROMPT, self.o.source, place.path),
            Kind.PROMPT,
            place.path,
            sighting("declared", place, NAMED, "", Level.INFERRED),
            {
                "role": role,
                "variables": list(dict.fromkeys(_VARIABLE.findall(fixed))),
                "length": len(fixed),
                "digest": text_digest(fixed),
            },
        )
        self._use(scope, made, Place(scope.path, value.line))

    def _message(self, value: Map, scope: Scope) -> None:
        """`{"role": "system", "content": "..."}` on its way to a model that nobody could follow."""
        given = {key.value: one for key, one in zip(value.keys, value.values, strict=True) if isinstance(key, Lit)}
        role = given.get("role")
        if isinstance(role, Lit) and role.value in ("system", "developer") and "content" in given:
            self._prompt(f"{enclosing(scope)}.messages", given["content"], scope, "system")

    def _prompt(self, name: str, value: Expr, scope: Scope, role: str = "system") -> None:
        text = _longest(value)
        if text is None:
            return
        fixed, line, end = text
        if len(fixed) < MIN_PROMPT or len(fixed.split()) < MIN_WORDS or fixed.lstrip()[:1] in ("<", "/"):
            return
        if any((scope.path, one) in self._told for one in range(line, min(end, line + 2_000) + 1)):
            return
        self._told.update((scope.path, one) for one in range(line, min(end, line + 2_000) + 1))
        place = Place(scope.path, line, end)
        made = self.o.ledger.asset(
            urn(Kind.PROMPT, self.o.source, scope.path, scope.qualname, name),
            Kind.PROMPT,
            name,
            sighting("declared", place, NAMED, "", Level.INFERRED),
            {
                "role": role,
                "variables": list(dict.fromkeys(_VARIABLE.findall(fixed))),
                "length": len(fixed),
                "digest": text_digest(fixed),
            },
        )
        self._use(scope, made, place)


def _prompt_role(name: str) -> str:
    """What kind of prompt a variable or function of this name holds; empty when it holds none."""
    found = set(words(name))
    if found & _NO_PROMPT or not (found & _PROMPT_WORDS or ("system" in found and found & _SYSTEM_TEXTS)):
        return ""
    if "system" in found:
        return "system"
    return "user" if "user" in found else "template"


def _name(expr: Expr) -> str:
    """The last name of a target or callee."""
    if isinstance(expr, Name):
        return expr.id
    if isinstance(expr, Attr):
        return expr.name
    if isinstance(expr, Item) and isinstance(expr.index, Lit):
        return str(expr.index.value)
    return ""


def _literals(value: Expr, depth: int = 0) -> Iterator[Lit]:
    """The texts that a value can be, or is a collection of; what tells only about a model under its name is none."""
    if depth > 3:
        return
    match value:
        case Lit(value=str()):
            yield value
        case Seq(items):
            for one in items:
                yield from _literals(one, depth + 1)
        case Either(options):
            for one in options:
                yield from _literals(one, depth + 1)
        case Item(index=index):
            yield from _literals(index, depth + 1)
        case Map(keys, values):
            for key, one in zip(keys, values, strict=True):
                if isinstance(key, Lit) and isinstance(key.value, str) and is_about_models(key.value):
                    continue
                if key is not None and not _tells_about(one):
                    yield from _literals(key, depth + 1)
                yield from _literals(one, depth + 1)
        case Call(args=args, keywords=keywords):
            for one in args:
                yield from _literals(one, depth + 1)
            for name, one in keywords:
                if name in ("default", "choices", "value", "examples", "model", "name", "options"):
                    yield from _literals(one, depth + 1)


def _tells_about(value: Expr) -> bool:
    """Whether an entry under a model's id is a number, or a record of numbers such as prices and limits."""
    if isinstance(value, Lit):
        return isinstance(value.value, int | float)
    if isinstance(value, Map):
        return any(isinstance(key, Lit) and is_about_models(str(key.value)) for key in value.keys)
    return isinstance(value, Call) and any(is_about_models(name) for name, _ in value.keywords)


def _longest(value: Expr, depth: int = 0) -> tuple[str, int, int] | None:
    """The text of a prompt, with its lines: as it stands, or in what only trims, fills or wraps it."""
    if depth > 4:
        return None
    match value:
        case Lit(value=str() as text, line=line, end_line=end):
            return text, line, end or line
        case Text(inner, line, end):
            fixed = "".join(str(one.value) for one in inner if isinstance(one, Lit))
            return fixed, line, end or line
        case Call(func, args, keywords):
            held: list[Expr] = [func.value] if isinstance(func, Attr) else []
            if _WRAPPER.search(_name(func)):
                held += [*args, *(one for _, one in keywords)]
            found = [one for expr in held if (one := _longest(expr, depth + 1)) is not None]
            return max(found, key=lambda one: len(one[0]), default=None)
        case Either(options):
            found = [one for expr in options if (one := _longest(expr, depth + 1)) is not None]
            return max(found, key=lambda one: len(one[0]), default=None)
        case Attr(inner) if not isinstance(inner, Name):
            return _longest(inner, depth + 1)
        case Comp():
            return None
    return None
