"""Liveness: which functions can matter at all, by the words they mention; the rest is looked at only when asked for.

A function is live when it mentions something that comes from a library of the catalog, or a live function, class or
variable; and when a live function mentions it, as it may be handed such a thing. Words stand for whatever goes by them
anywhere in the project: that is coarse, and never leaves out what a finer look would find.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable

from backstay.code.facts import Assign, Attr, Call, Class, Do, Expr, Function, Import, Name, Statement, parts
from backstay.code.scopes import FunctionScope, ModuleScope, Scope


def live_scopes(
    modules: Iterable[ModuleScope], known: Callable[[str], bool], brought: Callable[[ModuleScope, str], bool]
) -> list[Scope]:
    """The live scopes in source order; modules and classes always are. `known` tells a library of the catalog.

    `brought` tells a word that a module's import of a whole library may bring, once for every word of the module.
    """
    modules = list(modules)
    scopes = [scope for module in modules for scope in module.walk()]
    functions = [scope for scope in scopes if isinstance(scope, FunctionScope)]
    mentioned: dict[str, list[FunctionScope]] = defaultdict(list)
    named: dict[str, list[FunctionScope]] = defaultdict(list)
    for function in functions:
        named[function.function.name].append(function)
        owner = function.method_of
        if owner is not None and function.function.name == "__init__":
            named[owner.cls.name].append(function)
        for word in function.function.words:
            mentioned[word].append(function)
    live: set[int] = set()
    words: set[str] = set()
    due: list[str] = []

    def speak(word: str) -> None:
        if word not in words:
            words.add(word)
            due.append(word)

    def wake(function: FunctionScope) -> None:
        if id(function) in live:
            return
        live.add(id(function))
        speak(function.function.name)
        owner = function.method_of
        if owner is not None:
            speak(owner.cls.name)
        for word in (*_bound(function.body), *_given_fields(function), *function.function.globals):
            speak(word)
        for word in function.function.words:
            for called in named.get(word, ()):
                wake_later.append(called)

    wake_later: list[FunctionScope] = []
    for module in modules:
        said = {word for scope in module.walk() if isinstance(scope, FunctionScope) for word in scope.function.words}
        for word in sorted(said):
            if brought(module, word):
                speak(word)
    for scope in scopes:
        for word in _imported(scope.body, known):
            speak(word)
        if not isinstance(scope, FunctionScope):
            # What modules and classes run themselves may concern any function they mention.
            for word in _mentions(scope.body):
                wake_later.extend(named.get(word, ()))
    # Names that module-level code binds from living things live as well.
    bindings = [
        (word, _words_of(value))
        for scope in scopes
        if not isinstance(scope, FunctionScope)
        for word, value in _assigned(scope.body)
    ]
    while due or wake_later:
        while wake_later:
            wake(wake_later.pop())
        while due:
            for function in mentioned.get(due.pop(), ()):
                wake(function)
        for word, used in bindings:
            if word not in words and not used.isdisjoint(words):
                speak(word)
    return [scope for scope in scopes if not isinstance(scope, FunctionScope) or id(scope) in live or _decorated(scope)]


def _decorated(scope: Scope) -> bool:
    return isinstance(scope, FunctionScope) and bool(scope.function.decorators)


def _imported(body: list[Statement], known: Callable[[str], bool]) -> Iterable[str]:
    for statement in body:
        if isinstance(statement, Import) and not statement.level:
            module = f"{statement.module}.{statement.name}" if statement.name else statement.module
            if known(module):
                yield statement.alias or statement.name or statement.module.partition(".")[0]


def _mentions(body: list[Statement]) -> set[str]:
    """Words in calls that module or class code makes by itself, and in decorators."""
    found: set[str] = set()
    for statement in body:
        if isinstance(statement, Do | Assign) and statement.value is not None:
            found |= _words_of(statement.value)
        elif isinstance(statement, Function | Class):
            for decorator in statement.decorators:
                found |= _words_of(decorator)
    return found


def _assigned(body: list[Statement]) -> Iterable[tuple[str, Expr]]:
    for statement in body:
        if isinstance(statement, Assign) and statement.value is not None:
            for word in _targets(statement.target):
                yield word, statement.value


def _bound(body: list[Statement]) -> Iterable[str]:
    """Attributes that a live function sets (`self.client = ...`): others reach the value by that word."""
    for statement in body:
        if isinstance(statement, Assign) and isinstance(statement.target, Attr):
            yield statement.target.name


def _given_fields(function: FunctionScope) -> Iterable[str]:
    """Fields that a live function of Go makes structs with: the way to what the constructors of others set."""
    if function.module.facts.language != "go":
        return
    for statement in function.body:
        if isinstance(statement, Assign | Do) and statement.value is not None:
            stack: list[Expr] = [statement.value]
            while stack:
                one = stack.pop()
                if isinstance(one, Call) and isinstance(one.func, Name):
                    yield from (name for name, _ in one.keywords)
                stack.extend(parts(one))


def _targets(target: Expr) -> Iterable[str]:
    if isinstance(target, Name):
        yield target.id
    elif isinstance(target, Attr):
        yield target.name
    else:
        for part in parts(target):
            yield from _targets(part)


def _words_of(expr: Expr) -> set[str]:
    found: set[str] = set()
    stack = [expr]
    while stack:
        one = stack.pop()
        if isinstance(one, Name):
            found.add(one.id)
        elif isinstance(one, Attr):
            found.add(one.name)
        stack.extend(parts(one))
    return found
