"""7z archives: the members of archives that py7zr 1.1.4 wrote, with each method, and hostile headers.

Each sample holds `a.pkl`, a pickle that would run `true`, and `b.txt`.
"""

import base64
import struct
import zlib

import pytest
from containers_samples import gaps, inspected, signs
from hypothesis import given, settings
from hypothesis import strategies as st

from backstay.artifacts.exam import Limits
from backstay.artifacts.report import Sign, State

SAMPLES = {
    "lzma2": (
        "N3q8ryccAATPX3WLnAAAAAAAAAAUAAAAAAAAAJbbU7/gAOIAKF0AQAENNzpeV+dpUR6wTLRa71vB7Bg/uTXuLH2Q6wmbh0/QhhajCcwA"
        "AADgAHAAZF0AAIEzB64P0QDUPKCKabC54UquoYjvQYSvsi+zAbozWKFSvsKdOMMNoI1Yv5O8AP6tfnpQqK48G/DfdACWaMtHpVsJDDzJ"
        "uBukDRvyN4qDPpum4QkxzHSfvi/3AyCxvQ72AAAAAAAXBjABCWwABwsBAAEhIQEYDHEAAA=="
    ),
    "lzma1": (
        "N3q8ryccAAT/b4SdnAAAAAAAAAAUAAAAAAAAAJYkWyAAQAENNzpeV+dpUR6wTLRa71vB7Bg/uTXuLH2Q6wmbh0/QhhajEuG8WP/7VqAA"
        "4ABwAGZdAACBMweuD9Dij7yfP0dBWNb+AmolqOiAhY613PC9CxXrq7oyNBgHAe+wiDQCR5Nt4X0kdMmTvJMQJSWXagu8COaY8usaeB49"
        "98npZzLWFnm/bIMPuES3Ea9kpl4UQKdJktuS0DQAAAAXBi4BCW4ABwsBAAEhIQEYDHEAAA=="
    ),
    "bzip2": (
        "N3q8ryccAARMGi1auQAAAAAAAAAUAAAAAAAAAHJnQxlCWmg5MUFZJlNZDonFJgAAbtPgBwBAARAAAiLeYEIECAAgAFRRoaGJo0yCSoBo"
        "ZH6j1RMZHoCKTNAi96vrZy0ARRtJA5UBGBvWBzHxdyRThQkA6JxSYOAAZABbXQAAgTMHrg/TDtt9QMCQzuXLdvZThjNiwNVcyJz3CCQv"
        "b/bTL80eWAErYwNw/llgxWW9WkxCyceCIOzqPhqrp0XuETOqwBD6zUqDA/pdc0ais4rimaZ7Aze9rwAAABcGVgEJYwAHCwEAASEhARgM"
        "ZQAA"
    ),
    "deflate": (
        "N3q8ryccAATAmJl8hwAAAAAAAAAUAAAAAAAAALmY/9VrYOlhLcgvzqzoYSuuLC5JzZ3cw1JSVJraGqRXklpRojAMCADgAGQAW10AAIEz"
        "B64P0Es5PJ8/Rzvn0R6Cr1QzBW3gdp7PUnXOJPxCirRy+5ABo+D09s3b5uM3pHHrOzxljrhprXjcfzDsjdnk0RkdPV8B9pGu+ilEcEGr"
        "4y5yFVmiUUAAAAAXBiQBCWMABwsBAAEhIQEYDGUAAA=="
    ),
    "copy": (
        "N3q8ryccAATXzG3SSgEAAAAAAAAVAAAAAAAAAKkR702ABIwFcG9zaXiMBnN5c3RlbZOMBHRydWWFUi50ZXh0IHRleHQgdGV4dCB0ZXh0"
        "IHRleHQgdGV4dCB0ZXh0IHRleHQgdGV4dCB0ZXh0IHRleHQgdGV4dCB0ZXh0IHRleHQgdGV4dCB0ZXh0IHRleHQgdGV4dCB0ZXh0IHRl"
        "eHQgdGV4dCB0ZXh0IHRleHQgdGV4dCB0ZXh0IHRleHQgdGV4dCB0ZXh0IHRleHQgdGV4dCB0ZXh0IHRleHQgdGV4dCB0ZXh0IHRleHQg"
        "dGV4dCB0ZXh0IHRleHQgdGV4dCB0ZXh0IOAAaABfXQAAgTMHrg/VMdkOByVHVwwoA3yyGp6bqcXZa8LwNquGB5Dm/FABERjpSC910gey"
        "KlEvMganqRHte6xqP3nWNeECH79BjbUZgpITYMiXmoUJb1iAB5CeR3rrBaNbvgAAAAAXBoDjAQlnAAcLAQABISEBGAxpAAA="
    ),
    "zstd": (
        "N3q8ryccAATh7b0joQAAAAAAAAAUAAAAAAAAANxbllEotS/9AFhFAQAEAoAEjAVwb3NpeIwGc3lzdGVtk4wEdHJ1ZYVSLnRleHQgAQAA"
        "gipP4ABwAGhdAACBMweuD9EP9rigkKB3253eLzeXDPj9kiq2REWEUVK30DTOmhbvd5PFGm1Nn0kYBe6f9bwUBFReiueePBJ0yzN1+vB3"
        "a+bVQcYpRcpcWxmmoiLJGOg+CKZpVztHZ/leJkmYky1mAAAAABcGMQEJcAAHCwEAASEhARgMcQAA"
    ),
    "bcj": (
        "N3q8ryccAATPX3WLnAAAAAAAAAAUAAAAAAAAAJbbU7/gAOIAKF0AQAENNzpeV+dpUR6wTLRa71vB7Bg/uTXuLH2Q6wmbh0/QhhajCcwA"
        "AADgAHAAZF0AAIEzB64P0QDUPKCKabC54UquoYjvQYSvsi+zAbozWKFSvsKdOMMNoI1Yv5O8AP6tfnpQqK48G/DfdACWaMtHpVsJDDzJ"
        "uBukDRvyN4qDPpum4QkxzHSfvi/3AyCxvQ72AAAAAAAXBjABCWwABwsBAAEhIQEYDHEAAA=="
    ),
    "delta": (
        "N3q8ryccAATcS5XamwAAAAAAAAAUAAAAAAAAAIpUPJzgAOIAKl0AQCEMsl5bnfr2bhVO6+MXvaoph0gE7lSRh9M+M2ZD8r6H7La4NZwS"
        "UgAAAOAAbABhXQAAgTMHrg/RHxk0oIppsLnhSrv90fHq+59na/Mhg7njr6g4xpka6zAkEdsfUc0NnCUGUHEqF/n0N7arcr4AfkKcOLOJ"
        "Ni1bxez0LrmeqyXj310P5Nj6dTgscxz1IpHgAAAAABcGMgEJaQAHCwEAASEhARgMbQAA"
    ),
    "ppmd": (
        "N3q8ryccAARUon1QkAAAAAAAAAAUAAAAAAAAAGezN/sAf4TzsnIGZ8D5p8phzF/+XyEidp8SeCc2Z5kWihHbDSS4CAAA4ABsAGNdAACB"
        "MweuD9BaW3yfP0dBXPbVIR0igBDMXmpDtfR9TKvby1kdw0+pJlZTfJ8dlWmMqCUmozNWuGNrcbvi3oUkpgqJfk/LPQEy2yDZgV1obH0X"
        "OP6JDcwfo8/aKYvoXPhxZiAAAAAXBiUBCWsABwsBAAEhIQEYDG0AAA=="
    ),
    "aes": (
        "N3q8ryccAATUHffQuQAAAAAAAAAWAAAAAAAAABO9YaVFzdK4vAaw3/zNtKq2fuKClPBD+EbDEIRmOJZmqJ1wmP2FQO3hMMr1N25OPw98"
        "7s/gAIgAgV0AAIEzB64P0QEiFGPVAMbh9G6/sicq9G9B9zFsCj7vEl9CuODID5e03wfZsXUWzpQeFQur04PuXVUBn7KoIKpgW+XFvA9U"
        "dMkSrYt0hSTI3s8/6CwR+zX9eujyIHcKqOxYZ03KAqCpXuv4DRa3MFyJNx67AQSNWA56QUcA3kfeAAAAABcGMAEJgIkABwsBAAEhIQEY"
        "DICJAAA="
    ),
}
READ = ("lzma2", "lzma1", "bzip2", "deflate", "copy", "zstd", "bcj", "delta")


