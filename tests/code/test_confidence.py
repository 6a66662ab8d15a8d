"""Tests of confidence: an asset's use is said less surely the more calls lie between its code and the use."""

import pytest
from understanding import understand

from backstay.code.confidence import through
from backstay.model import Kind

MODEL_CALL = 'return client.chat.completions.create(model="gpt-4o", messages=[])'


def _endpoint(calls: int) -> str:
    """A route whose handler comes to a model by way of that many functions."""
    steps = [f"def step{n}():\n    return step{n + 1}()\n" for n in range(1, calls)]
    last = f"def step{calls}():\n    {MODEL_CALL}\n" if calls else ""
    handler = "return step1()" if calls else MODEL_CALL
    return "\n".join(
        [
            "import openai",
            "from fastapi import FastAPI",
            "app = FastAPI()",
            "client = openai.OpenAI()",
            *steps,
            last,
            f"@app.post('/ask')\ndef ask():\n    {handler}\n",
        ]
    )


@pytest.mark.parametrize(("calls", "at_most"), [(0, 0.95), (1, 0.9), (2, 0.85), (3, 0.85), (4, 0.5), (7, 0.5)])
def test_confidence_falls_with_calls(calls: int, at_most: float) -> None:
    found = understand({"app.py": _endpoint(calls)})
    endpoint = next(asset for asset in found.assets if asset.kind == Kind.ENDPOINT)
    model = next(asset for asset in found.assets if asset.kind == Kind.MODEL)
    edges = [edge for edge in found.relationships if (edge.source, edge.target) == (endpoint.key, model.key)]
    assert [seen.confidence for edge in edges for seen in edge.evidence] == [at_most]


def test_the_nearest_way_counts() -> None:
    both = _endpoint(5).replace("return step1()", "step1()\n    return step5()")
    found = understand({"app.py": both})
    endpoint = next(asset for asset in found.assets if asset.kind == Kind.ENDPOINT)
    sure = [
        seen.confidence
        for edge in found.relationships
        if edge.source == endpoint.key and "gpt-4o" in edge.target
        for seen in edge.evidence
    ]
    assert sure == [through(1)]


def test_no_number_of_calls_makes_a_use_surer() -> None:
    shares = [through(calls) for calls in range(12)]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] == 1.0
    assert shares[-1] > 0
