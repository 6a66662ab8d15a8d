"""Python: scripts, modules, stubs and notebooks."""

from backstay.code.facts import Module
from backstay.code.language import Heading, Language
from backstay.code.languages.python import notebook, statements
from backstay.code.languages.python.modules import modules
from backstay.plugin import decoded


def _heading(path: str, source: bytes) -> Heading:
    return Heading(whole=True) if _is_notebook(path) else Heading(statements.imports(source))


def _parse(path: str, source: bytes) -> Module:
    return notebook.parse(path, decoded(source)) if _is_notebook(path) else statements.parse(path, source)


def _is_notebook(path: str) -> bool:
    return path.lower().endswith(".ipynb")


language = Language("python", "Python", _heading, _parse, modules)
