"""Page: renders the HTML report from its views; every value is made visible and escaped on its way out."""

import base64
import hashlib
from functools import cache
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from backstay.exporters.html_report import words
from backstay.exporters.html_report.coverage import coverage
from backstay.exporters.html_report.description import blocks
from backstay.exporters.html_report.findings import findings
from backstay.exporters.html_report.inventory import inventory
from backstay.exporters.html_report.picture import NODE_HEIGHT, NODE_WIDTH, group_of
from backstay.exporters.html_report.posture import policy_origin, posture, top_risks, when
from backstay.graph import Graph
from backstay.model import Kind, Report


def render(report: Report) -> str:
    """The whole page as text. It refers to nothing outside itself."""
    graph = Graph(report.assets, report.relationships)
    style, script = _resource("report.css"), _resource("report.js")
    page = _environment().get_template("page.html.j2")
    return page.render(
        report=report,
        posture=posture(report),
        risks=top_risks(report, graph),
        inventory=inventory(report, graph, {kind: group_of(kind) for kind in Kind}),
        findings=findings(report),
        coverage=coverage(report),
        policy_origin=policy_origin(report),
        style=Markup(style),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own file
        policy=f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'",
    )


def _finalize(value: object) -> object:
    """What every expression of a template passes: text is made visible and bounded, our own markup stays."""
    if isinstance(value, Markup):
        return value
    return words.clean(value) if isinstance(value, str) else value


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("backstay.exporters.html_report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "band": words.band,
        "blocks": blocks,
        "breakable": words.breakable,
        "count": words.count,
        "grade": words.grade,
        "kind": words.kind,
        "lines": words.lines,
        "link": words.link,
        "place": words.place,
        "prose": words.prose,
        "range": words.range_text,
        "when": when,
    }
    environment.globals |= {"node_width": NODE_WIDTH, "node_height": NODE_HEIGHT}
    return environment


def _resource(name: str) -> str:
    return resources.files("backstay.exporters.html_report").joinpath(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
