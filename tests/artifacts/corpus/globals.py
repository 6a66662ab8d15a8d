"""Globals: attacks that name what they call: dangerous ones everybody knows, and gadgets that fewer do."""

from collections.abc import Iterator
from typing import Any

from corpus.opcodes import COMMAND, PYTHON, Ops, call, glob, many, pickled
from corpus.sample import Group, Made

FILE = "backstay-no-such-file"
URL = "http://backstay.invalid/"

DIRECT: tuple[tuple[str, str, tuple[Any, ...]], ...] = (
    ("os", "system", (COMMAND,)),
    ("posix", "system", (COMMAND,)),
    ("nt", "system", (COMMAND,)),
    ("subprocess", "Popen", ([COMMAND],)),
    ("subprocess", "check_output", ([COMMAND],)),
    ("builtins", "eval", (PYTHON,)),
    ("builtins", "exec", (PYTHON,)),
    ("builtins", "__import__", (FILE,)),
    ("builtins", "open", (FILE, "w")),
    ("os", "popen", (COMMAND,)),
    ("os", "execvp", (COMMAND, [COMMAND])),
    ("shutil", "rmtree", (FILE,)),
    ("socket", "create_connection", (("backstay.invalid", 9),)),
    ("runpy", "run_path", (FILE,)),
    ("webbrowser", "open", (URL,)),
    ("importlib", "import_module", (FILE,)),
    ("sys", "exit", (0,)),
    ("builtins", "breakpoint", ()),
    ("pty", "spawn", ([COMMAND],)),
    ("os", "remove", (FILE,)),
)

