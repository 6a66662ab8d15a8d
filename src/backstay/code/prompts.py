"""Prompts: texts and templates that steer a model, known by name, place, length and digest, never by their words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from backstay.catalog.tables import Row, Table
from backstay.code.facts import Do
from backstay.code.ledger import Made, R, sighting
from backstay.code.naming import enclosing, is_named
from backstay.code.scopes import ClassScope, FunctionScope, Scope
from backstay.code.values import (
    DictValue,
    Environment,
    External,
    FunctionValue,
    Known,
    ListValue,
    Partial,
    Place,
    Site,
    TextValue,
    Unknown,
    Value,
    options,
)
from backstay.code.walk import calls
from backstay.keys import text_digest
from backstay.model import Attributes, Kind, urn

if TYPE_CHECKING:
    from backstay.code.observe import Observer

_VARIABLE = re.compile(r"\{\{?\s*([A-Za-z_][\w.]{0,60})\s*\}?\}")
_SYSTEM = frozenset(("system", "developer", "SystemMessage", "SystemMessagePromptTemplate"))
_ROLES = frozenset((*_SYSTEM, "user", "assistant", "tool"))
_MESSAGE = re.compile(
    r"(?:\A|\.)(\w*?)(System|Human|User|AI|Assistant|Chat)?(?:Message|Content|TextParts)\w*(?:\.\w+)?\(\)\Z"
)
_ANSWERS = frozenset(("", "result", "response", "stream", "output", "answer"))
# What a function is called that gives a part of a prompt.
_PIECE = re.compile(r"(?i)prompt|instruction|guideline|persona")
MAX_PIECES = 50
MIN_USER_TEXT = 60  # a shorter user message is a question, not a template somebody maintains


class Prompts:
    def __init__(self, observer: Observer) -> None:
        self.o = observer
        # For data flow: the prompts of a call, their roles and the parameters they were given by.
        self.by_call: dict[int, list[tuple[Made, str, str]]] = {}

    def draw(self, role: str, value: Value, spec: str, table: Table, site: Site, subject: Made | None) -> bool:
        """A prompt argument: each text, template or function it can be is a prompt of the subject."""
        found = False
        kind = "system" if role == "prompt" else "template"
        for one in _flat(value):
            held = [made for made in self.o.assets_of(one) if made.kind == Kind.PROMPT]
            if not held:
                content = self._message(one)[1] if isinstance(one, External) else None  # `new SystemMessage(TEXT)`
                texts = _flat(content) if content is not None else [one]
                made_of = [self._prompt(text, kind, spec, table, site, subject) for text in texts]
                held = [made for made in made_of if made is not None]
            for made in held:
                self._link(subject, made, table, site, str(made.attributes.get("role", kind)), spec)
                found = True
        return found

    def messages(self, value: Value, spec: str, table: Table, site: Site, subject: Made | None) -> bool:
        """A list of messages: system ones are prompts, others when they are templates somebody maintains."""
        found = False
        for one in _flat(value):
            role, content = self._message(one)
            if content is None:
                for made in self.o.assets_of(one):
                    if made.kind == Kind.PROMPT:
                        self._link(subject, made, table, site, str(made.attributes.get("role", "template")), spec)
                        found = True
                if isinstance(one, Known | TextValue):
                    role, content = "user", one
                else:
                    continue
            for text in _flat(content):
                if role != "system" and not _is_template(text):
                    continue
                made_prompt = self._prompt(text, role, "messages", table, site, subject)
                if made_prompt is not None:
                    self._link(subject, made_prompt, table, site, role, spec)
                    found = True
        return found

    def _message(self, value: Value) -> tuple[str, Value | None]:
        if isinstance(value, DictValue):
            role = next((one.value for one in value.get("role") if isinstance(one, Known)), "user")
            content = value.get("content") or value.get("parts") or value.get("text")
            return ("system" if role in _SYSTEM else "user"), content[-1] if content else None
        if isinstance(value, ListValue) and len(value.items) == 2:
            first = value.items[0]
            if isinstance(first, Known) and isinstance(first.value, str):
                return ("system" if first.value in _SYSTEM else "user"), value.items[1]
        if isinstance(value, External) and value.site is not None:
            match = _MESSAGE.search(value.path)
            if match:
                role = "system" if "System" in (match[2] or "") or "System" in value.path else "user"
                given = self.o.given
                content_value: Value | None = given.value(value.site, "content|text|0|Content|Text|Parts")
                content_value = content_value or given.value(value.site, "template")
                if content_value is None and "from_template" in value.path:
                    content_value = given.value(value.site, "template|0")
                declared = given.value(value.site, "role|Role")
                if declared is None and isinstance(stated := given.value(value.site, "0"), Known):
                    # `new ChatMessage(ChatRole.System, text)`: the role comes first.
                    told = given.value(value.site, "1|content|contents|Content|Contents|Text")
                    if stated.value in _ROLES and told is not None:
                        return ("system" if stated.value in _SYSTEM else "user"), told
                if isinstance(declared, Known) and declared.value in _SYSTEM:
                    role = "system"
                return role, content_value
        return "user", None

    def _prompt(
        self, value: Value, role: str, spec: str, table: Table, site: Site, subject: Made | None
    ) -> Made | None:
        match value:
            case Known(text, place, label) if isinstance(text, str) and text.strip():
                return self._asset(text, [], label, role, place, spec, table, site, subject)
            case TextValue(parts, place, label):
                fixed = "".join(part for part in parts if isinstance(part, str))
                if not fixed.strip() and role != "system":
                    return None
                open_parts = [_name_of(part) for part in parts if not isinstance(part, str)]
                return self._asset(fixed, open_parts, label, role, place, spec, table, site, subject)
            case FunctionValue(scope):
                return self._from_function(scope, role, table, site)
            case Partial(func) if isinstance(func, FunctionValue):
                return self._from_function(func.scope, role, table, site)
            case Environment(default=default) if default is not None:
                return self._prompt(default, role, spec, table, site, subject)
        return None

    def _from_function(self, scope: FunctionScope, role: str, table: Table, site: Site) -> Made:
        """Instructions computed by a function: the prompt is called by the function."""
        function = scope.function
        returned = self.o.resolver.calls.called(FunctionValue(scope), Site(site.call, scope, None))
        fixed, names = "", [param.name for param in function.params if param.name not in ("self", "cls")]
        for one in options(returned):
            if isinstance(one, Known) and isinstance(one.value, str):
                fixed += one.value
            elif isinstance(one, TextValue):
                fixed += "".join(part for part in one.parts if isinstance(part, str))
        place = Place(scope.path, function.line, function.end_line)
        return self.o.ledger.asset(
            urn(Kind.PROMPT, self.o.source, scope.path, scope.qualname),
            Kind.PROMPT,
            function.name if is_named(scope) else f"{enclosing(scope)}.prompt",
            sighting(table.id, place),
            _attributes(fixed, names, role),
        )

    def _asset(
        self,
        text: str,
        open_parts: list[str],
        label: str,
        role: str,
        place: Place,
        spec: str,
        table: Table,
        site: Site,
        subject: Made | None,
    ) -> Made:
        read = self.o.resolver.contents.name_of(place, site.scope.path)
        if read is not None:
            return self._in_file(text, open_parts, role, place, read, table)
        name = label
        if not name:
            parameter = spec.partition("|")[0]
            parameter = "prompt" if parameter.isdigit() else parameter.rpartition(".")[2]
            holder = enclosing(site.scope)
            if subject is not None:
                # A call that is an agent is assigned to what it answers.
                holder = subject.name if subject.variable in _ANSWERS else subject.variable or subject.name
            name = f"{holder}.{parameter}"
        # The same text under one name is one prompt; another text of that name in the file is another.
        inside = self._holder(place, site)
        if inside is not None and inside.function.name == name:
            self._pieces(inside, role, table, site)
        return self.o.ledger.asset(
            urn(Kind.PROMPT, self.o.source, place.path, inside.qualname if inside is not None else "", name),
            Kind.PROMPT,
            name,
            sighting(table.id, place),
            _attributes(text, open_parts, role),
        )

    def _pieces(self, scope: FunctionScope, role: str, table: Table, site: Site) -> None:
        """The texts that other functions give a function for the prompt that it puts together."""
        for call, _ in list(calls(scope))[:MAX_PIECES]:
            for one in options(self.o.resolver.value(call.func, scope)):
                if isinstance(one, FunctionValue) and one.scope is not scope and _PIECE.search(one.scope.function.name):
                    given = self.o.resolver.calls.called(one, Site(call, scope, None))
                    if any(_is_template(text) for text in options(given)):
                        made = self._from_function(one.scope, role, table, site)
                        self.o.use(site.scope, R.USES, made, {"role": role}, site.place, table.id)

    def _in_file(
        self, text: str, open_parts: list[str], role: str, place: Place, read: tuple[str, str], table: Table
    ) -> Made:
        """A prompt that stands in a file of its own, or under a key of one, by the name and key the file gives it."""
        path, key = read
        local = (path, key) if key else (path,)
        return self.o.ledger.asset(
            urn(Kind.PROMPT, self.o.source, *local),
            Kind.PROMPT,
            f"{path}#{key}" if key else path,
            sighting(table.id, place),
            _attributes(text.strip(), open_parts, role),
        )

    def _owner(self, place: Place, site: Site) -> str:
        """The function that holds a text, so that two functions' `prompt` stay two."""
        holder = self._holder(place, site)
        return holder.qualname if holder is not None else ""

    def _holder(self, place: Place, site: Site) -> FunctionScope | None:
        best: FunctionScope | None = None
        scope: Scope | None
        scope = site.scope.module if place.path == site.scope.path else self.o.resolver.project.scope(place.path)
        while scope is not None:
            inner = next(
                (
                    one
                    for one in scope.children
                    if isinstance(one, FunctionScope) and one.function.line <= place.line <= one.function.end_line
                ),
                None,
            )
            if inner is None:
                break
            best = scope = inner
        return best

    def named(
        self, text: str, row: Row, site: Site, definition: Scope | None, place: Place, table: Table
    ) -> Made | None:
        """A prompt object or decorated function that a row names."""
        role = str(row.set.get("role", "template"))
        if isinstance(definition, FunctionScope):
            return self._from_function(definition, role, table, site)
        content, open_parts, at = "", list[str](), place
        if isinstance(definition, ClassScope):
            content = self._docstring(definition)
        for spec, what in row.arguments.items():
            if what not in ("prompt", "template", "messages", "text"):
                continue
            value = self.o.given.value(site, spec, row)
            text = _first_label(value) or text
            for one in _flat(value) if value is not None else []:
                said, inner = self._message(one)
                role = "system" if said == "system" and inner is not None else role
                for piece in _flat(inner) if inner is not None else [one]:
                    if isinstance(piece, Known) and isinstance(piece.value, str):
                        content += piece.value
                        at = piece.place if at is place else at
                    elif isinstance(piece, TextValue):
                        content += "".join(part for part in piece.parts if isinstance(part, str))
                        open_parts += [_name_of(part) for part in piece.parts if not isinstance(part, str)]
        where = self._owner(place, site)
        return self.o.ledger.asset(
            urn(Kind.PROMPT, self.o.source, place.path, where, text),
            Kind.PROMPT,
            text,
            sighting(table.id, at),
            _attributes(content, open_parts, role),
            variable=text,
        )

    def _docstring(self, scope: ClassScope) -> str:
        """The words of a class whose documentation is what a model is told."""
        first = scope.body[0] if scope.body else None
        value = self.o.resolver.value(first.value, scope) if isinstance(first, Do) else None
        return value.value if isinstance(value, Known) and isinstance(value.value, str) else ""

    def _link(self, subject: Made | None, made: Made, table: Table, site: Site, role: str, spec: str) -> None:
        self.by_call.setdefault(id(site.call), []).append((made, role, spec))
        if subject is made:
            return
        edge: Attributes = {"role": role}
        if subject is None:
            self.o.use(site.scope, R.USES, made, edge, site.place, table.id)
        else:
            self.o.ledger.edge(subject.key, R.USES, made.key, sighting(table.id, site.place), edge)


