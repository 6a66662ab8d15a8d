"""Languages: one front-end a folder, found by walking them."""

import importlib
import pkgutil
from functools import cache

from backstay.code.language import Language


@cache
def languages() -> dict[str, Language]:
    """Every language by its id."""
    folders = sorted(one.name for one in pkgutil.iter_modules(__path__) if one.ispkg)
    found = [importlib.import_module(f"{__name__}.{folder}") for folder in folders]
    return {module.language.id: module.language for module in found if hasattr(module, "language")}


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
