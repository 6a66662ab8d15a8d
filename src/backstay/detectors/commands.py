"""Detector of what commands start: models served, fetched, trained and judged by shell scripts, Makefiles and CI."""

import re
from collections.abc import Iterator
from functools import cache

from backstay.catalog.commands import programs
from backstay.detectors.support.command_facts import command_facts
from backstay.detectors.support.invocations import Invocation, invocations
from backstay.detectors.support.scripts import pieces
from backstay.detectors.support.shell import commands
from backstay.model import Kind
from backstay.plugin import Fact, File, Selector, detector

_ID = "commands"
MAX_SIZE = 400_000
MAX_INVOCATIONS = 5_000
_SELECTOR = Selector(
    names=frozenset(
        {
            "makefile",
            "gnumakefile",
            "justfile",
            ".justfile",
            "procfile",
            "package.json",
            "taskfile.yml",
            "taskfile.yaml",
        }
        | {".gitlab-ci.yml", "azure-pipelines.yml", "bitbucket-pipelines.yml", "cloudbuild.yaml", "devcontainer.json"}
        | {".devcontainer.json", "buildspec.yml", "action.yml", "action.yaml", ".travis.yml"}
    ),
    suffixes=(".sh", ".bash", ".zsh", ".ksh", ".slurm", ".sbatch", ".mk", ".just", ".service", ".command"),
    paths=(
        "**/.github/workflows/*.yml",
        "**/.github/workflows/*.yaml",
        "**/.circleci/config.yml",
        "**/.buildkite/*.yml",
        "**/makefile.*",
        "**/procfile.*",
        "**/*.sky.yaml",
        "**/supervisor*.conf",
    ),
    magic=(b"#!",),
)
_WORKFLOW = re.compile(
    r"(?:\A|/)\.(?:github/workflows|circleci|buildkite)/|(?:\A|/)(?:\.gitlab-ci|azure-pipelines)\.yml\Z"
)
# What stands in every file that can matter; most scripts of a repository hold none of it and are not parsed.
_HINTS = ("model", "dataset", "huggingface", "mcp", "/v1/", "train", "eval", "finetune", "curl", ".py", "python -m")


@detector(
    _SELECTOR,
    Kind.MODEL,
    Kind.MODEL_FILE,
    Kind.DATASET,
    Kind.ENDPOINT,
    Kind.VECTOR_STORE,
    Kind.PROVIDER,
    Kind.PIPELINE,
    Kind.CONTAINER_IMAGE,
    Kind.MCP_SERVER,
    Kind.PACKAGE,
    Kind.CREDENTIAL,
)
def detect(file: File) -> Iterator[Fact]:
    if file.binary or file.size > MAX_SIZE or not _hints().search(file.text):
        return
    found: list[Invocation] = []
    left = MAX_SIZE  # an alias can give one script a thousand times
    for piece in pieces(file):
        left -= len(piece.text)
        if len(found) > MAX_INVOCATIONS or left < 0:
            break
        found += invocations(commands(piece.text, piece.known, piece.line))
    yield from command_facts(file, found[:MAX_INVOCATIONS], _ID, job=bool(_WORKFLOW.search(file.path.lower())))


@cache
def _hints() -> re.Pattern[str]:
    names = sorted({*_HINTS, *(name for name in programs() if name not in ("python", "serve", "az", "aws", "gh"))})
    return re.compile("|".join(map(re.escape, names)))
