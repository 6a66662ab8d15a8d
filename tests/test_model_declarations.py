"""What is declared, restricted and missing: of a model's folder, and of a file that stands alone."""

import json
import struct
from pathlib import Path

from backstay.model import Asset, Kind
from backstay.pipeline import scan


def safetensors(**metadata: str) -> bytes:
    text = json.dumps({"__metadata__": metadata, "w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    return struct.pack("<Q", len(text)) + text + bytes(4)


def only(folder: Path, kind: Kind) -> Asset:
    [asset] = [one for one in scan(folder).assets if one.kind == kind and one.key.startswith("urn:")]
    return asset


def test_a_file_that_declares_something(tmp_path: Path) -> None:
    (tmp_path / "m.safetensors").write_bytes(safetensors(license="cc-by-nc-4.0", base_model="acme/base"))
    asset = only(tmp_path, Kind.MODEL_FILE)
    assert asset.items("license_restrictions") == ["cc-by-nc-4.0: non-commercial"]
    assert asset.items("undeclared") == ["datasets", "languages"]


def test_a_folder_with_a_card(tmp_path: Path) -> None:
    folder = tmp_path / "ranker"
    folder.mkdir()
    (folder / "README.md").write_text(
        "---\nlicense: mit\nbase_model: acme/base\npipeline_tag: text-classification\n---\n# Ranker\n"
    )
    asset = only(tmp_path, Kind.MODEL)
    assert not asset.items("license_restrictions")
    assert asset.items("undeclared") == ["datasets", "languages", "architecture", "version"]


def test_a_model_that_is_elsewhere_owes_nothing(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        'from transformers import AutoModel\n\nmodel = AutoModel.from_pretrained("acme/base")\n'
    )
    assert not [one for one in scan(tmp_path).assets if one.items("undeclared")]
