"""Code that comes with a model: what a configuration names is read and judged, and what is missing is told."""

import json
from pathlib import Path

from backstay.pipeline import scan

HONEST = """\
import torch
from torch import nn
from transformers import PreTrainedModel


class AcmeModel(PreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.layer = nn.Linear(config.hidden_size, config.hidden_size)

    def forward(self, x):
        return self.layer(x)
"""
HARMFUL = HONEST.replace("import torch\n", 'import os\nimport torch\n\nos.system("true")\n')


def rules(folder: Path, code: dict[str, str], auto_map: str = "modeling_acme.AcmeModel") -> dict[str, str]:
    """The rules of the family that find something on the model, with their messages."""
    folder.mkdir()
    config = {
        "architectures": ["AcmeModel"],
        "model_type": "acme",
        "hidden_size": 4,
        "auto_map": {"AutoModel": auto_map},
    }
    (folder / "config.json").write_text(json.dumps(config))
    for name, text in code.items():
        (folder / name).write_text(text)
    report = scan(folder)
    return {one.rule: one.message for one in report.findings if one.subject_kind == "model"}


def test_honest_code_is_carried(tmp_path: Path) -> None:
    found = rules(tmp_path / "acme", {"modeling_acme.py": HONEST})
    assert "code-in-model-file" in found
    assert "code-executed-on-load" not in found


def test_harmful_code_is_told(tmp_path: Path) -> None:
    found = rules(tmp_path / "acme", {"modeling_acme.py": HARMFUL})
    assert "os.system" in found["code-executed-on-load"]


def test_code_that_is_not_here(tmp_path: Path) -> None:
    found = rules(tmp_path / "acme", {})
    assert "modeling_acme.py: named as code, and not here" in found["incomplete-model"]


def test_code_of_another_repository(tmp_path: Path) -> None:
    found = rules(tmp_path / "acme", {}, "other/repository--modeling_acme.AcmeModel")
    assert "code-in-model-file" in found
    assert "incomplete-model" not in found
