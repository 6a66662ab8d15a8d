"""Marshalled: compiled code of each version of Python, honest and not, and what is no marshal data at all."""

import base64
import marshal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstay.artifacts.exam import Exam, Limits, StopError
from backstay.artifacts.programs import marshalled, names
from backstay.artifacts.report import Sign

# `lambda x: (__import__('os').system('true'), x)[1]` and `lambda x: K.square(x) * 2`, as each version marshals them.
CODES = {
    "2.7": (
        "YwEAAAABAAAAAgAAAEMAAABzHQAAAHQAAGQBAIMBAGoBAGQCAIMBAHwAAGYCAGQDABlTKAQAAABOdAIAAABvc3QEAAAAdHJ1ZWkB"
        "AAAAKAIAAAB0CgAAAF9faW1wb3J0X190BgAAAHN5c3RlbSgBAAAAdAEAAAB4KAAAAAAoAAAAAHMIAAAAPGxhbWJkYT50CAAAADxs"
        "YW1iZGE+AQAAAHQAAAAA",
        "YwEAAAABAAAAAgAAAEMAAABzEQAAAHQAAGoBAHwAAIMBAGQBABRTKAIAAABOaQIAAAAoAgAAAHQBAAAAS3QGAAAAc3F1YXJlKAEA"
        "AAB0AQAAAHgoAAAAACgAAAAAcwgAAAA8bGFtYmRhPnQIAAAAPGxhbWJkYT4BAAAAdAAAAAA=",
    ),
    "3.6": (
        "4wEAAAAAAAAAAQAAAAIAAABDAAAAcxYAAAB0AGQBgwFqAWQCgwF8AGYCZAMZAFMAKQRO2gJvc9oEdHJ1ZekBAAAAKQLaCl9faW1w"
        "b3J0X1/aBnN5c3RlbSkB2gF4qQByBwAAAPoIPGxhbWJkYT7aCDxsYW1iZGE+AQAAAHMAAAAA",
        "4wEAAAAAAAAAAQAAAAIAAABDAAAAcw4AAAB0AGoBfACDAWQBFABTACkCTukCAAAAKQLaAUtaBnNxdWFyZSkB2gF4qQByBAAAAPoI"
        "PGxhbWJkYT7aCDxsYW1iZGE+AQAAAHMAAAAA",
    ),
    "3.7": (
        "4wEAAAAAAAAAAQAAAAMAAABDAAAAcxYAAAB0AGQBgwGgAWQCoQF8AGYCZAMZAFMAKQRO2gJvc9oEdHJ1ZekBAAAAKQLaCl9faW1w"
        "b3J0X1/aBnN5c3RlbSkB2gF4qQByBwAAAPoIPGxhbWJkYT7aCDxsYW1iZGE+AQAAAPMAAAAA",
        "YwEAAAAAAAAAAQAAAAMAAABDAAAAcw4AAAB0AKABfAChAWQBFABTACkCTukCAAAAKQLaAUtaBnNxdWFyZSkB2gF4qQByAwAAAPoI"
        "PGxhbWJkYT7aCDxsYW1iZGE+AQAAAPMAAAAA",
    ),
    "3.8": (
        "4wEAAAAAAAAAAAAAAAEAAAADAAAAQwAAAHMWAAAAdABkAYMBoAFkAqEBfABmAmQDGQBTACkETtoCb3PaBHRydWXpAQAAACkC2gpf"
        "X2ltcG9ydF9f2gZzeXN0ZW0pAdoBeKkAcgcAAAD6CDxsYW1iZGE+2gg8bGFtYmRhPgEAAADzAAAAAA==",
        "YwEAAAAAAAAAAAAAAAEAAAADAAAAQwAAAHMOAAAAdACgAXwAoQFkARQAUwApAk7pAgAAACkC2gFLWgZzcXVhcmUpAdoBeKkAcgMA"
        "AAD6CDxsYW1iZGE+2gg8bGFtYmRhPgEAAADzAAAAAA==",
    ),
    "3.9": (
        "4wEAAAAAAAAAAAAAAAEAAAADAAAAQwAAAHMWAAAAdABkAYMBoAFkAqEBfABmAmQDGQBTACkETtoCb3PaBHRydWXpAQAAACkC2gpf"
        "X2ltcG9ydF9f2gZzeXN0ZW0pAdoBeKkAcgcAAAD6CDxsYW1iZGE+2gg8bGFtYmRhPgEAAADzAAAAAA==",
        "YwEAAAAAAAAAAAAAAAEAAAADAAAAQwAAAHMOAAAAdACgAXwAoQFkARQAUwApAk7pAgAAACkC2gFLWgZzcXVhcmUpAdoBeKkAcgMA"
        "AAD6CDxsYW1iZGE+2gg8bGFtYmRhPgEAAADzAAAAAA==",
    ),
    "3.10": (
        "4wEAAAAAAAAAAAAAAAEAAAADAAAAQwAAAHMWAAAAdABkAYMBoAFkAqEBfABmAmQDGQBTACkETtoCb3PaBHRydWXpAQAAACkC2gpf"
        "X2ltcG9ydF9f2gZzeXN0ZW0pAdoBeKkAcgcAAAD6CDxsYW1iZGE+2gg8bGFtYmRhPgEAAABzAgAAABYA",
        "YwEAAAAAAAAAAAAAAAEAAAADAAAAQwAAAHMOAAAAdACgAXwAoQFkARQAUwApAk7pAgAAACkC2gFLWgZzcXVhcmUpAdoBeKkAcgMA"
        "AAD6CDxsYW1iZGE+2gg8bGFtYmRhPgEAAABzAgAAAA4A",
    ),
    "3.11": (
        "4wEAAAAAAAAAAAAAAAMAAAADAAAA81YAAACXAHQBAAAAAAAAAAAAAGQBpgEAAKsBAAAAAAAAAACgAQAAAAAAAAAAAAAAAAAAAAAA"
        "AAAAZAKmAQAAqwEAAAAAAAAAAHwAZgJkAxkAAAAAAAAAAABTACkETtoCb3PaBHRydWXpAQAAACkC2gpfX2ltcG9ydF9f2gZzeXN0"
        "ZW0pAdoBeHMBAAAAIPoIPGxhbWJkYT76CDxsYW1iZGE+cgkAAAABAAAAcyYAAACAAI06kGTRCxvUCxvXCyLSCyKgNtELKtQLKqhB"
        "0AouqHHUCjGAAPMAAAAA",
        "YwEAAAAAAAAAAAAAAAMAAAADAAAA8zwAAACXAHQAAAAAAAAAAAAAAKABAAAAAAAAAAAAAAAAAAAAAAAAAAB8AKYBAACrAQAAAAAA"
        "AAAAZAF6BQAAUwApAk7pAgAAACkC2gFL2gZzcXVhcmUpAdoBeHMBAAAAIPoIPGxhbWJkYT76CDxsYW1iZGE+cgYAAAABAAAAcxQA"
        "AACAAI0hjyiKKJAxiSuMK5gBiS+AAPMAAAAA",
    ),
    "3.12": (
        "4wEAAAAAAAAAAAAAAAMAAAADAAAA80AAAACXAHQBAAAAAAAAAABkAasBAAAAAAAAagMAAAAAAAAAAAAAAAAAAAAAAABkAqsBAAAA"
        "AAAAfABmAmQDGQAAAFMAKQRO2gJvc9oEdHJ1ZekBAAAAKQLaCl9faW1wb3J0X1/aBnN5c3RlbSkB2gF4cwEAAAAg+gg8bGFtYmRh"
        "PvoIPGxhbWJkYT5yCQAAAAEAAABzIAAAAIAAjDqQZNMLG9cLItELIqA20wsqqEHQCi6ocdEKMYAA8wAAAAA=",
        "YwEAAAAAAAAAAAAAAAMAAAADAAAA8zIAAACXAHQAAAAAAAAAAABqAwAAAAAAAAAAAAAAAAAAAAAAAHwAqwEAAAAAAABkAXoFAABT"
        "ACkCTukCAAAAKQLaAUvaBnNxdWFyZSkB2gF4cwEAAAAg+gg8bGFtYmRhPvoIPGxhbWJkYT5yBgAAAAEAAABzEgAAAIAAjCGPKIko"
        "kDGLK5gBiS+AAPMAAAAA",
    ),
    "3.13": (
        "4wEAAAAAAAAAAAAAAAMAAAADAAAA80AAAACVAFsBAAAAAAAAAABTATUBAAAAAAAAUgMAAAAAAAAAAAAAAAAAAAAAAABTAjUBAAAA"
        "AAAAVQA0AlMDBQAAACQAKQRO2gJvc9oEdHJ1ZekBAAAAKQLaCl9faW1wb3J0X1/aBnN5c3RlbSkB2gF4cwEAAAAg2gg8bGFtYmRh"
        "PnIIAAAAcggAAAABAAAAcx4AAACAAIw6kGTTCxvXCyLRCyKgNtMLKqhB0AouqHHSCjHzAAAAAA==",
        "YwEAAAAAAAAAAAAAAAMAAAADAAAA8zIAAACVAFsAAAAAAAAAAABSAwAAAAAAAAAAAAAAAAAAAAAAAFUANQEAAAAAAABTAS0FAAAk"
        "ACkCTukCAAAAKQLaAUvaBnNxdWFyZSkB2gF4cwEAAAAg2gg8bGFtYmRhPnIFAAAAcgUAAAABAAAAcxAAAACAAIwhjyiJKJAxiyuY"
        "AYov8wAAAAA=",
    ),
}  # fmt: skip


