"""Language: what a front-end has to offer, so that one engine understands code in many languages."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from backstay.code.facts import Module


class Heading(msgspec.Struct, array_like=True, eq=False):
    """What a file says of itself at first sight, found by searching its bytes, without a syntax tree.

    `imports` are (module, leading dots; 0 where a language has none). `package` is the package or namespace it
    declares, and `names` are the top-level names it declares, for languages whose files see each other's names
    without importing a file. `whole` says that only parsing tells whether the file matters.
    """

    imports: list[tuple[str, int]] = []
    package: str = ""
    names: list[str] = []
    whole: bool = False


class Modules(Protocol):
    """Which file of the project a name or an import means; by paths and headings alone."""

    def find(self, module: str, level: int, importer: str, name: str) -> str | None:
        """The file of an imported module that holds `name` (empty: the module itself); None when it is no file's."""
        ...

    def imported(self, module: str, level: int, importer: str) -> Sequence[str]:
        """Every file that an import may mean."""
        ...

    def neighbour(self, name: str, path: str) -> str | None:
        """The file whose top-level `name` code in `path` sees without importing it."""
        ...

    def neighbours(self, path: str) -> Sequence[str]:
        """The files whose top-level names code in `path` sees without importing them, and those that see its names."""
        ...

    def parts(self, name: str, path: str) -> Sequence[str]:
        """Further files that hold parts of a class that `path` declares: partial classes, methods in other files."""
        ...


@dataclass(frozen=True)
class Language:
    """A front-end. `heading` must be cheap; `parse` turns UTF-8 source into facts, and raises nothing but
    DocumentError for a file that is not even of its format.

    `id` also names the folder of tables under `catalog/sdk` and the file under `catalog/languages`.
    """

    id: str
    title: str
    heading: Callable[[str, bytes], Heading]
    parse: Callable[[str, bytes], Module]
    modules: Callable[[Mapping[str, Heading], Callable[[str], bytes | None]], Modules]
