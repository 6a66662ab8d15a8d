"""Survey: judges the objects of an HDF5 file one by one, and at the end all of them together."""

import re
from collections import Counter
from dataclasses import dataclass, field

from backstay.artifacts.content import Bytes
from backstay.artifacts.exam import Exam, MalformedError
from backstay.artifacts.hdf5 import storage
from backstay.artifacts.hdf5.attributes import Attribute
from backstay.artifacts.hdf5.links import Way
from backstay.artifacts.hdf5.objects import Thing
from backstay.artifacts.hdf5.source import Source
from backstay.artifacts.keras_config import leaves
from backstay.artifacts.report import Sign
from backstay.artifacts.weights.numbers import check_numbers
from backstay.artifacts.weights.tensors import Tensor, check_programs, names_digest

_TOLD = 20
_STRETCHES = 300_000  # stretches of data that are held against each other; all are held against the file
_KEPT = 200_000  # datasets that are kept as tensors
_BOMB = 1 << 32  # bytes of a dataset from which on its size is held against that of the file
# What a pickle begins with, of which some libraries keep their attributes: the opcodes PROTO, MARK, GLOBAL and others.
_PICKLE = re.compile(rb"[\x80(c\]}i]")
_STATE = re.compile(r"/(?:optimizer(?:_weights)?|metrics|loss_tracker)/|/seed_generator[^/]*/")


