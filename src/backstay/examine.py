"""Examine: show one file to the detectors that select it and to the analyzers, and keep what each said."""

import re
from collections.abc import Callable, Iterable, Sequence

import msgspec

from backstay.globs import glob_pattern
from backstay.model import Asset, Relationship, Skip
from backstay.plugin import Analyzer, Detector, File, UnreadableError
from backstay.redaction import redacted

MAX_FACTS = 20_000  # of one detector on one file; a hostile file must not fill the graph


class Ignore(msgspec.Struct, frozen=True):
    """An inline `backstay: ignore[rule] -- reason`: the place, the rules (`*` for all) and the reason.

    `alone` when nothing but the comment stands on its line: it then speaks for the next line of code.
    """

    path: str
    line: int
    rules: tuple[str, ...]
    reason: str
    alone: bool = False


class Examined(msgspec.Struct):
    """All that one file gave, small enough to send from a worker; `known` when it comes from a cache."""

    path: str
    size: int = 0
    sha256: str = ""
    assets: list[Asset] = []
    relationships: list[Relationship] = []
    digests: dict[str, bytes] = {}
    ignores: list[Ignore] = []
    skips: list[Skip] = []
    yielded: dict[str, int] = {}
    known: bool = False


class Examiner:
    """Detectors and analyzers, indexed so that most files cost a few dictionary look-ups.

    `watch` is told before each plugin runs which one of `plugins` it is: who watches from outside can name the
    one that never came back.
    """

    def __init__(self, detectors: Sequence[Detector], analyzers: Sequence[Analyzer]) -> None:
        self.plugins = (*(one.id for one in detectors), *(one.id for one in analyzers))
        self.watch: Callable[[int], None] = lambda _: None
        self._number = {id: number for number, id in enumerate(self.plugins)}
        self._analyzers = analyzers
        self._by_name: dict[str, list[Detector]] = {}
        self._by_suffix: dict[str, list[Detector]] = {}
        self._by_ending: list[tuple[str, Detector]] = []
        self._by_path: dict[str, list[tuple[str, re.Pattern[str], Detector]]] = {}  # by name or ending, "" for any
        self._by_magic: dict[bytes, list[tuple[bytes, Detector]]] = {}
        self._by_content: list[tuple[bytes, tuple[str, ...], Detector]] = []
        self._binary: list[Detector] = []
        self._accepting: list[tuple[Callable[[File], bool], Detector]] = []
        # What each of `plugins` asks for; 0 is the usual.
        self.seconds = (*(one.seconds for one in detectors), *(0.0 for _ in analyzers))
        for one in detectors:
            select = one.selector
            for name in select.names:
                self._by_name.setdefault(name, []).append(one)
            for suffix in select.suffixes:
                if suffix.startswith("."):
                    self._by_suffix.setdefault(suffix, []).append(one)
                else:
                    self._by_ending.append((suffix, one))
            for glob in select.paths:
                rule = (_literal(glob), re.compile(glob_pattern(glob)), one)
                self._by_path.setdefault(_ending(glob), []).append(rule)
            for magic in select.magic:
                self._by_magic.setdefault(magic[:1], []).append((magic, one))
            self._by_content += [(needle, select.within, one) for needle in select.contains]
            if select.binary:
                self._binary.append(one)
            if select.accepts is not None:
                self._accepting.append((select.accepts, one))

    def selected(self, file: File) -> list[Detector]:
        """The detectors that want this file, each once, in a fixed order."""
        path, data = file.path.lower(), file.data
        name = path.rpartition("/")[2]
        chosen: dict[str, Detector] = {}
        for one in self._by_name.get(name, ()):
            chosen[one.id] = one
        rules = [*self._by_path.get("", ()), *self._by_path.get(name, ())]
        at = name.find(".")
        while at >= 0:
            suffix = name[at:]
            for one in self._by_suffix.get(suffix, ()):
                chosen[one.id] = one
            if at:
                rules += self._by_path.get(suffix, ())
            at = name.find(".", at + 1)
        for literal, pattern, one in rules:
            if literal in path and one.id not in chosen and pattern.match(path):
                chosen[one.id] = one
        for ending, one in self._by_ending:
            if name.endswith(ending):
                chosen[one.id] = one
        for magic, one in self._by_magic.get(data[:1], ()):
            if data.startswith(magic):
                chosen[one.id] = one
        if file.binary:
            for one in self._binary:
                chosen[one.id] = one
        else:
            for needle, within, one in self._by_content:
                if one.id not in chosen and (not within or name.endswith(within)) and needle in data:
                    chosen[one.id] = one
        for accepts, one in self._accepting:
            if one.id not in chosen and accepts(file):
                chosen[one.id] = one
        return [chosen[id] for id in sorted(chosen)] if len(chosen) > 1 else list(chosen.values())

    def examine(self, file: File, selected: Sequence[Detector] | None = None) -> Examined:
        """Run everything that wants the file. What fails is reported and harms nothing else.

        `selected` are the file's detectors where the caller knows them already.
        """
        out = Examined(file.path, file.size, file.sha256)
        for one in self.selected(file) if selected is None else selected:
            if file.truncated and one.selector.whole:
                out.skips.append(Skip(file.path, "too large", f"{file.size} bytes", plugin=one.id))
            else:
                self._run(one.id, file, out, lambda one=one: self._detect(one, file, out))  # type: ignore[misc]
        if not file.binary:
            for analyzer in self._analyzers:
                if not file.name.lower().endswith(analyzer.suffixes) and not file.data.startswith(b"#!"):
                    continue
                if file.truncated:
                    out.skips.append(Skip(file.path, "too large", f"{file.size} bytes", plugin=analyzer.id))
                else:
                    self._run(analyzer.id, file, out, lambda one=analyzer: _digest(one, file, out))  # type: ignore[misc]
            if b"backstay: ignore" in file.data:
                out.ignores.extend(ignores(file))
        return out

    def _run(self, id: str, file: File, out: Examined, run: Callable[[], None]) -> None:
        self.watch(self._number.get(id, -1))
        reason, detail = "", ""
        try:
            run()
        except UnreadableError as error:
            reason, detail = error.reason, error.detail
        except RecursionError:
            reason = "nested too deeply"
        except MemoryError:
            reason = "out of memory"
        except Exception as error:  # a plugin's fault costs one file, never the scan
            reason, detail = "plugin failed", type(error).__name__
        if reason:
            out.skips.append(Skip(file.path, reason, detail, plugin=id))
        out.yielded.setdefault(id, 0)

    def _detect(self, one: Detector, file: File, out: Examined) -> None:
        for count, fact in enumerate(one.detect(file), 1):
            if count > MAX_FACTS:
                out.skips.append(Skip(file.path, "too many facts", f"more than {MAX_FACTS}", plugin=one.id))
                break
            if isinstance(fact, Asset):
                out.assets.append(redacted(fact))
            else:
                out.relationships.append(redacted(fact))
            out.yielded[one.id] = count


