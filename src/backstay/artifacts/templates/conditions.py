"""Conditions: where a template speaks only when a message says something, on some day, or by chance.

A backdoor of this kind waits for a trigger and then adds an instruction, or changes what was written. Honest templates
look into messages too, but for markup (`'</think>' in content`), kinds of content and switches of reasoning, and what
hangs on it is markup. So what counts is natural language that guards natural language.
"""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from jinja2 import nodes

from backstay.artifacts.exam import Exam, shown
from backstay.artifacts.report import Sign
from backstay.artifacts.templates import words
from backstay.artifacts.templates.strings import OPEN, Strings
from backstay.artifacts.templates.syntax import arguments, walk
from backstay.artifacts.templates.texts import Texts
from backstay.artifacts.templates.words import Wording

_SEARCHING = frozenset(
    {"startswith", "endswith", "find", "rfind", "index", "count", "split", "partition", "__contains__"}
)
_PASSES = 3
_YEAR = re.compile(r"20[2-9]\d|^\d{8}")


@dataclass(frozen=True)
class Trigger:
    """What a condition waits for: a literal in a text, a date, chance, or a length."""

    kind: str  # "text", "date", "chance", "length"
    literal: str = ""
    wording: Wording = Wording.PLAIN
    direct: bool = True  # in the condition itself, not by a variable that was set before

    @property
    def phrase(self) -> str:
        if self.kind == "text":
            return f"a text that has {shown(self.literal)!r}"
        return {"date": "the date", "chance": "chance", "length": "the length of the conversation"}[self.kind]


@dataclass
class _Effect:
    """What stands under a condition."""

    texts: list[str] = field(default_factory=list)
    alters: bool = False

    @property
    def said(self) -> str:
        return " ".join(self.texts)


