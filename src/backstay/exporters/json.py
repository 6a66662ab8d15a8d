"""JSON: the whole report as it is, for programs; its schema is docs/reference/report.schema.json."""

from backstay.exporters.encoding import document, encodable
from backstay.model import Report
from backstay.plugin import exporter


@exporter(".json")
def json(report: Report) -> str:
    return document(encodable(report))
