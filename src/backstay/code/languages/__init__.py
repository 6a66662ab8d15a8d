"""Languages: one front-end a folder."""

from functools import cache

from backstay.code.language import Language
from backstay.code.languages import dotnet, go, javascript, jvm, python

_ALL = (dotnet.language, go.language, javascript.language, jvm.language, python.language)


@cache
def languages() -> dict[str, Language]:
    """Every language by its id."""
    return {language.id: language for language in _ALL}


@cache
def _suffixes() -> dict[str, str]:
    return {suffix: one.id for one in languages().values() for suffix in one.suffixes}


def language_of(path: str, head: bytes = b"") -> Language | None:
    """The language of a file, by the end of its name or, without one, the interpreter that its first line names."""
    name = path[path.rfind("/") + 1 :].lower()
    if "." in name:
        found = _suffixes().get(name[name.rfind(".") :])
        if found is not None:
            return languages()[found]
    if head.startswith(b"#!"):
        words = head[2:120].partition(b"\n")[0].replace(b"/", b" ").split()
        for one in languages().values():
            if any(word.startswith(interpreter) for word in words for interpreter in one.interpreters):
                return one
    return None
