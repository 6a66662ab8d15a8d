"""Speed: CPU seconds and memory of inspecting large files, beside SHA-256 of the same files in the same run."""

import json
import os
import struct
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SIZE = 2 << 30
TENSORS = 64
_PATTERN = os.urandom(1 << 20)  # not zeros: a hash of a hole would be measured on memory that is never read


def _data(size: int) -> Iterator[bytes]:
    for _ in range(size // len(_PATTERN)):
        yield _PATTERN


def _torch(path: Path) -> None:
    """A PyTorch zip file of 64 tensors, as `torch.save` lays it out."""
    each = SIZE // TENSORS
    body = b"\x80\x02ccollections\nOrderedDict\n)R("
    for number in range(TENSORS):
        key = str(number).encode()
        body += b"X" + struct.pack("<I", 7 + len(key)) + b"weight." + key
        body += b"ctorch._utils\n_rebuild_tensor_v2\n((X\7\0\0\0storagectorch\nFloatStorage\nX"
        body += struct.pack("<I", len(key)) + key + b"X\3\0\0\0cpuJ" + struct.pack("<i", each // 4)
        body += b"tQK\0J" + struct.pack("<i", each // 4) + b"\x85K\1\x85\x89ccollections\nOrderedDict\n)RtR"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("archive/data.pkl", body + b"u.")
        archive.writestr("archive/byteorder", b"little")
        for number in range(TENSORS):
            with archive.open(zipfile.ZipInfo(f"archive/data/{number}"), "w") as member:
                for piece in _data(each):
                    member.write(piece)
        archive.writestr("archive/version", b"3\n")


def _safetensors(path: Path) -> None:
    each = SIZE // TENSORS
    header = {
        f"weight.{number}": {"dtype": "F32", "shape": [each // 4], "data_offsets": [number * each, (number + 1) * each]}
        for number in range(TENSORS)
    }
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as output:
        output.write(struct.pack("<Q", len(text)) + text)
        for piece in _data(SIZE):
            output.write(piece)


def _pickle(path: Path) -> None:
    """A pickle of 1 GiB in 64 pieces, with a command at its end."""
    with path.open("wb") as output:
        output.write(b"\x80\x04](")
        for _ in range(64):
            output.write(b"B" + struct.pack("<I", 16 << 20))
            for piece in _data(16 << 20):
                output.write(piece)
        output.write(b"e0cposix\nsystem\n\x8c\x04true\x85R.")


def _no_ops(path: Path) -> None:
    """Six million opcodes that do nothing, and a command."""
    path.write_bytes(b"\x80\x04" + b"N0" * 3_000_000 + b"cposix\nsystem\n\x8c\x04true\x85R.")


FILES = {
    "2 GiB PyTorch zip.pt": _torch,
    "2 GiB safetensors.safetensors": _safetensors,
    "1 GiB pickle.pkl": _pickle,
    "6 million no-ops.pkl": _no_ops,
}

EXITS = {0: "nothing", 1: "malicious", 3: "not wholly read"}  # of `backstay models inspect`

_HASH = """
import hashlib, sys
digest = hashlib.sha256()
with open(sys.argv[1], "rb", buffering=0) as file:
    while piece := file.read(1 << 20):
        digest.update(piece)
"""


def run(command: list[str], compiled: Path | None = None) -> tuple[float, float, int]:
    """CPU seconds, megabytes of the largest process and the exit code of a command and its children. Bytecode is kept
    below `compiled`, as an installation keeps it."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    if compiled is not None:
        environment["PYTHONPYCACHEPREFIX"] = str(compiled)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, process.returncode


def measure(folder: Path) -> dict[str, Any]:
    """Make the files, measure, print a table and give the figures. Each is the least of three runs."""
    program = Path(sys.executable).with_name("backstay")
    figures: dict[str, Any] = {}
    compiled, empty = folder / "bytecode", folder / "empty.txt"
    empty.write_bytes(b"")

    def least(*words: str) -> tuple[float, float, int]:
        runs = [run(list(words), compiled) for _ in range(3)]
        return min(one[0] for one in runs), max(one[1] for one in runs), max(one[2] for one in runs)

    inspect = (str(program), "models", "inspect", "-f", "json")
    start = least(*inspect, str(empty))
    figures["start"] = start
    print(f"Inspecting an empty file, which is to say starting: {start[0]:.2f} s CPU, {start[1]:.0f} MB\n")
    print(
        "| file | SHA-256 | inspect | ratio | memory | inspect without hashing | memory | said |\n"
        "|---|---|---|---|---|---|---|---|"
    )
    for name, write in FILES.items():
        path = folder / name.replace(" ", "-")
        write(path)
        run([sys.executable, "-c", _HASH, str(path)])  # fills the cache of the system
        plain = least(sys.executable, "-c", _HASH, str(path))
        full = least(*inspect, str(path))
        quick = least(*inspect, "--no-hash", str(path))
        figures[name] = {"hash": plain, "inspect": full, "without": quick}
        print(
            f"| {path.stem} | {plain[0]:.2f} s | {full[0]:.2f} s | {full[0] / plain[0]:.2f} "
            f"| {full[1]:.0f} MB | {quick[0]:.2f} s | {quick[1]:.0f} MB | {EXITS.get(full[2], full[2])} |"
        )
        path.unlink()
    return figures
