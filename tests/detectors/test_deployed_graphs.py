"""What langgraph.json serves is an endpoint that reaches the agent of the file it names, once."""

from pathlib import Path

from backstay.model import Report
from backstay.pipeline import scan

CODE = """
from langgraph.prebuilt import create_react_agent

helper = create_react_agent("openai:gpt-4o-mini", tools=[], name="helper")
"""


def scanned(folder: Path, files: dict[str, str]) -> Report:
    for name, text in files.items():
        folder.joinpath(name).parent.mkdir(parents=True, exist_ok=True)
        folder.joinpath(name).write_text(text, encoding="utf-8")
    return scan(folder, jobs=1)


def lines(report: Report, kind: str) -> list[str]:
    return sorted(asset.name for asset in report.assets if asset.kind == kind)


def test_a_graph_of_the_code_is_called_and_not_made_again(tmp_path: Path) -> None:
    settings = '{"graphs": {"support": "./src/app.py:helper"}, "auth": {"path": "./src/auth.py:auth"}}'
    report = scanned(tmp_path, {"langgraph.json": settings, "src/app.py": CODE})
    assert lines(report, "agent") == ["helper"]
    assert lines(report, "endpoint") == ["support"]
    (endpoint,) = [one for one in report.assets if one.kind == "endpoint"]
    (agent,) = [one for one in report.assets if one.kind == "agent"]
    assert endpoint.attributes["authentication"] == "./src/auth.py:auth"
    assert [edge.kind for edge in report.relationships if (edge.source, edge.target) == (endpoint.key, agent.key)] == [
        "calls"
    ]


def test_a_graph_nobody_saw_is_an_agent(tmp_path: Path) -> None:
    settings = '{"graphs": {"writer": {"path": "./graph.ts:graph"}, "x": 1, "y": "nothing", "z": "../../etc/passwd:z"}}'
    report = scanned(tmp_path, {"web/langgraph.json": settings})
    assert lines(report, "agent") == ["writer"]
    assert lines(report, "endpoint") == ["writer"]


def test_a_broken_file_is_reported(tmp_path: Path) -> None:
    report = scanned(tmp_path, {"langgraph.json": '{"graphs": {{'})
    assert [skip.reason for skip in report.scan.skips if skip.path == "langgraph.json"] == ["invalid JSON"]
