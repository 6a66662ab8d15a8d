"""Flow: model output into dangerous calls and outside input into system prompts, and what only looks like it."""

import re

import pytest
from cases import Case, cases
from understanding import understand

from backstay.model import Kind

HEAD = """\
import html, json, os, shlex, sqlite3, subprocess
from openai import OpenAI
client = OpenAI()

def answer(question='hello'):
  made = client.chat.completions.create(model='m', messages=[{'role': 'user', 'content': question}])
  return made.choices[0].message.content

"""
CASES = cases("flow.txt", HEAD)


def with_calls(source: str) -> str:
    """`ask(s, u)` written out, as flow into a helper is a case of its own."""
    messages = r"[{'role': 'system', 'content': \1}, {'role': 'user', 'content': \2}]"
    return re.sub(
        r"(?m)\bask\((.+), (\w+|'\w*'|f'[^']*')\)$",
        rf"client.chat.completions.create(model='m', messages={messages})",
        source,
    )


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_flow(case: Case) -> None:
    files = {path: with_calls(source) for path, source in case.files.items()}
    assert not any(re.search(r"\bask\(", source) for source in files.values())
    found = understand(files)
    assert not found.skips, "a case is Python that can be read"
    drawn = {f"{sink} {callee}" for sink, callee in found.sinks()} | {origin for origin, _ in found.prompted()}
    if case.name == "path made of output":
        drawn = {one.partition(" ")[0] for one in drawn}
    assert ", ".join(sorted(drawn)) == case.expected.replace("nothing", "")


def test_the_cases_are_all_read() -> None:
    assert len(CASES) > 60
    assert len({case.name for case in CASES}) == len(CASES)


def test_where_output_comes_from_and_arrives() -> None:
    found = understand({"app.py": HEAD + "def run():\n  reply = answer()\n  os.system(reply)\n"})
    (flow,) = found.flows()
    assert flow.source == found.asset(Kind.MODEL, "m").key
    assert flow.attributes == {"sink": "shell", "callee": "os.system", "function": "run", "sanitised": False}
    assert (flow.evidence[0].path, flow.evidence[0].line) == ("app.py", HEAD.count("\n") + 3)


def test_what_a_model_calls_a_tool_with_comes_from_the_tool() -> None:
    source = "from agents import function_tool\n@function_tool\ndef shell(command: str): os.system(command)\n"
    (flow,) = understand({"app.py": "import os\n" + source}).flows()
    assert flow.source == understand({"app.py": "import os\n" + source}).asset(Kind.TOOL, "shell").key


def test_which_input_reaches_which_prompt() -> None:
    source = (
        "from fastapi import FastAPI\napp = FastAPI()\n@app.post('/chat')\ndef chat(name: str):\n"
        "  return client.responses.create(model='m', instructions=f'You help {name}', input='hello')\n"
    )
    found = understand({"app.py": HEAD + source})
    (flow,) = found.flows()
    assert flow.source == found.asset(Kind.ENDPOINT, "POST /chat").key
    assert flow.attributes == {"origin": "request", "variable": "name", "role": "system", "function": "chat"}
    assert found.asset(Kind.PROMPT, "chat.instructions").key == flow.target


def test_recursion_ends() -> None:
    source = "def a(x): return b(x)\ndef b(x): return a(x) if x else c(x)\ndef c(x):\n  os.system(x)\n  return a(x)\n"
    assert understand({"app.py": HEAD + source + "a(answer())\n"}).sinks() == {("shell", "os.system")}
