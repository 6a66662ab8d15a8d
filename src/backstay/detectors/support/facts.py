"""Facts that several detectors state: a package, a reference to a credential, an edge from the owner of a file."""

from backstay import catalog
from backstay.keys import credential_reference_key, credential_value_key, model_key, package_key, secret_digest
from backstay.model import Asset, Attributes, Evidence, Kind, Relationship, RelationshipKind, Value
from backstay.plugin import OWNER, File
from backstay.secrecy import is_placeholder

Seen = tuple[Evidence, ...]


def package(ecosystem: str, name: str, version: str | None, seen: Seen) -> Asset:
    """A package, with `ai` from the catalog."""
    name = catalog.normal_name(ecosystem, name)
    attributes: Attributes = {
        "ecosystem": ecosystem,
        "version": version,
        "ai": catalog.is_ai_package(ecosystem, name),
    }
    return Asset(package_key(ecosystem, name, version), Kind.PACKAGE, name, attributes, seen)


def credential_reference(file: File, name: str, seen: Seen) -> Asset:
    """A credential that is known by the name of its variable only."""
    attributes: Attributes = {"form": "reference", "type": "env", "provider": provider_of_variable(name)}
    if attributes["provider"] is None:
        del attributes["provider"]  # not in the catalog: unknown, not absent
    return Asset(credential_reference_key(file.source, name), Kind.CREDENTIAL, name, attributes, seen)


def credential_value(file: File, name: str, secret: str, seen: Seen) -> Asset:
    """A credential whose value stands in the file. Only a keyed digest of it is kept; equal values are one asset."""
    known = key_type(secret)
    provider, kind = known or (provider_of_variable(name), "secret")
    digest = secret_digest(secret, file.digest_key)
    attributes: Attributes = {"form": "value", "type": kind, "digest": digest}
    if provider:
        attributes["provider"] = provider
    return Asset(credential_value_key(file.source, kind, digest), Kind.CREDENTIAL, name, attributes, seen)


def owner_edge(kind: RelationshipKind, target: str, seen: Seen, **attributes: Value) -> Relationship:
    """An edge from whatever owns the place of the evidence."""
    return Relationship(OWNER, kind, target, attributes, seen)


def edge(source: str, kind: RelationshipKind, target: str, seen: Seen, **attributes: Value) -> Relationship:
    return Relationship(source, kind, target, attributes, seen)


def provider_of_variable(name: str) -> str | None:
    """The provider whose keys an environment variable of this name holds, by the catalog."""
    return next((one.name for one in catalog.providers() if name in one.env), None)


def key_type(secret: str) -> tuple[str, str] | None:
    """Provider and type ("openai-key") of a secret by its format; None for a format nobody claims or a placeholder."""
    if is_placeholder(secret):
        return None
    for one in catalog.key_formats():
        if secret.startswith(one.prefix) and one.pattern.fullmatch(secret):
            return one.provider, f"{one.provider}-key"
    return None


def known_model(name: str, seen: Seen) -> Asset | None:
    """A model by its id, if the catalog knows whose it is; None for aliases ("sonnet", "inherit") and strangers.

    Prefixes that say the provider (`anthropic/claude-...`, `openai:gpt-...`) are taken off.
    """
    name = name.strip().removesuffix(" (copilot)")
    head, slash, tail = name.rpartition("/")
    plain = tail if slash and len(head) < 40 else name
    provider = catalog.provider_of_model(plain)
    if provider is None or " " in plain or not any(char.isdigit() for char in plain):
        return None
    return Asset(model_key(plain), Kind.MODEL, plain, {"provider": provider}, seen)


def served_model(name: str, hub: bool, seen: Seen) -> Asset:
    """A model that is downloaded or loaded here: from the Hugging Face hub, else from Ollama's library."""
    if hub:
        return Asset(
            model_key(name, hub=True), Kind.MODEL, name, {"provider": "huggingface", "hub": "huggingface"}, seen
        )
    return Asset(model_key(name), Kind.MODEL, name, {"provider": "ollama"}, seen)
