"""Policy: what a user allows, owns, weighs and waives; read from backstay.toml or [tool.backstay]."""

import datetime

import msgspec

from backstay.model.finding import Severity


class Waiver(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An accepted finding. Path and asset are globs; an expired waiver no longer counts and is reported."""

    rule: str
    reason: str
    path: str = "*"
    asset: str = "*"
    expires: datetime.date | None = None
    owner: str = ""


class Allow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Allow-lists of globs on names; an empty list means that anything is allowed."""

    providers: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    mcp_servers: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()


class Context(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a user knows of the assets under `path` (a glob): every field left out is unknown."""

    path: str = "**"
    owner: str = ""
    criticality: str = ""  # tier1 | tier2 | tier3
    exposure: str = ""  # internet | internet-authenticated | partner | internal | isolated
    data: str = ""  # regulated | personal | internal | public
    environment: str = ""  # production | staging | development


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab", kw_only=True):
    """A user's policy. Everything has a default: no file is needed."""

    fail_on: Severity | None = None
    exclude: tuple[str, ...] = ()
    include_vendored: bool = False
    allow: Allow = Allow()
    context: tuple[Context, ...] = ()
    severity: dict[str, Severity | str] = {}  # rule id -> severity, or "off"
    waivers: tuple[Waiver, ...] = ()
