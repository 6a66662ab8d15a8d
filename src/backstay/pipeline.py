"""Pipeline: collect -> detect -> enrich -> evaluate -> score -> report."""

import datetime
import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

import msgspec

from backstay import registry, report
from backstay.cache import PASSING, Conclusion, opened, tree_digest
from backstay.collectors import git, git_history, git_index
from backstay.collectors.directory import Directory, Walk
from backstay.evaluate import evaluate
from backstay.examine import Examined, Examiner, Ignore
from backstay.graph import GraphBuilder
from backstay.installation import digest_key
from backstay.model import (
    Asset,
    Coverage,
    PluginStatus,
    Policy,
    Relationship,
    Report,
    RuleInfo,
    Scan,
    Skip,
    State,
)
from backstay.places import SourcePlaces, short_digest
from backstay.plugin import Analyzer, Fact, Joined, Rule, with_owner
from backstay.redaction import redacted
from backstay.scoring import score
from backstay.workers import FILE_SECONDS, Background, Setup, examine_all

Progress = Callable[[str, int, int], None]  # stage, done, total (0: not known yet)

_DIRTY_SECONDS = 5.0  # waited at the end, when all else is done
_HISTORY_SECONDS = 2.0


def scan(
    root: Path,
    policy: Policy | None = None,
    *,
    baseline: frozenset[str] = frozenset(),
    progress: Progress | None = None,
    jobs: int | None = None,
    trust_repo: bool = True,
    notes: Sequence[str] = (),
    file_seconds: float = FILE_SECONDS,
    cached: bool = False,
    only: str = "",
) -> Report:
    """Scan a folder, or `only` the file of this name in it. `jobs` is the number of worker processes (None: one
    a core).

    Without `trust_repo` what the scanned files say about themselves does not suppress anything: its ignore files
    leave nothing out, and inline ignores are counted in a note and not applied. `notes` stand before the scan's own,
    such as where the policy came from. No file may take the plugins longer than `file_seconds`. With `cached`, what the
    last scan of this folder concluded of unchanged files is used again. A root that cannot be read gives a report whose
    scan has failed, with the reason.
    """
    policy = policy or Policy()
    tell = progress or (lambda stage, done, total: None)
    started, clock = datetime.datetime.now(datetime.UTC), time.monotonic()
    tell("collecting", 0, 0)
    collector = Directory(root, policy.exclude, policy.include_vendored, trust_repo=trust_repo, only=only)
    walk = collector.walk(lambda found: tell("collecting", found, 0))
    dirty = Background(_dirty, collector.repository, collector.source.commit) if collector.repository else None
    try:
        run = _Run(collector, walk, tell, cached=cached)
        run.examine(jobs, file_seconds)
        tell("joining", 0, 0)
        run.join()
        run.enrich(policy)
        tell("judging", 0, 0)
        graph = run.builder.build(policy)
        infos, pageless = _rules()
        distrusted = [] if trust_repo or not run.ignores else [f"{len(run.ignores)} inline suppressions not honoured"]
        verdict = evaluate(graph, infos, run.ignores if trust_repo else (), baseline, started.date())
        coverage = run.coverage()
        findings, asset_risks, overall = score(
            graph,
            verdict.findings,
            {rule.id: info for rule, info in infos},
            coverage=coverage,
            judged=bool(verdict.results),
        )
        source = collector.source
        if dirty:
            source = msgspec.structs.replace(source, dirty=dirty.result(_DIRTY_SECONDS))
    finally:
        if dirty:
            dirty.stop()
    statuses = (*run.statuses(), *verdict.statuses, *pageless)
    skips = tuple(sorted(run.skips, key=lambda skip: (skip.by_choice, skip.path, skip.plugin, skip.reason)))
    state, reason = _state(collector.problem, coverage, statuses, skips)
    record = Scan(
        source=source,
        started=started.isoformat(timespec="seconds"),
        seconds=round(time.monotonic() - clock, 3),
        state=state,
        coverage=coverage,
        reason=reason,
        statuses=statuses,
        skips=skips,
        notes=(*notes, *run.notes, *distrusted, *verdict.notes),
    )
    return report.build(record, graph, verdict, findings, asset_risks, overall)


def registered() -> Examiner:
    """An examiner with every plugin there is; workers that cannot be forked find it by this name."""
    return Examiner(registry.detectors(), registry.analyzers())