def judged(data: bytes, strict: bool = True) -> Exam:
    exam = Exam("model.h5")
    marshalled.judge(data, exam, "lambda_1", 7, strict=strict)
    return exam


def signs(exam: Exam) -> set[Sign]:
    return {one.sign for one in exam.observations}


@pytest.mark.parametrize("version", CODES)
def test_code_of_each_version(version: str) -> None:
    bad, good = (base64.b64decode(one) for one in CODES[version])
    exam = judged(bad)
    assert [(one.sign, one.subject, one.offset) for one in exam.observations] == [(Sign.EXECUTES, "lambda_1", 7)]
    assert next(iter(exam.observations)).message == "compiled code that starts a program: __import__ and system"
    exam = judged(good)
    assert signs(exam) == {Sign.CARRIES}
    assert not exam.gaps


@pytest.mark.parametrize("version", CODES)
def test_names_and_constants_are_those_of_the_code(version: str) -> None:
    program = marshalled.read(base64.b64decode(CODES[version][0]), Exam("x"))
    assert program is not None
    assert {"__import__", "system"} <= set(program.names)
    assert {"os", "true"} <= {one.decode() if isinstance(one, bytes) else one for one in program.consts if one}


def test_a_pyc_file_is_read_past_its_header() -> None:
    code = compile("import os\nos.popen('true')", "m.py", "exec")
    for header in (b"\xa7\r\r\n" + bytes(12), b"\x03\xf3\r\n" + bytes(4)):
        assert signs(judged(header + marshal.dumps(code), strict=False)) == {Sign.EXECUTES}


