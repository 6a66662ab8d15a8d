"""C#: what a model's name can be, followed through classes, projects, namespaces and registered services."""

import re

import pytest
from cases import Case, cases
from understanding import understand

from backstay.model import Kind

HEAD = "using OpenAI.Chat;\n"
CASES = [
    Case(
        case.name,
        case.expected,
        {"Program.cs" if path == "app.py" else path: text for path, text in case.files.items()},
    )
    for case in cases("dotnet.txt", HEAD)
]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_resolution(case: Case) -> None:
    files = {path: re.sub(r"ask\((.*?)\);", r'new ChatClient(\1, "k");', text) for path, text in case.files.items()}
    found = understand(files)
    assert not found.skips
    assert found.models == case.expected.split()


def test_a_key_where_an_address_could_stand_names_nobody() -> None:
    found = understand(
        {
            "Program.cs": "using Microsoft.SemanticKernel;\n"
            "var builder = Kernel.CreateBuilder();\n"
            'builder.AddOpenAIChatCompletion("gpt-4o", "house-secret-value-123456");\n'
        }
    )
    assert found.names(Kind.PROVIDER) == ["openai"]
    assert "house-secret" not in repr(found.facts)
