"""Pipelines: which code that fills a store is work that somebody starts."""

import pytest
from cases import Case, cases
from understanding import understand

from backstay.model import Kind

HEAD = "from langchain_chroma import Chroma\nfrom langchain_openai import OpenAIEmbeddings\n"
STORE = HEAD + "store = Chroma(embedding_function=OpenAIEmbeddings(model='m'))\n"
CASES = cases("pipelines.txt", STORE)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_pipelines(case: Case) -> None:
    files = {path: (STORE if "store." in source else "") + source for path, source in case.files.items()}
    assert " ".join(understand(files).names(Kind.PIPELINE)) == case.expected.replace("none", "")