def test_code_within_code_counts() -> None:
    source = "def outer(x):\n def inner(y):\n  import subprocess\n  return subprocess.run(y)\n return inner(x)\n"
    assert signs(judged(marshal.dumps(compile(source, "m", "exec")), strict=False)) == {Sign.EXECUTES}


@pytest.mark.parametrize(
    "source",
    [
        "os.system('true')", "eval('1+1')", "exec('x')", "open('f').read()", "subprocess.call('true')",
        "socket.socket()",
        "getattr(__builtins__, 'ev' + 'al')('1')", "pickle.loads(x)", "requests.get('http://h.example')",
        "sys.modules['os']",
        "__import__('base64').b64decode('x')", "ctypes.CDLL(None)", "importlib.import_module('os')",
        "().__class__.__base__.__subclasses__()", "tf.io.gfile and open(x)",
    ],
)  # fmt: skip
def test_what_a_layer_has_no_need_of(source: str) -> None:
    assert signs(judged(marshal.dumps(compile(f"lambda x: {source}", "m", "eval")))) == {Sign.EXECUTES}


@pytest.mark.parametrize(
    "source",
    [
        "tf.square(x)", "K.expand_dims(x, -1)", "x / 127.5 - 1", "tf.image.resize(x, (224, 224))",
        "tf.nn.l2_normalize(x)",
        "tf.keras.backend.mean(x, axis=[1, 2])", "x[:, -1, :]", "tf.concat([x, x], axis=-1)", "np.log1p(x).sum()",
        "tf.math.reduce_sum(x, keepdims=True)", "tf.py_function_like(x)",
    ],
)  # fmt: skip
def test_what_layers_do(source: str) -> None:
    assert signs(judged(marshal.dumps(compile(f"lambda x: {source}", "m", "eval")))) == {Sign.CARRIES}