class _Run:
    """One scan on its way: what the plugins said, and how they fared."""

    def __init__(self, collector: Directory, walk: Walk, tell: Progress, *, cached: bool) -> None:
        key, note = digest_key()
        self._cache = opened(collector.root, (collector.source.id, _keyed(key))) if cached and not note else None
        self.builder = GraphBuilder()
        self.ignores: list[Ignore] = []
        self.skips = walk.skips
        self.notes = [note] if note else []
        self._collector, self._walk, self._tell = collector, walk, tell
        self._reader = collector.reader(key)
        self._read: dict[str, bytes] = {}  # the digest of what was read, by path
        self._bytes = 0
        self._files = 0
        self._ends: set[str] = set()
        self._digests: dict[str, dict[str, bytes]] = {}
        self._looked: Counter[str] = Counter()
        self._yielded: Counter[str] = Counter()
        self._failed: dict[str, str] = {}
        self._unsteady: set[str] = set()  # analyzers that may say more of the same files next time
        real = {entry.path: entry.real for entry in walk.entries}
        self.places = SourcePlaces(collector.source, collector.reader(key), real, self._read, self._authors)

    def examine(self, jobs: int | None, seconds: float) -> None:
        """Every file through every plugin that wants it."""
        # Folder by folder, as a reader keeps the folder it is in open.
        files = sorted(self._walk.entries, key=lambda entry: entry.real.rpartition("/")[0])
        if self._cache is None or not self._cache.filled:
            for analyzer in registry.analyzers():
                analyzer.prepare([path for path, _ in files])
        setup = Setup(self._reader, registered, seconds, cache=self._cache)
        with closing(examine_all(setup, files, jobs)) as results:
            for done, (_, one) in enumerate(results, 1):
                self._keep(one)
                if done % 50 == 0 or done == len(files):
                    self._tell("examining", done, len(files))
        self.ignores.sort(key=lambda ignore: (ignore.path, ignore.line))

    def join(self) -> None:
        """What follows from many files together, and the services that it stands in."""
        tree = tree_digest(self.places.paths(), self._read) if self._cache is not None else ""
        for analyzer in registry.analyzers():
            digests = dict(sorted(self._digests.pop(analyzer.id, {}).items()))
            beyond = analyzer.beyond(self.places.paths())
            self.notes += [beyond] if beyond else []
            known = self._cache.find_joined(analyzer.id, tree) if self._cache is not None else None
            if known is None:
                known = self._joined(analyzer, digests)
            facts: list[Joined] = [*known.assets, *known.relationships]
            for fact in facts:
                self._add(fact)
            self.skips += known.skips
            self._yielded[analyzer.id] += known.yielded
            if self._cache is not None and known.lasting and analyzer.id not in self._unsteady:
                self._cache.keep_joined(analyzer.id, tree, known)
        if self._cache is not None:
            self._cache.write()
        if self._walk.entries:
            assets = self.builder.build().assets
            self.builder.extend(self.places.surroundings(assets, self._ends))

    def enrich(self, policy: Policy) -> None:
        for enricher in registry.enrichers():
            before = len(self.places.skips)
            self._looked.setdefault(enricher.id, 0)
            self._contained(enricher.id, partial(enricher.enrich, self.builder.build(policy), self.places))
            for skip in self.places.skips[before:]:
                self.skips.append(msgspec.structs.replace(skip, plugin=skip.plugin or enricher.id))

    def coverage(self) -> Coverage:
        unread = {skip.path for skip in self.skips if not skip.by_choice and not skip.plugin} - self._read.keys()
        found = self._files + len(unread) + self._walk.left_out
        return Coverage(found, self._files, self._walk.left_out, len(unread), self._bytes)

    def statuses(self) -> Iterable[PluginStatus]:
        """How every detector, analyzer and enricher fared."""
        troubles: dict[str, Counter[str]] = {}
        for skip in self.skips:
            if skip.plugin and not skip.by_choice:
                troubles.setdefault(skip.plugin, Counter())[skip.reason] += 1
        plugins: list[str] = [one.id for one in registry.detectors()]
        plugins += [one.id for one in registry.analyzers()]
        plugins += [one.id for one in registry.enrichers()]
        for id in plugins:
            state, reason = State.COMPLETE, ""
            if id in troubles:
                state, reason = State.PARTIAL, _counted(troubles[id])
            if id in self._failed:
                state, reason = State.FAILED, self._failed[id]
            yield PluginStatus(id, state, self._looked[id], self._yielded[id], reason)

    def _keep(self, one: Examined) -> None:
        if self._cache is not None:
            self._cache.keep(one)
        if one.sha256 or not _unread(one):
            self._files += 1
            self._bytes += one.size
            if one.sha256:
                self._read[one.path] = short_digest(one.sha256)
        for id, count in one.yielded.items():
            self._looked[id] += 1
            self._yielded[id] += count if id not in one.digests else 0
        self.builder.extend(one.assets)
        for edge in one.relationships:
            self._add(edge)
        for id, digest in one.digests.items():
            self._digests.setdefault(id, {})[one.path] = digest
        self.ignores += one.ignores
        self.skips += one.skips
        self._unsteady.update(skip.plugin for skip in one.skips if skip.reason in PASSING)

    def _add(self, fact: Joined) -> None:
        fact = with_owner(fact, self.places)
        if isinstance(fact, Relationship):
            self._ends.add(fact.source)
            self._ends.add(fact.target)
        self.builder.add(fact)

    def _joined(self, analyzer: Analyzer, digests: dict[str, bytes]) -> Conclusion:
        """What an analyzer says of all files; its failure is reported, and what it gave until then is kept."""
        before = len(self.places.skips)
        facts: list[Fact] = []
        try:
            facts.extend(analyzer.join(digests, self.places))
        except Exception as error:  # one plugin's fault is not the scan's
            self._failed[analyzer.id] = f"failed with {type(error).__name__}"
            self._unsteady.add(analyzer.id)
        skips = self.places.skips[before:]
        return Conclusion(
            [redacted(fact) for fact in facts if isinstance(fact, Asset)],
            [redacted(fact) for fact in facts if isinstance(fact, Relationship)],
            [msgspec.structs.replace(skip, plugin=skip.plugin or analyzer.id) for skip in skips],
            len(facts),
        )

    def _contained(self, id: str, give: Callable[[], Iterable[Joined]]) -> None:
        """Take a plugin's facts; its failure is reported, and what it gave until then is kept."""
        kept: list[Joined] = []
        try:
            kept.extend(give())
        except Exception as error:  # one plugin's fault is not the scan's
            self._failed[id] = f"failed with {type(error).__name__}"
        for fact in kept:
            self._add(fact)
        self._yielded[id] += len(kept)

    def _authors(self, paths: Sequence[str]) -> dict[str, list[tuple[str, int]]]:
        """Who committed to these files lately, looked up in a process of its own: packs are hostile input too."""
        repository = self._collector.repository
        if repository is None or not paths:
            return {}
        prefix = repository.prefix(self._collector.root)
        commit = self._collector.source.commit
        job = Background(git_history.authors, repository, commit, prefix, list(paths), _HISTORY_SECONDS)
        found = job.result(_HISTORY_SECONDS * 3)
        if found is None:
            self.notes.append("the git history could not be read: it names no owners")
            return {}
        return {path: [(name, count) for name, count in names] for path, names in found[0].items()}


