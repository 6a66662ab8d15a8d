"""The JSON report: as published, and read back as it was."""

import json

import pytest
from jsonschema import Draft202012Validator

from backstay.exporters.json import json as export
from backstay.model import Asset, Kind, Report
from backstay.schema import SchemaError, read_report, report_schema
from exporters_support import finding, report


def test_a_report_survives_the_round_trip() -> None:
    made = report()
    assert read_report(export.export(made)) == made


def test_a_report_follows_the_published_schema() -> None:
    schema = report_schema()
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(json.loads(export.export(report())))


@pytest.mark.parametrize(
    ("path", "value"),
    [(("schema_version",), "2.0"), (("assets", 0, "kind"), "spaceship"), (("scan", "state"), None), (("score",), 3)],
)
def test_the_schema_refuses_what_is_no_report(path: tuple[str | int, ...], value: object) -> None:
    document = json.loads(export.export(report()))
    inner = document
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    assert list(Draft202012Validator(report_schema()).iter_errors(document))
    with pytest.raises(SchemaError):
        read_report(json.dumps(document))


def test_fields_of_a_later_minor_version_are_let_pass() -> None:
    document = json.loads(export.export(report())) | {"schema_version": "1.9", "new_field": 1}
    Draft202012Validator(report_schema()).validate(document)
    assert read_report(json.dumps(document)).schema_version == "1.9"


def test_equal_reports_give_equal_text_whatever_order_attributes_came_in() -> None:
    def one(attributes: dict[str, str]) -> Report:
        return report(assets=(Asset("k", Kind.MODEL, "m", dict(attributes)),))

    first, second = {"a": "1", "b": "2"}, {"b": "2", "a": "1"}
    assert export.export(one({**first})) == export.export(one({**second}))


def test_what_json_cannot_hold_is_replaced_visibly() -> None:
    odd = Asset("k", Kind.MODEL, "na\udc80me", {"big": 10**5000, "nan": float("nan"), "low": -(2**80), "yes": True})
    (read,) = read_report(export.export(report(assets=(odd,)))).assets
    assert read.name == "na\\udc80me"
    assert read.attributes == {"big": "integer of 16610 bits", "nan": "nan", "low": "-integer of 81 bits", "yes": True}


def test_invisible_characters_are_escape_sequences_and_nothing_is_lost() -> None:
    name = "a\x1b[0m\u202eb\x9b\u2028\U000e0041\x7f"
    text = export.export(report(findings=(finding(subject_name=name),)))
    assert not set(name) - set("a[0mb") & set(text)
    assert read_report(text).findings[0].subject_name == name


@pytest.mark.parametrize("text", ["", "[]", "{}", "{" * 100_000, '{"a":' * 100_000, b"\xff\xfe\x00"])
def test_reading_what_is_no_report_is_an_error_with_a_reason(text: str | bytes) -> None:
    with pytest.raises(SchemaError, match="not a Backstay report"):
        read_report(text)
