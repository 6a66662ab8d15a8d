"""Names of the members of a zip archive, without extracting anything and within bounds."""

import struct

MAX_MEMBERS = 5_000
_END = b"PK\x05\x06"
_CENTRAL = b"PK\x01\x02"
_LOCAL = b"PK\x03\x04"


def member_names(data: bytes, *, whole: bool) -> list[str]:
    """Members by the central directory if all of the archive is at hand, else by the local headers at its start."""
    return (_central(data) if whole else []) or _local(data)


def _central(data: bytes) -> list[str]:
    end = data.rfind(_END, max(0, len(data) - 65_557))
    if end < 0 or end + 22 > len(data):
        return []
    count, _, at = struct.unpack_from("<HII", data, end + 10)
    names: list[str] = []
    while len(names) < min(count, MAX_MEMBERS) and data.startswith(_CENTRAL, at) and at + 46 <= len(data):
        name, extra, comment = struct.unpack_from("<HHH", data, at + 28)
        names.append(data[at + 46 : at + 46 + name].decode("utf-8", "replace"))
        at += 46 + name + extra + comment
    return names


def _local(data: bytes) -> list[str]:
    names: list[str] = []
    at = 0
    while len(names) < MAX_MEMBERS and data.startswith(_LOCAL, at) and at + 30 <= len(data):
        flags, size, name, extra = struct.unpack_from("<H10xI4xHH", data, at + 6)
        names.append(data[at + 30 : at + 30 + name].decode("utf-8", "replace"))
        if flags & 8 and not size:  # the size follows the data: the next header can only be searched for
            at = data.find(_LOCAL, at + 30 + name + extra)
            if at < 0:
                break
            continue
        at += 30 + name + extra + size
    return names