def _digest(one: Analyzer, file: File, out: Examined) -> None:
    digest = one.digest(file)
    if digest is not None:
        out.digests[one.id] = digest
        out.yielded[one.id] = 1


def _ending(glob: str) -> str:
    """What a file's name has to be, or to end in from a dot on, to fit a glob; empty when the glob leaves that open."""
    tail = re.split(r"[*?\]]", glob.rpartition("/")[2])
    if len(tail) == 1:
        return tail[0]
    dot = tail[-1].find(".")
    return tail[-1][dot:] if dot >= 0 else ""


def _literal(glob: str) -> str:
    """The longest part of a glob that a path has to hold as it stands: most paths lack it, which is told quickly."""
    return max(re.split(r"\*\*/|[*?]|\[[^\]]*\]", glob), key=len)


_IGNORE = re.compile(r"(?:#|//|--|<!--|/\*|;)\s*backstay: ignore\[([\w*, -]{1,500})\](?:\s*--\s*(.{0,300}))?")


def ignores(file: File) -> Iterable[Ignore]:
    """The inline suppressions of a file. One without a reason is kept: it is reported and does not count."""
    for number, line in enumerate(file.text.splitlines(), 1):
        found = _IGNORE.search(line)
        if found:
            names = tuple(name.strip() for name in found[1].split(",") if name.strip())
            reason = (found[2] or "").strip().removesuffix("-->").removesuffix("*/").strip()
            yield Ignore(file.path, number, names, reason, not line[: found.start()].strip())
