"""What counts as an AI package."""

import pytest

from backstay import catalog


@pytest.mark.parametrize(
    "name", ["torch", "Great_Expectations", "langchain-anything", "llama.index.core", "scikit-learn", "ray", "hyperopt"]
)
def test_ai_packages_of_pypi(name: str) -> None:
    assert catalog.is_ai_package("pypi", name)


@pytest.mark.parametrize(
    "name", ["numpy", "pandas", "scipy", "fastapi", "pydantic", "requests", "torchlight-notes", "ai"]
)
def test_general_packages_of_pypi(name: str) -> None:
    assert not catalog.is_ai_package("pypi", name)


@pytest.mark.parametrize("name", ["ai", "@ai-sdk/openai", "@openai/chatkit-react", "@langchain/core"])
def test_ai_packages_of_npm(name: str) -> None:
    assert catalog.is_ai_package("npm", name)


@pytest.mark.parametrize("name", ["react", "aim-high", "@types/node", "next"])
def test_general_packages_of_npm(name: str) -> None:
    assert not catalog.is_ai_package("npm", name)


@pytest.mark.parametrize("ecosystem", ["pypi", "npm"])
def test_names_are_plain_or_end_in_a_wildcard(ecosystem: str) -> None:
    names = catalog.ai_packages(ecosystem)
    assert names
    assert not [name for name in names if "*" in name[:-1]]
    assert len({catalog.normal_name(ecosystem, name) for name in names}) == len(names)
