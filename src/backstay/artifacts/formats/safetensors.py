"""safetensors: reads the header of tensors and holds it against the file.

The format is a length (64 bits, little endian), that many bytes of JSON, and the tensors' bytes without holes, in any
order (github.com/huggingface/safetensors, "Format"; the checks are those of its `SafeTensors::read_metadata`).
"""

import json
import re
from typing import Any, NamedTuple

from backstay.artifacts.containers import tail
from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam, MalformedError, StopError
from backstay.artifacts.format import Candidate, Format
from backstay.artifacts.report import Sign
from backstay.artifacts.weights.declared import declare_safetensors
from backstay.artifacts.weights.layers import check_layers
from backstay.artifacts.weights.numbers import check_numbers
from backstay.artifacts.weights.tensors import (
    BITS,
    Tensor,
    check_extents,
    check_programs,
    product,
    summarise,
)
from backstay.artifacts.weights.texts import judge

_LARGEST = 100_000_000  # bytes of a header that the library reads
_MOST = 16 << 20  # bytes of a header that are read here: some 150,000 tensors
_TOLD = 20
_TYPE = re.compile(r"[A-Z]{1,8}[0-9]{0,3}(?:_[A-Z0-9]{1,12})?")
_SPACE = b" \t\r\n"


class _Info(NamedTuple):
    kind: str
    shape: tuple[int, ...]
    begin: int
    end: int


def _matches(candidate: Candidate) -> bool:
    head = candidate.head
    start = head[8:64].lstrip(_SPACE)
    if len(head) < 10 or start[:1] != b"{" or start[1:].lstrip(_SPACE)[:1] not in (b'"', b"}", b""):
        return False
    length = int.from_bytes(head[:8], "little")
    if 2 <= length <= _LARGEST:
        return True  # four zero bytes and more stand in no text
    if b'"data_offsets"' not in head or b'"dtype"' not in head:
        return False
    return candidate.name.endswith(".safetensors") or not all(32 <= one < 127 or one in _SPACE for one in head[:8])


def _read(content: Content, exam: Exam) -> None:
    length = int.from_bytes(content.read(0, 8), "little")
    begin = 8 + length
    if length > _LARGEST or begin > content.size:
        _unreadable_length(content, length, exam)
    if length > _MOST:
        raise StopError("too large", f"a header of {length} bytes")
    raw = content.read(8, length)
    if len(raw) < length:
        raise StopError("truncated", "within the header")
    if raw[:1] != b"{":
        exam.note(Sign.IRREGULAR, "header", "does not begin with a brace, as the format demands", 8)
    metadata, infos = _header(raw, exam)
    tensors = _tensors(infos, begin, exam)
    summarise(tensors, exam)
    _judge_metadata(metadata, exam)
    declare_safetensors(metadata, tensors, exam)
    stray = check_extents(tensors, begin, content, exam)
    if stray:
        exam.note(Sign.DECEIVES, "hole", f"{stray} bytes between tensors belong to none: the format forbids them")
    _check_end(content, max([begin, *(one.end for one in tensors)]), exam)
    check_programs(tensors, content, exam)
    check_layers(tensors, exam, exam.name)
    check_numbers(tensors, content, exam)


def _unreadable_length(content: Content, length: int, exam: Exam) -> None:
    """A length that leads out of the file or beyond what the library reads: a lie, or a file that ends early."""
    if length > _LARGEST:
        message = f"the header claims {length} bytes of a file of {content.size}: a loader allocates them"
        exam.note(Sign.TENSORS, "header", message, 0)
        raise StopError("invalid header", f"{length} bytes")
    text = content.read(8, min(content.size, _MOST)).decode("utf-8", "replace")
    try:
        json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        exam.note(Sign.INCOMPLETE, "header", f"the file ends within its header of {length} bytes", content.size)
        raise StopError("truncated", "within the header") from None
    message = f"the header ends before the {length} bytes it claims, which are more than the file has"
    exam.note(Sign.TENSORS, "header", message, 0)
    raise StopError("invalid header", f"{length} bytes")


