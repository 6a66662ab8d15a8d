"""Pickles that take memory or time out of all proportion, by what they ask for or how they nest."""

import pytest

from backstay.artifacts.content import Bytes
from backstay.artifacts.inspection import inspect
from backstay.artifacts.report import Sign, State


def lists(depth: int) -> bytes:
    """A list of two references to a list of two references to ..."""
    level = b"]q\0" + b"".join(b"]q%c(h%ch%ce" % (n, n - 1, n - 1) for n in range(1, depth))
    return b"\x80\x02" + level + b"."


ASKING = {
    "bytes": b"cbuiltins\nbytes\n(L10000000000L\ntR.",
    "bytearray": b"cbuiltins\nbytearray\n(L10000000000L\ntR.",
    "an array of a trillion": b"cnumpy\nzeros\n((I1000000\nI1000000\nttR.",
    "a hundred levels": lists(100),
}


@pytest.mark.parametrize("data", ASKING.values(), ids=ASKING)
def test_what_exhausts_is_told(data: bytes) -> None:
    seen = inspect(Bytes(data), "m.pkl")
    assert seen.state is State.MALICIOUS
    assert {one.sign for one in seen.observations} == {Sign.EXHAUSTS}


HONEST = {
    "empty bytes, as Python 3 writes them for Python 2": b"c__builtin__\nbytes\n)R.",
    "a small array": b"cnumpy\nzeros\n((I10\nI10\nttR.",
    "ten levels": lists(10),
    "a list that holds itself": b"]q\0h\0a.",
}


@pytest.mark.parametrize("data", HONEST.values(), ids=HONEST)
def test_what_is_small_is_left_alone(data: bytes) -> None:
    assert inspect(Bytes(data), "m.pkl").state is State.CLEAN
