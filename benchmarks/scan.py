"""Measure a scan: time and peak memory on this repository and on a synthetic tree, beside a plain read of the same.

    .venv/bin/python benchmarks/scan.py [--files 20000] [--keep DIR] [--rounds 3]

The synthetic tree is the same for everybody: it follows from a fixed seed. "Plain" is os.walk, read and SHA-256 of
every file in one process; "scan" is the command in a process of its own, imports and all, that knows nothing yet;
"again" is the same with the cache that a scan leaves. Memory is the sum over the processes of a scan of what each
holds in proportion (PSS), sampled; where the system does not tell, it is left out.
"""

import argparse
import hashlib
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

SEED = 20_000
SHARE_OF_AI = 0.05
MEDIAN_BYTES = 4096

_WORDS = """
account address amount batch buffer cache channel client column config context cursor customer data default
entry error event field filter format handler header index input invoice item key label length limit line list
manager mapping message method module name node number object offset option order output page parent parser
path payload policy price process product query queue range record region report request result row schema
service session size source state status stream string table target task template token total type unit update
user value vector version view weight
""".split()  # noqa: SIM905 - a list of a hundred quoted words is harder to read


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--keep", type=Path, help="make the tree here, or use the one that is here")
    parser.add_argument("--rounds", type=int, default=3, help="the fastest round counts")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        tree = arguments.keep or Path(scratch) / "tree"
        if not tree.exists():
            generate(tree, arguments.files)
        here = Path(__file__).resolve().parent.parent
        heads = ("plain s", "scan s", "ratio", "again s", "ratio", "peak MB")
        print(f"{'tree':<12}{'files':>8}{'MB':>7}" + "".join(f"{head:>9}" for head in heads))
        for name, root in (("synthetic", tree), ("repository", here)):
            measure(name, root, arguments.rounds)


def measure(name: str, root: Path, rounds: int) -> None:
    """Print one row. Plain and scan take turns, so that both find the same state of the machine."""
    plain: list[float] = []
    scan: list[float] = []
    again: list[float] = []
    peak = 0.0
    files = size = 0
    for _ in range(rounds):
        started = time.perf_counter()
        files, size = read_and_hash(root)
        plain.append(time.perf_counter() - started)
        with tempfile.TemporaryDirectory() as cache:
            for taken in (scan, again):
                seconds, megabytes = run_scan(root, cache)
                taken.append(seconds)
                peak = max(peak, megabytes)
    best, ours, warm = min(plain), min(scan), min(again)
    figures = f"{best:>9.2f}{ours:>9.2f}{ours / best:>9.1f}{warm:>9.2f}{warm / best:>9.1f}{peak or float('nan'):>9.0f}"
    print(f"{name:<12}{files:>8}{size / 1e6:>7.0f}{figures}")


def read_and_hash(root: Path) -> tuple[int, int]:
    """Read every file that a scan would find by itself and hash it; gives their number and bytes."""
    left_out = {
        ".git",
        ".venv",
        "node_modules",
        ".mypy_cache",
        ".ruff_cache",
        ".pytest_cache",
        "__pycache__",
        ".hypothesis",
    }
    files = size = 0
    for folder, folders, names in os.walk(root):
        folders[:] = [one for one in folders if one not in left_out]
        for name in names:
            with open(f"{folder}/{name}", "rb") as file:  # noqa: PTH123 - as plain as it gets
                data = file.read()
            hashlib.sha256(data).hexdigest()
            files += 1
            size += len(data)
    return files, size


def run_scan(root: Path, cache: str) -> tuple[float, float]:
    """Scan in a process of its own with its cache there; gives seconds and the peak in MB, 0 where it is not known."""
    with tempfile.TemporaryDirectory() as out:
        command = [
            sys.executable,
            "-c",
            "import sys; from backstay.cli.main import main; sys.exit(main())",
            "scan",
            str(root),
            "-f",
            "json",
            "-o",
            f"{out}/report.json",
        ]
        started = time.perf_counter()
        environment = {**os.environ, "XDG_CACHE_HOME": cache}
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment)
        peak = 0.0
        while process.poll() is None:
            peak = max(peak, memory(process.pid))
            time.sleep(0.02)
        seconds = time.perf_counter() - started
    error = process.stderr.read().decode() if process.stderr else ""
    if process.returncode not in (0, 1, 3):
        raise SystemExit(f"the scan failed with {process.returncode}: {error}")
    return seconds, peak


