"""Pipelines: which code that fills a store is work that somebody starts."""

import pytest
from cases import Case, cases
from understanding import understand

from backstay.model import Kind, RelationshipKind

HEAD = "from langchain_chroma import Chroma\nfrom langchain_openai import OpenAIEmbeddings\n"
STORE = HEAD + "store = Chroma(embedding_function=OpenAIEmbeddings(model='m'))\n"
CASES = cases("pipelines.txt", STORE)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_pipelines(case: Case) -> None:
    files = {path: (STORE if "store." in source else "") + source for path, source in case.files.items()}
    assert " ".join(understand(files).names(Kind.PIPELINE)) == case.expected.replace("none", "")


def test_what_an_evaluation_reads() -> None:
    """Its own files of records and folders of inputs count; what it writes, and what other code reads, does not."""
    found = understand(
        {
            "evals/config.py": "import os\nEVALS = os.environ.get('EVALS', './data')\n",
            "evals/runner.py": (
                "import os\nfrom openai import OpenAI\nfrom evals.config import EVALS\n"
                "def answers():\n"
                "  names = os.listdir(EVALS + '/inputs')\n"
                "  os.listdir(EVALS + '/results')\n"
                "  return [OpenAI().chat.completions.create(model='gpt-4o', messages=[]) for name in names]\n"
            ),
            "run_evals.py": (
                "from pathlib import Path\nfrom evals.runner import answers\n"
                "QUESTIONS = Path('sets/questions_20.json')\nREPORT = Path('sets/questions/report.json')\n"
                "def main():\n  print(answers(), QUESTIONS, REPORT)\n"
                "if __name__ == '__main__':\n  main()\n"
            ),
        }
    )
    assert found.names(Kind.DATASET) == ["data/inputs", "sets/questions_20.json"]
    key = found.asset(Kind.PIPELINE, "run_evals").key
    assert {edge.kind for edge in found.relationships if edge.source == key} >= {RelationshipKind.CONSUMES}
