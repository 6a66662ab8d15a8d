"""Schema: the published, versioned JSON Schema of a report, and reading a report back."""

from typing import Any

import msgspec

from backstay.model import Report
from backstay.model.report import SCHEMA_VERSION

# A name, not an address: a schema is read from docs/reference or from `report_schema`, never fetched.
SCHEMA_ID = f"urn:backstay:schema:report:{SCHEMA_VERSION}"

_decoder = msgspec.json.Decoder(Report)


class SchemaError(ValueError):
    """A document is no report that this version can read; the message says where and why."""


def report_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a report.

    Within a major version fields are only added, so that a reader of 1.0 also reads 1.7: unknown
    fields are allowed, and `schema_version` need only agree in its major part.
    """
    (reference,), definitions = msgspec.json.schema_components([Report])
    major = SCHEMA_VERSION.partition(".")[0]
    version = definitions["Report"]["properties"]["schema_version"]
    version["pattern"] = rf"^{major}\.[0-9]+$"
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "Backstay report",
        **_local(reference),
        "$defs": {name: _local(definition) for name, definition in sorted(definitions.items())},
    }


def read_report(data: bytes | str) -> Report:
    """A report from its JSON. Raises SchemaError; the document is untrusted and only ever decoded into our types."""
    try:
        report = _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SchemaError(f"not a Backstay report: {error}") from error
    if report.schema_version.partition(".")[0] != SCHEMA_VERSION.partition(".")[0]:
        raise SchemaError(f"report of schema version {report.schema_version}, but this reads {SCHEMA_VERSION}")
    return report


def _local(value: Any) -> Any:
    """The same schema with indented docstrings made flat."""
    if isinstance(value, dict):
        return {name: _flat(one) if name == "description" else _local(one) for name, one in value.items()}
    return [_local(one) for one in value] if isinstance(value, list) else value


def _flat(text: Any) -> Any:
    return " ".join(text.split()) if isinstance(text, str) else _local(text)
