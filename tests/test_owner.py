"""An edge that starts at OWNER ends up at the service or repository whose code its place is."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from backstay import registry
from backstay.model import Asset, Kind, Relationship, RelationshipKind
from backstay.pipeline import scan
from backstay.plugin import OWNER, Detector, Fact, File, Selector, detector


@detector(Selector(names=frozenset({"note.txt"})), Kind.TOOL)
def detect(file: File) -> Iterator[Fact]:
    evidence = file.evidence("test-owner", 1)
    yield Asset("urn:backstay:tool:x", Kind.TOOL, "x", {}, evidence)
    yield Relationship(OWNER, RelationshipKind.USES, "urn:backstay:tool:x", {"at": file.path}, evidence)


def test_owner_becomes_the_nearest_service_or_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def only() -> tuple[Detector, ...]:
        return (detect,)

    monkeypatch.setattr(registry, "detectors", only)
    (tmp_path / "app" / "deep").mkdir(parents=True)
    (tmp_path / "app" / "pyproject.toml").write_text("[project]\nname = 'app'\n")
    (tmp_path / "app" / "deep" / "note.txt").write_text("x")
    (tmp_path / "note.txt").write_text("x")
    report = scan(tmp_path)
    kinds = {asset.key: asset.kind for asset in report.assets}
    starts = {edge.text("at"): kinds[edge.source] for edge in report.relationships if edge.text("at")}
    assert starts == {"app/deep/note.txt": Kind.SERVICE, "note.txt": Kind.REPOSITORY}
