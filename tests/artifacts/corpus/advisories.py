"""Advisories: what was published against pickle scanners, each file named after its advisory."""

from collections.abc import Iterator
from typing import Any

from corpus.archives import HONEST, Entry, torch_zip, zipped
from corpus.opcodes import COMMAND, MARK, PYTHON, Ops, apply, call, glob, named, payload, pickled, text
from corpus.sample import Group, Made

FILE = "backstay-no-such-file"

# Advisory, module, name, arguments. Of https://github.com/mmaitre314/picklescan/security/advisories and
# https://github.com/trailofbits/fickling/security/advisories.
CALLS: tuple[tuple[str, str, str, tuple[Any, ...]], ...] = (
    ("GHSA-655q-fx9r-782v", "pip", "main", (["--version"],)),
    ("GHSA-3gf5-cxq9-w223", "idlelib.pyshell", "ModifiedInterpreter.runcode", ({}, PYTHON)),
    ("GHSA-3vg9-h568-4w9m", "idlelib.debugobj", "ObjectTreeItem.SetText", ({}, PYTHON)),
    ("GHSA-4675-36f9-wf6r", "ctypes", "CDLL", (FILE,)),
    ("GHSA-49gj-c84q-6qm9", "cProfile", "run", (PYTHON,)),
    ("GHSA-4r9r-ch6f-vxmx", "torch.utils.bottleneck.__main__", "run_cprofile", (PYTHON, {})),
    ("GHSA-4whj-rm5r-c2v8", "torch.utils.bottleneck.__main__", "run_autograd_prof", (PYTHON, {})),
    ("GHSA-5qwp-399c-mjwf", "trace", "Trace.run", ({}, PYTHON)),
    ("GHSA-6vqj-c2q5-j97w", "profile", "Profile.runctx", ({}, PYTHON, {}, {})),
    ("GHSA-6w4w-5w54-rjvr", "idlelib.autocomplete", "AutoComplete.get_entity", ({}, PYTHON)),
    ("GHSA-7cq8-mj8x-j263", "idlelib.autocomplete", "AutoComplete.fetch_completions", ({}, PYTHON, 0)),
    ("GHSA-7wx9-6375-f5wh", "profile", "run", (PYTHON,)),
    ("GHSA-86cj-95qr-2p4f", "torch._dynamo.guards", "GuardBuilder.get", ({}, PYTHON)),
    ("GHSA-8r4j-24qv-fmq9", "idlelib.calltip", "Calltip.fetch_tip", ({}, PYTHON)),
    ("GHSA-9w88-8rmg-7g2p", "cProfile", "runctx", (PYTHON, None, None)),
    ("GHSA-9xph-j2h6-g47v", "idlelib.calltip", "get_entity", (PYTHON,)),
    ("GHSA-cj3c-v495-4xqh", "code", "InteractiveInterpreter.runcode", ({}, PYTHON)),
    (
        "GHSA-f4x7-rfwp-v3xw",
        "torch.fx.experimental.symbolic_shapes",
        "ShapeEnv.evaluate_guards_expression",
        ({}, PYTHON, []),
    ),
    ("GHSA-f54q-57x4-jg88", "lib2to3.pgen2.grammar", "Grammar.loads", ({}, b"N.")),
    ("GHSA-f745-w6jp-hpxx", "torch.utils.collect_env", "run", (COMMAND,)),
    (
        "GHSA-jhph-76pp-mggw",
        "torch.utils.collect_env",
        "run_and_read_all",
        (Ops(named("torch.utils.collect_env", "run")), COMMAND),
    ),
    ("GHSA-fqq6-7vqf-w3fg", "doctest", "debug_script", (PYTHON, True)),
    ("GHSA-g344-hcph-8vgg", "trace", "Trace.runctx", ({}, PYTHON, {}, {})),
    ("GHSA-h3qp-7fh3-f8h4", "torch.utils.data.datapipes.utils.decoder", "basichandlers", ("pickle", b"N.")),
    ("GHSA-j343-8v2j-ff7w", "idlelib.pyshell", "ModifiedInterpreter.runcommand", ({}, PYTHON)),
    ("GHSA-m273-6v24-x4m4", "distutils.file_util", "write_file", (FILE, ["x"])),
    ("GHSA-m869-42cg-3xwr", "idlelib.run", "Executive.runcode", ({}, PYTHON)),
    ("GHSA-p9w7-82w4-7q8m", "lib2to3.pgen2.pgen", "ParserGenerator.make_label", (None, {}, f'""+{PYTHON}')),
    (
        "GHSA-q77w-mwjj-7mqx",
        "asyncio.unix_events",
        "_UnixSubprocessTransport._start",
        ({}, COMMAND, True, None, None, None, 0),
    ),
    (
        "GHSA-f7qq-56ww-84cr",
        "asyncio.unix_events",
        "_UnixSubprocessTransport._start",
        ({}, COMMAND, True, None, None, None, 0),
    ),
    ("GHSA-r8g5-cgf2-4m4m", "numpy.f2py.crackfortran", "getlincoef", (PYTHON, [])),
    ("GHSA-m7j5-r2p5-c39r", "logging", "FileHandler", (FILE,)),
    ("GHSA-9726-w42j-3qjr/file", "_io", "FileIO", (FILE, "r")),
    ("GHSA-9726-w42j-3qjr/url", "urllib.request", "urlopen", ("http://backstay.invalid/",)),
    ("GHSA-vqmv-47xg-9wpr", "pty", "spawn", ([COMMAND],)),
    ("GHSA-r7v6-mfhq-g3m2", "pty", "spawn", (COMMAND,)),
    ("GHSA-vr7h-p6mm-wpmh", "torch.jit.unsupported_tensor_ops", "execWrapper", (PYTHON, {}, {})),
    ("GHSA-vv6j-3g6g-2pvj", "torch.utils._config_module", "ConfigModule.load_config", ({}, b"N.")),
    ("GHSA-vvpj-8cmc-gx39", "pkgutil", "resolve_name", ("os:system",)),
    ("GHSA-x696-vm39-cp64", "profile", "Profile.run", ({}, PYTHON)),
    ("GHSA-xp4f-hrf8-rxw7", "ensurepip", "_run_pip", (["--version"],)),
    ("GHSA-g38g-8gr9-h9xp/uuid", "uuid", "_get_command_stdout", (COMMAND,)),
    ("GHSA-g38g-8gr9-h9xp/osx", "_osx_support", "_read_output", (COMMAND,)),
    ("GHSA-g38g-8gr9-h9xp/aix", "_aix_support", "_read_cmd_output", (COMMAND,)),
    ("GHSA-g38g-8gr9-h9xp/imaplib", "imaplib", "IMAP4_stream", (COMMAND,)),
    ("GHSA-g38g-8gr9-h9xp/pager", "_pyrepl.pager", "pipe_pager", ("x", COMMAND)),
    ("GHSA-g38g-8gr9-h9xp/test", "test.support.script_helper", "assert_python_ok", ("-c pass",)),
    ("GHSA-5hwf-rc88-82xm", "_osx_support", "_find_build_tool", ("true",)),
    ("GHSA-565g-hwwr-4pp3", "marshal", "loads", (b"N",)),
    ("GHSA-wfq2-52f7-7qvj", "runpy", "run_path", (FILE,)),
    ("GHSA-q5qq-mvfm-j35x", "multiprocessing.util", "spawnv_passfds", (b"/bin/true", [b"true"], [])),
    ("GHSA-p523-jq9w-64x9", "cProfile", "run", (PYTHON,)),
    ("GHSA-5hvc-6wx8-mvv4", "pydoc", "locate", ("os.system",)),
    ("GHSA-5j3x-jp52-966f", "pathlib", "os.system", (COMMAND,)),
    ("GHSA-6ggj-6f2q-f7mx", "_interpreters", "create", ()),
    ("GHSA-cffv-grgg-g429", "ast", "parse", ("1",)),
    ("CVE-2022-45907", "torch.jit.annotations", "parse_type_line", ("# type: (" + PYTHON + ") -> int", None, 0)),
    ("CVE-2024-5480", "torch.distributed.rpc.internal", "PythonUDF", (Ops(named("builtins", "eval")), (PYTHON,), {})),
)


