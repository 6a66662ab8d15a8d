"""Programs: what a command starts in the end, behind `sudo`, `uv run`, `docker exec`, `bash -c` and launchers."""

import re
from collections.abc import Iterator
from dataclasses import replace

from backstay.detectors.support.shell import Command, commands

MAX_LAYERS = 6
MAX_STARTED = 64  # programs that one command starts
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w{0,80}=")
_PYTHON = re.compile(r"(?:python|py|pypy)[\d.]{0,8}\Z")
_SHELLS = frozenset({"sh", "bash", "zsh", "dash", "ash", "ksh"})

# Words that only say how the next program runs, each with the options of its own that take a value.
_WRAPPERS: dict[str, frozenset[str]] = {
    "sudo": frozenset({"-u", "-g", "-h", "--user", "--group"}),
    "nohup": frozenset(),
    "exec": frozenset({"-a"}),
    "command": frozenset(),
    "time": frozenset({"-o", "-f"}),
    "nice": frozenset({"-n"}),
    "ionice": frozenset({"-c", "-n"}),
    "env": frozenset({"-u", "-C", "--unset", "--chdir"}),
    "stdbuf": frozenset({"-o", "-e", "-i"}),
    "setsid": frozenset(),
    "timeout": frozenset({"-k", "-s", "--kill-after", "--signal"}),
    "xargs": frozenset({"-n", "-P", "-I", "-L", "-d", "-a", "-s"}),
    "watch": frozenset({"-n"}),
    "srun": frozenset({"-n", "-N", "-p", "-c", "-J", "-w", "-t", "-A", "-o", "-e", "-G"}),
    "numactl": frozenset(),
    "tini": frozenset(),
    "dumb-init": frozenset(),
    "gosu": frozenset(),
    "su-exec": frozenset(),
    "dotenv": frozenset({"-f", "--file", "-e"}),
    "cross-env": frozenset(),
    "then": frozenset(),
    "&&": frozenset(),
    "@": frozenset(),
}
# The first word after these that is no option belongs to them: a duration, a user.
_OWN_WORD = frozenset({"timeout", "gosu", "su-exec"})
# Tools whose `run` starts a program in an environment.
_RUNNERS = frozenset(
    {
        "uv",
        "poetry",
        "pipenv",
        "pdm",
        "hatch",
        "rye",
        "pixi",
        "conda",
        "mamba",
        "micromamba",
        "infisical",
        "op",
        "doppler",
    }
)
_RUNNER_VALUES = frozenset(
    {"-n", "-p", "-C", "--name", "--prefix", "--with", "--with-requirements", "--python", "--project", "--directory"}
    | {"--env-file", "--extra", "--group", "--package", "--index", "--index-url", "--extra-index-url", "-e", "--env"}
    | {"--from", "--spec"}
)
_EXEC_VALUES = frozenset(
    {"-e", "--env", "-u", "--user", "-w", "--workdir", "--env-file", "-n", "--namespace", "-c", "--container"}
    | {"--context", "--kubeconfig", "-f", "--file", "-p", "--project-name", "--profile", "--index"}
)
_SSH_VALUES = frozenset({"-i", "-p", "-l", "-o", "-F", "-J", "-L", "-R", "-D"})
# Launchers of Python scripts over several processes.
_LAUNCHERS = (("accelerate", "launch"), ("torchrun",), ("deepspeed",), ("composer",), ("colossalai", "run"))
_LAUNCH_MODULES = frozenset(
    {"torch.distributed.launch", "torch.distributed.run", "accelerate.commands.launch", "accelerate.launch"}
    | {"deepspeed.launcher.runner", "torch.distributed.elastic_launch"}
)


def started(command: Command) -> Iterator[Command]:
    """The programs that a command starts, each with its own words; a Python module is `python -m NAME`.

    The words of a script under a launcher (`torchrun`, `accelerate launch`) begin with `python` as well.
    """
    yield from _started(command, 0)


def _started(command: Command, layer: int) -> Iterator[Command]:
    words = command.words
    environment = command.environment
    for _ in range(MAX_LAYERS):
        while words and _ASSIGNMENT.match(words[0]):
            name, _, value = words[0].partition("=")
            environment, words = (*environment, (name, value)), words[1:]
        if not words:
            return
        inner = _unwrapped(words)
        if isinstance(inner, str):  # the text of a script
            if layer < MAX_LAYERS:
                for one in commands(inner, dict(environment))[:MAX_STARTED]:
                    inherited = replace(one, line=command.line, environment=(*environment, *one.environment))
                    yield from _started(inherited, layer + 2)
            return
        if inner is None:
            break
        words = inner
    if words:
        yield Command(_plain(words), command.line, environment)


def name_of(word: str) -> str:
    """A program's name, without its folder."""
    return word.replace("\\", "/").rpartition("/")[2].removesuffix(".exe")


