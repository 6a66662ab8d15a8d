"""Finding: a rule's verdict on one subject, with an identity that survives rewording and moved lines."""

import hashlib
from enum import StrEnum

import msgspec

from backstay.model.evidence import Evidence, first_place
from backstay.model.risk import Risk


class Severity(StrEnum):
    """How bad the flaw is by itself, before context ranks it."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def rank(self) -> int:
        """4 for critical down to 0 for info."""
        return 4 - list(Severity).index(self)


class Control(msgspec.Struct, frozen=True):
    """A control that a rule speaks to, and why: `id` is checked against catalog/controls."""

    id: str
    reason: str


class RuleInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule's page says of it; `description` is its prose. `exploitability` is 0 to 1, see docs/risk.md."""

    id: str
    family: str
    subject: str
    title: str
    severity: Severity
    confidence: float
    exploitability: float
    summary: str
    fix: str
    controls: tuple[Control, ...] = ()
    description: str = ""


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule's check yields: a sentence on this subject, places, and what tells two matches apart.

    `discriminator` holds names (a callee, a variable, a target), never wording or line numbers.
    `severity` and `confidence` override the page's where the facts justify it.
    """

    message: str
    evidence: tuple[Evidence, ...] = ()
    discriminator: str = ""
    severity: Severity | None = None
    confidence: float | None = None
    fix: str = ""


class Suppression(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a finding does not count: `kind` is inline, waiver or baseline."""

    kind: str
    reason: str
    expires: str = ""


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Rule + subject + discriminator, judged. Open unless `suppression` is set."""

    rule: str
    subject: str
    subject_name: str
    subject_kind: str
    severity: Severity
    confidence: float
    title: str
    message: str
    fix: str
    fingerprint: str
    discriminator: str = ""
    evidence: tuple[Evidence, ...] = ()
    controls: tuple[Control, ...] = ()
    owners: tuple[str, ...] = ()
    risk: Risk | None = None
    suppression: Suppression | None = None

    @property
    def open(self) -> bool:
        return self.suppression is None

    @property
    def place(self) -> Evidence | None:
        """The first sighting that names a file, or the first of any."""
        return first_place(self.evidence)


def fingerprint(rule: str, subject: str, discriminator: str) -> str:
    """A finding's identity, `fp1:` and 32 hex digits; the prefix is the version, old ones are read for ever."""
    digest = hashlib.sha256("\x1f".join((rule, subject, discriminator)).encode("utf-8", "surrogatepass"))
    return f"fp1:{digest.hexdigest()[:32]}"
