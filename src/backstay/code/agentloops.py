"""Agent loops: code that asks a model with tools again and again and feeds back what they say: an agent by hand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from backstay.code.facts import Assign, Attr, Call, Do, Expr, Lit, Map, Name, parts
from backstay.code.ledger import Made, R, sighting
from backstay.code.naming import file_stem, is_named
from backstay.code.scopes import ClassScope, FunctionScope, ModuleScope, Scope
from backstay.code.values import External, FunctionValue, Known, ListValue, Partial, Place, Site, Value, options
from backstay.code.walk import expression_calls
from backstay.model import Attributes, Kind, urn

if TYPE_CHECKING:
    from backstay.code.observe import Observer

MAX_UP, MAX_DOWN = 4, 4  # calls between a loop and the code that asks the model, or tells it what a tool said
MAX_LOOPS = 20  # of one function
MAX_PARTS = 20_000  # of the expressions of one function
_SCRIPTS = frozenset(("main", "run", "cli", "_main", "start", "__main__"))
# Words that say that a message holds what a tool answered, in the spelling of each provider and library.
_TEXTS = frozenset(
    (
        "tool_result",
        "tool_call_id",
        "tool_use_id",
        "function_call_output",
        "function_response",
        "functionResponse",
        "function_result",
        "toolResult",
        "toolCallId",
        "toolUseId",
        "tool-result",
        "computer_call_output",
    )
)
_NAMES = frozenset(
    (
        "ToolMessage",
        "ToolMessageParam",
        "ToolResultBlock",
        "ToolResultBlockParam",
        "NewToolResultBlock",
        "FunctionResponse",
        "FunctionCallOutput",
        "FunctionResultContent",
        "FunctionMessage",
        "ToolResponseMessage",
        "ToolExecutionResultMessage",
        "ToolChatMessage",
        "ToolReturnPart",
        "from_function_response",
        "fromFunctionResponse",
        "tool_call_id",
        "tool_use_id",
        "toolCallId",
        "ToolCallID",
        "ToolCallId",
        "ToolUseID",
    )
)
_ROLES = frozenset(("tool", "function"))
_READS = re.compile(r"(?i)(?:\A|[._])(?:raw_)?(?:input|prompt|prompt_async|ask|question|readline|read_line)\Z")
_AROUND = re.compile(r"\A(?:_+|tool_|handle_|execute_|exec_|run_|call_|do_)?(\w+?)(?:_tool|_handler|_impl)?\Z")


def agent_loops(o: Observer) -> None:
    """Make an agent of every loop over a model and its tools that no framework runs."""
    asking: dict[int, list[Call]] = {}
    for call, scope in o.calls:
        if id(call) in o.outputs and _with_tools(o, call, scope):
            asking.setdefault(id(scope), []).append(call)
    if not asking:
        return
    found = _Loops(o, asking)
    for scope in found.looping():
        _make(o, scope, found.loop[id(scope)])


class _Loops:
    """Which functions loop; `loop` is the first line of the loop by the id of the function's scope."""

    def __init__(self, o: Observer, asking: dict[int, list[Call]]) -> None:
        self.o, self.asking = o, asking
        self.loop: dict[int, int] = {}
        self._fed: dict[int, list[int]] = {}

    def looping(self) -> list[Scope]:
        """The functions and scripts with such a loop, the inner one where one runs another only by calling it."""
        level = [self.o.scopes[mark] for mark in self.asking if mark in self.o.scopes]
        seen = {id(scope): scope for scope in level}
        for _ in range(MAX_UP):
            level = [up for scope in level for up in self.o.graph.callers(scope) if id(up) not in seen]
            seen.update((id(scope), scope) for scope in level)
        found = [scope for scope in seen.values() if self._loops(scope)]
        marks = {id(scope) for scope in found}
        return [
            scope
            for scope in found
            if id(scope) in self.asking
            or not any(id(one) in marks for one in self.o.graph.reached(scope, MAX_DOWN) if one is not scope)
        ]

    def _loops(self, scope: Scope) -> bool:
        if isinstance(scope, ClassScope):
            return False
        for first, last in _own_loops(scope)[:MAX_LOOPS]:
            if self._turns(scope, first, last):
                self.loop[id(scope)] = first
                return True
        again = self._recursion(scope)
        if again:
            self.loop[id(scope)] = again
        return bool(again)

    def _turns(self, scope: Scope, first: int, last: int) -> bool:
        """Whether a loop both asks and feeds back, itself or through what it calls."""
        asks = any(first <= call.line <= last for call in self.asking.get(id(scope), ()))
        feeds = any(first <= line <= last for line in self._feeding(scope))
        if asks and feeds:
            return True
        asked, fed, reads = set[int](), set[int](), False
        for call in _calls(scope, first, last):
            reads = reads or bool(_READS.search(_callee(call)))
            for target in self._targets(call, scope):
                reached = self.o.graph.reached(target, MAX_DOWN)
                if any(id(one) in self.asking for one in reached):
                    asked.add(id(target))
                if any(self._feeding(one) for one in reached):
                    fed.add(id(target))
        if not (asks or asked) or not (feeds or fed):
            return False
        if asks or feeds or len(asked | fed) > 1:
            # Asking in one place and answering in another: the loop is what joins them.
            return bool((asks or asked) and (feeds or fed))
        # All in one function: one round of it unless it is a step of the same object's work.
        only = self.o.scopes.get(next(iter(asked)))
        owner = only.method_of if isinstance(only, FunctionScope) else None
        return owner is not None and owner is _class_of(scope) and not reads

    def _recursion(self, scope: Scope) -> int:
        """The line where a function that asks calls itself after it has fed back; 0 where it does not."""
        if not isinstance(scope, FunctionScope):
            return 0
        fed, asks, again = self._feeding(scope), id(scope) in self.asking, 0
        for call in _calls(scope, scope.function.line, scope.function.end_line):
            for target in self._targets(call, scope):
                if target is scope:
                    again = max(again, call.line)
                    continue
                reached = self.o.graph.reached(target, MAX_DOWN)
                if scope not in reached:
                    asks = asks or any(id(one) in self.asking for one in reached)
                    fed = [*fed, call.line] if any(self._feeding(one) for one in reached) else fed
        return scope.function.line if asks and fed and min(fed) <= again else 0

    def _targets(self, call: Call, scope: Scope) -> list[Scope]:
        found: list[Scope] = []
        for one in options(self.o.resolver.value(call.func, scope)):
            func = one.func if isinstance(one, Partial) else one
            if isinstance(func, FunctionValue):
                found.append(func.scope)
        return found

    def _feeding(self, scope: Scope) -> list[int]:
        """The lines on which a scope's own code makes a message of what a tool answered."""
        known = self._fed.get(id(scope))
        if known is None:
            known = self._fed[id(scope)] = [] if isinstance(scope, ClassScope) else _answers(scope)
        return known