def _imported(after: bytes) -> bytes:
    """`os` is imported, kept in the memo and taken from there."""
    return glob("builtins", "__import__") + MARK + b"Vos\ntRp0\n0" + after + b"."


def _machine(group: Group) -> None:
    def bad(advisory: str, data: bytes, suffix: str = ".pkl", note: str = "") -> None:
        group.bad(advisory + suffix, data, note, advisory)

    locate = call("pydoc", "locate", "os")
    bad("GHSA-84r2-jw7c-4r5q", pickled(apply(call("operator", "methodcaller", "system", COMMAND), locate)))
    bad("GHSA-46h3-79wf-xr6c", _imported(glob("_operator", "attrgetter") + b"(Vsystem\ntR(g0\ntR(Vtrue\ntR"))
    bad("GHSA-955r-x9j8-7rhh", _imported(glob("_operator", "methodcaller") + b"(Vsystem\nVtrue\ntR(g0\ntR"))
    bad("GHSA-h4rm-mm56-xf63", _imported(glob("builtins", "getattr") + b"(g0\nVsystem\ntR(Vtrue\ntR"))
    bad("GHSA-9gvj-pp9x-gcfr", b"S'os'\nS'system'\n\x93S'true'\n\x85R.", note="STACK_GLOBAL on old strings")
    kind = call("cloudpickle.cloudpickle", "_builtin_type", "CodeType")
    built = apply(kind, 0, 0, 0, 0, 1, 64, b"d\0S\0", (None,), (), (), "x", "f", 1, b"")
    made = call("cloudpickle.cloudpickle", "_make_function", built, {}, None, None, None)
    bad("GHSA-9m3x-qqw2-h32h", pickled(apply(made, PYTHON)), note="a function is made of bytecode and called")
    magic = pickled(call("builtins", "eval", "0x1950a86a20f9469cfc6c"), protocol=2)
    bad("GHSA-97f8-7cmv-76j2", magic + payload(2), ".pt", "the legacy magic number is computed")
    bad("GHSA-mxhj-88fx-4pcv", b"\x80\x04" + MARK + named("smtplib", "SMTP") + text("backstay.invalid") + b"o0N.")
    frame = b"\x80\x04\x95" + (2).to_bytes(8, "little") + b"N0" + call("os", "system", COMMAND) + b"."
    bad("GHSA-fphw-536r-4p88", frame, note="opcodes beyond the frame")
    bad("GHSA-wccx-j62j-r448", pickled(call("os", "system", COMMAND), protocol=5))


