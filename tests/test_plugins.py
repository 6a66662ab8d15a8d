"""The contract over every plugin, ours and the installed, and that the contract notices who breaks it."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from backstay import registry, testing
from backstay.graph import Graph
from backstay.model import Asset, Match
from backstay.plugin import Detector, Exporter, Rule

RULES, DETECTORS = registry.rules(), registry.detectors()
FOLDER = Path(registry.__file__).parent / "rules"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_rule(rule: Rule) -> None:
    testing.check_rule_contract(rule)


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: detector.id)
def test_detector(detector: Detector) -> None:
    testing.check_detector_contract(detector)


def test_ids_are_unique() -> None:
    for plugins in (RULES, DETECTORS, registry.enrichers(), registry.exporters(), registry.analyzers()):
        ids = [plugin.id for plugin in plugins]
        assert len(ids) == len(set(ids))


def test_every_page_has_its_rule() -> None:
    pages = {path.relative_to(FOLDER).with_suffix("") for path in FOLDER.rglob("*.md")}
    ours = {Path(rule.family.replace("-", "_"), rule.stem) for rule in RULES if rule.package.startswith("backstay.")}
    assert pages == ours


def test_every_module_of_a_family_is_a_rule() -> None:
    modules = {path.relative_to(FOLDER).with_suffix("") for path in FOLDER.glob("*/*.py") if path.stem != "__init__"}
    ours = {Path(rule.family.replace("-", "_"), rule.stem) for rule in RULES if rule.package.startswith("backstay.")}
    assert modules == ours


@pytest.mark.parametrize("exporter", registry.exporters(), ids=lambda exporter: exporter.id)
def test_an_exporter_has_a_suffix(exporter: Exporter) -> None:
    assert exporter.suffix.startswith(".")


def broken(check: object) -> Rule:
    """A rule that is in order but for its check."""
    sound = next(rule for rule in RULES if rule.id == "unpinned-model")
    return Rule(sound.id, sound.family, sound.subject, check, sound.package, sound.stem)  # type: ignore[arg-type]


def test_a_rule_that_judges_the_unknown_is_noticed() -> None:
    def check(asset: Asset, graph: Graph) -> Iterator[Match]:
        yield Match(message="It is there.")

    with pytest.raises(AssertionError, match="nothing is known"):
        testing.check_rule_contract(broken(check))


def test_a_rule_that_does_not_end_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[bool] = []

    def check(asset: Asset, graph: Graph) -> Iterator[Match]:
        here = graph.out(asset)
        while here and not ended:
            here = graph.out(here[0].target)
        yield from ()

    monkeypatch.setattr(testing, "_DEADLINE", 0.2)
    with pytest.raises(AssertionError, match="does not end"):
        testing.check_rule_contract(broken(check))
    ended.append(True)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_rule_that_trusts_types_is_noticed() -> None:
    def check(asset: Asset, graph: Graph) -> Iterator[Match]:
        if asset.attributes and asset.attributes["revision"].startswith("v"):  # type: ignore[union-attr]
            yield Match(message="It is a tag.")

    with pytest.raises(AssertionError, match="unexpected types"):
        testing.check_rule_contract(broken(check))


def test_a_misplaced_rule_is_noticed() -> None:
    sound = next(rule for rule in RULES if rule.id == "unpinned-model")
    elsewhere = Rule(sound.id, "secrets", sound.subject, sound.check, sound.package, sound.stem)
    with pytest.raises(AssertionError, match="family"):
        testing.check_rule_contract(elsewhere)


def test_a_detector_that_selects_nothing_is_noticed() -> None:
    sound = DETECTORS[0]
    empty = Detector(sound.id, type(sound.selector)(), sound.detect, sound.kinds, sound.package, sound.stem)
    with pytest.raises(AssertionError, match="selects nothing"):
        testing.check_detector_contract(empty)


def test_exploitability_off_the_scale_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = next(rule for rule in RULES if rule.id == "unpinned-model")
    odd = msgspec.structs.replace(registry.info(sound), exploitability=0.5)
    monkeypatch.setattr(registry, "info", lambda rule: odd)
    with pytest.raises(AssertionError, match="exploitability"):
        testing.check_rule_contract(sound)
