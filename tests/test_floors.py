"""The nevers that imports alone do not show: judging is pure, nothing inspected is loaded, plugins stand alone."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from backstay import registry

SRC = Path(__file__).parent.parent / "src" / "backstay"
MODULES = sorted(SRC.rglob("*.py"))
PURE = ("model", "graph.py", "rules", "scoring")

# Calls by their dotted text. What judges sees a graph and gives an answer: same graph, same findings.
IMPURE = frozenset(
    [
        "open",
        "input",
        "print",
        "eval",
        "exec",
        "compile",
        "__import__",
        "breakpoint",
        "globals",
        "locals",
        "vars",
        "datetime.now",
        "datetime.utcnow",
        "datetime.today",
        "date.today",
        "datetime.datetime.now",
        "datetime.datetime.utcnow",
        "datetime.datetime.today",
        "datetime.date.today",
        "uuid.uuid1",
        "uuid.uuid4",
        "uuid1",
        "uuid4",
        "getenv",
    ]
)
IMPURE_METHODS = frozenset(
    ["read_text", "read_bytes", "write_text", "write_bytes", "open", "iterdir", "glob", "rglob", "unlink", "mkdir"]
)
# Calls that give the inspected a chance to act.
LOADERS = frozenset(
    [
        "eval",
        "exec",
        "compile",
        "__import__",
        "breakpoint",
        "yaml.load",
        "yaml.load_all",
        "yaml.full_load",
        "yaml.unsafe_load",
        "pickle.load",
        "pickle.loads",
        "marshal.load",
        "marshal.loads",
        "torch.load",
        "joblib.load",
        "numpy.load",
        "np.load",
        "os.system",
        "os.popen",
        "os.execv",
        "os.execve",
        "os.execvp",
        "os.spawnv",
        "os.spawnl",
        "os.fork",
        "runpy.run_path",
    ]
)
# Who may import by a name made at run time, and why nothing scanned can be that name.
DYNAMIC_IMPORT = {
    "registry.py": "our own packages and installed entry points",
    "cli/main.py": "one of the command modules named in its parser",
}


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        head = dotted(node.value)
        return f"{head}.{node.attr}" if head else ""
    return ""


def calls(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            name = dotted(node.func) or (f"?.{node.func.attr}" if isinstance(node.func, ast.Attribute) else "")
            yield name, node.lineno


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def name(path: Path) -> str:
    return path.relative_to(SRC).as_posix()


def is_pure(path: Path) -> bool:
    return name(path).split("/")[0] in PURE


@pytest.mark.parametrize("path", [path for path in MODULES if is_pure(path)], ids=name)
def test_what_judges_reads_nothing_but_the_graph(path: Path) -> None:
    for call, line in calls(path):
        assert call not in IMPURE, f"{name(path)}:{line} calls {call}"
        assert call.rpartition(".")[2] not in IMPURE_METHODS, f"{name(path)}:{line} calls {call}"
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Attribute):
            assert dotted(node) not in ("os.environ", "sys.argv", "sys.stdin"), f"{name(path)}:{node.lineno}"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_nothing_loads_or_runs_what_it_inspects(path: Path) -> None:
    for call, line in calls(path):
        assert call not in LOADERS, f"{name(path)}:{line} calls {call}"
        if call in ("importlib.import_module", "import_module"):
            assert name(path) in DYNAMIC_IMPORT, f"{name(path)}:{line} imports at run time"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_no_module_speaks_to_a_network(path: Path) -> None:
    network = {"http.client", "http.server", "urllib.request", "urllib.robotparser", "xmlrpc", "webbrowser"}
    assert not network & set(imports(path))


def _modules_of(plugins: list[tuple[str, str]]) -> set[str]:
    return {f"{package}.{stem}" for package, stem in plugins}


RULES = _modules_of([(rule.package, rule.stem) for rule in registry.rules()])
DETECTORS = _modules_of([(one.package, one.stem) for one in registry.detectors()])


@pytest.mark.parametrize("module", sorted(RULES | DETECTORS))
def test_a_plugin_imports_no_other_plugin(module: str) -> None:
    path = SRC / Path(*module.split(".")[1:]).with_suffix(".py")
    assert not (RULES | DETECTORS) & set(imports(path)), "what two plugins share stands in a module of its own"


@pytest.mark.parametrize(
    "path", [path for path in MODULES if name(path).startswith(("detectors", "collectors"))], ids=name
)
def test_what_observes_does_not_judge(path: Path) -> None:
    assert not {"backstay.model.Finding", "backstay.model.Severity", "backstay.model.Match"} & set(imports(path))
    assert not any(one.startswith("backstay.model.finding") for one in imports(path))


CORE = {"pipeline.py", "evaluate.py", "examine.py", "registry.py", "report.py", "workers.py", "plugin.py"}


@pytest.mark.parametrize("path", [path for path in MODULES if name(path) in CORE], ids=name)
def test_the_core_names_no_plugin(path: Path) -> None:
    text = {node.value for node in ast.walk(tree(path)) if isinstance(node, ast.Constant)}
    ids = {rule.id for rule in registry.rules()} | {one.id for one in registry.detectors()}
    assert not text & ids
    assert not (RULES | DETECTORS) & set(imports(path))


@pytest.mark.parametrize(
    "code", ["open('x')", "datetime.datetime.now()", "Path('x').read_text()", "os.environ['X']", "uuid.uuid4()"]
)
def test_these_tests_can_fail(code: str, tmp_path: Path) -> None:
    made = tmp_path / "impure.py"
    made.write_text(code)
    bad = {call for call, _ in calls(made) if call in IMPURE or call.rpartition(".")[2] in IMPURE_METHODS}
    bad |= {dotted(node) for node in ast.walk(tree(made)) if isinstance(node, ast.Attribute)} & {"os.environ"}
    assert bad
