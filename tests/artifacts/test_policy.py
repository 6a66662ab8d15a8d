"""Policy: what the tables say of names that honest pickles need, and the ways around them."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstay.artifacts.pickles.policy import RULES, Entry, Policy, Standing, entry
from backstay.catalog.pickles import tables

SAMPLES = Path(__file__).parent / "samples"
HARMLESS = {Standing.SAFE, Standing.WEIGH, Standing.CODE}


def standing(path: str) -> Standing:
    module, _, name = path.rpartition(":")
    return entry(module, name).standing


def real_globals() -> list[tuple[str, str]]:
    lines = (SAMPLES / "globals.txt").read_text().splitlines()
    return [(module, name) for module, names in (line.split(": ") for line in lines) for name in names.split()]


def test_real_libraries_reach_nothing_dangerous_or_unknown() -> None:
    found = real_globals()
    assert len(found) > 800
    odd = [(module, name, entry(module, name).standing) for module, name in found]
    assert [one for one in odd if one[2] not in HARMLESS] == []


def test_code_is_made_by_few_of_them() -> None:
    makers = {name for module, name in real_globals() if entry(module, name).standing is Standing.CODE}
    assert makers == {"_unpickle__CustomPickled", "custom_rebuild", "Tracer", "reduce_graph_module"}


@pytest.mark.parametrize(
    "path",
    [
        "numpy.core.multiarray:_reconstruct", "numpy.core.multiarray:scalar", "numpy.core._multiarray_umath:log",
        "numpy._core.multiarray:_reconstruct", "numpy.random:__RandomState_ctor", "numpy.core.numeric:_frombuffer",
        "numpy.ma.core:_mareconstruct", "numpy.matrixlib.defmatrix:matrix", "numpy.core.defmatrix:matrix",
        "pandas.core.internals:BlockManager", "pandas.core.index:Index", "pandas.indexes.base:Index",
        "pandas._libs.internals:_unpickle_block", "pandas.tslib:Timestamp", "pandas.tseries.offsets:Day",
        "sklearn.tree.tree:DecisionTreeClassifier", "sklearn.tree._tree:Tree", "sklearn.neighbors.kd_tree:newObj",
        "sklearn.ensemble.forest:RandomForestClassifier", "sklearn.externals.joblib.numpy_pickle:NumpyArrayWrapper",
        "sklearn.metrics._dist_metrics:EuclideanDistance", "sklearn.linear_model.sgd_fast:Log",
        "sklearn.datasets.base:Bunch", "sklearn._loss._loss:__pyx_unpickle_CyHalfBinomialLoss",
        "xgboost.sklearn:XGBClassifier", "lightgbm.sklearn:LGBMRegressor", "catboost.core:CatBoostClassifier",
        "torch:FloatStorage", "torch._utils:_rebuild_tensor_v2", "torch._utils:_rebuild_parameter", "torch:float16",
        "torch.nn.modules.conv:Conv2d", "torch.nn.modules.activation:SiLU", "torch.nn.functional:relu",
        "torch.distributed.fsdp.fully_sharded_data_parallel:FullyShardedDataParallel",
        "transformers.training_args:TrainingArguments", "transformers.training_args:OptimizerNames",
        "transformers.trainer_utils:IntervalStrategy", "transformers.trainer_utils:HubStrategy",
        "transformers.trainer_utils:SchedulerType", "transformers.trainer_pt_utils:AcceleratorConfig",
        "transformers.deepspeed:HfTrainerDeepSpeedConfig", "accelerate.state:PartialState",
        "accelerate.utils.dataclasses:DistributedType", "accelerate.utils.dataclasses:DeepSpeedPlugin",
        "trl.trainer.sft_config:SFTConfig", "peft.peft_model:PeftModelForCausalLM",
        "ultralytics.nn.tasks:DetectionModel", "ultralytics.nn.modules.block:C2f", "models.common:Conv",
        "ultralytics.utils:IterableSimpleNamespace", "pytorch_lightning.utilities.parsing:AttributeDict",
        "fairseq.data.dictionary:Dictionary", "omegaconf.dictconfig:DictConfig", "easydict:EasyDict",
        "detectron2.structures.boxes:Boxes", "yacs.config:CfgNode", "mmengine.logging.history_buffer:HistoryBuffer",
        "gensim.models.word2vec:Word2Vec", "gensim.models.keyedvectors:Vocab", "nltk.tokenize:word_tokenize",
        "gensim.utils:call_on_class_only", "spacy.language:Language", "keras.preprocessing.text:Tokenizer",
        "collections:OrderedDict", "__builtin__:set", "copy_reg:_reconstructor", "_codecs:encode",
        "__builtin__:object", "datetime:datetime", "decimal:Decimal", "uuid:UUID", "pathlib:PosixPath",
        "argparse:Namespace", "_io:BytesIO", "re:_compile", "regex._regex:compile", "logging:getLogger",
        "random:Random", "array:_array_reconstructor", "zoneinfo:ZoneInfo._unpickle", "pytz:_UTC",
        "dateutil.tz.tz:tzutc", "easydict:EasyDict", "dill._dill:_load_type",
        "__torch__.torch.nn.modules.linear:Linear", "torch.jit._pickle:build_intlist",
    ],
)  # fmt: skip
def test_parts_of_honest_models(path: str) -> None:
    assert standing(path) in HARMLESS | ({Standing.UNKNOWN} if path.startswith("models.") else set())


@pytest.mark.parametrize(
    "path",
    [
        "os:system", "posix:system", "nt:system", "subprocess:Popen", "commands:getoutput", "__builtin__:eval",
        "builtins:exec", "builtins:__import__", "builtins:compile", "__builtin__:execfile", "builtins:open",
        "builtins:breakpoint", "builtins:globals", "__builtin__:apply", "__builtin__:file",
        "importlib:import_module", "imp:load_source", "marshal:loads", "pickle:loads", "_pickle:Unpickler",
        "ctypes:CDLL", "socket:socket", "urllib.request:urlopen", "webbrowser:open", "shutil:rmtree",
        "tempfile:mktemp", "io:open", "_io:FileIO", "io:FileIO", "pty:spawn", "platform:popen",
        "code:InteractiveConsole", "codeop:compile_command", "sys:exit", "sys:modules", "gc:get_objects",
        "inspect:getsource", "multiprocessing.util:spawnv_passfds", "_posixsubprocess:fork_exec",
        "_interpreters:create", "_xxsubinterpreters:run_string", "site:addpackage", "atexit:register",
        "faulthandler:dump_traceback", "signal:signal", "threading:Thread.start", "mmap:mmap", "linecache:getline",
        "glob:glob", "zipfile:ZipFile", "sqlite3:connect", "logging.config:fileConfig",
        "logging.handlers:SocketHandler", "weakref:finalize", "operator:call", "copyreg:add_extension",
        "copyreg:pickle", "typing:_eval_type", "dataclasses:_create_fn", "string:sys", "time:sleep",
        "antigravity:x", "lib2to3.pgen2.grammar:Grammar.loads", "nturl2path:url2pathname",
        "annotationlib:ForwardRef", "compression:zstd", "dill:loads", "dill._dill:_eval_repr",
        "dill._dill:_create_filehandle", "cloudpickle:loads", "jsonpickle:decode", "torch:load", "torch.hub:load",
        "torch.utils.cpp_extension:load_inline", "torch.serialization:load",
        "torch.utils.data.datapipes.datapipe:_IterDataPipeSerializationWrapper", "numpy:load",
        "numpy.lib.npyio:load", "numpy.testing._private.utils:runstring", "numpy.testing:runstring",
        "numpy.ctypeslib:load_library", "numpy.f2py.crackfortran:myeval",
        "numpy.distutils.exec_command:exec_command", "sympy:sympify", "sympy.parsing.sympy_parser:parse_expr",
        "transformers.dynamic_module_utils:get_class_from_dynamic_module", "nltk.downloader:download",
        "nltk.decorators:new_wrapper", "networkx.readwrite.gpickle:read_gpickle", "PIL.ImageMath:eval",
        "hydra.utils:instantiate", "pip:main", "pip._internal:main", "setuptools:setup", "pkg_resources:run_script",
        "IPython:start_ipython", "pexpect:run", "paramiko:SSHClient", "requests:get", "aiohttp:ClientSession",
        "yaml:unsafe_load", "jinja2:Template", "git:Repo", "cffi:FFI", "numexpr:evaluate",
        "fickling.hook:remove_hook", "six.moves:builtins.eval", "sklearn.externals.six:exec_", "pydoc:pipepager",
    ],
)  # fmt: skip
def test_what_no_model_needs(path: str) -> None:
    assert standing(path) is Standing.DANGEROUS or entry(*path.split(":")).rule in ("constructor", "reference")


@pytest.mark.parametrize(
    "path", ["os:system", "builtins:eval", "torch:load", "pip:main", "requests:get", "sympy:sympify"]
)
def test_what_a_file_may_not_even_hold(path: str) -> None:
    assert standing(path) is Standing.DANGEROUS


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("random", "_os.system"), ("logging", "os.system"), ("torch", "os.system"), ("torch.nn", "torch.os.system"),
        ("numpy.f2py", "os.system"), ("numpy", "f2py.os.system"), ("numpy", "lib.npyio.load"), ("pandas.compat", "os"),
        ("pathlib", "os.system"), ("typing", "functools.partial"), ("typing", "sys.modules"), ("statistics", "sys"),
        ("unknown_package", "os.system"), ("unknown_package", "os"), ("unknown_package", "subprocess.Popen"),
        ("__main__", "__builtins__"), ("__main__", "__builtins__.eval"), ("collections", "OrderedDict.__reduce__"),
        ("builtins", "object.__subclasses__"), ("builtins", "str.__class__.__base__"), ("torch", "Tensor.__init__"),
        ("sklearn.base", "BaseEstimator.__init__.__globals__"), ("numpy", "__builtins__"), ("torch.nn", "system"),
        ("sklearn.utils", "Popen"), ("scipy.stats", "exec"), ("torch.optim", "import_module"),
        ("unknown_package", "Popen"),
        ("six.moves", "os.system"), ("sklearn.externals.six.moves", "builtins.eval"),
        ("torch.nn.functional", "torch.hub.load"),
        ("pathlib", "Path.unlink"), ("pathlib._local", "PosixPath.write_text"), ("pickle", "loads"),
        ("cPickle", "loads"),
    ],
)  # fmt: skip
def test_ways_around_by_dotted_names_and_borrowed_ones(module: str, name: str) -> None:
    assert entry(module, name).standing is Standing.DANGEROUS


def test_an_attribute_of_what_is_safe() -> None:
    assert entry("datetime", "datetime.fromtimestamp").standing is Standing.SAFE
    assert entry("collections", "OrderedDict.fromkeys").standing is Standing.SAFE
    assert entry("numpy", "ndarray.tofile").standing is not Standing.SAFE


def test_the_unknown_is_unknown_and_says_what_it_is() -> None:
    assert entry("mycorp.models", "Net") == Entry(Standing.UNKNOWN, "a class of mycorp, which is not known")
    assert entry("mycorp.models", "build").reason == "a function of mycorp, which is not known"
    assert entry("__main__", "Net").standing is Standing.UNKNOWN
    assert entry("test", "Net").standing is Standing.UNKNOWN  # a program's own module by the name of one of Python's
    assert entry("\uff4f\uff53", "name").standing is Standing.UNKNOWN  # no such module: import takes a name as it is
    assert entry("<torch_package_0>.model", "Net").standing is Standing.CODE


def test_functions_of_known_packages_that_act_on_files_are_told_by_their_names() -> None:
    for path in ("timm.somewhere:load_things", "gluonts.x:download_it", "torchmetrics_x.y:z"):
        found = entry(*path.split(":"))
        assert (found.rule == "reference") is (not path.startswith("torchmetrics_x"))


def test_the_import_of_a_module_alone() -> None:
    assert entry("os", "").standing is Standing.CODE
    assert entry("numpy", "").standing is Standing.CODE
    assert entry("requests", "").standing in (Standing.CODE, Standing.UNKNOWN)
    assert entry("antigravity", "").standing is Standing.DANGEROUS
    assert entry("mycorp", "").standing is Standing.UNKNOWN
    assert entry("pip.__main__", "").standing is Standing.DANGEROUS


def test_an_organisation_lifts_what_is_unknown_and_nothing_else() -> None:
    policy = Policy(allow=("mycorp.*", "os.*"))
    assert policy.entry("mycorp.models", "Net") == Entry(Standing.SAFE, "allowed by the organisation")
    assert policy.entry("othercorp", "Net").standing is Standing.UNKNOWN
    assert policy.entry("os", "system").standing is Standing.DANGEROUS
    assert policy.entry("mycorp.models", "os.system").standing is Standing.DANGEROUS


@given(st.text(max_size=80), st.text(max_size=80))
def test_whatever_the_names_there_is_an_answer(module: str, name: str) -> None:
    assert isinstance(entry(module, name), Entry)


def test_names_of_absurd_length_end_quickly() -> None:
    started = time.process_time()
    assert entry("a." * 100_000, "b").standing is Standing.DANGEROUS
    assert entry("numpy" + ".a" * 400, "b").standing in (Standing.UNKNOWN, Standing.DANGEROUS)
    assert time.process_time() - started < 0.5


def test_each_rule_of_the_tables_is_explained_and_each_row_has_a_reason() -> None:
    rows = set(tables().exact.values()) | set(tables().trees.values())
    assert {row.rule for row in rows} - {""} <= set(RULES)
    assert all(row.reason for row in rows if row.standing not in ("safe",))
    assert all(row.rule for row in rows if row.standing == "weigh")


def test_the_tables_name_each_module_by_its_one_name() -> None:
    known = tables()
    assert [name for name in known.exact if known.settled(name) != name] == []
    assert [name for name in known.trees if known.settled(name) != name] == []
    tops = known.packages | known.closed | {"__torch__", "six_moves"}
    assert {name.partition(".")[0] for name in [*known.exact, *known.trees]} <= tops
    assert not known.packages & known.closed


def test_the_tables_load_quickly() -> None:
    tables.cache_clear()
    started = time.process_time()
    tables()
    assert time.process_time() - started < 0.1


@pytest.mark.parametrize("path", ["distributed.protocol.pickle:loads", "acme.cloudpickle:load", "acme._pickle:_loads"])
def test_a_loader_of_pickles_is_one_whoever_has_it(path: str) -> None:
    module, _, name = path.partition(":")
    assert entry(module, name).standing is Standing.DANGEROUS
    assert entry("acme.models", "load").standing is Standing.UNKNOWN