@dataclass
class Survey:
    """What was seen so far. `end` is the declared end of the file, an address."""

    source: Source
    exam: Exam
    end: int
    tensors: list[Tensor] = field(default_factory=list)
    outside: list[tuple[str, str, int]] = field(default_factory=list)  # what, which file, where
    large: list[tuple[str, str, int, bool]] = field(default_factory=list)  # what, why, where, whether in chunks
    datasets: int = 0
    _stretches: list[tuple[int, int, str]] = field(default_factory=list)
    _precisions: dict[str, int] = field(default_factory=dict)
    _plugins: set[int] = field(default_factory=set)
    _told: dict[str, int] = field(default_factory=dict)

    def add(self, thing: Thing) -> None:
        """Judge one object. What of it is malformed is a gap."""
        for message in thing.odd:
            self.note(Sign.IRREGULAR, thing.path, f"a header message of unknown type {message.kind}", message.at)
        self._twice(thing)
        self._links(thing)
        for name in thing.files:
            self.outside.append((thing.path, name, thing.address))
        for attribute in thing.attributes:
            try:
                self._attribute(thing, attribute)
            except MalformedError as error:
                self.exam.gap(error.reason, f"{thing.path}@{attribute.name}: {error.detail}")
        self._filters(thing)
        if thing.storage is not None:
            self.datasets += not _STATE.search(thing.path)
            try:
                self._dataset(thing, thing.storage)
            except MalformedError as error:
                self.exam.gap(error.reason, f"{thing.path}: {error.detail}")

    def note(self, sign: Sign, subject: str, message: str, address: int) -> None:
        """Note something at an address; of many alike the first are enough."""
        key = f"{sign} {message[:12]}"
        self._told[key] = self._told.get(key, 0) + 1
        if self._told[key] <= _TOLD:
            self.exam.note(sign, subject, message, self.source.base + address if address >= 0 else -1)

    def settle(self, strict: bool) -> None:
        """Judge all of it together. `strict`: a file of weights, which has no reason to name other files."""
        for path, file, address in self.outside:
            if strict or leaves(file):
                self.note(Sign.ESCAPES, path, f"its data are in another file, which reading opens: {file}", address)
            else:
                self.note(Sign.IRREGULAR, path, f"its data are in a file beside this one: {file}", address)
        for path, message, address, chunked in self.large:
            # Measurements that are sparse or compress well are kept in chunks; weights are neither.
            self.note(Sign.IRREGULAR if chunked and not strict else Sign.EXHAUSTS, path, message, address)
        self._overlaps()
        if self.datasets:
            self.exam.fact("tensors", self.datasets)
            self.exam.fact("tensor_names", names_digest(one.name for one in self.tensors))
        total = sum(self._precisions.values())
        if 0 < total < 1 << 63:
            self.exam.fact("parameters", total)
            self.exam.fact("precision", max(self._precisions, key=lambda one: (self._precisions[one], one)))
        check_programs(self.tensors, self.source.content, self.exam)
        check_numbers(self.tensors, self.source.content, self.exam)

    def _twice(self, thing: Thing) -> None:
        """No library writes a name twice; which of the two a reader takes is its own affair."""
        for kind, names in (
            ("attribute", [one.name for one in thing.attributes]),
            ("member", [one.name for one in thing.links]),
        ):
            if len(set(names)) < len(names):
                for name in sorted(one for one, number in Counter(names).items() if number > 1):
                    message = f"{thing.path} has two {kind}s of this name: readers see different ones"
                    self.note(Sign.DECEIVES, name, message, thing.address)

    def _links(self, thing: Thing) -> None:
        for link in thing.links:
            path = f"{thing.path.rstrip('/')}/{link.name}"
            if link.way is Way.EXTERNAL:
                self.outside.append((path, link.file, link.at))
            elif link.way is Way.PLUGIN:
                self.note(Sign.NATIVE, path, f"a link that only a plugin can follow: {link.target}", link.at)
            elif link.way is Way.SOFT:
                self.note(Sign.IRREGULAR, path, f"a symbolic link to {link.target}", link.at)

    def _attribute(self, thing: Thing, attribute: Attribute) -> None:
        """Attributes that libraries unpickle when they are asked for (PyTables does)."""
        if attribute.type.kind not in {"string", "opaque"} or attribute.space.dims:
            return
        value = attribute.text()
        if len(value) > 2 and value.endswith(b".") and _PICKLE.match(value):
            self.exam.inspect(Bytes(value), f"{thing.path}@{attribute.name}")

    def _filters(self, thing: Thing) -> None:
        for one in thing.filters:
            if one.id in storage.BUILT_IN:
                continue
            known = storage.REGISTERED.get(one.id)
            message = f"its data pass through a plugin that HDF5 loads from its plugin folder: filter {one.id}"
            if one.id not in self._plugins:
                self._plugins.add(one.id)
                self.note(Sign.NATIVE, known or one.name or f"filter {one.id}", message, thing.address)

    def _dataset(self, thing: Thing, stored: storage.Storage) -> None:
        if thing.type is None or thing.space is None:
            raise MalformedError("invalid HDF5 structure", "a dataset without type or shape")
        size, state = thing.size, bool(_STATE.search(thing.path))
        if thing.type.number and not state:
            kind = thing.type.precision
            self._precisions[kind] = self._precisions.get(kind, 0) + thing.space.elements
        if size > max(_BOMB, self.exam.limits.ratio * self.source.content.size) and not thing.files:
            message = f"claims {size} bytes of a file of {self.source.content.size}: reading it allocates them"
            self.large.append((thing.path, message, thing.address, stored.way == "chunked"))
        if stored.way == "compact":
            if stored.size < size:
                self._contradiction(thing, stored.size)
        elif stored.way == "contiguous" and stored.at >= 0:
            if stored.size >= 0 and stored.size != size and not thing.files:
                self._contradiction(thing, stored.size)
            self._stretch(thing, stored.at, size)
            self._tensor(thing, stored.at, size)
        elif stored.way == "chunked" and stored.at >= 0:
            self._chunks(thing, stored)

    def _contradiction(self, thing: Thing, size: int) -> None:
        message = f"its shape takes {thing.size} bytes and its storage has {size}"
        self.note(Sign.TENSORS, thing.path, message, thing.address)

    def _chunks(self, thing: Thing, stored: storage.Storage) -> None:
        element = thing.type.size if thing.type else 0
        if stored.chunk and stored.chunk[-1] != element:
            message = f"its elements have {element} bytes and those of its chunks {stored.chunk[-1]}"
            self.note(Sign.TENSORS, thing.path, message, thing.address)
        if stored.index in {"tree", "second tree"}:
            for chunk in storage.chunks(self.source, stored, bool(thing.filters), element):
                self._stretch(thing, chunk.at, chunk.size)
        elif stored.index == "single":
            self._stretch(thing, stored.at, stored.size or thing.size)
        elif stored.index == "implicit":
            self._stretch(thing, stored.at, thing.size)
        else:
            self._stretch(thing, stored.at, 1)

    def _stretch(self, thing: Thing, at: int, size: int) -> None:
        """Hold a stretch of data against the file."""
        if not self.source.inside(at, size):
            if at + size <= self.end:
                return  # the file ends early, which is noted once
            message = f"bytes {at} to {at + size} lie outside the file of {self.source.content.size}"
            self.note(Sign.TENSORS, thing.path, message, thing.address)
        elif size and len(self._stretches) < _STRETCHES:
            self._stretches.append((at, at + size, thing.path))

    def _tensor(self, thing: Thing, at: int, size: int) -> None:
        if len(self.tensors) < _KEPT and self.source.inside(at, size) and thing.type and thing.space:
            start = self.source.base + at
            kind = "" if thing.type.swapped else thing.type.precision
            self.tensors.append(Tensor(thing.path, kind, thing.space.dims or (), start, start + size))

    def _overlaps(self) -> None:
        end, before = 0, ""
        for start, stop, path in sorted(self._stretches):
            self.exam.step()
            if start < end:
                message = f"shares {min(end, stop) - start} bytes with {before}: a loader reads them twice"
                self.note(Sign.TENSORS, path, message, start)
            if stop > end:
                end, before = stop, path
