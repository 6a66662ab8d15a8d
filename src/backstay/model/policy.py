"""Policy: what a user allows, owns, weighs and waives; read from backstay.toml or [tool.backstay]."""

import datetime
from typing import Literal

import msgspec

Criticality = Literal["", "tier1", "tier2", "tier3"]
Exposure = Literal["", "internet", "internet-authenticated", "partner", "internal", "isolated"]
Data = Literal["", "regulated", "personal", "internal", "public"]
Environment = Literal["", "production", "staging", "development"]

FailOn = Literal["critical", "high", "medium", "low", "info", "none"]
Override = Literal["critical", "high", "medium", "low", "info", "off"]  # off: the rule does not run


class Waiver(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab", kw_only=True):
    """An accepted finding. `path` and `asset` are globs (see globs.py), both must fit.

    It counts through its last day, `expires`; afterwards its findings are open again and a note says so.
    """

    rule: str
    reason: str
    path: str = "**"
    asset: str = "*"
    expires: datetime.date | None = None
    owner: str = ""


class Allow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """Allow-lists of globs on names; an empty list means that anything is allowed.

    `imports` is the other way round: names that loading a model file may import beside those known to be safe.
    """

    providers: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    mcp_servers: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()


class Context(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab", kw_only=True):
    """What a user knows of the assets under `path` (a glob): every field left out is unknown.

    Of several contexts that fit a path, the last one that says something counts, field by field.
    """

    path: str = "**"
    owner: str = ""
    criticality: Criticality = ""
    exposure: Exposure = ""
    data: Data = ""
    environment: Environment = ""


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab", kw_only=True):
    """A user's policy. Everything has a default: no file is needed."""

    fail_on: FailOn | None = None
    exclude: tuple[str, ...] = ()
    include_vendored: bool = False
    allow: Allow = Allow()
    context: tuple[Context, ...] = ()
    severity: dict[str, Override] = {}  # by rule id
    waivers: tuple[Waiver, ...] = ()
