"""Models and prompts that code names where no call can be followed to them."""

from pathlib import Path

from backstay.model import Kind
from backstay.pipeline import scan

CLIENT = """
from litellm import completion
from names import Models
from settings import config

def ask(name, messages):
    return completion(model=Models[name].value, messages=messages)
"""

NAMES = """
import os
from enum import StrEnum

MODEL_COSTS = {"gpt-4-32k": 0.06}
MODELS_WITHOUT_TEMPERATURE = ["o1-mini"]
FALLBACK_MODELS = ["gemini-2.5-pro", "claude-file.txt"]

class Models(StrEnum):
    FAST = "gpt-4o-mini"
    STRONG = "anthropic/claude-sonnet-4-5"
    HOUSE = "house-7b"

class Colours(StrEnum):
    RED = "red-7b"

def run(model="mistral-large-2411", colour="gpt-3.5-turbo"):
    return os.getenv("CHAT_MODEL", "gpt-4.1")
"""

TEXTS = '''
SYSTEM_PROMPT = """You are a patient teacher of arithmetic. Answer in one short sentence, with the result first."""
HELP_PROMPT = "Type a question and press enter twice, or type quit to leave the program at any time."
NAME_PROMPT = "Name?"

def summary_prompt(topic):
    intro = f"Summarise what is known about {topic} for a reader who has never heard of it before."
    return intro

def question():
    prompt = input("What would you like to know about the documents that were loaded into memory? ")
    return prompt
'''


def found(folder: Path, kind: Kind, **files: str) -> set[str]:
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    return {asset.name for asset in scan(folder).assets if asset.kind == kind}


def test_models_by_name_and_id(tmp_path: Path) -> None:
    assert found(tmp_path, Kind.MODEL, client=CLIENT, names=NAMES) == {
        "gpt-4o-mini",
        "claude-sonnet-4-5",
        "house-7b",
        "gemini-2.5-pro",
        "mistral-large-2411",
        "gpt-4.1",
    }


def test_a_router_calls_the_provider_before_the_id(tmp_path: Path) -> None:
    assert {"anthropic", "openai"} <= found(tmp_path, Kind.PROVIDER, client=CLIENT, names=NAMES)


def test_prompts_by_name_and_length(tmp_path: Path) -> None:
    assert found(tmp_path, Kind.PROMPT, client=CLIENT, texts=TEXTS) == {"SYSTEM_PROMPT", "summary_prompt"}


def test_nothing_without_a_library_of_ai(tmp_path: Path) -> None:
    assert found(tmp_path, Kind.MODEL, names=NAMES, texts=TEXTS) == set()
    assert found(tmp_path, Kind.PROMPT, names=NAMES, texts=TEXTS) == set()


def test_tests_declare_nothing(tmp_path: Path) -> None:
    assert found(tmp_path, Kind.PROMPT, client=CLIENT, test_texts=TEXTS) == set()
