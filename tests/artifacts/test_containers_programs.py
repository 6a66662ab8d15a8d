"""Programs: told from data strictly, accused under a model's name, in a model's archive and behind a model's end."""

import importlib._bootstrap_external
import struct

import pytest
from containers_samples import (
    ELF,
    EVIL,
    GOOD,
    PE,
    SCRIPT,
    Part,
    honest_zip,
    inspected,
    npy,
    signs,
    subjects,
    torch_zip,
    zip_of,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from backstay.artifacts.containers import payloads, tail
from backstay.artifacts.content import Bytes
from backstay.artifacts.exam import Exam
from backstay.artifacts.report import Sign, State

MACH = struct.pack("<IIIIIII", 0xFEEDFACF, 0x0100000C, 0, 2, 10, 1000, 0) + bytes(20)
FAT = struct.pack(">IIIIIII", 0xCAFEBABE, 2, 0x01000007, 3, 4096, 8192, 12)
CLASS = b"\xca\xfe\xba\xbe" + struct.pack(">HHH", 0, 61, 29) + bytes(30)
WASM = b"\0asm\1\0\0\0" + bytes(8)
BYTECODE = struct.pack("<H", 3495) + b"\r\n" + bytes(12) + b"\xe3" + bytes(20)
APE = b"MZqFpD='\n" + bytes(100)
PROGRAMS = {
    "ELF executable": ELF,
    "Windows executable": PE,
    "script": SCRIPT,
    "Mach-O executable": MACH,
    "Java class": CLASS,
    "WebAssembly module": WASM,
    "Python bytecode": BYTECODE,
    "portable executable": APE,
}


@pytest.mark.parametrize("kind", PROGRAMS)
def test_kinds_of_programs(kind: str) -> None:
    assert payloads.kind(PROGRAMS[kind]) == kind
    assert payloads.kind(FAT + bytes(40)) == "Mach-O executable"


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"MZ",
        b"MZ" + bytes(100),
        b"\x7fELF" + bytes(60),
        b"#! a note",
        b"#!/bin/sh\n\0\1\2",
        b"\xca\xfe\xba\xbe" + bytes(30),
        struct.pack("<ff", 1.0, 2.0) * 20,
        b"\xcf\xfa\xed\xfe" + bytes(40),
        b"ab\r\n" + bytes(40),
    ],
)
def test_what_is_no_program(head: bytes) -> None:
    assert payloads.kind(head) == ""