GADGETS: tuple[tuple[str, str, tuple[Any, ...]], ...] = (
    ("_posixsubprocess", "fork_exec", ([COMMAND],)),
    ("multiprocessing.util", "spawnv_passfds", (b"/bin/true", [b"true"], [])),
    ("ctypes.util", "_findLib_gcc", ("true",)),
    ("distutils.spawn", "spawn", ([COMMAND],)),
    ("distutils.core", "run_setup", (FILE,)),
    ("setuptools.sandbox", "run_setup", (FILE, [])),
    ("pip._internal.cli.main", "main", (["--version"],)),
    ("site", "addsitedir", (FILE,)),
    ("imp", "load_source", ("x", FILE)),
    ("importlib._bootstrap_external", "_get_supported_file_loaders", ()),
    ("importlib.machinery", "SourceFileLoader", ("x", FILE)),
    ("zipimport", "zipimporter", (FILE,)),
    ("code", "interact", ()),
    ("bdb", "Bdb.run", ({}, PYTHON)),
    ("pdb", "run", (PYTHON,)),
    ("pickle", "loads", (b"N.",)),
    ("_pickle", "Unpickler", (None,)),
    ("marshal", "loads", (b"N",)),
    ("types", "MethodType", (Ops(glob("builtins", "eval")), PYTHON)),
    ("shelve", "open", (FILE,)),
    ("sqlite3", "connect", (FILE,)),
    ("ftplib", "FTP", ("backstay.invalid",)),
    ("http.client", "HTTPSConnection", ("backstay.invalid",)),
    ("urllib.request", "urlretrieve", (URL, FILE)),
    ("xmlrpc.client", "ServerProxy", (URL,)),
    ("pathlib", "Path.write_text", (FILE, "x")),
    ("shutil", "copyfile", (FILE, FILE + "2")),
    ("faulthandler", "_sigsegv", ()),
    ("threading", "Timer", (1.0, None)),
    ("unittest.mock", "_importer", ("os.system",)),
    ("logging.config", "_resolve", ("os.system",)),
    ("logging.config", "dictConfig", ({"version": 1},)),
    ("pydoc", "importfile", (FILE,)),
    ("linecache", "getlines", (FILE,)),
    ("fileinput", "input", (FILE,)),
    ("atexit", "register", (Ops(glob("os", "abort")),)),
    ("functools", "reduce", (Ops(glob("builtins", "getattr")), ["system"], Ops(glob("os", "path")))),
    ("typing", "ForwardRef._evaluate", (None, {}, {})),
    ("timeit", "timeit", ("pass",)),
    ("_xxsubinterpreters", "run_string", (0, PYTHON)),
    ("numpy", "load", (FILE,)),
    ("numpy", "ndarray.tofile", (None, FILE)),
    ("numpy.ctypeslib", "load_library", (FILE, ".")),
    ("numpy.distutils.exec_command", "exec_command", (COMMAND,)),
    ("numpy.f2py.diagnose", "run_command", (COMMAND,)),
    ("numpy.f2py.crackfortran", "param_eval", (PYTHON, None, None, None)),
    ("numpy.f2py.crackfortran", "_eval_length", (PYTHON, {})),
    ("numpy.f2py.crackfortran", "myeval", (PYTHON,)),
    ("numpy.testing._private.utils", "runstring", (PYTHON, {})),
    ("pandas", "read_pickle", (FILE,)),
    ("pandas", "eval", (PYTHON,)),
    ("pandas.io.common", "get_handle", (FILE, "w")),
    ("joblib", "load", (FILE,)),
    ("torch", "load", (FILE,)),
    ("torch.hub", "load", ("backstay/none", "x")),
    ("torch.ops", "load_library", (FILE,)),
    ("torch.utils.cpp_extension", "load_inline", ("x", "")),
    ("torch.jit", "load", (FILE,)),
    ("torch._inductor.codecache", "PyCodeCache.load", ("",)),
    ("torch.distributed.rpc.internal", "_run_function", (None,)),
    ("sympy", "sympify", (PYTHON,)),
    ("sympy.parsing.sympy_parser", "parse_expr", (PYTHON,)),
    ("nltk.data", "load", (FILE,)),
    ("IPython.utils.process", "system", (COMMAND,)),
    ("jinja2", "Template", ("{{ 1 }}",)),
    ("yaml", "unsafe_load", ("a: 1",)),
    ("tensorflow", "io.read_file", (FILE,)),
    ("keras.models", "load_model", (FILE,)),
    ("transformers.dynamic_module_utils", "get_class_in_module", ("x", FILE)),
    ("cloudpickle", "loads", (b"N.",)),
    ("dill", "loads", (b"N.",)),
    ("ray.cloudpickle", "loads", (b"N.",)),
    ("mlflow.pyfunc", "load_model", (FILE,)),
    ("psutil", "Process.kill", (None,)),
    ("requests", "get", (URL,)),
    ("git.cmd", "Git.execute", (None, [COMMAND])),
    ("pexpect", "run", (COMMAND,)),
    ("invoke", "run", (COMMAND,)),
    ("jsonpickle", "decode", ("{}",)),
    ("pkg_resources", "run_script", ("x", "y")),
    ("hydra.utils", "instantiate", ({},)),
    ("fsspec", "open", (URL,)),
    ("cffi", "FFI.dlopen", (None, FILE)),
    ("scipy._lib._ccallback", "LowLevelCallable", (None,)),
    ("sklearn.datasets", "fetch_openml", ("x",)),
    ("matplotlib.cbook", "get_sample_data", (FILE,)),
    ("onnxruntime", "InferenceSession", (FILE,)),
)


def samples() -> Iterator[Made]:
    direct = Group("direct globals")
    for number, (module, name, arguments) in enumerate(DIRECT):
        direct.bad(f"{module}.{name}.pkl", pickled(call(module, name, *arguments), protocol=4 if number % 2 else 2))
    old = Ops(glob("__builtin__", "eval") + many(PYTHON) + b"R")
    direct.bad("builtin-python2.pkl", pickled(old, protocol=2), "protocol 2 maps the old name")
    direct.bad("commands-python2.pkl", pickled(Ops(glob("commands", "getoutput") + many(COMMAND) + b"R"), protocol=2))
    direct.bad("text-protocol.pkl", b"cos\nsystem\n(S'true'\ntR.", "protocol 0")
    yield from direct.made
    gadgets = Group("less known gadgets")
    for module, name, arguments in GADGETS:
        gadgets.bad(f"{module}.{name}.pkl", pickled(call(module, name, *arguments)))
    yield from gadgets.made
