"""TensorFlow checkpoints: the index of a bundle of variables, whose data lies in shards beside it.

Facts from tensorflow/core/protobuf/tensor_bundle.proto and tensorflow/core/util/tensor_bundle.
"""

from collections.abc import Iterator

from backstay.artifacts.content import Bytes, Content
from backstay.artifacts.exam import Exam
from backstay.artifacts.format import Candidate, Format
from backstay.artifacts.graphs.tensorflow_nodes import PRECISIONS, WIDTHS, elements
from backstay.artifacts.report import Sign
from backstay.artifacts.wire import sstable
from backstay.artifacts.wire.protobuf import Message, Walk

_MAX_SHARDS = 100_000
_MAX_NAMED = 2_000
_MAX_TENSORS = 2_000_000


def _matches(candidate: Candidate) -> bool:
    """A sorted string table whose first key is empty: databases have keys of eight bytes and more. In a compressed
    one that is not seen, and the name tells."""
    if not candidate.tail.endswith(sstable.MAGIC):
        return False
    return candidate.head[:2] == b"\0\0" or candidate.name.endswith(".index")


class _Reader:
    def __init__(self, exam: Exam) -> None:
        self.exam = exam
        self.shards = 1
        self.tensors = 0
        self._precision: dict[int, int] = {}
        self._ranges: dict[int, list[tuple[int, int, str]]] = {}

    def read(self, entries: Iterator[tuple[bytes, bytes]]) -> None:
        walk = Walk(self.exam)
        for key, value in entries:
            message = Message(Bytes(value), 0, len(value), walk)
            if key:
                self._tensor(key.decode("utf-8", "replace"), message)
                continue
            first = message.first(1)
            if first is not None and first.wire != 0:
                self._old(message)  # the first version of checkpoints: all in one file
                return
            self.shards = first.value if first is not None else 0
        self._close()

    def _tensor(self, name: str, message: Message) -> None:
        data_type = shard = offset = size = 0
        count = 1
        sliced = False
        for one in message.fields((1, 2, 3, 4, 5, 7)):
            match one.number:
                case 1:
                    data_type = one.value
                case 2:
                    count = elements(one.message())
                case 3:
                    shard = one.value
                case 4:
                    offset = one.signed
                case 5:
                    size = one.signed
                case _:
                    sliced = True
        self.tensors += 1
        width = WIDTHS.get(data_type)
        if not sliced and width is not None and count >= 0 and size != count * width:
            message_ = f"its shape needs {count * width} bytes, and {size} are given to it"
            self.exam.note(Sign.TENSORS, name, message_)
        if shard >= self.shards or offset < 0 or size < 0:
            self.exam.note(Sign.TENSORS, name, f"lies in shard {shard} of {self.shards} at {offset}, {size} bytes")
        elif not sliced and self.tensors <= _MAX_TENSORS:
            self._ranges.setdefault(shard, []).append((offset, offset + size, name))
        if data_type in PRECISIONS and count > 0 and not name.endswith(".OPTIMIZER_SLOT"):
            self._precision[data_type] = self._precision.get(data_type, 0) + count

    def _old(self, message: Message) -> None:
        for meta in message.fields((1,)):
            for one in meta.message().fields((1,)):
                self.tensors += 1
                tensor = one.message()
                kind = tensor.first(3)
                for shape in tensor.fields((2,)):
                    count = elements(shape.message())
                    if kind is not None and kind.value in PRECISIONS and count > 0:
                        self._precision[kind.value] = self._precision.get(kind.value, 0) + count
        self._facts()

    def _close(self) -> None:
        exam = self.exam
        for ranges in self._ranges.values():
            ranges.sort()
            end, name = -1, ""
            for first, last, other in ranges:
                exam.step()
                if first < end and last > first:
                    exam.note(Sign.TENSORS, other, f"its data overlaps that of {name}")
                    break
                if last > end:
                    end, name = last, other
        if not 0 < self.shards <= _MAX_SHARDS:
            exam.note(Sign.IRREGULAR, "shards", f"{self.shards} of them")
            return
        own = (exam.member.rpartition("!")[2] or exam.name).rpartition("/")[2].removesuffix(".index")
        numbers = range(min(self.shards, _MAX_NAMED))
        exam.fact("external", [f"{own}.data-{number:05d}-of-{self.shards:05d}" for number in numbers])
        ends = [max((last for _, last, _ in self._ranges.get(number, [])), default=0) for number in numbers]
        exam.fact("external_bytes", [str(one) for one in ends])
        self._facts()

    def _facts(self) -> None:
        self.exam.fact("tensors", self.tensors)
        if self._precision:
            self.exam.fact("parameters", sum(self._precision.values()))
            self.exam.fact("precision", PRECISIONS[max(self._precision, key=lambda one: self._precision[one])])


def _read(content: Content, exam: Exam) -> None:
    exam.fact("framework", "tensorflow")
    _Reader(exam).read(sstable.entries(content, exam))


FORMAT = Format(id="tensorflow-checkpoint", matches=_matches, read=_read, suffixes=(".ckpt.index", "variables.index"))