class Conditions:
    """The conditions of one template, and what hangs on them."""

    def __init__(self, tree: nodes.Template, strings: Strings) -> None:
        self.tree, self.strings = tree, strings
        self.texts = Texts(tree, strings)
        self.flags: dict[str, Trigger] = {}
        self._macros = {one.name: one for one in walk(tree) if isinstance(one, nodes.Macro)}
        self._guarded: list[tuple[list[Trigger], list[nodes.Node], list[nodes.Node]]] = []
        for _ in range(_PASSES):
            before = len(self.flags)
            self._guarded = list(self._guards())
            self._flag()
            if len(self.flags) == before:
                break

    def judge(self, exam: Exam, subject: str) -> None:
        """Note the conditions that hide something."""
        found: dict[str, None] = {}
        for triggers, positive, negative in self._guarded:
            exam.step(1 + len(positive) + len(negative))
            then, other = self._effect(positive), self._effect(negative)
            for trigger in triggers:
                message = _hides(trigger, then, other)
                if message:
                    found[message] = None
        for node in walk(self.tree):
            exam.step()
            for message in self._alone(node):
                found[message] = None
        for message in list(found)[:20]:
            exam.note(Sign.TEMPLATE, subject, message)

    def _guards(self) -> "list[tuple[list[Trigger], list[nodes.Node], list[nodes.Node]]]":
        found: list[tuple[list[Trigger], list[nodes.Node], list[nodes.Node]]] = []
        for node in walk(self.tree):
            match node:
                case nodes.If():
                    triggers = self._triggers(node.test)
                    if triggers:
                        others: list[nodes.Node] = [*node.else_]
                        found.append((triggers, list(node.body), others))
                case nodes.For() if node.test is not None:
                    triggers = self._triggers(node.test)
                    if triggers:
                        found.append((triggers, list(node.body), []))
                case nodes.Output() | nodes.Assign() | nodes.ExprStmt():
                    for value in node.nodes if isinstance(node, nodes.Output) else [node.node]:
                        triggers = [] if isinstance(value, nodes.TemplateData) else self._triggers(value)
                        if triggers:
                            found.append((triggers, [value], []))
        return found

    def _flag(self) -> None:
        """Variables that are set by a trigger, or under one, are triggers themselves."""
        for node in walk(self.tree):
            if isinstance(node, nodes.Assign):
                self._set(node.target, self._triggers(node.node))
        for triggers, positive, _ in self._guarded:
            for node in walk(*positive):
                if isinstance(node, nodes.Assign) and isinstance(node.node, nodes.Const | nodes.Not | nodes.List):
                    self._set(node.target, triggers)

    def _set(self, target: nodes.Node, triggers: list[Trigger]) -> None:
        name = (
            target.name
            if isinstance(target, nodes.Name)
            else f".{target.attr}"
            if isinstance(target, nodes.NSRef)
            else ""
        )
        strong = next((one for one in triggers if one.wording in (Wording.PLAIN, Wording.HIDDEN)), None)
        if name and strong and len(self.flags) < 1_000:
            self.flags.setdefault(name, Trigger(strong.kind, strong.literal, strong.wording, direct=False))

    def _triggers(self, test: nodes.Node) -> list[Trigger]:
        found: list[Trigger] = []
        for node in walk(test):
            match node:
                case nodes.Compare():
                    found += self._compared(node)
                case nodes.Call() if isinstance(node.node, nodes.Getattr) and node.node.attr in _SEARCHING:
                    if self.texts.is_text(node.node.node):
                        found += self._literals(node.args[:1])
                case nodes.Test() | nodes.Filter():
                    found += self._tested(node)
                case nodes.Name() | nodes.Getattr():
                    name = node.name if isinstance(node, nodes.Name) else f".{node.attr}"
                    if name in self.flags:
                        found.append(self.flags[name])
                case nodes.Getitem() | nodes.Dict():
                    found += self._looked_up(node)
        return found[:50]

    def _compared(self, node: nodes.Compare) -> list[Trigger]:
        sides: list[nodes.Node] = [node.expr, *(one.expr for one in node.ops)]
        if any(self.texts.is_date(one) for one in sides):
            literals = [text for one in sides for text in self.strings.items(one)]
            numbers = [str(one.value) for one in sides if isinstance(one, nodes.Const) and isinstance(one.value, int)]
            return [Trigger("date", " ".join([*literals, *numbers]))] if literals or numbers else []
        if any(self.texts.is_text(one) for one in sides):
            return self._literals([one for one in sides if not self.texts.is_text(one)])
        limits = [one.value for one in sides if isinstance(one, nodes.Const) and isinstance(one.value, int)]
        for one in sides:
            if _turn(one) and any(limit >= 3 for limit in limits):
                return [Trigger("length", str(max(limits)))]
            if isinstance(one, nodes.Filter) and one.name in ("length", "count") and one.node is not None:
                long = 50 if self.texts.is_text(one.node) else 4 if self.texts.is_messages(one.node) else None
                if long is not None and any(limit >= long for limit in limits):
                    return [Trigger("length", str(max(limits)))]
            if any(isinstance(part, nodes.Filter) and part.name == "random" for part in walk(one)):
                return [Trigger("chance")]
        return []

    def _tested(self, node: "nodes.Test | nodes.Filter") -> list[Trigger]:
        if node.node is None:
            return []
        if isinstance(node, nodes.Filter) and node.name == "random":
            return [Trigger("chance")]
        if node.name not in _MATCHING and not (isinstance(node, nodes.Filter) and node.name in ("select", "reject")):
            return []
        parts = [node.node, *arguments(node)]
        if any(self.texts.is_date(one) for one in parts):
            return [Trigger("date", " ".join(text for one in parts for text in self.strings.items(one)))]
        if any(self.texts.is_text(one) for one in parts):
            return [
                one
                for one in self._literals([one for one in parts if not self.texts.is_text(one)])
                if one.literal not in _MATCHING
            ]
        return []

    def _looked_up(self, node: "nodes.Getitem | nodes.Dict") -> list[Trigger]:
        """A table of answers, in which a message's text is looked up."""
        if (
            isinstance(node, nodes.Getitem)
            and isinstance(node.node, nodes.Dict | nodes.Name)
            and self.texts.is_text(node.arg)
        ):
            return self._literals([node.node])
        return []

    def _literals(self, values: Sequence[nodes.Node]) -> list[Trigger]:
        found: list[Trigger] = []
        for one in values:
            for text in self.strings.items(one):
                kind = words.wording(text)
                if kind not in (Wording.NOTHING, Wording.PART, Wording.MODE):
                    found.append(Trigger("text", text, kind))
        return found

    def _effect(self, branch: list[nodes.Node]) -> _Effect:
        """What a branch says by itself, and whether it changes what others said."""
        effect = _Effect()
        waiting, entered = list(reversed(branch)), set[str]()
        while waiting:
            node = waiting.pop()
            match node:
                case nodes.TemplateData():
                    effect.texts.append(node.data)
                case nodes.Const():
                    effect.texts += [node.value] if isinstance(node.value, str) else []
                case nodes.Compare() | nodes.Test():
                    pass
                case nodes.If():
                    waiting += [*node.body, *node.elif_, *node.else_]
                case nodes.For():
                    waiting += [*node.body, *node.else_]
                case nodes.Getitem():
                    waiting += (
                        [node.node, node.arg]
                        if isinstance(node.node, nodes.List | nodes.Tuple | nodes.Dict)
                        else [node.node]
                    )
                case nodes.Macro():
                    pass
                case nodes.Name():
                    effect.texts += [one for one in self.strings.of(node) if one != OPEN]
                case nodes.Getattr():
                    effect.texts += [one for one in self.strings.of(node) if one != OPEN]
                    waiting.append(node.node)
                case nodes.Call():
                    waiting += self._called(node, entered, effect)
                case nodes.Filter():
                    effect.alters |= self.texts.is_altered(node)
                    waiting += [node.node] if node.node is not None else []
                    waiting += node.args if node.name in ("default", "d") else []
                case _:
                    waiting += reversed(list(node.iter_child_nodes()))
        return effect

    def _called(self, node: nodes.Call, entered: set[str], effect: _Effect) -> list[nodes.Node]:
        if isinstance(node.node, nodes.Getattr):
            effect.alters |= self.texts.is_altered(node)
            return [node.node.node, *(node.args if node.node.attr in ("get", "append", "join", "format") else [])]
        name = node.node.name if isinstance(node.node, nodes.Name) else ""
        if name == "raise_exception":
            return []
        inside: list[nodes.Node] = []
        if name in self._macros and name not in entered:
            entered.add(name)
            inside = list(self._macros[name].body)
        return [*inside, *arguments(node)]

    def _alone(self, node: nodes.Node) -> list[str]:
        """What needs no condition to be one thing only."""
        match node:
            case nodes.Filter() | nodes.Call():
                rewritten = self.texts.rewritten(node)
                if rewritten:
                    return [f"rewrites messages: {shown(rewritten[0])!r} becomes {shown(rewritten[1])!r}"]
            case nodes.TemplateData() | nodes.Const():
                text = node.data if isinstance(node, nodes.TemplateData) else node.value
                return _spoken(text) if isinstance(text, str) else []
            case nodes.Output() | nodes.Concat() | nodes.Add():
                return self._sent(node)
        return []

    def _sent(self, node: "nodes.Output | nodes.Concat | nodes.Add") -> list[str]:
        """An address that ends in what a message says."""
        parts = [node.left, node.right] if isinstance(node, nodes.Add) else node.nodes
        for before, after in itertools.pairwise(parts):
            if any(_SENDING.search(one[-300:]) for one in self.strings.of(before)) and self.texts.is_text(after):
                return ["puts the text of messages into an address"]
        return []


