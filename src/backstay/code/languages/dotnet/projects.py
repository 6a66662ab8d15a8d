"""C# project files: the namespaces that every file of a project sees without a using directive of its own."""

import re

from backstay.code.facts import Import, Module
from backstay.code.language import Heading
from backstay.code.languages.dotnet.headings import GLOBAL

MAX_FILE = 1_000_000
_USING = re.compile(rb"<Using\s+(?:[A-Za-z]+=\"[^\"<>]{0,200}\"\s+){0,3}Include=\"([A-Za-z_][\w.]{0,200})\"")
_IMPLICIT = re.compile(rb"<ImplicitUsings>\s*(?:enable|true)\s*<", re.IGNORECASE)
_SDK = re.compile(rb"<Project\s[^<>]{0,200}?Sdk=\"([\w./;-]{1,200})\"")
_COMMENT = (b"<!--", b"-->")
_BASE = (
    "System", "System.Collections.Generic", "System.IO", "System.Linq", "System.Net.Http", "System.Threading",
    "System.Threading.Tasks",
)  # fmt: skip
_HOSTING = (
    "Microsoft.Extensions.Configuration", "Microsoft.Extensions.DependencyInjection", "Microsoft.Extensions.Hosting",
    "Microsoft.Extensions.Logging",
)  # fmt: skip
_WEB = (
    "System.Net.Http.Json", "Microsoft.AspNetCore.Builder", "Microsoft.AspNetCore.Hosting",
    "Microsoft.AspNetCore.Http", "Microsoft.AspNetCore.Routing",
)  # fmt: skip


def project_heading(source: bytes) -> Heading:
    """The heading of a .csproj: its global usings, those that its SDK implies included."""
    return Heading([(name, level) for name in usings(source) for level in (0, GLOBAL)])


def project_module(path: str, source: bytes) -> Module:
    """A project file as a module of nothing but its usings."""
    return Module(path, "dotnet", [Import(name, "*", "", 0, 1) for name in usings(source)])


def usings(source: bytes) -> list[str]:
    """The namespaces that a project file (or Directory.Build.props) brings into every C# file."""
    source = _without_comments(source[:MAX_FILE])
    found = dict.fromkeys(match.decode("ascii", "replace") for match in _USING.findall(source))
    if _IMPLICIT.search(source):
        sdk = _SDK.search(source)
        name = sdk[1] if sdk else b""
        found |= dict.fromkeys(_BASE)
        if b"Web" in name or b"Worker" in name or b"Razor" in name:
            found |= dict.fromkeys(_HOSTING)
        if b"Web" in name:
            found |= dict.fromkeys(_WEB)
    return list(found)


def _without_comments(source: bytes) -> bytes:
    kept: list[bytes] = []
    at = 0
    while True:
        start = source.find(_COMMENT[0], at)
        if start < 0:
            return b"".join([*kept, source[at:]])
        kept.append(source[at:start])
        end = source.find(_COMMENT[1], start)
        if end < 0:
            return b"".join(kept)
        at = end + 3
