"""XML: reads the elements of a document one after the other, and says what its document type would make a parser do.

Entities are never expanded and nothing outside the document is fetched. Facts from Extensible Markup Language 1.0
(fifth edition) and XML Inclusions 1.0.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam, MalformedError, StopError
from backstay.artifacts.report import Sign

MAX_DEPTH = 256
MAX_TAG = 16 << 20  # bytes of one tag, comment or other token
MAX_TEXT = 1 << 16  # characters of an element's own text that are kept
_BYTES_A_STEP = 64
_ELEMENT = 14  # steps: what an element costs beside an opcode
_PREDEFINED = ("lt", "gt", "amp", "apos", "quot")
# Where document types of standards stand: old exporters named these, and a catalogue answers for them.
_STANDARD_TYPES = ("http://www.dmg.org/", "http://dmg.org/", "http://www.w3.org/", "https://www.w3.org/")
_INCLUSION = ("http://www.w3.org/2001/XInclude", "http://www.w3.org/2003/XInclude")


@dataclass
class Element:
    """An element, without its namespace's prefix. `text` is its own text up to its first child, `path` the names of
    the elements around it, the root first."""

    name: str
    attributes: dict[str, str]
    path: tuple[str, ...]
    line: int
    offset: int  # of its start tag, in bytes
    text: str = ""


def root(head: bytes) -> str:
    """The name of the root element, without prefix, of what may be the first bytes of a document; "" when it is none.

    Cheap and without a parser: nothing in a document type is looked at.
    """
    text = _decoded(head)
    if not text.startswith("<"):
        return ""
    at, declared = 0, ""
    while 0 <= at < len(text):
        if text.startswith("<?", at):
            at = _after(text, "?>", at)
        elif text.startswith("<!--", at):
            at = _after(text, "-->", at + 4)
        elif text.startswith("<!DOCTYPE", at):
            declared = _name(text, at + 9 + len(text[at + 9 : at + 99]) - len(text[at + 9 : at + 99].lstrip()))
            at = _after_type(text, at + 9)
        elif text.startswith("<", at):
            return _name(text, at + 1)
        else:
            return ""
        while 0 <= at < len(text) and text[at].isspace():
            at += 1
    return declared


def elements(content: Content, exam: Exam) -> Iterator[Element]:
    """The elements of a document in the order of their start tags, read in pieces.

    Notes a document type and entities as Sign.ENTITIES with what they would do; a document that defines entities ends
    there, for what follows is made of them. Raises StopError beyond its bounds and MalformedError where it is no XML.
    """
    reader = _Reader(exam)
    parser = reader.parser
    for piece in content.chunks():
        exam.step(1 + len(piece) // _BYTES_A_STEP)
        reader.parse(piece)
        yield from reader.taken()
        if reader.failure is not None:
            raise reader.failure
        reader.fed += len(piece)
        if reader.fed - max(0, parser.CurrentByteIndex) > MAX_TAG:
            raise StopError("too large", "a tag or text without end")
    reader.parse(b"", last=True)
    yield from reader.taken(last=True)
    if reader.failure is not None:
        raise reader.failure


@dataclass
class _Type:
    """A document type in hand."""

    name: str
    system: str
    entities: dict[str, str] = field(default_factory=dict)  # internal ones, with their text
    offset: int = -1
    dangerous: bool = False


class _Reader:
    """What the parser calls."""

    def __init__(self, exam: Exam) -> None:
        self.fed = 0
        self.failure: Exception | None = None
        self._exam = exam
        self._done: list[Element] = []
        self._open: list[str] = []
        self._last: Element | None = None
        self._text: list[str] = []
        self._kept = 0
        self._includes = False
        self._type: _Type | None = None
        self.parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.DefaultHandler = self._other  # with it, references to entities are not expanded
        parser.StartDoctypeDeclHandler = self._doctype
        parser.EndDoctypeDeclHandler = self._doctype_end
        parser.EntityDeclHandler = self._entity
        parser.ExternalEntityRefHandler = None

    def parse(self, piece: bytes, last: bool = False) -> None:
        try:
            self.parser.Parse(piece, last)
        except expat.ExpatError as error:
            self._end_type()
            self.failure = MalformedError("invalid XML", f"line {error.lineno}: {expat.ErrorString(error.code)}")
        except (StopError, MalformedError) as error:
            self.failure = error
        except (ValueError, LookupError) as error:  # an encoding that cannot be decoded byte by byte
            self.failure = MalformedError("invalid XML", f"encoding: {type(error).__name__}")

    def taken(self, last: bool = False) -> list[Element]:
        """The elements whose text is complete; all of them at the end or at a failure."""
        if last or self.failure is not None:
            self._finish()
        done, self._done = self._done, []
        return done

    def _finish(self) -> None:
        if self._last is not None:
            self._last.text = "".join(self._text)
            self._done.append(self._last)
            self._last = None
        self._text, self._kept = [], 0

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._exam.step(_ELEMENT)
        self._finish()
        if len(self._open) >= MAX_DEPTH:
            raise StopError("nested too deeply", f"more than {MAX_DEPTH} elements")
        local = name.rpartition(":")[2]
        at = self.parser.CurrentByteIndex
        self._last = Element(local, attributes, tuple(self._open), self.parser.CurrentLineNumber, at)
        self._open.append(local)
        self._includes |= any(
            value in _INCLUSION for key, value in attributes.items() if key == "xmlns" or key.startswith("xmlns:")
        )
        if self._includes and local == "include" and "href" in attributes:
            message = "an inclusion: a parser that follows it reads this file or address into the model"
            self._exam.note(Sign.ENTITIES, attributes["href"], message, at)

    def _end(self, _: str) -> None:
        self._finish()
        if self._open:
            self._open.pop()

    def _characters(self, text: str) -> None:
        if self._last is not None and self._kept < MAX_TEXT:
            self._text.append(text[: MAX_TEXT - self._kept])
            self._kept += len(text)

    def _other(self, _: str) -> None:
        """Comments, declarations and references: nothing is taken from them."""

    def _doctype(self, name: str, system: str | None, public: str | None, _: int) -> None:
        self._type = _Type(name, system or "", offset=self.parser.CurrentByteIndex)

    def _entity(
        self,
        name: str,
        is_parameter: int,
        value: str | None,
        base: str | None,
        system: str | None,
        public: str | None,
        notation: str | None,
    ) -> None:
        self._exam.step()
        if self._type is None or name in _PREDEFINED:
            return
        at = self.parser.CurrentByteIndex
        if system is not None or public is not None:
            self._type.dangerous = True
            what = "a network request" if _is_remote(system or "") else "a file of the machine that loads it"
            kind = "an external parameter entity" if is_parameter else "an external entity"
            self._exam.note(Sign.ENTITIES, name, f"{kind}: {system or public}: a parser would read {what}", at)
        elif is_parameter:
            self._type.dangerous = True
            self._exam.note(Sign.ENTITIES, name, "a parameter entity: builds declarations out of text", at)
        else:
            self._type.entities[name] = value or ""

    def _doctype_end(self) -> None:
        if self._end_type():
            raise StopError("entities", "what follows is made of entities, which are not expanded")

    def _end_type(self) -> bool:
        """Say what the document type does; gives whether it makes text."""
        seen, self._type = self._type, None
        if seen is None:
            return False
        if seen.system and not seen.system.startswith(_STANDARD_TYPES):
            what = "a network request" if _is_remote(seen.system) else "a file of the machine that loads it"
            message = f"an external document type: {seen.system}: a parser would read {what}"
            self._exam.note(Sign.ENTITIES, seen.name, message, seen.offset)
        elif not seen.entities and not seen.dangerous:
            self._exam.note(Sign.IRREGULAR, seen.name, "a document type, which models have no use for", seen.offset)
        for name, (size, nested) in expansions(seen.entities).items():
            if nested:
                message = f"entities within entities: expands to {size} characters"
                self._exam.note(Sign.ENTITIES, name, message, seen.offset)
        if seen.entities and not any("&" in value for value in seen.entities.values()):
            longest = max(seen.entities, key=lambda one: len(seen.entities[one]))
            message = f"{len(seen.entities)} entities: text of the model is put together by the parser"
            self._exam.note(Sign.ENTITIES, longest, message, seen.offset)
        return seen.dangerous or bool(seen.entities)


def expansions(entities: dict[str, str]) -> dict[str, tuple[int, bool]]:
    """How many characters each entity stands for when all references are followed, and whether it holds any.

    Numbers are capped at 10^18; an entity that contains itself counts what it holds without itself.
    """
    sizes: dict[str, tuple[int, bool]] = {}
    references = {name: _references(value, entities) for name, value in entities.items()}
    for first in entities:
        stack = [first]
        opened: set[str] = set()
        while stack:
            name = stack[-1]
            if name in sizes:
                stack.pop()
                continue
            waiting = [one for one in references[name] if one not in sizes and one not in opened]
            if name not in opened and waiting:
                opened.add(name)
                stack.extend(waiting)
                continue
            opened.add(name)
            inner = sum(sizes[one][0] * times for one, times in references[name].items() if one in sizes)
            sizes[name] = min(10**18, len(entities[name]) + inner), bool(references[name])
            stack.pop()
    return sizes


def _references(value: str, entities: dict[str, str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for piece in value.split("&")[1:]:
        name, end, _ = piece.partition(";")
        if end and name in entities:
            found[name] = found.get(name, 0) + 1
    return found


def _is_remote(system: str) -> bool:
    scheme = system.partition(":")[0].lower()
    return scheme in ("http", "https", "ftp", "ftps", "gopher", "jar", "ldap", "netdoc") or system.startswith("//")


def _decoded(head: bytes) -> str:
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = head.decode("utf-16", "replace")
    elif head[:4] == b"<\0?\0" or head[:4] == b"<\0!\0":
        text = head.decode("utf-16-le", "replace")
    elif head[:4] == b"\0<\0?" or head[:4] == b"\0<\0!":
        text = head.decode("utf-16-be", "replace")
    else:
        start = head[3:] if head.startswith(b"\xef\xbb\xbf") else head
        if not start[:64].lstrip(b" \t\r\n").startswith(b"<"):
            return ""
        text = start.decode("utf-8", "replace")
    return text.lstrip()


def _after(text: str, end: str, at: int) -> int:
    found = text.find(end, at)
    return found + len(end) if found >= 0 else -1


def _after_type(text: str, at: int) -> int:
    """Where a document type ends; -1 when that is not in sight."""
    inside = False
    while 0 <= at < len(text):
        one = text[at]
        if one in "\"'":
            at = _after(text, one, at + 1)
        elif text.startswith("<!--", at):
            at = _after(text, "-->", at + 4)
        elif one == "[":
            inside, at = True, at + 1
        elif one == "]":
            inside, at = False, at + 1
        elif one == ">" and not inside:
            return at + 1
        else:
            at += 1
    return -1


def _name(text: str, at: int) -> str:
    end = at
    while end < len(text) and end - at < 200 and (text[end].isalnum() or text[end] in "_:.-"):
        end += 1
    return text[at:end].rpartition(":")[2]
