"""Asset: a thing with a stable key and one of a closed set of kinds."""

import re
from collections.abc import Mapping
from enum import StrEnum

import msgspec

from backstay.model.evidence import Evidence, first_place

Scalar = str | int | float | bool | None
Value = Scalar | list[str]
Attributes = dict[str, Value]


class Kind(StrEnum):
    """The closed set of asset kinds; extend it only with a reason in docs/architecture.md."""

    REPOSITORY = "repository"
    SERVICE = "service"
    ENDPOINT = "endpoint"
    MODEL = "model"
    MODEL_FILE = "model_file"
    DATASET = "dataset"
    PROMPT = "prompt"
    AGENT = "agent"
    TOOL = "tool"
    SKILL = "skill"
    MCP_SERVER = "mcp_server"
    GUARDRAIL = "guardrail"
    VECTOR_STORE = "vector_store"
    PIPELINE = "pipeline"
    PIPELINE_STEP = "pipeline_step"
    EXPERIMENT_RUN = "experiment_run"
    NOTEBOOK = "notebook"
    PACKAGE = "package"
    CONTAINER_IMAGE = "container_image"
    PROVIDER = "provider"
    REGISTRY = "registry"
    COMPUTE = "compute"
    IDENTITY = "identity"
    CREDENTIAL = "credential"
    DATA_STORE = "data_store"
    DEPLOYMENT = "deployment"
    TEAM = "team"


# The kinds whose presence makes a scan a scan of AI at all (packages count when they are AI packages).
AI_KINDS = frozenset(
    {
        Kind.MODEL,
        Kind.MODEL_FILE,
        Kind.DATASET,
        Kind.PROMPT,
        Kind.AGENT,
        Kind.TOOL,
        Kind.SKILL,
        Kind.MCP_SERVER,
        Kind.GUARDRAIL,
        Kind.VECTOR_STORE,
        Kind.PIPELINE,
        Kind.PROVIDER,
        Kind.ENDPOINT,
    }
)


class Asset(msgspec.Struct, frozen=True, omit_defaults=True):
    """A thing worth governing.

    `key` is a purl or a URN made by `urn` and is the asset's identity: two sightings with one key
    are one asset. An attribute that is missing is unknown; one that is `None` is known to be absent.
    """

    key: str
    kind: Kind
    name: str
    attributes: Attributes = {}
    evidence: tuple[Evidence, ...] = ()

    def __hash__(self) -> int:
        return hash(self.key)

    @property
    def place(self) -> Evidence | None:
        """The first sighting that names a file, or the first of any."""
        return first_place(self.evidence)

    def text(self, name: str) -> str:
        """An attribute as text; empty when unknown, absent or not text."""
        value = self.attributes.get(name)
        return value if isinstance(value, str) else ""

    def items(self, name: str) -> list[str]:
        """An attribute as a list of text; empty when unknown, absent or not a list."""
        value = self.attributes.get(name)
        return value if isinstance(value, list) else []


_UNSAFE = re.compile(r"[^A-Za-z0-9._~/#@:+=,-]")


def urn(kind: Kind | str, *parts: str) -> str:
    """A key for what has no package URL: `urn:backstay:KIND:part:part`, other characters percent-encoded."""
    quoted = (_UNSAFE.sub(_percent, part) for part in parts)
    return f"urn:backstay:{kind}:" + ":".join(quoted)


def _percent(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match.group().encode("utf-8", "surrogatepass"))


def merge_attributes(first: Mapping[str, Value], second: Mapping[str, Value]) -> Attributes:
    """Join two sightings' attributes: known beats absent, lists unite in order, else the first stays."""
    merged = dict(first)
    for name, value in second.items():
        known = merged.get(name)
        if known is None:
            merged[name] = value
        elif isinstance(known, list) and isinstance(value, list):
            merged[name] = known + [item for item in value if item not in known]
    return merged
