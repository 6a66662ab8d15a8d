"""Evaluation: the data that an evaluation program reads, by the constants and folders that its own files name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from backstay.code.facts import Assign, Name
from backstay.code.ingestion import words_of
from backstay.code.naming import as_text, file_name
from backstay.code.scopes import Scope
from backstay.code.values import Environment, Known, Place, TextValue, Value, options
from backstay.code.walk import calls

if TYPE_CHECKING:
    from backstay.code.observe import Observer

MAX_FOUND = 20
_OURS = re.compile(r"(?i)(?:\A|[/_.-])(?:evals?|evaluat\w*|benchmarks?)(?:\Z|[/_.-])")
_RECORDS = re.compile(r"(?i)[\w./-]{1,200}\.(?:json|jsonl|csv|tsv|parquet)")
_SAYS_DATA = re.compile(
    r"(?i)(?:\A|[/_.-])(?:evals?|prompts?|questions?|datasets?|inputs?|golden|cases?|examples?)(?:\Z|[/_.-])"
)
_SAYS_OTHER = re.compile(r"(?i)(?:\A|[/_.-])(?:outputs?|results?|reports?|cache|config|settings|logs?)(?:\Z|[/_.-])")
_FOLDER = re.compile(r"(?i)[\w./-]{1,200}/(?:inputs?|datasets?|questions|prompts|cases|examples|golden)/?")
_LISTS = frozenset(
    ("os.listdir", "os.scandir", "os.walk", "glob.glob", "pathlib.Path().iterdir", "pathlib.Path().glob")
)


def evaluation_data(o: Observer, program: Scope) -> Iterator[tuple[str, Place]]:
    """Paths of files of records and folders of inputs, each with where it is read or named."""
    told: set[str] = set()
    for text, place in _named(o, program):
        shown = text.removeprefix("./").rstrip("/")
        if shown not in told and len(told) < MAX_FOUND and not _SAYS_OTHER.search(shown):
            told.add(shown)
            yield shown, place


def _named(o: Observer, program: Scope) -> Iterator[tuple[str, Place]]:
    reached = [one for one in o.graph.reached(program) if _OURS.search(words_of(one.path))]
    for module in {id(one.module): one.module for one in (program, *reached)}.values():
        for statement in module.body:
            if isinstance(statement, Assign) and isinstance(statement.target, Name) and statement.target.id.isupper():
                for text in _texts(o, o.resolver.value(statement.target, module)):
                    if _RECORDS.fullmatch(text) and _SAYS_DATA.search(f"{statement.target.id}/{text}"):
                        yield text, Place(module.path, statement.line, statement.line)
    for scope in reached:
        for call, _ in calls(scope):
            if any(func.path in _LISTS for func in o.callee_paths(call, scope)) and call.args:
                for text in _texts(o, o.resolver.value(call.args[0], scope)):
                    if _FOLDER.fullmatch(text):
                        yield text, Place(scope.path, call.line, call.line)


def _texts(o: Observer, value: Value) -> Iterator[str]:
    """The texts that a path may be: a variable of the environment counts by its default."""
    for one in options(value):
        opened = o.opened(one)
        if isinstance(one, TextValue):
            pieces = [part if isinstance(part, str) else _default(part) for part in one.parts]
            if all(pieces):
                yield "".join(pieces)
        else:
            yield as_text(opened) or file_name(opened) or _default(one)


def _default(value: Value) -> str:
    given = value.default if isinstance(value, Environment) else value
    return given.value if isinstance(given, Known) and isinstance(given.value, str) else ""