def _with_tools(o: Observer, call: Call, scope: Scope) -> bool:
    """Whether a call gives a model tools, or asks a model that has been given some; what a framework runs does not."""
    site = Site(call, scope, None)
    for func in o.callee_paths(call, scope):
        if any(made.kind == Kind.AGENT for made in o.receivers(func)):
            return False
        if _gives(o, func.path, site):
            return True
        at: Value | None = func if func.site is not None else func.base
        for _ in range(12):
            if not isinstance(at, External):
                break
            if at.site is not None and _gives(o, at.path.removesuffix("()"), at.site):
                return True
            at = at.base
    return False


def _gives(o: Observer, path: str, site: Site) -> bool:
    for row, _ in o.rows(path, site):
        if row.makes in ("agent", "mcp_server"):
            continue
        for spec, role in row.arguments.items():
            value = o.given.value(site, spec, row) if role == "tools" else None
            if value is not None and not all(_empty(one) for one in options(value)):
                return True
    return False


def _empty(value: Value) -> bool:
    if isinstance(value, ListValue):
        return not value.items and not value.open
    return isinstance(value, Known) and value.value in (None, False, "")


def _own_loops(scope: Scope) -> list[tuple[int, int]]:
    """The loops of a function or script that do not stand in a function within it."""
    first, last = 0, 1 << 30
    if isinstance(scope, FunctionScope):
        first, last = scope.function.line, scope.function.end_line
    inner = [span for child in scope.children for span in _spans(child)]
    return [
        (start, end)
        for start, end in scope.module.facts.loops
        if first <= start and end <= last and not any(low <= start and end <= high for low, high in inner)
    ]


def _spans(child: FunctionScope | ClassScope) -> list[tuple[int, int]]:
    if isinstance(child, FunctionScope):
        # A function without a name of its own runs where it is written: the body of a callback.
        return [(child.function.line, child.function.end_line)]
    return [(child.cls.line, child.cls.end_line)]


def _expressions(scope: Scope, first: int = 0, last: int = 1 << 30) -> list[Expr]:
    return [
        expr
        for statement in scope.body
        if isinstance(statement, Assign | Do) and first <= statement.line <= last
        for expr in (statement.value, statement.target if isinstance(statement, Assign) else None)
        if expr is not None
    ]