def _archives(group: Group) -> None:
    evil = payload(2)

    def bad(advisory: str, name: str, data: bytes, note: str = "") -> None:
        group.bad(f"{advisory}/{name}", data, note, advisory)

    named_badly = Entry("archive/data.pkl", evil, local_name="archive/data.pk1")
    bad("GHSA-7q5r-7gvp-wc82", "name-mismatch.pt", torch_zip(pickle=named_badly), "local and central names differ")
    bad("GHSA-w8jq-xcqf-f792", "flag.pt", torch_zip(pickle=Entry("archive/data.pkl", evil, flags=1)), "flag: encrypted")
    bad("GHSA-w8jq-xcqf-f792", "flag-20.pt", torch_zip(pickle=Entry("archive/data.pkl", evil, flags=0x20)))
    bad("GHSA-769v-p64c-89pr", "hidden.pt", torch_zip(HONEST, Entry("archive/config.p", evil)), "a second pickle")
    bad(
        "GHSA-jgw4-cr84-mqxg",
        "model.bin",
        pickled(call("asyncio.unix_events", "_UnixSubprocessTransport._start", {}, COMMAND)),
    )
    bad("GHSA-mjqp-26hc-grxg", "crc.pt", torch_zip(pickle=Entry("archive/data.pkl", evil, crc=1)), "wrong checksum")
    bad("GHSA-gx77-x2pv-48v7", "crc.zip", zipped(Entry("data.pkl", evil, crc=0xDEADBEEF)))


def samples() -> Iterator[Made]:
    group = Group("published-advisory gadgets")
    for advisory, module, name, arguments in CALLS:
        group.bad(
            advisory + ".pkl", pickled(call(module, name, *arguments)), f"{module}.{name}", advisory.split("/")[0]
        )
    _machine(group)
    _archives(group)
    yield from group.made
