"""Keys: the one place that spells the identities of assets that are the same wherever they are seen."""

import hashlib
import hmac
import re
from urllib.parse import quote

from backstay.model import Kind, urn

_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*\Z")


def is_hub_name(name: str) -> bool:
    """Whether a name has the shape of a Hugging Face repository, `org/name`, and is no path or URL."""
    return bool(_HUB_NAME.match(name)) and not name.endswith((".py", ".json", ".yaml", ".csv", ".txt"))


def model_key(name: str, *, hub: bool = False) -> str:
    """The key of a model: a purl on the hub, else its name in lower case."""
    if hub and is_hub_name(name):
        return f"pkg:huggingface/{quote(name, safe='/')}"
    return urn(Kind.MODEL, name.lower())


def dataset_key(name: str) -> str:
    """The key of a dataset on the hub."""
    return f"pkg:huggingface/datasets/{quote(name, safe='/')}"


def package_key(ecosystem: str, name: str, version: str | None = None) -> str:
    """A package's purl. PyPI names are normalised (PEP 503), npm scopes encoded as purl asks."""
    if ecosystem == "pypi":
        name = re.sub(r"[-_.]+", "-", name).lower()
    elif ecosystem == "golang":
        name = name.lower()
    elif ecosystem == "maven":
        name = name.replace(":", "/")
    encoded = quote(name, safe="/")
    return f"pkg:{ecosystem}/{encoded}" + (f"@{quote(version, safe='.+-!')}" if version else "")


def image_key(name: str, reference: str | None = None) -> str:
    """A container image's purl with its tag or digest."""
    return f"pkg:docker/{quote(name, safe='/')}" + (f"@{quote(reference, safe=':.-')}" if reference else "")


def provider_key(name: str) -> str:
    """The key of a provider, by its name in catalog/providers.toml or its host."""
    return urn(Kind.PROVIDER, name.lower())


def credential_reference_key(source: str, name: str) -> str:
    """The key of a credential that is known by the name of its variable only."""
    return urn(Kind.CREDENTIAL, source, "env", name)


def credential_value_key(source: str, type: str, digest: str) -> str:
    """The key of a credential found by value; `digest` is a keyed digest, see `secret_digest`."""
    return urn(Kind.CREDENTIAL, source, type, digest)


def secret_digest(secret: str, key: bytes) -> str:
    """A keyed digest (HMAC-SHA-256, 16 hex digits) of a secret: tells equal ones apart from others, reveals nothing."""
    return hmac.new(key, secret.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:16]


def text_digest(text: str) -> str:
    """The digest by which a prompt is known (SHA-256, 16 hex digits); its text is not kept."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def owner_key(kind: Kind, name: str) -> str:
    """The key of a team or identity: a name is the same team's wherever it is written."""
    return urn(kind, name.lower())
