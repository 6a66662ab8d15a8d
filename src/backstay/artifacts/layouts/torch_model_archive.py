"""TorchServe model archives (`.mar`): a manifest, the serialized model, and the Python handler that serves it."""

import re
from collections.abc import Sequence

from backstay.artifacts.containers import names, sources
from backstay.artifacts.documents import read_json
from backstay.artifacts.exam import Exam
from backstay.artifacts.format import Layout, Member
from backstay.artifacts.report import Sign

_MANIFEST = "MAR-INF/MANIFEST.json"
_SOURCE = re.compile(r"(.*\.py)(?::\w+)?")  # a handler may name a function of its file
_ELSEWHERE = re.compile(
    r"(?:^|\s)(?:--(?:extra-)?index-url|--find-links|-[if]\s)|(?:git|hg|svn|bzr)\+|https?://", re.MULTILINE
)
_REQUIREMENTS = 1 << 20


def matches(members: dict[str, Member]) -> bool:
    """The manifest at its place."""
    return _MANIFEST in members


def read(members: dict[str, Member], exam: Exam) -> Sequence[str]:
    """Read the manifest, and what it says that a server runs; the model is left to its own reader."""
    exam.fact("framework", "PyTorch")
    done: list[str] = []
    model: dict[str, object] = {}
    with exam.contained():
        content = members[_MANIFEST].open()
        with exam.inside(_MANIFEST) as inside:
            document = read_json(content, inside)
            done.append(_MANIFEST)
            for key in document.duplicates:
                inside.note(Sign.DECEIVES, key, "stands twice in one object: readers take one or the other")
            model = _model(document.root, inside)
    done += sources.judge((members[name] for name in _code(members, model)), exam)
    _requirements(members, model, exam)
    return done


def _model(root: object, exam: Exam) -> dict[str, object]:
    """The manifest's model, with what its author says of it."""
    said = root.get("model") if isinstance(root, dict) else None
    if not isinstance(said, dict):
        exam.gap("invalid manifest", "no model")
        return {}
    for key, name in (("modelName", "name"), ("modelVersion", "version"), ("description", "description")):
        value = said.get(key)
        if isinstance(value, str):
            exam.declare(name, value)
    for key in ("handler", "modelFile", "serializedFile", "requirementsFile"):
        value = said.get(key)
        escape = names.escape(value) if isinstance(value, str) else ""
        if escape:
            exam.note(Sign.ESCAPES, key, f"{escape}, {value}: the server reads or runs it")
    return said


def _code(members: dict[str, Member], model: dict[str, object]) -> list[str]:
    """The Python files, the handler first."""
    found = sorted(name for name in members if name.endswith(".py"))
    handler = model.get("handler")
    named = _SOURCE.fullmatch(handler) if isinstance(handler, str) and len(handler) < 1000 else None
    if named and named[1] in found:
        found.remove(named[1])
        found.insert(0, named[1])
    return found


def _requirements(members: dict[str, Member], model: dict[str, object], exam: Exam) -> None:
    """Packages that the server installs before it loads the model, when they come from elsewhere than the index."""
    name = model.get("requirementsFile")
    if not isinstance(name, str) or name not in members:
        return
    with exam.contained():
        text = members[name].open().read(0, _REQUIREMENTS).decode("utf-8", "replace")
        found = _ELSEWHERE.search(text)
        if found:
            line = text[text.rfind("\n", 0, found.end()) + 1 :].partition("\n")[0]
            message = "packages from elsewhere that the server may install before it loads the model"
            exam.note(Sign.UNKNOWN, line.strip(), f"{message} ({name})")


LAYOUT = Layout("torch-model-archive", matches, read, (".mar",), True)