def memory(pid: int) -> float:
    """What a process and those it started hold, in MB: shared pages count once."""
    total = 0.0
    for one in [pid, *_children(pid)]:
        try:
            text = Path(f"/proc/{one}/smaps_rollup").read_text()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
    return total / 1000


def _children(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(one) for one in text.split()]


def generate(root: Path, files: int) -> None:
    """Write the synthetic tree: services of many languages, some data and binaries, one file in twenty about AI."""
    chance = random.Random(SEED)
    makers: list[tuple[float, str, Callable[[random.Random, int], bytes]]] = [
        (0.24, "py", _python),
        (0.22, "ts", _braces),
        (0.12, "java", _braces),
        (0.10, "go", _braces),
        (0.06, "cs", _braces),
        (0.08, "json", _json),
        (0.06, "yaml", _yaml),
        (0.06, "md", _prose),
        (0.03, "css", _braces),
        (0.03, "png", _binary),
    ]
    weights = [share for share, _, _ in makers]
    for number in range(files):
        service, package, part = number // 500, number // 50 % 10, number // 10 % 5
        folder = root / f"service{service:03}" / f"{_WORDS[package]}" / f"{_WORDS[part + 20]}"
        if number % 10 == 0:
            folder.mkdir(parents=True, exist_ok=True)
        size = min(200_000, int(chance.lognormvariate(0, 1) * MEDIAN_BYTES))
        if chance.random() < SHARE_OF_AI:
            suffix, content = "py", _ai(chance, size)
        else:
            _, suffix, make = chance.choices(makers, weights)[0]
            content = make(chance, size)
        (folder / f"{_WORDS[chance.randrange(len(_WORDS))]}_{number}.{suffix}").write_bytes(content)


def _name(chance: random.Random) -> str:
    return f"{chance.choice(_WORDS)}_{chance.choice(_WORDS)}"


def _lines(chance: random.Random, size: int, line: Callable[[], str]) -> bytes:
    out, length = [], 0
    while length < size:
        out.append(line())
        length += len(out[-1]) + 1
    return ("\n".join(out) + "\n").encode()


def _python(chance: random.Random, size: int) -> bytes:
    head = "import json\nimport logging\nfrom pathlib import Path\n\nlog = logging.getLogger(__name__)\n\n\n"

    def function() -> str:
        a, b = _name(chance), _name(chance)
        return (
            f"def {a}({b}, limit=10):\n    log.info('%s', {b})\n    total = [x for x in {b} if x]\n"
            f"    if len(total) > limit:\n        raise ValueError('{a}')\n    return json.dumps(total)\n\n"
        )

    return head.encode() + _lines(chance, size, function)


def _ai(chance: random.Random, size: int) -> bytes:
    model = chance.choice(("gpt-4o", "gpt-4o-mini", "gpt-4.1"))
    head = (
        "import os\n\nfrom openai import OpenAI\n\nclient = OpenAI(api_key=os.environ['OPENAI_API_KEY'])\n"
        f"MODEL = os.getenv('MODEL', '{model}')\n\n\ndef answer(question):\n"
        "    reply = client.chat.completions.create(\n        model=MODEL,\n        messages=[\n"
        "            {'role': 'system', 'content': 'You answer briefly.'},\n"
        "            {'role': 'user', 'content': question},\n        ],\n    )\n"
        "    return reply.choices[0].message.content\n\n\n"
    )
    return head.encode() + _python(chance, max(0, size - len(head)))


def _braces(chance: random.Random, size: int) -> bytes:
    def function() -> str:
        a, b = _name(chance), _name(chance)
        body = f"  const {a} = {b}.trim();\n  return {a}.length > 0 ? {a} : null;\n"
        return f"public function {a}({b}: string) {{\n{body}}}\n"

    return _lines(chance, size, function)


def _json(chance: random.Random, size: int) -> bytes:
    body = _lines(chance, size, lambda: f'  "{_name(chance)}{chance.randrange(10**6)}": {chance.randrange(1000)},')
    return b"{\n" + body + b'  "end": true\n}\n'


def _yaml(chance: random.Random, size: int) -> bytes:
    return _lines(chance, size, lambda: f"{_name(chance)}{chance.randrange(10**6)}: {chance.choice(_WORDS)}")


def _prose(chance: random.Random, size: int) -> bytes:
    return _lines(chance, size, lambda: " ".join(chance.choices(_WORDS, k=12)) + ".")


def _binary(chance: random.Random, size: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + chance.randbytes(size)


if __name__ == "__main__":
    main()
