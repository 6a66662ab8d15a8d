"""Payloads: programs, told by the bytes they begin with, strictly enough to be asked of any tensor's data."""

import re
import struct

_CPUS = {7, 12, 18, 0x01000007, 0x0100000C, 0x0200000C, 0x01000012}  # x86, ARM, PowerPC of mach/machine.h
_SCRIPT = re.compile(rb"#! ?/[A-Za-z0-9_./+-]{2,100}(?: [ -~]{0,200})?\r?\n")
_APE = (b"MZqFpD='", b"jartsr='")  # Actually Portable Executable: DOS, shell and ELF in one
_BYTECODE = {0x63, 0xE3}  # a code object as marshal writes it, without and with a reference to it
_CONTROL = re.compile(rb"[^\t\n\r -~\x80-\xff]")


def kind(head: bytes) -> str:
    """What program some bytes (512 and more of its first, where there are so many) begin; empty for anything else."""
    start = head[:4]
    if start == b"\x7fELF":
        return "ELF executable" if _elf(head) else ""
    if start[:2] == b"MZ" or start == b"jart":
        return _windows(head)
    if start[:2] == b"#!":
        return "script" if _SCRIPT.match(head) and not _CONTROL.search(head, 0, 512) else ""
    if start == b"\xca\xfe\xba\xbe":
        return _cafebabe(head)
    if start in (b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe"):
        return _mach(head)
    if head[:8] == b"\0asm\1\0\0\0":
        return "WebAssembly module"
    if start[2:] == b"\r\n" and len(head) > 16:
        return "Python bytecode" if _bytecode(head) else ""
    return ""


def _elf(head: bytes) -> bool:
    if len(head) < 20 or head[4] not in (1, 2) or head[5] not in (1, 2) or head[6] != 1:
        return False
    type_, machine = struct.unpack_from("<HH" if head[5] == 1 else ">HH", head, 16)
    return bool(1 <= type_ <= 4 and machine)


def _windows(head: bytes) -> str:
    if head[:8] in _APE:
        return "portable executable"
    if len(head) < 0x40:
        return ""
    at = int.from_bytes(head[0x3C:0x40], "little")
    return "Windows executable" if at >= 0x40 and head[at : at + 4] == b"PE\0\0" else ""


def _mach(head: bytes) -> str:
    if len(head) < 16:
        return ""
    cpu, _, type_ = struct.unpack_from(">III" if head[0] == 0xFE else "<III", head, 4)
    return "Mach-O executable" if cpu in _CPUS and 1 <= type_ <= 12 else ""


def _cafebabe(head: bytes) -> str:
    if len(head) < 12:
        return ""
    count, cpu = struct.unpack_from(">II", head, 4)
    if 1 <= count < 40 and cpu in _CPUS:
        return "Mach-O executable"
    minor, major, constants = struct.unpack_from(">HHH", head, 4)
    return "Java class" if 45 <= major < 100 and minor in (0, 3, 0xFFFF) and constants > 1 else ""


def _bytecode(head: bytes) -> bool:
    magic, flags = int.from_bytes(head[:2], "little"), int.from_bytes(head[4:8], "little")
    return 3000 <= magic < 4200 and flags in (0, 1, 3) and head[16] in _BYTECODE