def _calls(scope: Scope, first: int, last: int) -> list[Call]:
    return [call for expr in _expressions(scope, first, last) for call in expression_calls(expr)]


def _callee(call: Call) -> str:
    return call.func.name if isinstance(call.func, Attr) else call.func.id if isinstance(call.func, Name) else ""


def _answers(scope: Scope) -> list[int]:
    found: list[int] = []
    stack, looked = _expressions(scope)[::-1], 0
    while stack and looked < MAX_PARTS:
        one = stack.pop()
        looked += 1
        line = one.line
        match one:
            case Lit(value) if isinstance(value, str) and value in _TEXTS:
                found.append(line)
            case Name(id) if id in _NAMES:
                found.append(line)
            case Attr(_, name) if name in _NAMES and name[0].isupper():
                found.append(line)
            case Call(func, _, keywords):
                if any(name in _NAMES for name, _ in keywords) or (isinstance(func, Attr) and func.name in _NAMES):
                    found.append(line)
                if any(name.lower() == "role" and _is_role(value) for name, value in keywords):
                    found.append(line)
            case Map(keys, values):
                for key, said in zip(keys, values, strict=False):
                    if isinstance(key, Lit) and key.value == "role" and _is_role(said):
                        found.append(line)
        stack.extend(parts(one))
    return found


def _is_role(value: Expr) -> bool:
    return isinstance(value, Lit) and value.value in _ROLES


def _class_of(scope: Scope | None) -> ClassScope | None:
    while scope is not None and not isinstance(scope, ClassScope):
        scope = scope.parent
    return scope


def _make(o: Observer, scope: Scope, line: int) -> None:
    owner = _class_of(scope)
    held = [*o.bearers.get(id(scope), ()), *(o.of_class.get(id(owner.cls), ()) if owner is not None else ())]
    if any(made.kind == Kind.AGENT for made in held):
        return  # a framework's, with code of its own
    name = owner.cls.name if owner is not None else _name(scope)
    start = scope.function.line if isinstance(scope, FunctionScope) else line
    attributes: Attributes = {"framework": None}
    turns = _turns(o, scope, line)
    if turns is not None:
        attributes["max_turns"] = turns
    key = urn(Kind.AGENT, o.source, scope.path, name)
    place = Place(scope.path, owner.cls.line if owner is not None else start, 0)
    made = o.ledger.asset(key, Kind.AGENT, name, sighting("loop", place, 0.85), attributes)
    made.evidence[sighting("loop", Place(scope.path, start, 0), 0.85)] = None
    for other in held:
        if other.kind in (Kind.ENDPOINT, Kind.TOOL):
            o.ledger.edge(other.key, R.CALLS, made.key, sighting("loop", Place(scope.path, start, 0), 0.85))
    o.bear(scope, made)
    if isinstance(scope, FunctionScope):
        for site in o.resolver.callers.get(id(scope.function), [])[:50]:
            if site.scope is not scope:
                o.use(site.scope, R.CALLS, made, {}, site.place, "loop", 0.85)
    _code_of_tools(o, scope)


def _name(scope: Scope) -> str:
    at: Scope | None = scope
    while at is not None and not isinstance(at, ModuleScope):
        if isinstance(at, FunctionScope) and is_named(at) and at.function.name not in _SCRIPTS:
            return at.function.name
        at = at.parent
    return file_stem(scope.path)


def _turns(o: Observer, scope: Scope, line: int) -> int | None:
    """How often a loop such as `for turn in range(10)` runs at most."""
    for statement in scope.body:
        if isinstance(statement, Assign) and statement.how == "for" and statement.line == line:
            counted = statement.value
            if isinstance(counted, Call) and _callee(counted) == "range" and counted.args:
                most = o.resolver.value(counted.args[min(1, len(counted.args) - 1)], scope)
                if isinstance(most, Known) and isinstance(most.value, int) and not isinstance(most.value, bool):
                    return most.value
    return None


def _code_of_tools(o: Observer, scope: Scope) -> None:
    """A tool that a schema describes runs the function of its name that the loop reaches."""
    reached = {id(one): one for one in o.graph.reached(scope)}
    borne = {id(made) for held in o.bearers.values() for made in held}
    wanted: dict[str, Made] = {}
    for use in o.ledger.uses:
        if use.target.kind == Kind.TOOL and id(use.scope) in reached and id(use.target) not in borne:
            wanted.setdefault(use.target.name, use.target)
    for one in reached.values() if wanted else ():
        if isinstance(one, FunctionScope) and one is not scope:
            found = _AROUND.match(one.function.name)
            made = wanted.get(one.function.name) or (wanted.get(found[1]) if found else None)
            if made is not None:
                o.bear(one, made)
