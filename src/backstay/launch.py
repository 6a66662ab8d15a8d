"""What a command line starts: the package of a registry and its version, or an image, or nothing that is known."""

import re
import shlex
from dataclasses import dataclass, field

from backstay.images import parse_image
from backstay.secrecy import clean_url

MAX_WORDS = 200


@dataclass(frozen=True)
class Launch:
    """A started program. `registry` is npm, pypi, docker or git, empty for what is on the machine already.

    `version` is None when the command takes whatever is newest; it means nothing without a registry.
    """

    program: str = ""
    registry: str = ""
    package: str = ""
    version: str | None = None
    env: tuple[str, ...] = field(default=())


def launch(words: list[str]) -> Launch:
    """Read a command line, given as its words. A single word with spaces in it is split as a shell would."""
    words = _unwrapped([word for word in words if word][:MAX_WORDS])
    if not words:
        return Launch()
    program = words[0].replace("\\", "/").rpartition("/")[2].lower().removesuffix(".exe").removesuffix(".cmd")
    rest = words[1:]
    match program:
        case "npx" | "bunx" | "pnpx":
            return _npm(words[0], rest)
        case "npm" | "pnpm" | "yarn" | "bun" if rest and rest[0] in ("exec", "x", "dlx"):
            return _npm(words[0], rest[1:])
        case "uvx":
            return _python(words[0], rest)
        case "uv" if "run" in rest or "x" in rest[:2]:
            return _uv(words[0], rest)
        case "pipx" if rest and rest[0] == "run":
            return _python(words[0], rest[1:])
        case "docker" | "podman" | "nerdctl":
            return _container(words[0], rest)
        case "deno":
            return _deno(words[0], rest)
    if re.fullmatch(r"(?:python|py|pypy)[\d.]*", program) and "-m" in rest[:-1]:
        return Launch(words[0], "", rest[rest.index("-m") + 1])
    return Launch(words[0])


def split(command: str) -> list[str]:
    """The words of a command line; one that a shell would refuse is cut at spaces."""
    try:
        return shlex.split(command[:10_000].replace("\\", "/"))
    except ValueError:
        return command.split()


def npm_package(spec: str) -> tuple[str, str, str | None]:
    """Registry, name and exact version of an npm package specifier."""
    if spec.startswith(("git+", "git:", "github:", "gitlab:", "bitbucket:")) or spec.endswith(".git"):
        return _git(spec)
    spec = spec.removeprefix("npm:")
    if re.match(r"https?:", spec):
        return "npm", clean_url(spec), None
    name, at, version = spec.rpartition("@")
    if not at or not name:
        return "npm", spec, None
    return "npm", name, version if re.fullmatch(r"v?\d+\.\d+\.\d+[\w.+-]*", version) else None


def pypi_package(spec: str) -> tuple[str, str, str | None]:
    """Registry, name and exact version of a Python package specifier, in pip's or uvx's spelling."""
    if " @ " in spec:
        spec = spec.partition(" @ ")[2].strip()
    if spec.startswith("git+") or spec.endswith(".git"):
        return _git(spec)
    if re.match(r"https?:", spec):
        return "pypi", clean_url(spec), None
    found = re.match(r"([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?\s*(===?|@)?\s*([\w.!+-]*)\s*\Z", spec)
    if not found:
        return "pypi", re.split(r"[\[<>=!~;@ ]", spec, maxsplit=1)[0], None
    version = found[3] if found[2] and re.fullmatch(r"v?\d[\w.!+-]*", found[3]) else None
    return "pypi", found[1].rstrip("-."), version


def _unwrapped(words: list[str]) -> list[str]:
    for _ in range(4):  # cmd /c env A=b npx ...: a few layers, never many
        if len(words) == 1 and " " in words[0].strip():
            words = split(words[0])
        if not words:
            return words
        program = words[0].replace("\\", "/").rpartition("/")[2].lower().removesuffix(".exe")
        if program == "cmd" and len(words) > 2 and words[1].lower() in ("/c", "/k"):
            words = words[2:]
        elif program in ("sh", "bash", "zsh", "powershell", "pwsh") and len(words) > 2:
            flag = next((n for n, word in enumerate(words) if word.lower() in ("-c", "-lc", "-command")), 0)
            if not flag or flag + 1 >= len(words):
                return words
            words = split(words[flag + 1]) if len(words) == flag + 2 else words[flag + 1 :]
        elif program in ("env", "dotenv", "cross-env", "sudo", "exec"):
            words = words[1:]
            while words and (words[0].startswith("-") or re.match(r"\w+=", words[0])):
                words = words[1:]
        else:
            return words
    return words


