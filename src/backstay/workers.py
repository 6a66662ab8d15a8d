"""Workers: read and examine many files in processes of their own, so that a hostile file costs nothing but itself.

A file that takes too long or brings its process down is reported and the process replaced; what else was in its
hands is done again. The files' order of arrival differs from run to run, what is said of each does not.
"""

import contextlib
import faulthandler
import gc
import multiprocessing
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext, ForkContext, SpawnContext
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Any

import msgspec

from backstay.collectors.reader import Reader
from backstay.examine import Examined, Examiner
from backstay.model import Skip
from backstay.trees import given_up

if TYPE_CHECKING:
    from backstay.cache import Cache

MAX_JOBS = 8
MAX_BATCH = 64  # files handed to a worker at once
MEMORY = 1 << 30  # bytes a worker may take beyond what it starts with
FILE_SECONDS = 10.0  # for the plugins, on one file
READ_SECONDS = 60.0  # for reading one file, which includes hashing a large one
_FLUSH_SECONDS = 0.2  # results are held back no longer, so that a crash loses little
_TICK = 0.2

File = tuple[str, str]  # the path it is shown with, and its real path
# A worker's shared state: the number of its file plus one (0: none), since when, doing what, with which plugin.
_FILE, _STARTED, _PHASE, _PLUGIN = range(4)
_READING, _EXAMINING = 0.0, 1.0


@dataclass(frozen=True)
class Setup:
    """What a worker needs: how to read, a function that makes the examiner (importable by name), and its limits.

    What `cache` knows of a file is not found out again. Without `hashing`, a file that is not read whole has no digest.
    """

    reader: Reader
    examiner: Callable[[], Examiner]
    seconds: float = FILE_SECONDS
    memory: int = MEMORY
    cache: "Cache | None" = None
    hashing: bool = True


def jobs_for(files: int, jobs: int | None = None) -> int:
    """How many workers to use: one a core up to `MAX_JOBS`, or as asked, but none without a fair share of files."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    wanted = jobs if jobs else min(cores, MAX_JOBS)
    return max(1, min(wanted, (files + MAX_BATCH - 1) // MAX_BATCH))


def examine_all(
    setup: Setup, files: Sequence[File], jobs: int | None = None
) -> Generator[tuple[int, Examined], None, None]:
    """Examine files; yields each one's number and result as they come. Close the iterator to stop early."""
    if not files:
        return
    pool = _Pool(setup, files, jobs_for(len(files), jobs))
    try:
        yield from pool.run()
    finally:
        pool.stop()


class Background:
    """One function run in a process of its own; its result is whatever msgpack can hold."""

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        context = _context()
        self._conn, theirs = context.Pipe()
        self._process = context.Process(target=_call, args=(theirs, self._conn, function, arguments), daemon=True)
        self._process.start()
        theirs.close()

    def result(self, seconds: float) -> Any:
        """What the function returned; None when it failed, crashed, or needs more than these seconds from now."""
        try:
            if not self._conn.poll(max(0.0, seconds)):
                return None
            return msgspec.msgpack.decode(self._conn.recv_bytes())
        except (EOFError, OSError, msgspec.DecodeError):
            return None
        finally:
            self.stop()

    def stop(self) -> None:
        self._process.kill()
        self._process.join(1)
        self._conn.close()


@dataclass
class _Worker:
    process: BaseProcess
    conn: "Connection[Any, Any]"
    state: Any
    batch: list[int] = field(default_factory=list)
    done: int = 0

    @property
    def left(self) -> list[int]:
        return self.batch[self.done :]


