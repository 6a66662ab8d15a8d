"""Detector of model files, by what their bytes say when they are inspected. Nothing is ever loaded."""

from collections.abc import Iterator

from backstay.artifacts.content import Bytes
from backstay.artifacts.format import Candidate, Role
from backstay.artifacts.inspection import PROMISING, executable, inspect, promised, recognised, role
from backstay.artifacts.report import Inspection, Sign, State
from backstay.detectors.support.facts import edge, owner_edge
from backstay.detectors.support.hub import folder_model, hub_dataset, hub_model
from backstay.detectors.support.lfs import pointer
from backstay.model import Asset, Attributes, Kind, Level
from backstay.model import RelationshipKind as Edge
from backstay.plugin import Fact, File, Selector, UnreadableError, detector

_ID = "model-files"
_SECONDS = 60.0  # for one file: a compressed one may hold a hundred times its size
_LFS = b"version https://git-lfs.github.com/spec/"
_MAX_LISTED = 100


def _accepts(file: File) -> bool:
    """Whether a file is of a format that is known, or claims to be a model by its name."""
    name = file.name.lower()
    if name.endswith(PROMISING) and (file.binary or file.data.startswith(_LFS) or not file.data.strip()):
        return bool(file.data)
    if not file.truncated:
        return bool(recognised(Candidate(Bytes(file.data), name)))
    try:
        with file.opened() as content:
            return bool(recognised(Candidate(content, name)))
    except OSError:
        return False


@detector(Selector(accepts=_accepts, whole=False), Kind.MODEL_FILE, Kind.MODEL, Kind.DATASET, seconds=_SECONDS)
def detect(file: File) -> Iterator[Fact]:
    pointed = pointer(file.text[:2_000]) if file.size < 2_000 and not file.binary else None
    if pointed:
        yield from _pointed(file, *pointed)
        return
    try:
        with file.opened() as content:
            seen = inspect(content, file.name)
    except OSError:
        raise UnreadableError("changed while it was read") from None
    if role(seen.format) is Role.COMPANION and not seen.model:
        yield from _companion(file, seen)
    elif seen.model or (seen.gaps and _promising(file, seen)):
        yield from _model_file(file, seen)
    else:
        return
    for gap in seen.gaps:
        raise UnreadableError(gap.reason, gap.detail)


def _promising(file: File, seen: Inspection) -> bool:
    """Whether the name of the file, or of a part of it that was not read, promises a model."""
    names = (file.name, *(one for gap in seen.gaps for one in (gap.member, gap.detail)))
    return any(one.lower().endswith(PROMISING) for one in names)


def _model_file(file: File, seen: Inspection) -> Iterator[Fact]:
    coverage = "whole" if seen.complete else "partial" if seen.format else "none"
    attributes: Attributes = {"format": seen.format or "unrecognised", "verdict": seen.state.word, "coverage": coverage}
    attributes |= {"size": file.size, "path": file.path}
    if file.sha256:
        attributes["sha256"] = file.sha256
    held = seen.facts.get("holds")
    unsafe = [executable(one) for one in (held if isinstance(held, list) else [seen.format])]
    if True in unsafe or None not in unsafe or seen.imports:  # who imports, runs what it imports
        attributes["unsafe_format"] = True in unsafe or bool(seen.imports)
    attributes |= {**facts(seen), **signs(seen)}
    evidence = file.evidence(_ID)
    asset = Asset(file.urn(Kind.MODEL_FILE, file.path), Kind.MODEL_FILE, file.path, attributes, evidence)
    yield asset
    yield owner_edge(Edge.CONTAINS, asset.key, evidence)
    yield from _lineage(file, asset, seen)


def _lineage(file: File, asset: Asset, seen: Inspection) -> Iterator[Fact]:
    """What the author wrote into the file of the models and data it came from."""
    declared = file.evidence(_ID, level=Level.DECLARED)
    for kind, named, name in ((Edge.DERIVED_FROM, hub_model, "base_model"), (Edge.TRAINED_ON, hub_dataset, "datasets")):
        value = seen.declared.get(name)
        for text in value if isinstance(value, list) else [value]:
            hub = str(text or "").removeprefix("https://huggingface.co/").removeprefix("datasets/").strip("/")
            source = named(hub, declared)
            if source is not None and ("/" in hub or kind == Edge.TRAINED_ON):
                yield source
                yield edge(asset.key, kind, source.key, declared)


def _companion(file: File, seen: Inspection) -> Iterator[Fact]:
    """What a configuration, tokenizer or index says belongs to the model of its folder.

    Code by the name of a repository's may be a project's own: nothing is said of it but what no model needs.
    """
    if seen.format == "repository-code" and seen.state is not State.MALICIOUS:
        return
    attributes: Attributes = {**facts(seen), **signs(seen)}
    if not attributes:
        return
    yield folder_model(file, {**attributes, "path": file.folder}, file.evidence(_ID))


def signs(seen: Inspection) -> Attributes:
    """What was seen, by sign, and what was not read."""
    found: Attributes = {name: texts[:_MAX_LISTED] for name, texts in seen.signs().items()}
    if seen.gaps:
        found["not_read"] = [gap.text for gap in seen.gaps][:_MAX_LISTED]
    return found


def facts(seen: Inspection) -> Attributes:
    """What the bytes show, what the author declares (`declared_...`), and what loading imports."""
    found: Attributes = {name: value for name, value in seen.facts.items() if name not in _OWN}
    found |= {f"declared_{name}": value for name, value in seen.declared.items()}
    if seen.imports:
        found["imports"] = list(seen.imports[:_MAX_LISTED])
    return found


_OWN = frozenset(
    {"format", "size", "sha256", "path", "unsafe_format", "verdict", "coverage", *(one.value for one in Sign)}
)


def _pointed(file: File, sha256: str, size: int) -> Iterator[Fact]:
    """A Git LFS pointer: the file itself is elsewhere, so its name alone says what it is."""
    format = promised(file.name.lower())
    if not format:
        return
    attributes: Attributes = {
        "format": format, "size": size, "sha256": sha256, "path": file.path, "coverage": "none",
        "not_read": ["Git LFS pointer: the file itself is not here"],
    }  # fmt: skip
    unsafe = executable(format)
    if unsafe is not None:
        attributes["unsafe_format"] = unsafe
    evidence = file.evidence(_ID, level=Level.DECLARED)
    asset = Asset(file.urn(Kind.MODEL_FILE, file.path), Kind.MODEL_FILE, file.path, attributes, evidence)
    yield asset
    yield owner_edge(Edge.CONTAINS, asset.key, evidence)
