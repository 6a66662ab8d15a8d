"""Outline: what is remembered of a file between the two phases of understanding code."""

import msgspec

from backstay.code.facts import Module
from backstay.code.language import Heading


class Outline(msgspec.Struct, array_like=True, eq=False):
    """What is remembered of a file at first sight: its language and heading, and its facts if it matters by itself.

    `declares` says that it may name models or prompts, which matters where other files use models.
    """

    language: str
    heading: Heading
    module: Module | None = None
    declares: bool = False


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Outline)


def encode(outline: Outline) -> bytes:
    """An outline as bytes that a worker can send, or a cache keep."""
    return _encoder.encode(outline)


def decode(data: bytes) -> Outline:
    """The outline in such bytes. Raises msgspec.DecodeError for others."""
    return _decoder.decode(data)
