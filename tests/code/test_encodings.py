"""A module means the same in whatever encoding it is written, also when only others' imports lead to it."""

from pathlib import Path

import pytest

from backstay.model import Kind
from backstay.pipeline import scan

USER = (
    "from openai import OpenAI\nfrom names import MODEL\n\nOpenAI().chat.completions.create(model=MODEL, messages=[])\n"
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_an_imported_module(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "main.py").write_text(USER, encoding="utf-8")
    (tmp_path / "names.py").write_bytes("# café\nMODEL = 'gpt-4o'\n".encode(encoding))
    report = scan(tmp_path)
    assert [asset.name for asset in report.assets if asset.kind == Kind.MODEL] == ["gpt-4o"]
    assert report.scan.state == "complete"
