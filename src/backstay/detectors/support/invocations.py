"""Invocations: a command with its options read, and what the catalog's table of commands says of them."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from backstay.catalog.commands import CommandRow, command_row, flags
from backstay.detectors.support.programs import is_launcher, name_of, packaged, started
from backstay.detectors.support.shell import Command

_PAIR = re.compile(r"[A-Za-z_][\w.+-]{0,80}=")
_NUMBER = re.compile(r"-\d")


@dataclass(frozen=True)
class Invocation:
    """A program as it is started: the table's row, or None for a script of the project's own (`script`).

    `options` holds the words after each option, by its name with dashes; `free` the words of no option.
    """

    line: int
    words: tuple[str, ...]
    options: dict[str, tuple[str, ...]]
    free: tuple[str, ...]
    row: CommandRow | None = None
    script: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    name: str = ""  # the words by which the program is known: `vllm serve`
    launched: bool = False  # by a launcher of several processes

    def has(self, specs: Iterable[str]) -> bool:
        """Whether one of these options is given, with a value that is not `false`."""
        for name in specs:
            given = name in self.options or (":" in name and self.value((name,)))
            if given and self.value((name,)).lower() not in ("false", "0", "no"):
                return True
        return False

    def value(self, specs: Iterable[str]) -> str:
        """The first value that one of these specs has; empty without one."""
        return next(iter(self.values(specs)), "")

    def values(self, specs: Iterable[str]) -> Iterator[str]:
        """Every value of these specs, in their order; see `CommandRow` for what a spec is."""
        for spec in specs:
            name, colon, part = spec.partition(":")
            if name.isdigit():
                found: tuple[str, ...] = self.free[int(name) : int(name) + 1]
            else:
                found = self.options.get(name, ())
            for text in found:
                if colon:
                    yield from _parts(text, part)
                elif text:
                    yield text


def _parts(text: str, name: str) -> Iterator[str]:
    """The value of NAME in `NAME=value,other=value`."""
    for pair in text.split(",")[:50]:
        key, equals, value = pair.partition("=")
        if equals and key.strip() == name and value:
            yield value


def invocations(found: Iterable[Command]) -> Iterator[Invocation]:
    """What commands start in the end: programs of the table, and scripts or modules of the project's own."""
    for outer in found:
        for one in started(outer):
            command = one
            matched = command_row(command.words)
            fetched = packaged(command.words) if matched is None else None
            if fetched and command_row(fetched):
                command = replace(command, words=fetched)
                matched = command_row(fetched)
            if matched:
                yield _read(command, matched[1], matched[0])
            elif command.words[0] == "python" and len(command.words) > 1:
                script, rest = _script(command.words[1:])
                if script:
                    yield _read(command, rest, script=script, launched=is_launcher(outer))
            elif command.words[0].endswith(".py"):
                yield _read(command, command.words[1:], script=command.words[0])
            else:
                yield _read(command, command.words[1:])


def read_options(words: tuple[str, ...], line: int = 0) -> Invocation:
    """A command line that stands for itself, in words, as an exec form or a list of arguments is."""
    matched = command_row(words)
    row, rest = matched or (None, words[1:])
    return _read(Command(words, line), rest, row)


def _script(words: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    if words[0] == "-m" and len(words) > 1 and re.fullmatch(r"[A-Za-z_][\w.]{0,200}", words[1]):
        return words[1], words[2:]
    return (words[0], words[1:]) if words[0].endswith(".py") else ("", ())


def module_path(script: str) -> str:
    """The file of a script or module by the path it has from where it is started."""
    return script.removeprefix("./") if script.endswith(".py") else script.replace(".", "/") + ".py"


def _read(
    command: Command,
    words: tuple[str, ...],
    row: CommandRow | None = None,
    script: str = "",
    *,
    launched: bool = False,
) -> Invocation:
    options: dict[str, tuple[str, ...]] = {}
    free: list[str] = []
    switches = flags().union(row.flags) if row is not None else flags()
    name = ""
    for word in words:
        if word.startswith("-") and len(word) > 1 and not _NUMBER.match(word) and " " not in word.partition("=")[0]:
            key, equals, value = word.partition("=")
            key = "--" + key[2:].replace("_", "-") if key.startswith("--") else key
            options[key] = (*options.get(key, ()), value) if equals else options.get(key, ())
            name = "" if equals or key in switches else key
        elif name:
            options[name] = (*options[name], word)
            # One value follows an option; what comes then may be another value of it, or the command's own.
            if len(options[name]) > 1:
                free.append(word)
        else:
            if _PAIR.match(word):
                key, _, value = word.partition("=")
                options.setdefault(key.lower().replace("-", "_") + "=", (value,))
            free.append(word)
    name = script or " ".join(command.words[: len(command.words) - len(words)])
    return Invocation(
        command.line, command.words, options, tuple(free), row, script, dict(command.environment), name, launched
    )


def image_of(invocation: Invocation) -> tuple[str, tuple[str, ...], dict[str, str | None], str] | None:
    """Of `docker run`: the image, the words after it, the variables given, and the address that is published."""
    words = invocation.words
    if name_of(words[0]) not in ("docker", "podman", "nerdctl") or "run" not in words[1:3] or "model" in words[1:2]:
        return None
    environment: dict[str, str | None] = {}
    published = ""
    at = words.index("run") + 1
    while at < len(words) and words[at].startswith("-"):
        name, equals, value = words[at].partition("=")
        takes = not equals and name not in _DOCKER_FLAGS and not re.fullmatch(r"-[itdP]+", name)
        following = words[at + 1] if takes and at + 1 < len(words) else value
        if name in ("-e", "--env"):
            key, given, text = following.partition("=")
            environment[key] = text if given else None
        elif name in ("-p", "--publish"):
            address = re.match(r"(\[[0-9a-fA-F:]+\]|[\w.-]+):\S*:\S+", following)
            published = address[1].strip("[]") if address and not address[1].isdigit() else _ANYWHERE
        elif name in ("--network", "--net") and following == "host":
            published = _ANYWHERE
        at += 2 if takes else 1
    if at >= len(words):
        return None
    return words[at], words[at + 1 :], environment, published


_ANYWHERE = "0.0.0.0"  # noqa: S104 - what the command says, nothing is bound here
_DOCKER_FLAGS = frozenset(
    {"--detach", "--init", "--interactive", "--no-healthcheck", "--privileged", "--publish-all", "--read-only", "--rm"}
    | {"--tty", "--oom-kill-disable"}
)
