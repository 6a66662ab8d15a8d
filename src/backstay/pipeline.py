"""Pipeline: collect -> detect -> enrich -> evaluate -> score -> report."""

import datetime
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from backstay import registry, report
from backstay.collectors.directory import Directory
from backstay.evaluate import evaluate
from backstay.examine import Examined, Examiner
from backstay.graph import GraphBuilder
from backstay.model import Asset, Coverage, Kind, PluginStatus, Policy, Report, Scan, Skip, Source, State, urn
from backstay.plugin import File, with_owner
from backstay.scoring import score

Progress = Callable[[str, int, int], None]  # stage, done, total


def scan(
    root: Path,
    policy: Policy | None = None,
    *,
    baseline: frozenset[str] = frozenset(),
    progress: Progress | None = None,
    jobs: int | None = None,
    trust_repo: bool = True,
    notes: Sequence[str] = (),
) -> Report:
    """Scan a folder. `jobs` is the number of worker processes (None: as many as there are cores).

    Without `trust_repo` what the scanned files say about themselves does not suppress anything: inline ignores
    are counted in a note and not applied. `notes` stand before the scan's own, such as where the policy came from.
    """
    policy = policy or Policy()
    started, clock = datetime.datetime.now(datetime.UTC), time.monotonic()
    collector = Directory(root, policy.exclude, policy.include_vendored)
    entries, skips = collector.walk()
    examiner = Examiner(registry.detectors(), registry.analyzers())
    builder = GraphBuilder()
    digests: dict[str, dict[str, bytes]] = {}
    ignores, statuses = [], []
    files: list[Examined] = []
    for entry in entries:
        file = collector.read(entry.path)
        if isinstance(file, Skip):
            skips.append(file)
            continue
        files.append(examiner.examine(file))
    read = 0
    places = SourcePlaces(collector, [entry.path for entry in entries])
    builder.extend(places.assets())
    for one in files:
        builder.extend(one.assets)
        builder.extend(with_owner(edge, places) for edge in one.relationships)
        for id, digest in one.digests.items():
            digests.setdefault(id, {})[one.path] = digest
        ignores += one.ignores
        skips += one.skips
        read += one.size
    for analyzer in registry.analyzers():
        builder.extend(analyzer.join(digests.get(analyzer.id, {}), places))
        statuses.append(PluginStatus(analyzer.id, State.COMPLETE))
    skips += places.skips
    for enricher in registry.enrichers():
        builder.extend(list(enricher.enrich(builder.build(policy), places)))
    graph = builder.build(policy)
    infos = [(rule, registry.info(rule)) for rule in registry.rules()]
    distrusted = [] if trust_repo or not ignores else [f"{len(ignores)} inline suppressions were not honoured"]
    verdict = evaluate(graph, infos, ignores if trust_repo else (), baseline, started.date())
    coverage = Coverage(len(entries), len(files), 0, 0, read)
    findings, asset_risks, overall = score(
        graph,
        verdict.findings,
        {rule.id: info for rule, info in infos},
        coverage=coverage,
        judged=bool(verdict.results),
    )
    record = Scan(
        source=collector.source,
        started=started.isoformat(timespec="seconds"),
        seconds=round(time.monotonic() - clock, 3),
        state=State.COMPLETE,
        coverage=coverage,
        statuses=(*statuses, *verdict.statuses),
        skips=tuple(skips),
        notes=(*notes, *distrusted, *verdict.notes),
    )
    return report.build(record, graph, verdict, findings, asset_risks, overall)


_MANIFESTS = frozenset(
    ("pyproject.toml", "setup.py", "setup.cfg", "requirements.txt", "package.json", "go.mod", "cargo.toml", "pom.xml")
)


class SourcePlaces:
    """Where things stand in the source: services are the folders that hold a manifest."""

    def __init__(self, collector: Directory, paths: Sequence[str]) -> None:
        self.source: Source = collector.source
        self._collector = collector
        self._paths = sorted(paths)
        self.skips: list[Skip] = []
        self.repository = urn(Kind.REPOSITORY, self.source.id)
        self._services = {
            path.rpartition("/")[0] for path in self._paths if path.rpartition("/")[2].lower() in _MANIFESTS
        }

    def paths(self) -> Sequence[str]:
        return self._paths

    def assets(self) -> list[Asset]:
        made = [Asset(self.repository, Kind.REPOSITORY, self.source.name)]
        for folder in sorted(self._services):
            made.append(Asset(self._service(folder), Kind.SERVICE, folder or self.source.name, {"path": folder}))
        return made

    def owner_of(self, path: str) -> str:
        folder = path.rpartition("/")[0]
        while True:
            if folder in self._services:
                return self._service(folder)
            if not folder:
                return self.repository
            folder = folder.rpartition("/")[0]

    def read(self, path: str) -> bytes | None:
        file = self._collector.read(path)
        return file.data if isinstance(file, File) and not file.truncated else None

    def unread(self, path: str, reason: str, detail: str = "") -> None:
        self.skips.append(Skip(path, reason, detail))

    def _service(self, folder: str) -> str:
        return urn(Kind.SERVICE, self.source.id, folder or ".")
