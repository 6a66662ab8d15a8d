"""Format: what a format of model files, or of archives that hold them, offers to the inspection."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam

HEAD = 65_536
_START = 1024  # bytes that tell text from anything else
_TEXT = bytes({*range(32, 256), *b"\t\n\v\f\r"})


class Role(Enum):
    """What a file of a format is to a model."""

    MODEL = "model"  # it is one, or its weights
    ARCHIVE = "archive"  # it may hold one: a zip of anything is no model file
    COMPANION = "companion"  # a file of a model's folder: configuration, tokenizer, template, index of shards


@dataclass(frozen=True)
class Candidate:
    """A file or member that is to be recognised: its content, and its name in lower case without folders."""

    content: Content = field(repr=False)
    name: str

    @cached_property
    def head(self) -> bytes:
        """The first bytes, up to `HEAD`."""
        return self.content.read(0, HEAD)

    @cached_property
    def tail(self) -> bytes:
        """The last bytes, up to `HEAD`."""
        return self.content.read(max(0, self.content.size - HEAD), HEAD)

    @cached_property
    def binary(self) -> bool:
        """Whether it begins with bytes that no text has; so most files are known not to be of a binary format."""
        start = self.head[:_START]
        if start.translate(None, _TEXT):
            return True
        try:
            start.decode("utf-8")
        except UnicodeDecodeError as error:
            return error.start < len(start) - 3  # a character may be cut
        return False

    @property
    def size(self) -> int:
        return self.content.size


@dataclass(frozen=True)
class Format:
    """One format: `matches` says by content (the name only settles what content leaves open) whether a candidate is
    of it, and `read` inspects one. `suffixes` are name ends that promise it. `executable` says whether loading a file
    of this format may run code of it by the format's very nature (None: that depends on what is in it).

    `matches` is cheap (it looks at head and tail), never raises and never says yes to an ordinary file. `read` may
    raise StopError and MalformedError.
    """

    id: str
    matches: Callable[[Candidate], bool]
    read: Callable[[Content, Exam], None]
    suffixes: tuple[str, ...] = ()
    executable: bool | None = False
    role: Role = Role.MODEL


@dataclass(frozen=True)
class Member:
    """One file in an archive. `open` gives its content and raises StopError or MalformedError when it cannot."""

    name: str
    size: int  # as declared
    open: Callable[[], Content] = field(repr=False)
    offset: int = -1  # of its data in the archive; -1 when it has none of its own
    stored: bool = False  # not compressed: its content costs nothing to open


@dataclass(frozen=True)
class Layout:
    """A model format that is an archive with certain members: a PyTorch zip, a Keras file, a NeMo tar ...

    `matches` gets the members by name; `read` inspects what it understands and gives the names of the members that it
    is done with. The others are looked at one by one, as files of their own.
    """

    id: str
    matches: Callable[[dict[str, Member]], bool]
    read: Callable[[dict[str, Member], Exam], Sequence[str]]
    suffixes: tuple[str, ...] = ()
    executable: bool | None = False
