"""Policy: each gadget of an advisory on another scanner, by the advisory's id."""

import pytest

from backstay.artifacts.pickles.policy import Standing, entry

# Names of standing WEIGH are harmless by themselves: what is done with them is judged where they are called.
ADVISORIES = [
    ("GHSA-4r9r-ch6f-vxmx", "torch.utils.bottleneck.__main__", "run_cprofile"),
    ("GHSA-86cj-95qr-2p4f", "torch._dynamo.guards", "GuardBuilder.get"),
    ("GHSA-f4x7-rfwp-v3xw", "torch.fx.experimental.symbolic_shapes", "ShapeEnv.evaluate_guards_expression"),
    ("GHSA-f745-w6jp-hpxx", "torch.utils.collect_env", "run"),
    ("GHSA-jhph-76pp-mggw", "torch.utils.collect_env", "run_and_read_all"),
    ("GHSA-h3qp-7fh3-f8h4", "torch.utils.data.datapipes.utils.decoder", "basichandlers"),
    ("GHSA-vr7h-p6mm-wpmh", "torch.jit.unsupported_tensor_ops", "execWrapper"),
    ("GHSA-vv6j-3g6g-2pvj", "torch.utils._config_module", "ConfigModule.load_config"),
    ("GHSA-5qwp-399c-mjwf", "trace", "Trace.run"),
    ("GHSA-g344-hcph-8vgg", "trace", "Trace.runctx"),
    ("GHSA-x696-vm39-cp64", "profile", "Profile.run"),
    ("GHSA-6vqj-c2q5-j97w", "profile", "Profile.runctx"),
    ("GHSA-f54q-57x4-jg88", "lib2to3.pgen2.grammar", "Grammar.loads"),
    ("GHSA-3vg9-h568-4w9m", "idlelib.debugobj", "ObjectTreeItem.SetText"),
    ("GHSA-6w4w-5w54-rjvr", "idlelib.autocomplete", "AutoComplete.get_entity"),
    ("GHSA-7cq8-mj8x-j263", "idlelib.autocomplete", "AutoComplete.fetch_completions"),
    ("GHSA-cj3c-v495-4xqh", "code", "InteractiveInterpreter.runcode"),
    ("GHSA-8r4j-24qv-fmq9", "idlelib.calltip", "Calltip.fetch_tip"),
    ("GHSA-9xph-j2h6-g47v", "idlelib.calltip", "get_entity"),
    ("GHSA-4whj-rm5r-c2v8", "torch.utils.bottleneck.__main__", "run_autograd_prof"),
    ("GHSA-xp4f-hrf8-rxw7", "ensurepip", "_run_pip"),
    ("GHSA-p9w7-82w4-7q8m", "lib2to3.pgen2.pgen", "ParserGenerator.make_label"),
    ("GHSA-m869-42cg-3xwr", "idlelib.run", "Executive.runcode"),
    ("GHSA-j343-8v2j-ff7w", "idlelib.pyshell", "ModifiedInterpreter.runcommand"),
    ("GHSA-3gf5-cxq9-w223", "idlelib.pyshell", "ModifiedInterpreter.runcode"),
    ("GHSA-fqq6-7vqf-w3fg", "doctest", "debug_script"),
    ("GHSA-v7x6-rv5q-mhwc", "timeit", "timeit"),
    ("GHSA-9w88-8rmg-7g2p", "cProfile", "runctx"),
    ("GHSA-49gj-c84q-6qm9", "cProfile", "run"),
    ("GHSA-7wx9-6375-f5wh", "profile", "run"),
    ("GHSA-q77w-mwjj-7mqx", "asyncio.unix_events", "_UnixSubprocessTransport._start"),
    ("GHSA-f7qq-56ww-84cr", "asyncio.unix_events", "_UnixSubprocessTransport._start"),
    ("GHSA-m273-6v24-x4m4", "distutils.file_util", "write_file"),
    ("GHSA-m273-6v24-x4m4", "_io", "FileIO"),
    ("GHSA-4675-36f9-wf6r", "ctypes", "CDLL"),
    ("GHSA-84r2-jw7c-4r5q", "pydoc", "locate"),
    ("GHSA-vqmv-47xg-9wpr", "pty", "spawn"),
    ("GHSA-r8g5-cgf2-4m4m", "numpy.f2py.crackfortran", "getlincoef"),
    ("GHSA-r8g5-cgf2-4m4m", "numpy.f2py.crackfortran", "_eval_length"),
    ("GHSA-955r-x9j8-7rhh", "builtins", "__import__"),
    ("GHSA-46h3-79wf-xr6c", "builtins", "__import__"),
    ("GHSA-vvpj-8cmc-gx39", "pkgutil", "resolve_name"),
    ("GHSA-g38g-8gr9-h9xp", "uuid", "_get_command_stdout"),
    ("GHSA-g38g-8gr9-h9xp", "_osx_support", "_read_output"),
    ("GHSA-g38g-8gr9-h9xp", "_aix_support", "_read_cmd_output"),
    ("GHSA-g38g-8gr9-h9xp", "imaplib", "IMAP4_stream"),
    ("GHSA-g38g-8gr9-h9xp", "_pyrepl.pager", "pipe_pager"),
    ("GHSA-g38g-8gr9-h9xp", "test.support.script_helper", "assert_python_ok"),
    ("CVE-2025-1716", "pip", "main"),
    ("GHSA-hgrh-qx5j-jfwx", "ssl", "get_server_certificate"),
    ("GHSA-r7v6-mfhq-g3m2", "pty", "spawn"),
    ("GHSA-565g-hwwr-4pp3", "marshal", "loads"),
    ("GHSA-wfq2-52f7-7qvj", "runpy", "run_path"),
    ("GHSA-q5qq-mvfm-j35x", "multiprocessing.util", "spawnv_passfds"),
    ("GHSA-q5qq-mvfm-j35x", "code", "InteractiveInterpreter"),
    ("GHSA-p523-jq9w-64x9", "cProfile", "run"),
    ("GHSA-5hvc-6wx8-mvv4", "pydoc", "locate"),
    ("GHSA-h4rm-mm56-xf63", "builtins", "eval"),
    ("GHSA-mxhj-88fx-4pcv", "smtplib", "SMTP"),
    ("GHSA-5hwf-rc88-82xm", "_osx_support", "_find_build_tool"),
    ("GHSA-5j3x-jp52-966f", "pathlib", "os.system"),
    ("GHSA-cffv-grgg-g429", "ast", "parse"),
    ("GHSA-6ggj-6f2q-f7mx", "_interpreters", "create"),
    ("GHSA-6ggj-6f2q-f7mx", "_xxsubinterpreters", "run_string"),
    ("GHSA-m6fh-58r7-x697", "_posixsubprocess", "fork_exec"),
    ("GHSA-m6fh-58r7-x697", "site", "addpackage"),
    ("GHSA-m6fh-58r7-x697", "atexit", "_run_exitfuncs"),
    ("GHSA-wccx-j62j-r448", "fickling.hook", "remove_hook"),
]


@pytest.mark.parametrize(("advisory", "module", "name"), ADVISORIES, ids=[f"{a}-{m}.{n}" for a, m, n in ADVISORIES])
def test_the_gadget_is_dangerous(advisory: str, module: str, name: str) -> None:
    assert entry(module, name).standing is Standing.DANGEROUS, advisory


@pytest.mark.parametrize(
    ("advisory", "module", "name", "rule"),
    [
        ("GHSA-955r-x9j8-7rhh", "_operator", "methodcaller", "attribute"),
        ("GHSA-46h3-79wf-xr6c", "_operator", "attrgetter", "attribute"),
        ("GHSA-q5qq-mvfm-j35x", "builtins", "getattr", "attribute"),
        ("CVE-2025-10155", "functools", "partial", "calls"),
    ],
)
def test_the_gadget_is_weighed(advisory: str, module: str, name: str, rule: str) -> None:
    assert entry(module, name).rule == rule, advisory
