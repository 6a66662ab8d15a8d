"""The SARIF report: valid, ordered, bounded, with stable identities and honest invocations."""

import json
from typing import Any

import pytest
from jsonschema import Draft7Validator, FormatChecker

from backstay.exporters import sarif as module
from backstay.exporters.sarif import sarif as export
from backstay.model import Evidence, Kind, Report, Severity, Skip, Source, State
from exporters_support import KEYS, finding, report, sarif_schema, scan

VALIDATOR = Draft7Validator(sarif_schema(), format_checker=FormatChecker())


def run_of(made: Report) -> dict[str, Any]:
    document = json.loads(export.export(made))
    VALIDATOR.validate(document)
    (run,) = document["runs"]
    assert isinstance(run, dict)
    return run


def test_the_schema_is_the_official_one_and_refuses_what_is_wrong() -> None:
    document = json.loads(export.export(report()))
    document["runs"][0]["results"][0]["level"] = "dreadful"
    assert [error.json_path for error in VALIDATOR.iter_errors(document)] == ["$.runs[0].results[0].level"]


def test_results_come_open_first_and_worst_first() -> None:
    results = run_of(report())["results"]
    order = [(bool(one.get("suppressions")), one["properties"]["severity"]) for one in results]
    assert order == [
        (False, "critical"),
        (False, "high"),
        (False, "medium"),
        (False, "info"),
        (True, "high"),
        (True, "high"),
        (True, "high"),
    ]
    assert [one["level"] for one in results[:4]] == ["error", "error", "warning", "note"]


def test_every_result_names_its_rule_and_its_fingerprint() -> None:
    made = report()
    run = run_of(made)
    rules = run["tool"]["driver"]["rules"]
    for one in run["results"]:
        assert rules[one["ruleIndex"]]["id"] == one["ruleId"]
    marks = {one["partialFingerprints"]["backstayFingerprint/v1"] for one in run["results"]}
    assert marks == {finding.fingerprint for finding in made.findings}


def test_a_rule_carries_its_page_its_severity_and_its_controls() -> None:
    run = run_of(report())
    (rule,) = (one for one in run["tool"]["driver"]["rules"] if one["id"] == "unpinned-model")
    assert "Whoever can push can change what runs." in rule["help"]["markdown"]
    assert "Pin the revision" in rule["help"]["text"]
    assert rule["properties"]["security-severity"] == "8.0"
    assert rule["properties"]["precision"] == "very-high"
    assert {"security", "ai", "supply-chain", "LLM03:2025"} <= set(rule["properties"]["tags"])
    (relationship,) = rule["relationships"]
    taxonomy = run["taxonomies"][relationship["target"]["toolComponent"]["index"]]
    assert taxonomy["name"] == relationship["target"]["toolComponent"]["name"]
    assert taxonomy["taxa"][relationship["target"]["index"]]["id"] == "LLM03:2025"
    assert run["tool"]["driver"]["supportedTaxonomies"][0]["name"] == taxonomy["name"]


def test_suppressions_say_where_they_stand_and_why() -> None:
    given = [one["suppressions"][0] for one in run_of(report())["results"] if "suppressions" in one]
    assert {(one["kind"], one["justification"]) for one in given} == {
        ("inSource", "inline: a test double"),
        ("external", "waiver: accepted by the owner (until 2027-01-01)"),
        ("external", "baseline: known before this scan"),
    }


def test_places_are_relative_encoded_and_without_a_line_when_none_is_known() -> None:
    (one,) = run_of(report(findings=(finding(),)))["results"]
    physical = one["locations"][0]["physicalLocation"]
    assert physical == {
        "artifactLocation": {"uri": "src/app%20dir/load.py", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 7, "endLine": 7},
    }
    (related,) = one["relatedLocations"]
    assert related["physicalLocation"] == {"artifactLocation": {"uri": "src/other.py", "uriBaseId": "%SRCROOT%"}}


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("/etc/passwd", "etc/passwd"),
        ("../../up.py", "up.py"),
        ("a:b/c", "a%3Ab/c"),
        ("//host/x", "host/x"),
        ("a\\b", "a%5Cb"),
        ("sp ce/é?#.py", "sp%20ce/%C3%A9%3F%23.py"),
    ],
)
def test_no_path_leaves_the_source(path: str, uri: str) -> None:
    (one,) = run_of(report(findings=(finding(evidence=(Evidence("x", path, 1),)),)))["results"]
    assert one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