def _attributes(text: str, open_parts: list[str], role: str) -> Attributes:
    names = dict.fromkeys([*_VARIABLE.findall(text), *(name for name in open_parts if name)])
    return {"role": role, "variables": list(names), "length": len(text), "digest": text_digest(text)}


def _first_label(value: Value | None) -> str:
    """The name of the constant that holds a text, or the system message of a list of them."""
    for one in _flat(value) if value is not None else []:
        if isinstance(one, Known | TextValue):
            return one.label
        if isinstance(one, ListValue) and _is_pair(one) and isinstance(one.items[1], Known | TextValue):
            return one.items[1].label
    return ""


def _is_template(value: Value) -> bool:
    if isinstance(value, Known) and isinstance(value.value, str):
        return len(value.value) >= MIN_USER_TEXT or bool(_VARIABLE.search(value.value))
    if isinstance(value, TextValue):
        return sum(len(part) for part in value.parts if isinstance(part, str)) >= MIN_USER_TEXT // 3
    return False


def _name_of(value: Value) -> str:
    match value:
        case Unknown(text):
            return text if text and "…" not in text else ""
        case External(path):
            return path.removesuffix("()").rpartition(".")[2]
        case Known(_, _, label) | TextValue(_, _, label):
            return label
        case Environment(name):
            return name
    return ""


def _flat(value: Value) -> list[Value]:
    out: list[Value] = []
    for one in options(value):
        out += (
            [inner for item in one.items[:300] for inner in options(item)]
            if isinstance(one, ListValue) and not _is_pair(one)
            else [one]
        )
    return out


def _is_pair(value: ListValue) -> bool:
    """A `("system", text)` tuple is one message, not a list of two."""
    first = value.items[0] if len(value.items) == 2 else None
    return isinstance(first, Known) and first.value in (
        "system",
        "human",
        "user",
        "ai",
        "assistant",
        "developer",
        "placeholder",
    )
