"""`backstay models`: inspecting, locking and verifying real files, as a user does."""

import json
import zipfile
from pathlib import Path

import pytest

from backstay.cli.main import main
from backstay.pipeline import scan

EVIL = b"cposix\nsystem\n(S'true'\ntR."  # inert: never loaded
GOOD = b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00}\x94\x8c\x01w\x94K\x01s."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "good.pkl").write_bytes(GOOD)
    (tmp_path / "README.txt").write_text("Two models.")
    return tmp_path


def inspect(*arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[dict[str, object]]]:
    code = main(["models", "inspect", "-q", "-f", "json", *arguments])
    files = json.loads(capsys.readouterr().out)["files"]
    return code, files


def test_a_clean_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, files = inspect(str(folder), capsys=capsys)
    assert code == 0
    assert [(one["verdict"], one["coverage"], one["format"]) for one in files] == [("clean", "whole", "pickle")]
    assert files[0]["path"] == f"{folder}/models/good.pkl"


def test_a_malicious_file_fails(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "models" / "weights.bin").write_bytes(EVIL)
    code, files = inspect(str(folder / "models" / "weights.bin"), capsys=capsys)
    assert code == 1
    assert files[0]["verdict"] == "malicious"
    executes = files[0]["executes"]
    assert isinstance(executes, list)
    assert "posix.system" in executes[0]
    assert "at byte" in executes[0]
    assert inspect(str(folder), "--fail-on", "none", capsys=capsys)[0] == 0


def test_every_named_file_is_answered(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "model.safetensors").write_bytes(b"\0" * 64)
    code, files = inspect(str(folder / "README.txt"), str(folder / "model.safetensors"), capsys=capsys)
    assert code == 3
    assert [one["verdict"] for one in files] == ["not a model file", "depends on unknown code"]
    assert files[1]["coverage"] == "none"
    assert inspect(str(folder), "--allow-partial", capsys=capsys)[0] == 0


def test_the_table_is_plain_text(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "models" / "\x1b[31m.pkl").write_bytes(EVIL)
    assert main(["models", "inspect", str(folder)]) == 1
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "malicious (pickle)" in out
    assert "executes: posix.system" in out
    assert out.splitlines()[-1] == "2 files: 1 malicious, 1 clean"


def test_the_table_begins_with_the_worst_and_says_each_thing_once(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    layers = [{"class_name": "Lambda", "config": {"name": "twice", "function": [f"4w{n}", None, None]}} for n in "ab"]
    model = {"class_name": "Sequential", "config": {"name": "s", "layers": layers}}
    (folder / "zz.json").write_text(json.dumps(model | {"keras_version": "2.15.0", "backend": "tensorflow"}))
    (folder / "zzz.pkl").write_bytes(EVIL)
    assert main(["models", "inspect", str(folder)]) == 1
    out = capsys.readouterr().out.splitlines()
    assert out[0] == f"{folder}/zzz.pkl: malicious (pickle)"
    assert out[-2].endswith("good.pkl: clean (pickle)")
    assert len([line for line in out if "carried code: " in line]) == 1


def test_an_encrypted_member_that_is_called_a_model_is_not_passed_over(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = folder / "archive.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("weights.pkl", GOOD)
    data = bytearray(archive.read_bytes())
    for at in (6, data.index(b"PK\x01\x02") + 8):
        data[at] |= 1  # said to be encrypted, in both headers
    at = 30 + len("weights.pkl")
    data[at : at + len(GOOD)] = bytes(value ^ 0x5A for value in GOOD)
    archive.write_bytes(data)
    code, files = inspect(str(folder), capsys=capsys)
    assert code == 3
    assert [one["verdict"] for one in files] == ["depends on unknown code", "clean"]


def test_without_hashing_large_files_have_no_digest(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    large = folder / "large.pkl"
    large.write_bytes(b"\x80\x04B" + (11 << 20).to_bytes(4, "little") + bytes(11 << 20) + b".")
    _, files = inspect(str(large), capsys=capsys)
    assert len(str(files[0]["sha256"])) == 64
    _, files = inspect(str(large), "--no-hash", capsys=capsys)
    assert files[0]["sha256"] is None
    assert files[0]["verdict"] == "clean"


def test_lock_and_verify(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = str(folder)
    assert main(["models", "verify", where]) == 2
    assert "no such lock" in capsys.readouterr().err
    assert main(["models", "lock", where]) == 0
    assert main(["models", "verify", where]) == 0
    before = (folder / "backstay-models.lock").read_bytes()
    assert main(["models", "lock", "-q", where]) == 0
    assert (folder / "backstay-models.lock").read_bytes() == before
    (folder / "models" / "new.pkl").write_bytes(GOOD)
    (folder / "models" / "good.pkl").write_bytes(EVIL)
    capsys.readouterr()
    assert main(["models", "verify", where]) == 1
    out = capsys.readouterr().out
    assert "models/good.pkl: changed: " in out
    assert "models/new.pkl: not in the lock: " in out


def test_a_scan_says_what_changed_since_the_lock(folder: Path) -> None:
    assert main(["models", "lock", "-q", str(folder)]) == 0
    assert not [one for one in scan(folder).findings if one.rule == "changed-model-file"]
    (folder / "models" / "good.pkl").write_bytes(GOOD.replace(b"w", b"v"))
    found = [one for one in scan(folder).findings if one.rule == "changed-model-file"]
    assert [one.subject_name for one in found] == ["models/good.pkl"]
    (folder / "models" / "good.pkl").unlink()
    found = [one for one in scan(folder).findings if one.rule == "changed-model-file"]
    assert [one.subject_name for one in found] == ["models/good.pkl"]
    assert "missing" in found[0].message


def test_an_origin_that_the_hub_left_is_kept(tmp_path: Path) -> None:
    commit = "0123456789" * 4
    snapshot = tmp_path / "models--acme--ranker" / "snapshots" / commit
    snapshot.mkdir(parents=True)
    (snapshot / "model.pkl").write_bytes(GOOD)
    local = tmp_path / "local"
    (local / ".cache/huggingface/download/sub").mkdir(parents=True)
    (local / "sub").mkdir()
    (local / "sub" / "model.pkl").write_bytes(GOOD)
    (local / ".cache/huggingface/download/sub/model.pkl.metadata").write_text(f"{commit}\netag\n0\n")
    assert main(["models", "lock", "-q", str(tmp_path)]) == 0
    lock = (tmp_path / "backstay-models.lock").read_text()
    assert f'origin = "https://huggingface.co/acme/ranker@{commit}"' in lock
    assert f'origin = "huggingface@{commit}"' in lock


def test_one_file_can_be_scanned(folder: Path) -> None:
    (folder / "models" / "evil.pkl").write_bytes(EVIL)
    report = folder / "report.json"
    assert main(["scan", "-q", str(folder / "models" / "evil.pkl"), "-o", str(report)]) == 1
    found = json.loads(report.read_text())
    assert [one["subject_name"] for one in found["findings"] if one["rule"] == "code-executed-on-load"] == ["evil.pkl"]