def test_a_finding_without_a_place_still_has_a_location() -> None:
    (one,) = run_of(report(findings=(finding(evidence=()),)))["results"]
    (location,) = one["locations"]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == "."
    assert location["logicalLocations"][0]["fullyQualifiedName"] == KEYS[Kind.MODEL]


def test_an_incomplete_scan_was_not_successful_and_says_what_is_missing() -> None:
    (invocation,) = run_of(report())["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["startTimeUtc"] == "2026-01-02T03:04:05Z"
    assert invocation["endTimeUtc"] == "2026-01-02T03:04:06.500Z"
    texts = [one["message"]["text"] for one in invocation["toolExecutionNotifications"]]
    assert "The scan is partial: 2 files could not be read" in texts
    assert "python is partial: 1 file failed" in texts
    assert "Not read: too large, 104857600 bytes" in texts
    assert "1 files or folders were left out by choice." in texts


def test_a_complete_scan_was_successful() -> None:
    made = report(scan=scan(state=State.COMPLETE, skips=(), statuses=(), notes=(), reason=""))
    (invocation,) = run_of(made)["invocations"]
    assert invocation["executionSuccessful"] is True
    assert invocation["toolExecutionNotifications"] == []


def test_results_beyond_the_limit_are_counted_and_the_worst_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_RESULTS", 3)
    low = tuple(finding("b", Severity.LOW, str(number)) for number in range(4))
    run = run_of(report(findings=(*low, finding("a", Severity.CRITICAL))))
    assert [one["properties"]["severity"] for one in run["results"]] == ["critical", "low", "low"]
    first = run["invocations"][0]["toolExecutionNotifications"][0]
    assert first["descriptor"]["id"] == "capped-results"
    assert first["message"]["text"].startswith("2 results of severity low or lower are left out")


def test_notifications_are_bounded_and_the_rest_is_counted() -> None:
    skips = tuple(Skip(f"{number}.bin", "too large") for number in range(2_000))
    (invocation,) = run_of(report(scan=scan(skips=skips)))["invocations"]
    notifications = invocation["toolExecutionNotifications"]
    assert len(notifications) == module.MAX_NOTIFICATIONS + 1
    assert notifications[-1]["message"]["text"] == "1503 more notifications are left out here."


@pytest.mark.parametrize(
    ("remote", "uri"),
    [
        ("git@git.example:acme/shop.git", "ssh://git.example/acme/shop.git"),
        ("https://me:secret@git.example/acme/shop?x=1", "https://git.example/acme/shop"),
        ("ssh://git@git.example:2222/acme/shop", "ssh://git.example:2222/acme/shop"),
    ],
)
def test_provenance_names_the_repository_without_credentials(remote: str, uri: str) -> None:
    source = Source(id="x", name="x", remote=remote, commit="c0ffee", branch="main")
    (provenance,) = run_of(report(scan=scan(source=source)))["versionControlProvenance"]
    assert provenance == {
        "repositoryUri": uri,
        "revisionId": "c0ffee",
        "branch": "main",
        "mappedTo": {"uriBaseId": "%SRCROOT%"},
    }


@pytest.mark.parametrize("remote", ["", "/srv/git/shop", "file:///srv/git/shop", "javascript:alert(1)"])
def test_a_remote_that_is_no_address_is_left_out(remote: str) -> None:
    assert "versionControlProvenance" not in run_of(report(scan=scan(source=Source(id="x", name="x", remote=remote))))


def test_a_message_holds_no_links() -> None:
    (one,) = run_of(report(findings=(finding(message="see [this](https://evil.example)"),)))["results"]
    assert one["message"]["text"] == "see [this] (https://evil.example)"


def test_a_place_in_a_file_of_bytes_is_named_by_its_byte_and_one_in_an_archive_by_its_member() -> None:
    plain = finding(evidence=(Evidence("x", "a.pkl", note="at byte 60", offset=60),))
    inner = finding(evidence=(Evidence("x", "a.pt", note="data.pkl at byte 7", member="data.pkl", offset=7),))
    results = run_of(report(findings=(plain, inner)))["results"]
    first, second = sorted((one["locations"][0] for one in results), key=lambda one: len(one["logicalLocations"]))
    assert first["physicalLocation"]["region"] == {"byteOffset": 60}
    assert first["message"]["text"] == "at byte 60"
    assert "region" not in second["physicalLocation"]
    assert second["message"]["text"] == "data.pkl at byte 7"
    assert second["logicalLocations"][0]["name"] == "data.pkl"