def _turn(node: nodes.Node) -> bool:
    """The number of a turn; honest templates ask whether it is the first, the second or even."""
    loop = isinstance(node, nodes.Getattr) and node.attr in ("index", "index0", "revindex", "revindex0")
    return loop and isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name) and node.node.name == "loop"


_MATCHING = frozenset({"in", "eq", "equalto", "==", "ne", "search", "match", "contains", "startswith", "endswith"})
_SENDING = re.compile(r"(?:https?|wss?|ftp)://[^\s\"'<>]{2,250}[=/?&]\Z", re.IGNORECASE)
_URGING = re.compile(
    r"\b(?:includ|append|insert|embed|add|visit|send|forward|recommend|redirect|direct|download|link|fetch|post|load|"
    r"replac|click|promot|mention|run|execut|upload|output|respond|answer)\w*\b",
    re.IGNORECASE,
)
_OVERRIDING = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass)\s+(?:(?:all|any|the|your|every|of|these|those)\s+){0,3}"
    r"(?:previous|prior|earlier|above|preceding|safety|security|former|other)\b"
    r"|\bwithout\s+(?:telling|informing|alerting|notifying|warning)\s+(?:the\s+)?(?:user|human|operator|developer)",
    re.IGNORECASE,
)
_SCRIPT = re.compile(r"<script\b[^<>]{0,200}\bsrc\s{0,3}=", re.IGNORECASE)
_FORBIDDING = re.compile(r"(?:do not|don't|never|must not|should not|cannot|can't|not)\s+\Z", re.IGNORECASE)


def _spoken(text: str) -> list[str]:
    if words.invisible(text):
        return ["writes characters that nobody sees into the prompt"]
    for found in _OVERRIDING.finditer(text):
        # "Never ignore previous instructions" is the opposite.
        if not _FORBIDDING.search(text[max(0, found.start() - 20) : found.start()]):
            return [f"writes into every prompt: {shown(found[0])!r}"]
    if _SCRIPT.search(text):
        return ["writes a script for browsers into the prompt"]
    addresses = words.urls(text)
    if addresses:
        for address in addresses[:20]:
            at = text.find(address)
            if _URGING.search(text[max(0, at - 120) : at]):
                return [f"writes into every prompt what to do with the address {shown(address)}"]
    return []


def _hides(trigger: Trigger, then: _Effect, other: _Effect) -> str:
    said = then.said
    many = words.count(said)
    harmful = words.addressed(said) or then.alters
    if trigger.kind == "date":
        dated = _YEAR.search(trigger.literal) and (many or words.count(other.said) >= 3)
        if many >= 3 or harmful or dated:
            return f"speaks on a hidden condition: {trigger.phrase} decides what the model is told"
        return ""
    if trigger.kind in ("chance", "length"):
        hides = many >= (3 if trigger.kind == "chance" else 5) or words.addressed(said)
        return f"speaks on a hidden condition: {trigger.phrase} decides what the model is told" if hides else ""
    if words.mode(said) and not words.addressed(said):
        return ""
    match trigger.wording:
        case Wording.PLAIN:
            least = 1 if trigger.direct else 3
            hides = many >= least or harmful or words.turns(said) or words.count(other.said) >= 5
        case Wording.HIDDEN:
            hides = many >= 1 or harmful or bool(words.turns(said))
        case _:
            hides = trigger.direct and bool(words.urls(said))
    return f"speaks on a hidden condition: {trigger.phrase} decides what the model is told" if hides else ""
