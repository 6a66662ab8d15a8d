"""What Python projects say they depend on: requirements files, pyproject.toml, setup.cfg, setup.py, Pipfile, conda."""

import configparser
import re
from collections.abc import Iterator

import tree_sitter
import tree_sitter_python

from backstay import catalog
from backstay.detectors.support.dependencies import Dependency, python_requirement
from backstay.detectors.support.reading import yaml_documents
from backstay.detectors.support.toml_lines import toml_node
from backstay.documents import Node
from backstay.plugin import File, UnreadableError

_DEVELOPMENT = re.compile(
    r"(?:^|[_.\-/])(?:dev|develop|development|test|tests|testing|lint|docs?|ci|typing|style|quality)(?:$|[_.\-/])",
    re.IGNORECASE,
)
_EGG = re.compile(r"[#&]egg=([A-Za-z0-9][\w.-]{0,100})")
_WHEEL = re.compile(r"([A-Za-z0-9][\w.]{0,100})-(\d[\w.!+]{0,60})-[\w.]{1,60}-[\w.]{1,60}-[\w.]{1,120}\.whl")


def scope_of(name: str) -> str:
    """Whether a group, extra or file of this name is for development."""
    return "development" if _DEVELOPMENT.search(name) else "runtime"


def requirements(file: File) -> Iterator[Dependency]:
    """requirements.txt and constraints: hashes, options, editable and VCS lines, markers, continued lines."""
    scope = scope_of(file.path)
    # A constraint restricts what others ask for and asks for nothing itself.
    direct = not file.name.lower().startswith("constraint")
    for line, text in _logical_lines(file.text):
        words = text[:20_000].replace("--editable=", "--editable ").split()
        if words and words[0] in ("-e", "--editable"):
            words = words[1:]
        # A comment starts a word, and so does an option (--hash=...) behind a requirement.
        end = next((n for n, word in enumerate(words) if word.startswith(("#", "-"))), len(words))
        wanted = " ".join(words[:end])
        found = python_requirement(wanted, line, scope, direct=direct) or _from_address(wanted, line, scope)
        if found:
            yield found


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    held, start = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        start = start or number
        if line.endswith("\\") and len(held) < 20_000:
            held += line[:-1] + " "
            continue
        yield start, held + line
        held, start = "", 0
    if held:
        yield start, held


def _from_address(text: str, line: int, scope: str) -> Dependency | None:
    """A bare VCS or wheel address, which names its package in the fragment, the file name or the repository."""
    egg, wheel = _EGG.search(text), _WHEEL.search(text)
    if wheel:
        return Dependency("pypi", wheel[1], wheel[2], "@ url", line, scope)
    commit = re.search(r"@([0-9a-f]{40})(?:#|\Z)", text)
    version = commit[1] if commit else None
    if egg:
        return Dependency("pypi", egg[1], version, "@ url", line, scope)
    if text.startswith("git+"):
        repository = re.sub(r"(?:@[^@/]*)?(?:#.*)?\Z", "", text).rstrip("/").rpartition("/")[2].removesuffix(".git")
        return Dependency("pypi", repository, version, "@ url", line, scope)
    return None


def pyproject(file: File) -> Iterator[Dependency]:
    """PEP 621 and PEP 735, Poetry, PDM, uv, and build requirements left aside: they do not run."""
    root = toml_node(file)
    project, tool = root.get("project"), root.get("tool")
    yield from _listed(file, project.get("dependencies"), "runtime")
    for name, group in [*project.get("optional-dependencies").entries(), *root.get("dependency-groups").entries()]:
        yield from _listed(file, group, scope_of(name))
    for _, group in tool.get("pdm", "dev-dependencies").entries():
        yield from _listed(file, group, "development")
    yield from _listed(file, tool.get("uv", "dev-dependencies"), "development")
    for name, environment in tool.get("hatch", "envs").entries():
        yield from _listed(
            file, environment.get("dependencies"), scope_of(name) if name != "default" else "development"
        )
    poetry = tool.get("poetry")
    yield from _table(file, poetry.get("dependencies"), "runtime")
    yield from _table(file, poetry.get("dev-dependencies"), "development")
    for name, one in poetry.get("group").entries():
        yield from _table(file, one.get("dependencies"), "runtime" if name == "main" else scope_of(name))


def pipfile(file: File) -> Iterator[Dependency]:
    root = toml_node(file)
    yield from _table(file, root.get("packages"), "runtime")
    yield from _table(file, root.get("dev-packages"), "development")


def _listed(file: File, node: Node, scope: str) -> Iterator[Dependency]:
    lines = file.text.splitlines()
    at = node.line
    for one in node.elements():
        if not one.text:
            continue
        # An array's values have no lines of their own; they follow one another below the key.
        line = next((n for n in range(at, min(at + 400, len(lines)) + 1) if one.text in lines[n - 1]), node.line)
        at = line or at
        found = python_requirement(one.text, line, scope)
        if found:
            yield found


