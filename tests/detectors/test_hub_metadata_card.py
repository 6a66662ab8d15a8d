"""Model cards: what the author declares in the front matter."""

from pathlib import Path

from backstay.model import Asset, Kind
from backstay.pipeline import scan

CARD = """---
license: other
license_name: llama3.1
language: [en, de]
tags:
  - conversational
pipeline_tag: text-generation
---
# Ada
"""


def card(folder: Path, text: str) -> Asset:
    folder.joinpath("README.md").write_text(text, encoding="utf-8")
    return next(asset for asset in scan(folder, jobs=1).assets if asset.kind == Kind.MODEL)


def test_a_card_declares_licence_languages_and_tags(tmp_path: Path) -> None:
    model = card(tmp_path, CARD)
    assert model.attributes["license"] == "llama3.1"
    assert model.attributes["languages"] == ["en", "de"]
    assert model.attributes["tags"] == ["conversational"]


def test_a_single_language_is_a_list_of_one(tmp_path: Path) -> None:
    assert card(tmp_path, CARD.replace("[en, de]", "fr")).attributes["languages"] == ["fr"]


def test_what_is_not_declared_is_not_there(tmp_path: Path) -> None:
    model = card(tmp_path, CARD.replace("language: [en, de]\n", "").replace("license_name: llama3.1\n", ""))
    assert "languages" not in model.attributes
    assert model.attributes["license"] == "other"