def _keyed(key: bytes) -> bytes:
    """What tells one key of digests from another, and gives neither away."""
    return hashlib.blake2b(b"cache", key=key[:64]).digest()


def _rules() -> tuple[list[tuple[Rule, RuleInfo]], list[PluginStatus]]:
    """The rules with what their pages say; a rule whose page cannot be read does not judge, and that is said."""
    infos, failed = [], []
    for rule in registry.rules():
        try:
            infos.append((rule, registry.info(rule)))
        except (OSError, ValueError) as error:
            failed.append(
                PluginStatus(rule.id, State.FAILED, reason=f"its page cannot be read: {type(error).__name__}")
            )
    return infos, failed


def _dirty(repository: git.Repository, commit: str) -> bool | None:
    found = git_index.dirty(repository, _DIRTY_SECONDS)
    if found is not False:
        return found
    return git_history.staged(repository, commit, git_index.entries(repository), _DIRTY_SECONDS)


def _unread(one: Examined) -> bool:
    """Whether a file was not read at all; one that a single plugin could not use was."""
    return any(not skip.plugin and skip.reason != "not hashed" for skip in one.skips)


def _state(
    problem: str, coverage: Coverage, statuses: Sequence[PluginStatus], skips: Sequence[Skip]
) -> tuple[State, str]:
    if problem:
        return State.FAILED, f"The folder cannot be read: {problem}."
    missed = Counter(skip.reason for skip in skips if not skip.by_choice)
    if not coverage.read and missed:
        return State.FAILED, f"Nothing could be read: {_counted(missed)}."
    broken = [status.plugin for status in statuses if status.state == State.FAILED]
    parts = []
    if missed:
        parts.append(f"not everything could be read: {_counted(missed)}")
    if broken:
        more = f" and {len(broken) - 5} more" if len(broken) > 5 else ""
        parts.append(f"failed: {', '.join(broken[:5])}{more}")
    if not parts and any(status.state == State.PARTIAL for status in statuses):
        parts.append("some rules could not judge all of their subjects")
    if parts:
        sentence = "; ".join(parts)
        return State.PARTIAL, f"{sentence[0].upper()}{sentence[1:]}."
    return State.COMPLETE, "" if coverage.read else "There was nothing to read."


def _counted(reasons: Counter[str]) -> str:
    return ", ".join(f"{number} {reason}" for reason, number in sorted(reasons.items(), key=lambda r: (-r[1], r[0])))