@given(
    st.binary(min_size=4, max_size=200),
    st.sampled_from([b"\x7fELF", b"MZ", b"#!", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe"]),
)
@settings(max_examples=300)
def test_a_magic_number_alone_is_no_program(data: bytes, magic: bytes) -> None:
    head = magic + data
    kind = payloads.kind(head)
    assert not kind or kind in PROGRAMS


@pytest.mark.parametrize(
    "name", ["model.safetensors", "weights.pt", "pytorch_model.bin", "model.gguf", "ggml-model.bin", "x.pkl"]
)
@pytest.mark.parametrize("data", [ELF, PE, SCRIPT, CLASS])
def test_a_program_under_the_name_of_a_model(name: str, data: bytes) -> None:
    report = inspected(data, name)
    assert Sign.PROGRAM in signs(report) and report.format == "executable" and report.model


@pytest.mark.parametrize(
    "name", ["libtorch.so", "setup.exe", "run.sh", "Main.class", "installer.bin", "tool", "a.wasm", "firmware.bin"]
)
def test_other_programs_are_none_of_our_business(name: str) -> None:
    for data in PROGRAMS.values():
        report = inspected(data, name)
        assert not report.model and not report.observations


@pytest.mark.parametrize("data", [ELF, PE, CLASS, MACH])
def test_a_program_in_the_archive_of_a_model(data: bytes) -> None:
    assert Sign.PROGRAM in signs(inspected(zip_of(*torch_zip(), Part("archive/extra/lib.so", data))))
    assert Sign.PROGRAM not in signs(inspected(zip_of(Part("model.pkl", GOOD), Part("lib.so", data)), "release.zip"))


def test_a_program_between_members() -> None:
    parts = torch_zip()
    parts[0].describe = bytes(64) + ELF
    assert Sign.PROGRAM in signs(inspected(zip_of(*parts)))


def noted(data: bytes, end: int) -> dict[Sign, str]:
    exam = Exam("a")
    exam.nested = lambda content, name, exam: "pickle" if content.read(0, 2) == b"\x80\x04" else ""
    tail.check(Bytes(data), end, exam)
    return {one.sign: one.subject for one in exam.observations}


def test_what_stands_behind_the_end() -> None:
    assert noted(b"model" + bytes(10_000), 5) == {}
    assert noted(b"model", 5) == noted(b"model", 900) == {}
    assert noted(b"model" + bytes(9) + ELF, 5) == {Sign.PROGRAM: "ELF executable"}
    assert noted(b"model" + EVIL, 5) == {Sign.DECEIVES: "pickle"}
    framed = b"\x80\x04\x95" + (len(EVIL) - 2).to_bytes(8, "little") + EVIL[2:]
    assert noted(b"model12345678" + framed, 5) == {Sign.DECEIVES: "pickle"}
    assert noted(b"model" + b"some words of a signature", 5) == {Sign.IRREGULAR: "appended data"}
    assert noted(b"model" + b"junk" * 20 + PE, 5) == {Sign.PROGRAM: "Windows executable"}


@given(st.binary(max_size=500), st.integers(-5, 600))
def test_any_tail_ends(data: bytes, end: int) -> None:
    noted(data, end)


def test_a_model_with_an_archive_behind_it() -> None:
    array = npy("'<f8'", "(2,)", bytes(16))
    assert inspected(array, "a.npy").state is State.CLEAN
    report = inspected(array + zip_of(*torch_zip(EVIL)), "a.npy")
    assert signs(report) >= {Sign.DECEIVES, Sign.EXECUTES}


def test_a_llamafile_carries_code_and_its_weights_are_read() -> None:
    gguf = b"GGUF" + struct.pack("<IQQ", 3, 0, 1)  # cut off before its only entry
    data = APE.ljust(4096, b"\0") + honest_zip({"model.gguf": gguf, ".args": b"-m\nmodel.gguf\n"})
    report = inspected(data, "model.llamafile")
    assert report.format == "llamafile" and report.state is State.CODE and Sign.CARRIES in signs(report)
    assert any(one.member == "model.gguf" for one in report.observations)
    assert inspected(data, "model").format == "llamafile"
    assert not inspected(APE + honest_zip({"a.txt": b"text"}), "tool.com").model


def test_an_archive_behind_a_program_accuses_nobody() -> None:
    report = inspected(ELF + honest_zip({"model.pkl": GOOD}), "tool")
    assert report.state is State.CLEAN


def test_a_script_in_the_archive_of_a_model_is_code_of_its_own() -> None:
    report = inspected(zip_of(*torch_zip(), Part("archive/extra/run.sh", SCRIPT)))
    assert report.state is State.CODE and subjects(report, Sign.CARRIES) == ["archive/extra/run.sh"]


def test_bytecode_in_the_archive_of_a_model_is_judged() -> None:
    def bytecode(source: str) -> bytes:
        return importlib._bootstrap_external._code_to_timestamp_pyc(compile(source, "m", "exec"))  # type: ignore[attr-defined,no-any-return]

    quiet = inspected(zip_of(*torch_zip(), Part("archive/m.pyc", bytecode("x = 1\n"))))
    assert quiet.state is State.CODE and signs(quiet) == {Sign.CARRIES}
    loud = inspected(zip_of(*torch_zip(), Part("archive/m.pyc", bytecode("import os\nos.system('true')\n"))))
    assert Sign.EXECUTES in signs(loud)