@pytest.mark.parametrize(
    "source",
    [
        "import os, json\ndef predict(p):\n with open(os.path.join(p, 'c.json')) as f:\n  return json.load(f)",
        "import pickle\ndef load(p):\n return pickle.load(open(p, 'rb'))",
        "def f(model):\n model.eval()\n model.compile()\n return getattr(model, 'name')",
        "import platform, os\ndef f():\n return platform.system(), os.getcwd()",
        "import requests\ndef f(u):\n return requests.get(u).json()",
        "import base64\ndef f(b):\n return base64.b64decode(b)",
        "import re, sys\ndef f(x):\n return re.compile(x), sys.version",
    ],
)
def test_honest_functions_of_dill_and_cloudpickle_are_carried_code_and_no_more(source: str) -> None:
    assert signs(judged(marshal.dumps(compile(source, "m", "exec")), strict=False)) == {Sign.CARRIES}


def test_what_cannot_be_read_is_searched() -> None:
    bad = base64.b64decode(CODES["3.11"][0])
    assert signs(judged(bad[:-20])) == {Sign.EXECUTES}
    exam = judged(base64.b64decode(CODES["3.11"][1])[:-20])
    assert signs(exam) == {Sign.CARRIES}
    assert [gap.reason for gap in exam.gaps] == ["unreadable code"]
    assert signs(judged(b"")) == {Sign.CARRIES}


@given(st.binary(max_size=300))
def test_any_bytes_are_answered(data: bytes) -> None:
    assert signs(judged(data)) <= {Sign.CARRIES, Sign.EXECUTES}


@given(st.sampled_from(sorted(CODES)), st.integers(0, 250), st.integers(0, 255))
def test_broken_code_is_answered(version: str, place: int, byte: int) -> None:
    data = bytearray(base64.b64decode(CODES[version][0]))
    data[place % len(data)] = byte
    assert len(judged(bytes(data)).observations) == 1


def test_depth_and_number_are_bounded() -> None:
    assert marshalled.read(b")\x01" * 100_000, Exam("x")) is None
    assert marshalled.read(b"(\xff\xff\xff\x7f", Exam("x")) is None
    assert marshalled.read(b"[" + (50_000).to_bytes(4, "little") + b"N" * 50_000, Exam("x")) is not None
    with pytest.raises(StopError):
        marshalled.read(b"[" + (50_000).to_bytes(4, "little") + b"N" * 50_000, Exam("x", Limits(steps=1_000)))


def test_references_cannot_multiply_what_is_kept() -> None:
    # A tuple of texts that each of many code objects refers to as its constants and its names.
    shared = b"\xa8" + (20_000).to_bytes(4, "little") + b"z\x01a" * 20_000
    reference, text = b"r\x00\x00\x00\x00", b"z\x01a"
    code = b"c" + bytes(20) + b"s\x00\x00\x00\x00" + reference * 3 + b"s\x00\x00\x00\x00" + text * 3 + bytes(4)
    code += b"s\x00\x00\x00\x00" * 2
    data = b"(" + (1_001).to_bytes(4, "little") + shared + code * 1_000
    with pytest.raises(StopError):
        marshalled.read(data, Exam("x", Limits(steps=1_000_000)))
    program = marshalled.read(b"(" + (51).to_bytes(4, "little") + shared + code * 50, Exam("x"))
    assert program is not None
    assert len(program.consts) == len(program.names) == marshalled.MAX_KEPT


@given(
    st.lists(st.text(max_size=20), max_size=20), st.lists(st.one_of(st.text(), st.binary(), st.none(), st.integers()))
)
def test_any_names_and_constants_are_answered(asked: list[str], consts: list[object]) -> None:
    assert isinstance(names.reason(asked, consts), str)
