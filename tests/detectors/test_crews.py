"""Agents of a crew's YAML are found once: by the class that reads them, or else by their file."""

from pathlib import Path

from backstay.model import Report
from backstay.pipeline import scan

AGENTS = """
researcher:
  role: Researcher
  goal: Find facts about {topic}
  backstory: You have read everything.
  llm: openai/gpt-4o-mini
settings: {role: none}
"""
CREW = """
from crewai import Agent, Crew, Task
from crewai.project import CrewBase, agent, crew


@CrewBase
class News:
    @agent
    def researcher(self) -> Agent:
        return Agent(config=self.agents_config["researcher"])

    @crew
    def crew(self) -> Crew:
        return Crew(agents=self.agents, tasks=[])
"""


def scanned(folder: Path, files: dict[str, str]) -> Report:
    for name, text in files.items():
        folder.joinpath(name).parent.mkdir(parents=True, exist_ok=True)
        folder.joinpath(name).write_text(text, encoding="utf-8")
    return scan(folder, jobs=1)


def agents(report: Report) -> list[str]:
    return [asset.name for asset in report.assets if asset.kind == "agent"]


def test_a_file_alone_tells_its_agents(tmp_path: Path) -> None:
    report = scanned(tmp_path, {"news/config/agents.yaml": AGENTS})
    assert agents(report) == ["researcher"]
    names = {asset.key: asset.name for asset in report.assets}
    edges = {(names[edge.source], str(edge.kind), names[edge.target]) for edge in report.relationships}
    assert {("researcher", "uses", "gpt-4o-mini"), ("openai", "serves", "gpt-4o-mini")} <= edges


def test_a_class_that_reads_the_file_tells_them_instead(tmp_path: Path) -> None:
    report = scanned(tmp_path, {"news/config/agents.yaml": AGENTS, "news/crew.py": CREW})
    assert sorted(agents(report)) == ["News", "researcher"]


def test_other_files_of_that_name(tmp_path: Path) -> None:
    report = scanned(
        tmp_path, {"config/agents.yaml": "monitor:\n  port: 80\n  role: agent\n", "a/config/agents.yml": "- [\n"}
    )
    assert agents(report) == []
