"""Examine: show one file to the detectors that select it and to the analyzers, and keep what each said."""

import fnmatch
import re
from collections.abc import Iterable, Sequence

import msgspec

from backstay.model import Asset, Relationship, Skip
from backstay.plugin import Analyzer, Detector, File, UnreadableError

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
    """All that one file gave, small enough to send from a worker."""

    path: str
    size: int = 0
    sha256: str = ""
    assets: list[Asset] = []
    relationships: list[Relationship] = []
    digests: dict[str, bytes] = {}
    ignores: list[Ignore] = []
    skips: list[Skip] = []
    yielded: dict[str, int] = {}


class Examiner:
    """Detectors and analyzers, indexed so that most files cost a few dictionary look-ups."""

    def __init__(self, detectors: Sequence[Detector], analyzers: Sequence[Analyzer]) -> None:
        self._analyzers = analyzers
        self._by_name: dict[str, list[Detector]] = {}
        self._by_suffix: dict[str, list[Detector]] = {}
        self._by_path: list[tuple[re.Pattern[str], Detector]] = []
        self._by_magic: list[tuple[bytes, Detector]] = []
        self._by_content: list[tuple[bytes, tuple[str, ...], Detector]] = []
        self._binary: list[Detector] = []
        for one in detectors:
            select = one.selector
            for name in select.names:
                self._by_name.setdefault(name, []).append(one)
            for suffix in select.suffixes:
                self._by_suffix.setdefault(suffix, []).append(one)
            self._by_path += [(re.compile(glob_pattern(glob)), one) for glob in select.paths]
            self._by_magic += [(magic, one) for magic in select.magic]
            self._by_content += [(needle, select.within, one) for needle in select.contains]
            if select.binary:
                self._binary.append(one)

    def selected(self, file: File) -> list[Detector]:
        """The detectors that want this file, each once, in a fixed order."""
        name, path = file.name.lower(), file.path.lower()
        chosen = {one.id: one for one in self._by_name.get(name, ())}
        at = name.find(".")
        while at >= 0:
            chosen.update((one.id, one) for one in self._by_suffix.get(name[at:], ()))
            at = name.find(".", at + 1)
        chosen.update((one.id, one) for pattern, one in self._by_path if pattern.match(path))
        chosen.update((one.id, one) for magic, one in self._by_magic if file.data.startswith(magic))
        if file.binary:
            chosen.update((one.id, one) for one in self._binary)
        else:
            for needle, within, one in self._by_content:
                if one.id not in chosen and (not within or name.endswith(within)) and needle in file.data:
                    chosen[one.id] = one
        return [chosen[id] for id in sorted(chosen)]

    def examine(self, file: File) -> Examined:
        """Run everything that wants the file. What fails is reported and harms nothing else."""
        out = Examined(file.path, file.size, file.sha256)
        for one in self.selected(file):
            if file.truncated and one.selector.whole:
                out.skips.append(Skip(file.path, "too large", f"{file.size} bytes", plugin=one.id))
                continue
            try:
                self._detect(one, file, out)
            except UnreadableError as error:
                out.skips.append(Skip(file.path, error.reason, error.detail, plugin=one.id))
            except Exception as error:  # a plugin's fault costs one file, never the scan
                out.skips.append(Skip(file.path, "plugin failed", type(error).__name__, plugin=one.id))
        if not file.binary:
            self._digest(file, out)
            if b"backstay: ignore" in file.data:
                out.ignores.extend(ignores(file))
        return out

    def _detect(self, one: Detector, file: File, out: Examined) -> None:
        count = 0
        for fact in one.detect(file):
            count += 1
            if count > MAX_FACTS:
                out.skips.append(Skip(file.path, "too many facts", f"more than {MAX_FACTS}", plugin=one.id))
                break
            if isinstance(fact, Asset):
                out.assets.append(fact)
            else:
                out.relationships.append(fact)
        out.yielded[one.id] = count

    def _digest(self, file: File, out: Examined) -> None:
        for one in self._analyzers:
            if not file.name.lower().endswith(one.suffixes) and not file.data.startswith(b"#!"):
                continue
            if file.truncated:
                out.skips.append(Skip(file.path, "too large", f"{file.size} bytes", plugin=one.id))
                continue
            try:
                digest = one.digest(file)
            except UnreadableError as error:
                out.skips.append(Skip(file.path, error.reason, error.detail, plugin=one.id))
            except Exception as error:  # as above
                out.skips.append(Skip(file.path, "plugin failed", type(error).__name__, plugin=one.id))
            else:
                if digest is not None:
                    out.digests[one.id] = digest


_IGNORE = re.compile(r"(?:#|//|--|<!--|/\*|;)\s*backstay: ignore\[([\w*, -]{1,500})\](?:\s*--\s*(.{0,300}))?")


def ignores(file: File) -> Iterable[Ignore]:
    """The inline suppressions of a file. One without a reason is kept: it is reported and does not count."""
    for number, line in enumerate(file.text.splitlines(), 1):
        found = _IGNORE.search(line)
        if found:
            names = tuple(name.strip() for name in found[1].split(",") if name.strip())
            reason = (found[2] or "").strip().removesuffix("-->").removesuffix("*/").strip()
            yield Ignore(file.path, number, names, reason, not line[: found.start()].strip())


def glob_pattern(glob: str) -> str:
    """A glob over a path as a regular expression: `*` stays within a folder, `**` crosses them."""
    parts: list[str] = []
    at = 0
    while at < len(glob):
        if glob.startswith("**/", at):
            parts.append("(?:[^/]+/)*")
            at += 3
        elif glob.startswith("**", at):
            parts.append(".*")
            at += 2
        elif glob[at] == "*":
            parts.append("[^/]*")
            at += 1
        elif glob[at] == "?":
            parts.append("[^/]")
            at += 1
        elif glob[at] == "[" and "]" in glob[at + 2 :]:
            end = glob.index("]", at + 2) + 1
            parts.append(fnmatch.translate(glob[at:end]).removeprefix("(?s:").removesuffix(r")\Z"))
            at = end
        else:
            parts.append(re.escape(glob[at]))
            at += 1
    return "(?s:" + "".join(parts) + r")\Z"
