"""Stored samples: files that real libraries wrote, kept as compressed text; see samples/README-keras.txt."""

import base64
import zlib
from pathlib import Path

from backstay.artifacts.content import Bytes
from backstay.artifacts.exam import Limits
from backstay.artifacts.inspection import inspect
from backstay.artifacts.report import Inspection, Sign

FOLDER = Path(__file__).parent / "samples"


def stored(name: str) -> bytes:
    """The bytes of `hdf5/groups-latest` and its like."""
    return zlib.decompress(base64.decodebytes((FOLDER / f"{name}.b64").read_bytes()))


def look(data: bytes, name: str, limits: Limits | None = None) -> Inspection:
    return inspect(Bytes(data), name, limits)


def signs(inspection: Inspection) -> set[Sign]:
    return {one.sign for one in inspection.observations}


def subjects(inspection: Inspection, sign: Sign) -> set[str]:
    return {one.subject for one in inspection.observations if one.sign is sign}
