"""Core ML: a model specification (`.mlmodel`, also within a package), and the manifest of a package."""

from backstay.artifacts.content import Content
from backstay.artifacts.documents import read_json
from backstay.artifacts.exam import Exam, MalformedError, StopError
from backstay.artifacts.format import Candidate, Format, Role
from backstay.artifacts.graphs import paths
from backstay.artifacts.graphs.contents import check_end
from backstay.artifacts.graphs.coreml_model import TYPES, CoremlModel
from backstay.artifacts.report import Sign
from backstay.artifacts.wire import protobuf
from backstay.artifacts.wire.protobuf import BYTES, VARINT

_OWN = frozenset({1, 2, 10, *TYPES})
_MAX_ITEMS = 10_000


def _matches(candidate: Candidate) -> bool:
    """A version and a type, and nothing else: there is no magic number."""
    if not protobuf.may_be(candidate, (".mlmodel",)):
        return False
    version = kind = description = False
    try:
        message = protobuf.probe(candidate.content, steps=500)
        for count, one in enumerate(message):
            if one.number in TYPES and one.wire == BYTES:
                kind = True
            elif one.number == 1 and one.wire == VARINT and 0 < one.value < 1_000:
                version = True
            elif one.number == 2 and one.wire == BYTES:
                description |= _description(one.message())
            elif one.number in _OWN or count > 64:
                return False
    except StopError:
        return False
    return kind and version and (description or candidate.name.endswith(".mlmodel") or candidate.size < 4096)


def _description(message: protobuf.Message) -> bool:
    """A ModelDescription: it has an input or output with a name."""
    for one in message.fields((1, 10)):
        name = one.message().first(1)
        if one.wire == BYTES and name is not None and name.wire == BYTES and name.value > 0:
            return True
    return False


def _read(content: Content, exam: Exam) -> None:
    exam.fact("framework", "coreml")
    CoremlModel(exam).read(protobuf.root(content, exam))
    check_end(content, _OWN, exam, numbers=(1, 10))


def _read_manifest(content: Content, exam: Exam) -> None:
    root = read_json(content, exam).root
    items = root.get("itemInfoEntries") if isinstance(root, dict) else None
    if not isinstance(items, dict):
        raise MalformedError("invalid manifest")
    for one in list(items.values())[:_MAX_ITEMS]:
        path = one.get("path") if isinstance(one, dict) else None
        why = paths.outside(path) if isinstance(path, str) else ""
        if why and isinstance(path, str):
            exam.note(Sign.ESCAPES, path, f"an item of the package: {why}")


FORMAT = Format(id="coreml", matches=_matches, read=_read, suffixes=(".mlmodel",), executable=None)
MANIFEST = Format(
    id="coreml-manifest",
    matches=lambda candidate: candidate.head[:64].lstrip()[:1] == b"{" and b'"itemInfoEntries"' in candidate.head,
    read=_read_manifest,
    role=Role.COMPANION,
)
