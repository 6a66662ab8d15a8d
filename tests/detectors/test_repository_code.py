"""Code by the names that model repositories use: a project's own is no model, what runs commands is told."""

from pathlib import Path

from backstay.model import Asset, Kind
from backstay.pipeline import scan

CODE = "from transformers import PreTrainedModel\n\n\nclass MyModel(PreTrainedModel):\n    pass\n"
CONFIG = '{"model_type": "mine", "architectures": ["MyModel"], "auto_map": {"AutoModel": "modeling_mine.MyModel"}}'


def models(folder: Path, code: str, config: str = "") -> list[Asset]:
    inner = folder / "mine"
    inner.mkdir()
    inner.joinpath("modeling_mine.py").write_text(code, encoding="utf-8")
    if config:
        inner.joinpath("config.json").write_text(config, encoding="utf-8")
    return [asset for asset in scan(folder, jobs=1).assets if asset.kind == Kind.MODEL]


def test_sources_of_a_project_are_no_model(tmp_path: Path) -> None:
    assert models(tmp_path, CODE) == []


def test_code_that_starts_programs_is_told_of_the_model_of_its_folder(tmp_path: Path) -> None:
    (model,) = models(tmp_path, CODE + "\nimport os\nos.system('true')\n", CONFIG)
    assert any("modeling_mine.py" in text for text in model.items("executes"))
    assert any("modeling_mine.MyModel" in text for text in model.items("carried_code"))
