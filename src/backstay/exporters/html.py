"""HTML: a report as one self-contained page that a person likes to read, safe against what was scanned."""

from backstay.exporters.html_report.page import render
from backstay.model import Report
from backstay.plugin import exporter


@exporter(".html")
def html(report: Report) -> str:
    return render(report)
