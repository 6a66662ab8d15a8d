"""Endpoints: where requests enter, under which path, what guards them, and which are none of ours."""

import pytest
from cases import Case, cases
from understanding import Understood, understand

from backstay.model import Kind

HEAD = """\
from typing import Annotated
from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, HTTPException
from fastapi.responses import JSONResponse
from openai import OpenAI
client = OpenAI()
app = FastAPI()

def ai():
  return client.chat.completions.create(model='m', messages=[])

"""
CASES = cases("endpoints.txt", HEAD)


def shown(found: Understood) -> str:
    """Each endpoint with what guards it, and a `!` when it reaches no model."""
    said = []
    calls = found.edges()
    for name in found.names(Kind.ENDPOINT):
        attributes = found.attributes(Kind.ENDPOINT, name)
        guard = f" by {attributes['authentication']}" if attributes["authentication"] else ""
        limit = f" limited by {attributes['rate_limit']}" if attributes["rate_limit"] else ""
        reaches = "" if f"endpoint {name} -calls-> model m" in calls else " !"
        said.append(f"{name}{guard}{limit}{reaches}")
    return ", ".join(said) or "nothing"


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_endpoints(case: Case) -> None:
    found = understand(case.files)
    assert not found.skips, "a case is Python that can be read"
    assert shown(found) == case.expected


def test_the_cases_are_all_read() -> None:
    assert len(CASES) > 25
    assert len({case.name for case in CASES}) == len(CASES)


def test_what_an_app_is_run_with_stands_on_its_endpoints() -> None:
    source = "import uvicorn\n@app.post('/a')\ndef a(): return ai()\nuvicorn.run(app, host='0.0.0.0')\n"
    attributes = understand(HEAD + source).attributes(Kind.ENDPOINT, "POST /a")
    assert (attributes["method"], attributes["path"], attributes["framework"]) == ("POST", "/a", "fastapi")
    assert attributes["host"] == "0.0.0.0"
