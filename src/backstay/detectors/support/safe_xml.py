"""XML as elements with lines, read by expat within bounds; a document type, which could define entities, is refused."""

from dataclasses import dataclass, field
from xml.parsers import expat

from backstay.plugin import File, UnreadableError

MAX_SIZE = 4 * 1024 * 1024  # bytes; a manifest is small
MAX_DEPTH = 60
MAX_ELEMENTS = 100_000


@dataclass(slots=True)
class Element:
    """An element by its local name, with its text, its attributes and the elements in it."""

    name: str
    line: int
    text: str = ""
    inner: list["Element"] = field(default_factory=list)
    attributes: dict[str, str] = field(default_factory=dict)

    def first(self, *names: str) -> "Element | None":
        """The first element on a path of names."""
        found: Element | None = self
        for name in names:
            found = next((one for one in found.inner if one.name == name), None) if found is not None else None
        return found

    def every(self, *names: str) -> "list[Element]":
        """All elements on a path of names."""
        found = [self]
        for name in names:
            found = [inner for one in found for inner in one.inner if inner.name == name]
        return found

    def word(self, name: str) -> str:
        """The text of an element in this one."""
        one = self.first(name)
        return one.text.strip() if one is not None else ""


class _RefusedError(Exception):
    pass


def xml_root(file: File) -> Element:
    """The root of a file's XML. Raises UnreadableError when it is none, defines entities or goes beyond the bounds."""
    if len(file.data) > MAX_SIZE:
        raise UnreadableError("too large", "XML")
    reader = _Reader()
    try:
        reader.parser.Parse(file.data, True)
    except expat.ExpatError as error:
        raise UnreadableError("invalid XML", f"line {error.lineno}") from None
    except _RefusedError as error:
        raise UnreadableError(str(error), f"line {reader.parser.CurrentLineNumber}") from None
    except (ValueError, LookupError):  # an encoding nobody knows
        raise UnreadableError("invalid XML", "encoding") from None
    if not reader.root.inner:
        raise UnreadableError("invalid XML", "no element")
    return reader.root.inner[0]


class _Reader:
    def __init__(self) -> None:
        self.parser = expat.ParserCreate()
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.EntityDeclHandler = self._doctype
        self.parser.ExternalEntityRefHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._words
        self.root = Element("", 0)
        self._open = [self.root]
        self._count = 0
        self._pieces: list[list[str]] = [[]]

    def _doctype(self, *_: object) -> int:
        raise _RefusedError("XML with a document type")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if len(self._open) > MAX_DEPTH or self._count > MAX_ELEMENTS:
            raise _RefusedError("XML beyond the bounds")
        element = Element(name.rpartition(":")[2], self.parser.CurrentLineNumber, attributes=attributes)
        self._open[-1].inner.append(element)
        self._open.append(element)
        self._pieces.append([])

    def _end(self, _: str) -> None:
        self._open.pop().text = "".join(self._pieces.pop())

    def _words(self, text: str) -> None:
        self._pieces[-1].append(text)