def sample(method: str) -> bytes:
    return base64.b64decode(SAMPLES[method])


@pytest.mark.parametrize("method", READ)
def test_members_of_each_method_are_read(method: str) -> None:
    report = inspected(sample(method), "a.7z")
    assert signs(report) == {Sign.EXECUTES} and not report.gaps
    assert report.observations[0].member == "a.pkl" and report.members == 2


@pytest.mark.parametrize(("method", "reason"), [("ppmd", "unsupported compression"), ("aes", "encrypted")])
def test_what_cannot_be_unpacked_is_a_gap(method: str, reason: str) -> None:
    report = inspected(sample(method), "a.7z")
    assert gaps(report) == {reason} and report.state is State.UNKNOWN


@pytest.mark.parametrize("method", READ)
def test_truncated_archives(method: str) -> None:
    data = sample(method)
    for end in range(0, len(data), 7):
        report = inspected(data[:end], "a.7z")
        assert end < 6 or report.gaps


@given(st.sampled_from(READ), st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=5))
@settings(max_examples=150, deadline=None)
def test_mutated_archives_end(method: str, changes: list[tuple[int, int]]) -> None:
    data = bytearray(sample(method))
    for at, value in changes:
        data[at % len(data)] = value
    data[8:12] = struct.pack("<I", zlib.crc32(data[12:32]))
    assert "reader failed" not in gaps(inspected(bytes(data), "a.7z", Limits(expansion=1 << 20, steps=100_000)))


@given(st.binary(max_size=300))
@settings(max_examples=150, deadline=None)
def test_headers_of_any_bytes_end(header: bytes) -> None:
    start = struct.pack("<QQI", 0, len(header) + 1, zlib.crc32(b"\x01" + header))
    data = b"7z\xbc\xaf\x27\x1c\0\4" + struct.pack("<I", zlib.crc32(start)) + start + b"\x01" + header
    assert "reader failed" not in gaps(inspected(data, "a.7z", Limits(steps=100_000)))


def test_a_bomb_is_stopped() -> None:
    report = inspected(sample("lzma2"), "a.7z", Limits(expansion=100))
    assert "too much to decompress" in gaps(report)


def test_rar_is_a_gap() -> None:
    report = inspected(b"Rar!\x1a\x07\x01\x00" + bytes(100), "models.rar")
    assert gaps(report) == {"unsupported archive"} and report.format == "rar"
