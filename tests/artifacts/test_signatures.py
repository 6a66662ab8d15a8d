"""Signatures: what a bundle was made over, compared with the files, and who signed, by the maintained library."""

import base64
import hashlib
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from model_signing import signing

from backstay.artifacts.signatures import Signed, differences, signed
from backstay.cli.main import main
from backstay.pipeline import scan


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A signed model folder, with the public key beside it."""
    model = tmp_path / "model"
    model.mkdir()
    (model / "weights.bin").write_bytes(b"\0weights")
    (model / "config.json").write_text('{"model_type": "bert"}')
    key = ec.generate_private_key(ec.SECP256R1())
    private = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (tmp_path / "private.pem").write_bytes(key.private_bytes(*private))
    public = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    (tmp_path / "public.pem").write_bytes(key.public_key().public_bytes(*public))
    config = signing.Config()  # type: ignore[no-untyped-call]
    config.use_elliptic_key_signer(private_key=tmp_path / "private.pem").sign(model, model / "model.sig")
    return model


def present(folder: Path) -> dict[str, str]:
    return {path.name: digest(path.read_bytes()) for path in folder.iterdir() if path.name != "model.sig"}


def test_a_real_signature_says_what_it_was_made_over(folder: Path) -> None:
    what = signed((folder / "model.sig").read_bytes())
    assert what is not None
    assert what.whole
    assert what.digests == present(folder)
    assert not list(differences(what, present(folder)))


def test_each_difference_is_told(folder: Path) -> None:
    what = signed((folder / "model.sig").read_bytes())
    assert what is not None
    (folder / "weights.bin").write_bytes(b"\0other")
    (folder / "config.json").unlink()
    (folder / "extra.py").write_text("import os")
    (folder / ".gitignore").write_text("*")
    assert [line.partition(":")[0] for line in differences(what, present(folder))] == [
        "config.json",
        "weights.bin",
        "extra.py",
    ]


def test_a_bundle_of_one_file() -> None:
    message = {"messageDigest": {"algorithm": "SHA2_256", "digest": base64.b64encode(bytes(32)).decode()}}
    bundle = {"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "messageSignature": message}
    what = signed(json.dumps(bundle).encode())
    assert what == Signed({"": "00" * 32})
    assert list(differences(what, {"": "00" * 32})) == []
    assert list(differences(what, {"": "11" * 32})) == [f": signed as {'0' * 12}, is {'1' * 12}"]


@given(st.binary())
def test_no_bytes_do_harm(data: bytes) -> None:
    start = b'{"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", '
    assert signed(data) is None
    with pytest.raises(ValueError, match="Sigstore bundle"):
        signed(start + data + b"[")


def verify(folder: Path, *options: str) -> int:
    return main(["models", "verify", str(folder), "--signature", str(folder / "model.sig"), *options])


def test_the_command_verifies_who_signed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = str(folder.parent / "public.pem")
    assert verify(folder, "--public-key", key) == 0
    assert "holds for 2 files" in capsys.readouterr().out
    (folder / "weights.bin").write_bytes(b"\0other")
    assert verify(folder, "--public-key", key) == 1
    assert "does not hold" in capsys.readouterr().out


def test_the_command_notices_a_strange_key(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    public = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    (folder.parent / "strange.pem").write_bytes(key.public_bytes(*public))
    assert verify(folder, "--public-key", str(folder.parent / "strange.pem")) == 1
    assert "does not hold" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ((), "say who must have signed"),
        (("--identity", "ann@example.com"), "needs --identity-provider and --trust-root"),
        (("--public-key", "/no/such/key"), "no such file"),
    ],
)
def test_the_command_asks_for_what_it_needs(
    folder: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], reason: str
) -> None:
    assert verify(folder, *options) == 2
    assert reason in capsys.readouterr().err


def test_a_scan_blames_the_file_that_differs_and_no_other(tmp_path: Path) -> None:
    root = tmp_path / "estate"
    folder = root / "weights"
    folder.mkdir(parents=True)
    for name in ("a.pkl", "b.pkl", "c.pkl"):
        (folder / name).write_bytes(b"\x80\x04N.")
    key = ec.generate_private_key(ec.SECP256R1())
    secret = tmp_path / "key.pem"
    kind = serialization.PrivateFormat.PKCS8
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption()))
    config = signing.Config()  # type: ignore[no-untyped-call]
    config.use_elliptic_key_signer(private_key=secret).sign(folder, folder / "model.sig")
    (folder / "b.pkl").write_bytes(b"\x80\x04]\x94.")
    found = [one for one in scan(root).findings if one.rule == "invalid-model-signature"]
    assert [one.subject_name for one in found] == ["weights/b.pkl"]
