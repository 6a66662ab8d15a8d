"""Signatures: who signed a model, checked by the OpenSSF's own library with what the user trusts, without a network."""

import argparse
import hashlib
from pathlib import Path
from typing import Any

from backstay.artifacts.lock import NAME
from backstay.artifacts.signatures import MAX_SIZE, Signed, differences, signed
from backstay.cli import outputs
from backstay.cli.exits import CLEAN, FINDINGS, CommandError
from backstay.display import printable


def verify(options: argparse.Namespace, root: Path) -> int:
    """Verify the signature of a folder against a key, certificates, or an identity and a trust root."""
    file = Path(options.signature)
    try:
        with file.open("rb") as opened:
            what = signed(opened.read(MAX_SIZE + 1))
    except OSError as error:
        raise CommandError(f"{printable(str(file))}: {error.strerror}") from None
    except ValueError as error:
        raise CommandError(f"{printable(str(file))}: {error}") from None
    if what is None:
        raise CommandError(f"{printable(str(file))}: is no Sigstore bundle")
    try:
        from model_signing import verifying
    except ImportError:
        raise CommandError("signatures are verified by model-signing: pip install 'backstay[signing]'") from None
    try:
        blank: Any = verifying.Config()  # type: ignore[no-untyped-call]
        config = _config(blank, options).set_hashing_config(_hashing(what, root, file))
        config.verify(root, file)
    except CommandError:
        raise
    except Exception as error:  # the library raises what its own libraries raise
        said = list(differences(what, _present(root, what, file))) if "mismatch" in str(error).lower() else []
        if said:
            outputs.write_stdout("".join(f"{printable(one)}\n" for one in said))
            outputs.write_stdout(f"{printable(str(file))}: the signature does not hold: {len(said)} files differ\n")
            return FINDINGS
        outputs.write_stdout(f"{printable(str(file))}: the signature does not hold: {printable(str(error), 600)}\n")
        return FINDINGS
    outputs.write_stdout(f"{printable(str(file))}: the signature holds for {len(what.digests)} files\n")
    return CLEAN


def _present(root: Path, what: Signed, signature: Path) -> dict[str, str]:
    """Digests of the files below a folder, by path inside it; of those that were not signed only the names."""
    present = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_symlink() or not path.is_file() or path.resolve() == signature.resolve() or name == NAME:
            continue
        digest = ""
        if name in what.digests:
            with path.open("rb") as opened:
                digest = hashlib.file_digest(opened, "sha256").hexdigest()
        present[name] = digest
    return present


def _config(config: Any, options: argparse.Namespace) -> Any:
    given = [bool(options.public_key), bool(options.certificate_chain), bool(options.identity)]
    if sum(given) != 1:
        raise CommandError("say who must have signed: --public-key, --certificate-chain, or --identity")
    if options.public_key:
        return config.use_elliptic_key_verifier(public_key=_file(options.public_key))
    if options.certificate_chain:
        return config.use_certificate_verifier(certificate_chain=[_file(one) for one in options.certificate_chain])
    if not options.identity_provider or not options.trust_root:
        raise CommandError("--identity needs --identity-provider and --trust-root: nothing is fetched from a network")
    return config.use_sigstore_verifier(
        identity=options.identity, oidc_issuer=options.identity_provider, trust_config=_file(options.trust_root)
    )


def _hashing(what: Signed, root: Path, file: Path) -> Any:
    """How to read the folder: as the signer did, leaving out the signature itself and what Backstay wrote later."""
    from model_signing import hashing

    ignored = [root / one for one in what.ignored] + [file, root / NAME]
    blank: Any = hashing.Config()  # type: ignore[no-untyped-call]
    config = blank.set_ignored_paths(paths=ignored, ignore_git_paths=True)
    if what.method == "shards":
        return config.use_shard_serialization(hashing_algorithm=what.hash)
    return config.use_file_serialization(hashing_algorithm=what.hash)


def _file(name: str) -> Path:
    path = Path(name)
    if not path.is_file():
        raise CommandError(f"{printable(name)}: no such file")
    return path
