"""PyTorch files: attacks by the containers of `torch.save`, `torch.jit.save` and `torch.package`."""

import struct
from collections.abc import Iterator

from corpus.archives import (
    HONEST,
    LEGACY_MAGIC,
    Entry,
    npy,
    object_npy,
    state_dict,
    storage,
    tarred,
    tensor,
    torch_legacy,
    torch_zip,
    zipped,
)
from corpus.opcodes import COMMAND, PYTHON, Ops, call, glob, many, payload, pickled, value
from corpus.sample import Group, Label, Made

EVIL = payload(2)
ELF = b"\x7fELF\2\1\1" + b"\0" * 9 + struct.pack("<HHIQQQ", 3, 62, 1, 0, 64, 0) + b"\0" * 16 + b"backstay"
SHEBANG = b"#!/bin/sh\ntrue\n"


def _within(*before: Ops) -> bytes:
    """An honest state dict with something called first."""
    return b"\x80\x02" + b"".join(one + b"0" for one in before) + HONEST[2:]


def _zip(group: Group) -> None:
    group.bad("reduce.pt", torch_zip(EVIL))
    group.bad("within.pth", torch_zip(_within(call("posix", "system", COMMAND))))
    group.bad("eval.bin", torch_zip(_within(call("builtins", "eval", PYTHON)), root="pytorch_model"))
    group.bad("deflated.pt", torch_zip(pickle=Entry("archive/data.pkl", EVIL, method=8)))
    group.bad("deep-root.pt", torch_zip(EVIL, root="a/b/c"))
    group.bad("no-root.pt", zipped(Entry("data.pkl", EVIL), Entry("version", b"3\n")))
    group.bad("other-case.pt", zipped(Entry("archive/DATA.PKL", EVIL), Entry("archive/data.pkl", HONEST)))
    group.bad("two-pickles.pt", torch_zip(HONEST, Entry("other/data.pkl", EVIL)))
    group.bad(
        "duplicate-first.pt",
        zipped(Entry("archive/data.pkl", EVIL), Entry("archive/data.pkl", HONEST), Entry("archive/version", b"3\n")),
    )
    group.bad(
        "duplicate-last.pt",
        zipped(Entry("archive/data.pkl", HONEST), Entry("archive/data.pkl", EVIL), Entry("archive/version", b"3\n")),
    )
    group.bad(
        "unlisted.pt",
        torch_zip(HONEST, Entry("archive/data.pkl", EVIL, listed=False)),
        "only a reader of local headers sees it",
    )
    group.bad("other-local-name.pt", torch_zip(pickle=Entry("archive/data.pkl", EVIL, local_name="archive/data.txt")))
    group.bad("local-size.pt", torch_zip(pickle=Entry("archive/data.pkl", EVIL, local_size=4)))
    group.bad("central-size.pt", torch_zip(pickle=Entry("archive/data.pkl", EVIL, central_size=4)))
    group.bad("crc.pt", torch_zip(pickle=Entry("archive/data.pkl", EVIL, crc=0)))
    group.bad("flag-encrypted.pt", torch_zip(pickle=Entry("archive/data.pkl", EVIL, flags=1)))
    group.bad("flag-patched.pt", torch_zip(pickle=Entry("archive/data.pkl", EVIL, flags=0x20)))
    group.bad("flag-strong.pt", torch_zip(pickle=Entry("archive/data.pkl", EVIL, flags=0x40)))
    group.bad("flag-masked.pt", torch_zip(pickle=Entry("archive/data.pkl", EVIL, flags=0x2000)))
    group.bad("slip.pt", torch_zip(HONEST, Entry("../../backstay-none", b"x")), "a path out of the folder")
    group.bad("absolute.pt", torch_zip(HONEST, Entry("/etc/backstay-none", b"x")))
    group.bad("windows-slip.pt", torch_zip(HONEST, Entry("..\\..\\backstay-none", b"x")))
    group.bad("link.pt", torch_zip(HONEST, Entry("archive/data/1", b"../../../etc/passwd", mode=0o120777)))
    group.bad("extra-pickle.pt", torch_zip(HONEST, Entry("archive/extra.pkl", EVIL)))
    group.bad("extra-numpy.pt", torch_zip(HONEST, Entry("archive/extra.npy", object_npy(EVIL))))
    group.bad("prepended.pt", torch_zip(HONEST, before=EVIL), "a pickle for who reads from the start")
    group.bad("appended.pt", torch_zip(HONEST, after=EVIL))
    group.bad(
        "two-archives.pt", torch_zip(HONEST) + torch_zip(EVIL), "readers disagree on which of two directories holds"
    )
    group.bad("nested.zip", zipped(Entry("model.pt", torch_zip(EVIL), method=8)))
    group.bad("state-in-storage.pt", torch_zip(HONEST, storages=(ELF,)), "a program for weights")
    group.bad("library.pt", torch_zip(HONEST, Entry("archive/data/libx.so", ELF)))
    group.good(
        "script.pt", torch_zip(HONEST, Entry("archive/run.sh", SHEBANG)), "a script beside the weights", Label.CODE
    )
    whole = torch_zip()
    group.good("cut-off.pt", whole[: len(whole) // 2], "a download that ended early", Label.UNKNOWN)


def _tensors(group: Group) -> None:
    big = tensor("0", (1 << 20, 1 << 10), (1 << 10, 1), count=4)
    group.bad("out-of-range.pt", torch_zip(state_dict(weight=big)), "a view beyond its storage", "CVE-2026-24747")
    group.bad(
        "offset.pt", torch_zip(state_dict(weight=tensor("0", (2, 2), (2, 1), offset=1 << 30))), "", "CVE-2026-24747"
    )
    group.bad(
        "short-storage.pt",
        torch_zip(state_dict(weight=tensor("0", (1 << 10,), (1,), count=1 << 10))),
        "a storage that claims more than it has",
    )
    wrong = b"\x80\x02]K\0cposix\nsystem\nX\x04\0\0\0true\x85Rs."
    group.bad("set-item-on-list.pt", torch_zip(wrong), "SETITEM on what is no dict", "CVE-2026-24747")


def _legacy(group: Group) -> None:
    group.bad("legacy-object.pt", torch_legacy(EVIL))
    group.bad("legacy-keys.pt", torch_legacy(keys=EVIL))
    group.bad("legacy-system.pt", torch_legacy(system=EVIL))
    group.bad("legacy-after.pt", torch_legacy(after=EVIL))
    group.bad("legacy-magic-only.pt", pickled(LEGACY_MAGIC, protocol=2) + EVIL)
    tar = tarred(
        ("sys_info", pickled({"protocol_version": 1000}, protocol=2)),
        ("pickle", EVIL),
        ("storages", pickled(0, protocol=2)),
        ("tensors", pickled(0, protocol=2)),
    )
    group.bad("legacy-tar.pt", tar, "the tar format of 2017; weights_only did not hold for it", "CVE-2025-32434")
    honest_tar = tarred(
        ("sys_info", pickled({"protocol_version": 1000}, protocol=2)),
        ("pickle", HONEST),
        ("storages", EVIL),
        ("tensors", pickled(0, protocol=2)),
    )
    group.bad("legacy-tar-storages.pt", honest_tar, "", "CVE-2025-32434")


def _scripted(group: Group) -> None:
    def script(code: str, data: bytes = b"\x80\x02c__torch__\nM\n)\x81}b.", constants: bytes = b"\x80\x02).") -> bytes:
        return zipped(
            Entry("m/data.pkl", data),
            Entry("m/code/__torch__.py", code.encode()),
            Entry("m/constants.pkl", constants),
            Entry("m/version", b"3\n"),
        )

    honest = "class M(Module):\n  __parameters__ = []\n  __buffers__ = []\n  def forward(self: __torch__.M,\n    x: Tensor) -> Tensor:\n    return x\n"  # noqa: E501
    group.bad("script-data.pt", script(honest, EVIL))
    group.bad("script-constants.pt", script(honest, constants=EVIL))
    reads = honest.replace("return x", 'return torch.from_file("/etc/passwd", False, 16)')
    group.bad("script-from-file.pt", script(reads), "TorchScript that maps a file", "CVE-2025-32434")
    writes = honest.replace("return x", 'torch.save(x, "/tmp/backstay-none")\n    return x')
    group.bad("script-save.pt", script(writes), "TorchScript that writes a file", "CVE-2025-32434")
    group.bad("script-import.pt", script("import os\nos.system('true')\n" + honest), "Python that is no TorchScript")
    package = zipped(
        Entry("p/.data/version", b"6\n"),
        Entry("p/.data/extern_modules", b"os\n"),
        Entry("p/.data/python_version", b"3.11\n"),
        Entry("p/model/model.pkl", pickled(call("evil", "run"))),
        Entry("p/evil.py", b"import os\ndef run():\n    os.system('true')\n"),
    )
    group.bad("package.pt", package, "torch.package runs the source it holds")
    graph = pickled(
        call(
            "torch.fx.graph_module",
            "reduce_graph_module",
            {"_code": "def forward(self, x):\n    __import__('os').system('true')\n"},
            "import os\n",
        ),
        protocol=2,
    )
    group.bad("graph-module.pt", torch_zip(graph), "torch.fx compiles source of the file")
    hidden = state_dict(
        weight=Ops(
            glob("torch._utils", "_rebuild_tensor_v2")
            + many(storage("0", 4), 0, (2, 2), (2, 1), False, Ops(call("os", "system", COMMAND)))
            + b"R"
        )
    )
    group.bad("hooks.pt", torch_zip(hidden), "the call stands among the arguments of a tensor")
    remote = pickled(call("torch.distributed.nn.api.remote_module", "RemoteModule", "worker", "evil"), protocol=2)
    group.bad("remote-module.pt", torch_zip(remote), "", "CVE-2024-48063")
    group.bad(
        "array-and-call.pt",
        torch_zip(pickled({"a": value(npy("'<f4'", "(1,)", b"\0" * 4)), "b": call("os", "system", COMMAND)})),
    )
    library = pickled(call("torch._ops", "_Ops.load_library", "backstay.so"), protocol=2)
    group.bad("load-library.pt", torch_zip(library))


def samples() -> Iterator[Made]:
    group = Group("torch containers")
    _zip(group)
    _tensors(group)
    _legacy(group)
    _scripted(group)
    yield from group.made