def _table(file: File, node: Node, scope: str) -> Iterator[Dependency]:
    """Poetry's and Pipenv's tables: name to a constraint, or to a table with one."""
    for name, one in node.entries():
        if name.lower() == "python":
            continue
        choices = list(one.elements()) or [one]
        for choice in choices:
            text = choice.text or choice.get("version").text
            address = choice.get("git").text or choice.get("url").text
            if address:
                ref = choice.get("rev").text or choice.get("ref").text
                version = ref if re.fullmatch(r"[0-9a-f]{40}", ref) else None
                yield Dependency("pypi", name, version, "@ url", one.line, scope)
                continue
            specifier = "" if text == "*" else text
            # Both read a bare version as an exact one.
            exact = re.fullmatch(r"={0,3}\s*v?(\d+(?:\.\d+)*(?:[a-z.+-]\w*)?)", specifier)
            yield Dependency("pypi", name, exact[1] if exact else None, specifier, one.line, scope)


def setup_cfg(file: File) -> Iterator[Dependency]:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(file.text)
    except configparser.Error:
        raise UnreadableError("invalid configuration") from None
    wanted = [("install_requires", parser.get("options", "install_requires", fallback=""), "runtime")]
    wanted.append(("tests_require", parser.get("options", "tests_require", fallback=""), "development"))
    if parser.has_section("options.extras_require"):
        wanted += [(name, value, scope_of(name)) for name, value in parser.items("options.extras_require")]
    for _, value, scope in wanted:
        for part in value.splitlines():
            found = python_requirement(part, file.line_of(part.strip()), scope) if part.strip() else None
            if found:
                yield found


_PYTHON = tree_sitter.Language(tree_sitter_python.language())
_LISTS = re.compile(
    r"_?(?:install_requires|tests_require|extras_require|requires|requirements|reqs|deps|dependencies|extras?)(?:_\w+)?\Z|"
    r"\w{1,60}_(?:requires?|requirements|deps|dependencies|extras)\Z",
    re.IGNORECASE,
)
_CONTAINERS = frozenset({"list", "tuple", "dictionary", "set", "binary_operator", "parenthesized_expression"})
_SPEC = re.compile(r"[A-Za-z0-9][\w.-]*(?:\[[\w, .-]*\])?\s*(?:[(<>=!~;@ ].*)?\Z")


def setup_py(file: File) -> Iterator[Dependency]:
    """The literal strings of a setup.py's requirement lists. The file is parsed, never run."""
    tree = tree_sitter.Parser(_PYTHON).parse(file.data)
    stack = [tree.root_node]
    while stack:
        node = stack.pop()
        name: tree_sitter.Node | None = None
        value: tree_sitter.Node | None = None
        if node.type == "assignment":
            name, value = node.child_by_field_name("left"), node.child_by_field_name("right")
        elif node.type == "keyword_argument":
            name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        if name is not None and value is not None:
            spelled = (name.text or b"").decode("utf-8", "replace")
            if _LISTS.match(spelled) and value.type in _CONTAINERS:
                yield from _strings(value, "development" if spelled == "tests_require" else scope_of(spelled))
                continue
        stack += reversed(node.named_children)


def _strings(node: tree_sitter.Node, scope: str) -> Iterator[Dependency]:
    stack = [(node, scope)]
    while stack:
        one, inner = stack.pop()
        if one.type == "string":
            content = [child for child in one.named_children if child.type == "string_content"]
            text = (content[0].text or b"").decode("utf-8", "replace") if len(content) == 1 else ""
            if len(content) == len(one.named_children) - 2 and len(text) < 500 and _SPEC.match(text):
                found = python_requirement(text, one.start_point[0] + 1, inner)
                if found:
                    yield found
        elif one.type == "pair":
            key, value = one.child_by_field_name("key"), one.child_by_field_name("value")
            if key is not None and value is not None:
                stack.append((value, scope_of((key.text or b"").decode("utf-8", "replace").strip("\"'"))))
        elif one.type in _CONTAINERS:
            stack += [(child, inner) for child in reversed(one.named_children)]


# Conda's names of packages that PyPI calls differently.
_CONDA = {
    "pytorch": "torch",
    "pytorch-cpu": "torch",
    "pytorch-gpu": "torch",
    "tensorflow-base": "tensorflow",
    "faiss": "faiss-cpu",
    "py-xgboost": "xgboost",
}


def conda_dependency(
    name: str, version: str | None, specifier: str, line: int, scope: str = "runtime", *, direct: bool = True
) -> Dependency:
    """A conda package. AI packages go by their PyPI name, so that one library is one asset; others are conda's own."""
    name = _CONDA.get(name, name)
    ecosystem = "pypi" if catalog.is_ai_package("pypi", name) else "conda"
    return Dependency(ecosystem, name, version, specifier, line, scope, direct)


def conda(file: File) -> Iterator[Dependency]:
    """environment.yml: conda's `name=version=build` and the pip section."""
    for root in yaml_documents(file):
        if not root.get("dependencies").line:
            continue
        for one in root.get("dependencies").elements():
            for pip in one.get("pip").elements():
                found = python_requirement(pip.text, pip.line) or _from_address(pip.text, pip.line, "runtime")
                if found:
                    yield found
            if one.text:
                parts = re.split(r"\s*={1,2}\s*|\s+|(?=[<>!])", one.text.rpartition("::")[2].strip(), maxsplit=1)
                name, rest = parts[0].lower(), parts[1] if len(parts) > 1 else ""
                exact = re.fullmatch(r"(\d[\w.]*)(?:=[\w.]*)?", rest)
                if name not in ("", "python", "pip"):
                    yield conda_dependency(name, exact[1] if exact else None, rest, one.line)
