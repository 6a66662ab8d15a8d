"""Tar archives: members, and the links, devices and names that reach out of the folder they are unpacked to."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from backstay.artifacts.containers import names, tail, tar_records
from backstay.artifacts.containers.tar_records import BLOCK
from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam
from backstay.artifacts.format import Candidate, Format, Member, Role
from backstay.artifacts.layouts import read_members
from backstay.artifacts.report import Sign

_LONG = 1 << 20  # bytes of a pax header or a long name
_PATH = 4096  # characters, as systems allow
_SPECIAL = {"3": "character device", "4": "block device", "6": "named pipe"}
_FILE = ("0", "7", "S")


@dataclass(frozen=True)
class _Item:
    """A member with what its extended headers add. `at` is its header block, `data` its content."""

    name: str
    type: str
    link: str
    size: int
    at: int
    data: int
    is_sparse: bool = False


def matches(candidate: Candidate) -> bool:
    """A header block with a right check sum."""
    return candidate.size >= BLOCK and tar_records.is_header(candidate.head[:BLOCK])


def read(content: Content, exam: Exam) -> None:
    """Read all members, then what stands after the end of the archive."""
    archive = _Archive(content, exam)
    matters = True  # when the budget ends before all was seen
    with exam.contained():
        matters = read_members(archive.members(), exam)
    archive.matters = matters
    archive.settle()


class _Archive:
    def __init__(self, content: Content, exam: Exam) -> None:
        self.content, self.exam = content, exam
        self.matters = False
        self.odd: list[tuple[Sign, str, str, int]] = []
        self.end = 0

    def members(self) -> list[Member]:
        """The regular files, each by a name that no other has: of several the last keeps it, as unpacking leaves it."""
        items: list[_Item] = []
        for item in self._items():
            if len(items) >= self.exam.limits.members:
                self.exam.gap("too many members", f"more than {self.exam.limits.members}")
                break
            items.append(item)
        self._judge(items)
        last = {item.name: number for number, item in enumerate(items)}
        found: list[Member] = []
        for number, item in enumerate(items):
            if item.type not in _FILE:
                continue
            name = item.name if last[item.name] == number else f"{item.name} (member {number + 1})"
            if item.is_sparse:
                self.exam.gap("sparse member", name)
                continue
            found.append(Member(name, item.size, self._opener(name, item), item.data, True))
        return found

    def settle(self) -> None:
        """Say what was odd, if the archive holds anything of a model, and look at what stands behind it."""
        if self.end:
            tail.check(self.content, self.end, self.exam)
        for sign, subject, message, at in self.odd:
            if self.matters:
                self.exam.note(sign, subject, message, at)

    def _opener(self, name: str, item: _Item) -> Callable[[], Content]:
        def opened() -> Content:
            missing = item.data + item.size - self.content.size
            if missing > 0:
                self.exam.gap("truncated", f"{name}: {missing} bytes are missing")
            return self.content.part(item.data, item.size)

        return opened

    def _items(self) -> Iterator[_Item]:
        at, extended, everywhere = 0, dict[str, str](), dict[str, str]()
        while True:
            self.exam.step(20)
            block = self.content.glance(at, BLOCK)
            header = tar_records.header(block)
            if header is None or not header.sum:
                break
            data = at + BLOCK
            if header.type in "xgXLK":
                text = self.content.read(data, min(header.size, _LONG))
                if header.size > _LONG:
                    self.exam.gap("too large", "an extended header of a tar archive")
                if header.type == "g":
                    everywhere |= tar_records.pax(text)
                elif header.type in "xX":
                    extended |= tar_records.pax(text)
                else:
                    key = "path" if header.type == "L" else "linkpath"
                    extended[key] = text.split(b"\0")[0].decode("utf-8", "replace")
                at = data + -(-header.size // BLOCK) * BLOCK
                continue
            said = everywhere | extended
            item = self._item(header, said, at, data)
            yield item
            at = item.data + -(-item.size // BLOCK) * BLOCK if item.type in _FILE or item.type == "D" else data
            if item.type in _FILE and item.size != header.size and "size" in said:
                self._differ(item, header.size)
            extended = {}
        self.end = min(at, self.content.size)
        if not block:
            self.odd.append((Sign.IRREGULAR, "tar archive", "no blocks of zeros end it", at))
        elif header is not None or block.strip(b"\0"):
            self.exam.gap("invalid header", f"tar header at byte {at}")

    def _item(self, header: tar_records.Header, said: dict[str, str], at: int, data: int) -> _Item:
        size = header.size
        if said.get("size", "").isdecimal() and len(said["size"]) < 20:
            size = int(said["size"])
        name = said.get("GNU.sparse.name", said.get("path", header.name))
        sparse = header.sparse or any(key.startswith("GNU.sparse") for key in said)
        if header.sparse:
            data = self._beyond(at, data)
        kind = "5" if header.type == "0" and header.name.endswith("/") and not size else header.type
        return _Item(name, kind, said.get("linkpath", header.link), size, at, data, sparse)

    def _beyond(self, at: int, data: int) -> int:
        """Where the data of an old GNU sparse file begins: after the blocks that continue its map."""
        more = self.content.glance(at + 482, 1)
        while more and more != b"\0":
            self.exam.step(20)
            more = self.content.glance(data + 504, 1)
            data += BLOCK
        return data

    def _differ(self, item: _Item, size: int) -> None:
        if size not in (0, 0o77777777777):  # what writers put where a number is too large for the field
            message = (
                f"{item.size} bytes by its extended header, {size} by the other: readers go on in different places"
            )
            self.odd.append((Sign.DECEIVES, item.name, message, item.at))

    def _judge(self, items: list[_Item]) -> None:
        links: dict[str, str] = {}
        seen: dict[str, _Item] = {}
        for item in items:
            self.exam.step(5)
            plain = names.normal(item.name)
            escape = names.escape(item.name)
            if escape:
                self.odd.append((Sign.ESCAPES, item.name, f"{escape}: unpacking writes there", item.at))
            if item.type in _SPECIAL:
                message = f"a {_SPECIAL[item.type]}, made where the archive is unpacked"
                self.odd.append((Sign.ESCAPES, item.name, message, item.at))
            if item.type == "2":
                self._link(item, names.link_escape(item.name, item.link))
                links[plain] = item.link
            elif item.type == "1":
                self._link(item, names.escape(item.link))
            self._through(item, plain, links)
            if item.type in _FILE:
                self._double(item, seen.get(plain))
                seen[plain] = item

    def _link(self, item: _Item, escape: str) -> None:
        if escape:
            self.odd.append(
                (Sign.ESCAPES, item.name, f"{escape}, {item.link}: unpacking reads or writes there", item.at)
            )

    def _through(self, item: _Item, plain: str, links: dict[str, str]) -> None:
        """A member that is written through a link which the archive has made before."""
        if not links:
            return
        if len(plain) > _PATH:
            self.exam.gap("too large", f"a name of {len(plain)} characters")
            return
        folder = plain
        while "/" in folder:
            folder = folder.rpartition("/")[0]
            if folder in links:
                message = f"written through the link {folder} to {links[folder]}"
                escape = names.link_escape(folder, links[folder])
                self.odd.append((Sign.ESCAPES if escape else Sign.IRREGULAR, item.name, message, item.at))
                return
        if plain in links and item.type in _FILE:
            message = f"written over the link of its name to {links[plain]}"
            self.odd.append(
                (
                    Sign.ESCAPES if names.link_escape(plain, links[plain]) else Sign.IRREGULAR,
                    item.name,
                    message,
                    item.at,
                )
            )

    def _double(self, item: _Item, other: _Item | None) -> None:
        if other is None:
            return
        same = item.size == other.size and self._same(item, other)
        sign = Sign.IRREGULAR if same else Sign.DECEIVES
        message = "stands twice" + ("" if same else " with different content: readers take one or the other")
        self.odd.append((sign, item.name, message, item.at))

    def _same(self, one: _Item, other: _Item) -> bool:
        here, there = self.content.part(one.data, one.size), self.content.part(other.data, other.size)
        self.exam.step(1 + one.size // 64)
        return all(a == b for a, b in zip(here.chunks(), there.chunks(), strict=False))


FORMAT = Format("tar", matches, read, (".tar",), executable=None, role=Role.ARCHIVE)
