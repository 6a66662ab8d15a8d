"""Agents written by hand: loops over a model and its tools, and what is none."""

import pytest
from cases import Case, cases
from understanding import Understood, understand

from backstay.model import Kind

HEAD = """\
from openai import OpenAI
client = OpenAI()
TOOLS = [{'type': 'function', 'function': {'name': 'look'}}]
def look(q): return q
def ask(messages): return client.chat.completions.create(model='m', messages=messages, tools=TOOLS)
def answered(id, text): return {'role': 'tool', 'tool_call_id': id, 'content': text}

"""
CASES = cases("agents.txt", HEAD)


def shown(found: Understood) -> str:
    """Each agent with the models and tools that it uses."""
    said = []
    for agent in found.names(Kind.AGENT):
        used = sorted(
            line.rpartition(" ")[2]
            for line in found.edges()
            if line.startswith((f"agent {agent} -uses-> model", f"agent {agent} -uses-> tool"))
        )
        said.append(f"{agent}({' '.join(sorted(used, key=lambda name: name == 'look'))})")
    return " ".join(said) or "none"


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_agents(case: Case) -> None:
    assert shown(understand(case.files)) == case.expected


def test_an_endpoint_calls_the_loop_that_it_runs() -> None:
    loop = (
        "def solve(messages):\n  while True:\n    r = ask(messages)\n"
        "    messages.append(answered(r.choices[0].message.tool_calls[0].id, look(r)))\n"
        "from fastapi import FastAPI\napp = FastAPI()\n"
    )
    calling = understand(HEAD + loop + "@app.post('/a')\ndef a(q): return solve([q])\n")
    edges = {line for line in calling.edges() if line.startswith("endpoint")}
    assert edges == {"endpoint POST /a -calls-> agent solve"}
    inside = understand(HEAD + loop.replace("def solve", "def helper") + "app.post('/a')(helper)\n")
    assert inside.names(Kind.AGENT) == ["helper"]


def test_the_code_of_a_tool_told_by_a_schema() -> None:
    loop = (
        "import subprocess\ndef look(q): return subprocess.run(q, shell=True)\n"
        "def solve(messages):\n  for turn in range(7):\n    r = ask(messages)\n"
        "    messages.append(answered(r.choices[0].message.tool_calls[0].id, look(r)))\n"
    )
    found = understand(HEAD + loop)
    assert "runs_code" in str(found.attributes(Kind.TOOL, "look")["capabilities"])
    assert found.attributes(Kind.AGENT, "solve")["max_turns"] == 7


def test_a_handler_that_is_the_loop_leaves_the_model_to_its_agent() -> None:
    loop = (
        "from fastapi import FastAPI\napp = FastAPI()\n@app.post('/a')\ndef solve(messages):\n  while True:\n"
        "    r = ask(messages)\n    messages.append(answered(r.choices[0].message.tool_calls[0].id, look(r)))\n"
    )
    edges = {line for line in understand(HEAD + loop).edges() if line.startswith("endpoint")}
    assert edges == {"endpoint POST /a -calls-> agent solve"}