def packaged(words: tuple[str, ...]) -> tuple[str, ...] | None:
    """The program of a package that is fetched and run at once (`npx -y promptfoo@latest eval`); None for others."""
    rest = words[1:]
    match words[0]:
        case "npm" | "pnpm" | "yarn" | "bun" if rest[:1] in (("exec",), ("dlx",), ("x",)):
            rest = rest[1:]
        case "pipx" if rest[:1] == ("run",):
            rest = rest[1:]
        case "npx" | "bunx" | "pnpx" | "uvx":
            pass
        case _:
            return None
    rest = _after_options(rest, _PACKAGE_VALUES)
    if not rest:
        return None
    name = rest[0] if rest[0].startswith("@") else rest[0].partition("@")[0]
    return (re.split(r"\[|==|>=", name.rpartition("/")[2].partition("@")[0])[0], *rest[1:])


_PACKAGE_VALUES = frozenset({"-p", "--package", "--from", "--with", "--spec", "--python", "--registry", "--prefix"})


def is_launcher(command: Command) -> bool:
    """Whether a launcher of several processes stands among a command's words."""
    words = [name_of(word) for word in command.words[:40]]
    for launcher in _LAUNCHERS:
        if any(tuple(words[at : at + len(launcher)]) == launcher for at in range(len(words))):
            return True
    return not _LAUNCH_MODULES.isdisjoint(words)


def _unwrapped(words: tuple[str, ...]) -> tuple[str, ...] | str | None:
    """One layer less: the inner command, the text of a script, or None when this is the program itself."""
    program, rest = name_of(words[0]), words[1:]
    if program in _SHELLS:
        flag = next((n for n, word in enumerate(rest) if re.fullmatch(r"-[a-z]{0,6}c", word)), -1)
        return rest[flag + 1] if 0 <= flag < len(rest) - 1 else None
    if program == "eval":
        return " ".join(rest)
    if program in _WRAPPERS:
        inner = _after_options(rest, _WRAPPERS[program])
        return inner[1:] if program in _OWN_WORD else inner
    if program in _RUNNERS and rest[:1] == ("run",):
        return _after_options(rest[1:], _RUNNER_VALUES)
    if program == "uv" and rest[:2] == ("tool", "run"):
        return _after_options(rest[2:], _RUNNER_VALUES)
    if program in ("docker", "podman", "nerdctl", "docker-compose", "kubectl", "oc"):
        return _inside_container(program, rest)
    if program == "ssh":
        inner = _after_options(rest, _SSH_VALUES)[1:]
        return " ".join(inner) if inner else None
    if program in ("tmux", "screen"):
        text = next((word for word in reversed(rest) if " " in word), "")
        return text or None
    for launcher in _LAUNCHERS:
        if (program, *rest[: len(launcher) - 1]) == launcher:
            return _launched(rest[len(launcher) - 1 :])
    if _PYTHON.match(program) and rest[:1] == ("-m",) and rest[1:2] and rest[1] in _LAUNCH_MODULES:
        return _launched(rest[2:])
    return None


def _after_options(words: tuple[str, ...], values: frozenset[str]) -> tuple[str, ...]:
    at = 0
    while at < len(words) and words[at].startswith("-") and len(words[at]) > 1:
        if words[at] == "--":
            return words[at + 1 :]
        at += 2 if words[at] in values else 1
    return words[at:]


def _inside_container(program: str, rest: tuple[str, ...]) -> tuple[str, ...] | None:
    """`docker exec NAME ...`, `docker compose exec NAME ...`, `kubectl exec NAME -- ...`."""
    rest = _after_options(rest, _EXEC_VALUES)
    if rest[:1] == ("compose",) or program == "docker-compose":
        rest = _after_options(rest[1:] if rest[:1] == ("compose",) else rest, _EXEC_VALUES)
        if rest[:1] not in (("exec",), ("run",)):
            return None
    elif rest[:1] != ("exec",):
        return None
    if "--" in rest:
        return rest[rest.index("--") + 1 :]
    return _after_options(rest[1:], _EXEC_VALUES)[1:]


def _launched(rest: tuple[str, ...]) -> tuple[str, ...] | None:
    """The script or module that a launcher starts; its own options come first and are not all known."""
    for at, word in enumerate(rest):
        if word.endswith(".py") and not word.startswith("-"):
            return ("python", *rest[at:])
        if word in ("-m", "--module") and at + 1 < len(rest):
            return ("python", "-m", *rest[at + 1 :])
    return None


def _plain(words: tuple[str, ...]) -> tuple[str, ...]:
    """The program by its name alone, and Python's own options left out."""
    program = name_of(words[0])
    if not _PYTHON.match(program):
        return (program, *words[1:])
    at = 1
    while at < len(words) and words[at].startswith("-") and words[at] not in ("-m", "-c", "-"):
        at += 2 if words[at] in ("-W", "-X") else 1
    return ("python", *words[at:])