def _npm(program: str, rest: list[str]) -> Launch:
    spec = ""
    at = 0
    while at < len(rest):
        word = rest[at]
        name, equals, value = word.partition("=")
        if name in ("-p", "--package"):
            spec = spec or (value if equals else rest[at + 1] if at + 1 < len(rest) else "")
            at += 0 if equals else 1
        elif (
            name in ("--prefix", "--registry", "--userconfig", "--cache", "-w", "--workspace", "--node-options")
            and not equals
        ):
            at += 1
        elif not word.startswith("-"):
            break
        at += 1
    spec = spec or (rest[at] if at < len(rest) else "")
    if not spec or spec.startswith((".", "/", "$", "~", "file:")):
        return Launch(program)
    return Launch(program, *npm_package(spec))


# Options of uvx, uv run and pipx run that take a value.
_PYTHON_VALUES = frozenset(
    {
        "-c",
        "-f",
        "-i",
        "-p",
        "--cache-dir",
        "--config-file",
        "--constraint",
        "--default-index",
        "--directory",
        "--env-file",
        "--exclude-newer",
        "--extra",
        "--extra-index-url",
        "--find-links",
        "--group",
        "--index",
        "--index-url",
        "--link-mode",
        "--package",
        "--pip-args",
        "--prerelease",
        "--project",
        "--python",
        "--refresh-package",
        "--resolution",
        "--upgrade-package",
        "--with",
        "--with-editable",
        "--with-requirements",
    }
)


def _python(program: str, rest: list[str]) -> Launch:
    spec = ""
    at = 0
    while at < len(rest):
        name, equals, value = rest[at].partition("=")
        if name in ("--from", "--spec"):
            spec = value if equals else rest[at + 1] if at + 1 < len(rest) else ""
            at += 0 if equals else 1
        elif name in _PYTHON_VALUES and not equals:
            at += 1
        elif not rest[at].startswith("-"):
            break
        at += 1
    spec = spec or (rest[at] if at < len(rest) else "")
    if not spec or spec.startswith((".", "/", "$", "~", "file:")) or spec.endswith(".py"):
        return Launch(program)
    return Launch(program, *pypi_package(spec))


def _uv(program: str, rest: list[str]) -> Launch:
    if "tool" in rest and "run" in rest:
        return _python(program, rest[rest.index("run") + 1 :])
    # `uv run --with PACKAGE`: what is added to the environment for this run is what is fetched.
    for at, word in enumerate(rest[:-1]):
        if word == "--with":
            return Launch(program, *pypi_package(rest[at + 1].partition(",")[0]))
        if word.startswith("--with="):
            return Launch(program, *pypi_package(word[7:].partition(",")[0]))
    return Launch(program)


_FLAGS = frozenset(
    {
        "--detach",
        "--init",
        "--interactive",
        "--no-healthcheck",
        "--oom-kill-disable",
        "--privileged",
        "--publish-all",
        "--read-only",
        "--rm",
        "--tty",
    }
)


def _container(program: str, rest: list[str]) -> Launch:
    if "run" not in rest:
        return Launch(program)
    env: list[str] = []
    at = rest.index("run") + 1
    while at < len(rest) and rest[at].startswith("-"):
        word = rest[at]
        name, equals, value = word.partition("=")
        if name in ("-e", "--env"):
            env.append((value if equals else rest[at + 1] if at + 1 < len(rest) else "").partition("=")[0])
            at += 0 if equals else 1
        elif name in _FLAGS or equals or re.fullmatch(r"-[itdP]+", word) or (len(word) > 2 and word[1] != "-"):
            pass  # a flag, or an option with its value in the same word
        else:
            at += 1
        at += 1
    if at >= len(rest):
        return Launch(program, env=tuple(env))
    image = parse_image(rest[at])
    if image is None:
        return Launch(program, env=tuple(env))
    return Launch(program, "docker", image.name, image.pin, tuple(filter(None, env)))


def _deno(program: str, rest: list[str]) -> Launch:
    spec = next((word for word in rest if word.startswith(("npm:", "jsr:", "https:"))), "")
    return Launch(program, *npm_package(spec)) if spec.startswith("npm:") else Launch(program)


def _git(spec: str) -> tuple[str, str, str | None]:
    spec, _, fragment = spec.partition("#")
    head, at, ref = spec.rpartition("@")
    if not at or "/" in ref or "://" not in head:  # no reference, or the @ of a user name
        head, ref = spec, fragment
    ref = ref.partition("&")[0]
    address = clean_url(head.removeprefix("git+")) if "://" in head else head
    # A branch or a tag can be moved; only a commit is a pin.
    return "git", address, ref if re.fullmatch(r"[0-9a-f]{40}", ref) else None