class _Pool:
    def __init__(self, setup: Setup, files: Sequence[File], jobs: int) -> None:
        self._setup, self._files, self._jobs = setup, files, jobs
        self._context = _context()
        size = max(1, min(MAX_BATCH, len(files) // (jobs * 4) or 1))
        numbers = list(range(len(files)))
        self._pending = deque(numbers[at : at + size] for at in range(0, len(numbers), size))
        self._workers: list[_Worker] = []
        self._retried: set[int] = set()
        examiner = setup.examiner()  # made here, so that forked workers find it ready
        self._plugins, self._seconds = examiner.plugins, examiner.seconds

    def run(self) -> Iterator[tuple[int, Examined]]:
        gc.freeze()  # what is here now stays: forked workers share its pages as long as nobody touches them
        try:
            while self._pending or self._workers:
                self._assign()
                busy = {worker.conn: worker for worker in self._workers}
                for ready in wait(list(busy), _TICK):
                    yield from self._receive(busy[ready])  # type: ignore[index]
                for worker in [one for one in self._workers if self._overdue(one)]:
                    worker.process.kill()
                    yield from self._lost(worker, "timed out")
        finally:
            gc.unfreeze()

    def stop(self) -> None:
        for worker in self._workers:
            worker.process.kill()
        for worker in self._workers:
            worker.process.join(1)
            worker.conn.close()
        self._workers = []

    def _assign(self) -> None:
        for worker in self._workers:
            if not worker.batch and self._pending:
                self._hand(worker)
        for worker in [one for one in self._workers if not one.batch]:
            worker.conn.close()  # it sees the end of its work and leaves
            worker.process.join(1)
            worker.process.kill()
            self._workers.remove(worker)
        while self._pending and len(self._workers) < self._jobs:
            worker = self._start()
            self._workers.append(worker)
            self._hand(worker)

    def _hand(self, worker: _Worker) -> None:
        batch = self._pending.popleft()
        worker.batch, worker.done = batch, 0
        worker.state[_FILE] = 0.0
        files = [(number, self._files[number][0], os.fsencode(self._files[number][1])) for number in batch]
        with contextlib.suppress(OSError):  # it died just now, which reading from it will show
            worker.conn.send_bytes(msgspec.msgpack.encode(files))

    def _start(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        state = self._context.RawArray("d", 4)
        # A forked worker holds copies of all our ends; it must close them, or no worker ever sees the end of its work.
        inherited = [ours, *(one.conn for one in self._workers)] if _forks(self._context) else []
        process = self._context.Process(target=_work, args=(theirs, state, self._setup, inherited), daemon=True)
        process.start()
        theirs.close()
        return _Worker(process, ours, state)

    def _receive(self, worker: _Worker) -> Iterator[tuple[int, Examined]]:
        try:
            results = _RESULTS.decode(worker.conn.recv_bytes())
        except (EOFError, OSError, msgspec.DecodeError):
            yield from self._lost(worker, "crashed the reader")
            return
        for number, result in results:
            worker.done += 1
            yield number, result
        if not worker.left:
            worker.batch, worker.done = [], 0

    def _overdue(self, worker: _Worker) -> bool:
        if not worker.state[_FILE] or not worker.batch:
            return False
        return bool(time.monotonic() - worker.state[_STARTED] > self._allowed(worker))

    def _allowed(self, worker: _Worker) -> float:
        if worker.state[_PHASE] != _EXAMINING:
            return READ_SECONDS
        plugin = int(worker.state[_PLUGIN])
        asked = self._seconds[plugin] if 0 <= plugin < len(self._seconds) else 0.0
        return max(self._setup.seconds, asked) if self._setup.seconds >= FILE_SECONDS else self._setup.seconds

    def _lost(self, worker: _Worker, reason: str) -> Iterator[tuple[int, Examined]]:
        """A worker is gone: blame the file in its hands, and give the others to somebody else."""
        worker.process.join(5)
        try:
            while worker.conn.poll():  # what it had sent before
                for number, result in _RESULTS.decode(worker.conn.recv_bytes()):
                    worker.done += 1
                    yield number, result
        except (EOFError, OSError, msgspec.DecodeError):
            pass
        worker.conn.close()
        self._workers.remove(worker)
        left = worker.left
        if not left:
            return
        number = int(worker.state[_FILE]) - 1
        culprit = number if number in left else left[0]
        rest = [one for one in left if one != culprit]
        if rest:
            self._pending.appendleft(rest)
        if reason != "timed out" and culprit not in self._retried:
            # Once more in a fresh process: what brought this one down may be what earlier files had left behind.
            self._retried.add(culprit)
            self._pending.appendleft([culprit])
            return
        yield culprit, self._failure(culprit, worker, reason)

    def _failure(self, number: int, worker: _Worker, reason: str) -> Examined:
        path = self._files[number][0]
        plugin = int(worker.state[_PLUGIN])
        detail = "while reading"
        if worker.state[_PHASE] == _EXAMINING:
            detail = f"in {self._plugins[plugin]}" if 0 <= plugin < len(self._plugins) else "while examining"
        if reason == "timed out":
            detail += f", more than {self._allowed(worker):g} s"
        return Examined(path, skips=[Skip(path, reason, detail)])


_RESULTS = msgspec.msgpack.Decoder(list[tuple[int, Examined]])
_FILES = msgspec.msgpack.Decoder(list[tuple[int, str, bytes]])


def _context() -> "ForkContext | SpawnContext":
    return multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")  # type: ignore[return-value]


def _forks(context: BaseContext) -> bool:
    return isinstance(context, ForkContext)


def _work(conn: "Connection[Any, Any]", state: Any, setup: Setup, inherited: "Sequence[Connection[Any, Any]]") -> None:
    """A worker's life: take a batch, examine its files, send the results, until there are no more."""
    for other in inherited:
        other.close()
    _prepare(setup.memory)
    examiner, before = setup.examiner(), len(given_up)

    def watch(plugin: int) -> None:
        state[_PLUGIN] = plugin

    examiner.watch = watch
    while True:
        try:
            files = _FILES.decode(conn.recv_bytes())
        except (EOFError, OSError):
            return
        _alarm(int(len(files) * (max(setup.seconds, *examiner.seconds, 0.0) + READ_SECONDS)) + 60)
        results: list[tuple[int, Examined]] = []
        sent = time.monotonic()
        for number, path, real in files:
            now = time.monotonic()
            if results and now - sent > _FLUSH_SECONDS:
                state[_FILE] = 0.0  # waiting for a busy parent is no file's fault
                _send(conn, results)
                results, sent = [], now
            state[_PHASE], state[_PLUGIN], state[_STARTED], state[_FILE] = _READING, -1.0, now, number + 1.0
            results.append((number, _examined(setup, examiner, path, os.fsdecode(real), state)))
        state[_FILE] = 0.0
        _alarm(0)
        _send(conn, results)
        if len(given_up) > before:
            return  # another process goes on, with its memory whole


def _examined(setup: Setup, examiner: Examiner, path: str, real: str, state: Any) -> Examined:
    reader = setup.reader
    file = reader.read(path, real)
    if isinstance(file, Skip):
        return Examined(path, skips=[file])
    known = setup.cache.find(path, file.sha256) if setup.cache is not None and file.sha256 else None
    if known is not None:
        return msgspec.structs.replace(known, known=True)
    selected = examiner.selected(file)
    skip = None
    if file.truncated and selected and setup.hashing:
        file, skip = reader.hashed(file, real)
    state[_STARTED], state[_PHASE] = time.monotonic(), _EXAMINING
    result = examiner.examine(file, selected)
    if skip:
        result.skips.append(skip)
    return result


def _send(conn: "Connection[Any, Any]", results: list[tuple[int, Examined]]) -> None:
    try:
        data = msgspec.msgpack.encode(results)
    except (UnicodeEncodeError, TypeError, ValueError, OverflowError):
        # A plugin gave what cannot be sent, such as half a surrogate pair: find the file, keep the others.
        data = msgspec.msgpack.encode([(number, _sendable(result)) for number, result in results])
    conn.send_bytes(data)


def _sendable(result: Examined) -> Examined:
    try:
        msgspec.msgpack.encode(result)
    except (UnicodeEncodeError, TypeError, ValueError, OverflowError) as error:
        reason = Skip(result.path, "plugin failed", f"facts that cannot be kept ({type(error).__name__})")
        return Examined(result.path, result.size, result.sha256, skips=[reason])
    return result


def _prepare(memory: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what an interrupt means
    faulthandler.disable()  # a crash is reported as a skip, not as a dump on somebody's terminal
    gc.set_threshold(50_000, 20, 20)
    if sys.platform != "linux":
        return
    import resource  # noqa: PLC0415 - does not exist everywhere

    try:
        with open("/proc/self/statm", "rb") as statm:  # noqa: PTH123 - no path to build
            start = int(statm.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        limit = start + memory if hard == resource.RLIM_INFINITY else min(start + memory, hard)
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a crash must not leave the scanned content on disk
    except (OSError, ValueError):
        pass  # no limit where the system does not allow one


def _alarm(seconds: int) -> None:
    """End this process after some time, should the one that watches it be gone."""
    if hasattr(signal, "alarm"):
        signal.alarm(seconds)


def _call(
    conn: "Connection[Any, Any]",
    other: "Connection[Any, Any]",
    function: Callable[..., object],
    arguments: Sequence[object],
) -> None:
    if _forks(_context()):
        other.close()
    _prepare(MEMORY)
    _alarm(600)
    conn.send_bytes(msgspec.msgpack.encode(function(*arguments)))
