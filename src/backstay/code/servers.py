"""Servers: what the command line of an MCP server that code starts says of its origin."""

from backstay import catalog
from backstay.catalog.tables import Row
from backstay.code.given import Given, text_of
from backstay.code.values import ListValue, Site, Value, options
from backstay.launch import Launch, launch, split
from backstay.model import Attributes

MAX_WORDS = 100
_UNKNOWN = "$"  # a word nobody knows; a launch never takes it for a package
_SCRIPTS = (".py", ".js", ".mjs", ".cjs", ".ts", ".sh", ".jar")


def launched(given: Given, site: Site, row: Row) -> list[str]:
    """The words of the command line in a call's parameters; empty when there is none."""
    specs = row.attributes.get("command", "command")
    for spec in [specs] if isinstance(specs, str) else specs:
        words = given.value(site, spec, row)
        if spec.endswith("*") and isinstance(words, ListValue):  # the arguments that are words, of all there are
            return [text for one in words.items[:MAX_WORDS] if (text := text_of(one))]
        if isinstance(words, ListValue):  # a whole command line, word by word
            return [text_of(one) or _UNKNOWN for one in words.items[:MAX_WORDS]]
        command = text_of(words)
        if command:
            head, dot, _ = spec.rpartition(".")
            arguments = given.value(site, f"{head}{dot}args|{head}{dot}Args" + ("" if dot else "|1"), row)
            return command_words(command, arguments)
    return []


def command_words(command: str, arguments: Value | None) -> list[str]:
    """A command and its list of arguments as words; one whole command line is split."""
    words = next((one for one in options(arguments) if isinstance(one, ListValue)), None) if arguments else None
    if words is None:
        return split(command)[:MAX_WORDS]
    return [command, *(text_of(one) or _UNKNOWN for one in words.items[:MAX_WORDS])]


def launch_name(words: list[str]) -> str:
    """What a server is called by what is started: its package, else its script; empty when neither is known."""
    started = launch(words)
    if started.package:
        return started.package
    script = next((word for word in words if word.endswith(_SCRIPTS)), "")
    return script.replace("\\", "/").rpartition("/")[2]


def origin(words: list[str]) -> Attributes:
    """What is started and where it comes from: registry, package, exact version, and what such a server can do."""
    started: Launch = launch(words)
    # The program alone: what follows it may hold a key.
    found: Attributes = {"command": words[0]} if words else {}
    if started.package:
        found["package"] = started.package
    if started.registry:
        found |= {"registry": started.registry, "version": started.version}
    capabilities = catalog.mcp_capabilities(started.package)
    if capabilities:
        found["capabilities"] = list(capabilities)
    return found
