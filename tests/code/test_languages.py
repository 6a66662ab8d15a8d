"""Which files are whose: by the end of a name, by a script's first line; and what nobody understands is said."""

from pathlib import Path

import pytest

from backstay.catalog.tables import knowledge, languages, tables
from backstay.code.analyzer import CodeAnalyzer
from backstay.code.languages import OTHERS, SUFFIXES, front_end, language_of
from backstay.pipeline import scan


@pytest.mark.parametrize("id", sorted(SUFFIXES))
def test_a_language_has_a_front_end_knowledge_and_tables(id: str) -> None:
    assert front_end(id).id == id
    assert id in languages()
    assert knowledge(id).title
    assert tables(id)


def test_no_ending_belongs_to_two() -> None:
    every = [suffix for suffixes in (*SUFFIXES.values(), tuple(OTHERS)) for suffix in suffixes]
    assert len(every) == len(set(every))
    with pytest.raises(KeyError):
        front_end("cobol")


@pytest.mark.parametrize(
    ("path", "head", "id"),
    [
        ("a/b.TS", b"", "javascript"),
        ("a/b.kt", b"", "jvm"),
        ("bin/run", b"#!/usr/bin/env -S python3 -u\n", "python"),
        ("bin/run", b"#!/usr/bin/node\n", "javascript"),
        ("bin/run", b"#!/bin/sh\n", ""),
        ("bin/run", b"", ""),
        ("lib.rs", b"", ""),
    ],
)
def test_whose_file_it_is(path: str, head: bytes, id: str) -> None:
    found = language_of(path, head)
    assert (found.id if found else "") == id


def test_what_nobody_understands_is_said(tmp_path: Path) -> None:
    for name in ("a.rs", "b.rs", "c.rb", "d.py"):
        (tmp_path / name).write_text("x\n")
    assert CodeAnalyzer().beyond(["d.py", "readme.md"]) == ""
    notes = scan(tmp_path, jobs=1).scan.notes
    assert "code not understood, and searched for keys and settings only: 2 Rust, 1 Ruby files" in notes