def _header(raw: bytes, exam: Exam) -> tuple[dict[str, Any], list[tuple[str, Any]]]:
    """The metadata, and the tensors in the order of the header, with those that stand in it twice."""

    def pairs(items: list[tuple[str, Any]]) -> Any:
        if len(items) == 3:
            found = dict(items)
            if len(found) == 3 and {"dtype", "shape", "data_offsets"} == found.keys():
                return _info(found)
        return items

    try:
        text = raw.decode("utf-8")
        root, end = json.JSONDecoder(object_pairs_hook=pairs).raw_decode(text, len(text) - len(text.lstrip()))
    except RecursionError:
        exam.note(Sign.EXHAUSTS, "header", "nested so deeply that its readers overflow", 8)
        raise StopError("nested too deeply", "the header") from None
    except UnicodeDecodeError:
        raise MalformedError("invalid header", "not UTF-8") from None
    except ValueError:
        raise MalformedError("invalid header", "not JSON") from None
    if isinstance(root, _Info) or not isinstance(root, list):
        raise MalformedError("invalid header", "not an object of tensors")
    rest = text[end:].strip(" \t\r\n")
    if rest:
        exam.note(Sign.DECEIVES, "header", "holds more than its JSON: readers disagree on what it says", 8 + end)
        exam.gap("invalid header", f"{len(rest)} characters after its JSON")
    elif text[end:].strip(" "):
        exam.note(Sign.IRREGULAR, "header", "is filled up with other blanks than spaces", 8 + end)
    return _split(root, exam)


def _info(found: dict[str, Any]) -> Any:
    """A tensor in few bytes; what is none stays as it is and is told later."""
    kind, shape, offsets = found["dtype"], found["shape"], found["data_offsets"]
    if (
        type(kind) is str
        and type(shape) is list
        and type(offsets) is list
        and len(offsets) == 2
        and all(type(one) is int for one in offsets)
        and all(type(one) is int for one in shape)
    ):
        return _Info(kind, tuple(shape), offsets[0], offsets[1])
    return found


def _split(root: list[tuple[str, Any]], exam: Exam) -> tuple[dict[str, Any], list[tuple[str, Any]]]:
    metadata: dict[str, Any] = {}
    infos: list[tuple[str, Any]] = []
    seen: set[str] = set()
    told = 0
    for key, value in root:
        exam.step()
        if key in seen:
            told += 1
            if told <= _TOLD:
                exam.note(Sign.DECEIVES, key, "stands in the header twice: readers take the first or the last")
        seen.add(key)
        if key != "__metadata__":
            infos.append((key, value))
        elif isinstance(value, list) and not isinstance(value, _Info) and all(isinstance(one, tuple) for one in value):
            for name, text in value:
                if name in metadata:
                    exam.note(Sign.DECEIVES, f"__metadata__.{name}", "stands in the metadata twice")
                metadata[name] = text
        elif value is not None:
            exam.note(Sign.IRREGULAR, "__metadata__", "is no object of texts: the library refuses the file")
    return metadata, infos


def _tensors(infos: list[tuple[str, Any]], begin: int, exam: Exam) -> list[Tensor]:
    found: list[Tensor] = []
    told = 0
    for name, info in infos:
        problem = _problem(info, exam)
        if problem:
            told += 1
            if told <= _TOLD:
                exam.note(Sign.TENSORS, name, problem)
        elif isinstance(info, _Info):
            found.append(Tensor(name, info.kind, info.shape, begin + info.begin, begin + info.end))
    return found


def _problem(info: Any, exam: Exam) -> str:
    """What is wrong with a tensor of the header; "" for nothing."""
    if not isinstance(info, _Info):
        return "is no description of a tensor: type, shape and two offsets"
    if info.begin < 0 or info.end < 0 or min(info.shape, default=0) < 0:
        return f"negative numbers: shape {list(info.shape)}, bytes {info.begin} to {info.end}"
    if info.begin > info.end:
        return f"ends at byte {info.end} before it begins at byte {info.begin}"
    bits = BITS.get(info.kind)
    if bits is None:
        if not _TYPE.fullmatch(info.kind):
            return f"has a type that is none: {info.kind}"
        exam.gap("unknown tensor type", info.kind)
        return ""
    wanted = product(info.shape) * bits
    if wanted != 8 * (info.end - info.begin):
        return f"{info.kind} of shape {list(info.shape)} needs {wanted // 8} bytes and is given {info.end - info.begin}"
    return ""


def _judge_metadata(metadata: dict[str, Any], exam: Exam) -> None:
    for key, value in metadata.items():
        exam.step()
        if isinstance(value, str):
            judge(f"__metadata__.{key}", value, exam)
        else:
            exam.note(Sign.IRREGULAR, f"__metadata__.{key}", "is no text: the library refuses the file")
            judge(f"__metadata__.{key}", json.dumps(value, default=str), exam)


def _check_end(content: Content, end: int, exam: Exam) -> None:
    if end >= content.size:
        return
    tail.check(content, end, exam)
    if content.glance(end, 4096).strip(b"\0"):
        message = f"{content.size - end} bytes after the last tensor belong to none: the format forbids them"
        exam.note(Sign.DECEIVES, "appended data", message, end)


FORMAT = Format("safetensors", _matches, _read, suffixes=(".safetensors",))
