"""Every SDK table does what its page shows."""

from pathlib import Path

import pytest

from backstay import page
from backstay.catalog.tables import tables
from backstay.testing import check_catalog_page

PACKAGE = "backstay.catalog.sdk"
NAMES = [(table.language, table.id) for table in tables()]


@pytest.mark.parametrize(("language", "name"), NAMES, ids=map("-".join, NAMES))
def test_catalog_page(language: str, name: str, tmp_path: Path) -> None:
    loaded = page.load(f"{PACKAGE}.{language}", name)
    check_catalog_page(name, loaded, tmp_path)


@pytest.mark.parametrize(("language", "name"), NAMES, ids=map("-".join, NAMES))
def test_page_tells_what_is_found_and_what_is_not(language: str, name: str) -> None:
    loaded = page.load(f"{PACKAGE}.{language}", name)
    assert loaded.meta.get("title"), f"{name}.md has no title"
    assert loaded.prose, f"{name}.md says nothing before its examples"
    assert {example.found for example in loaded.examples} == {True, False}, f"{name}.md needs examples of both sides"
