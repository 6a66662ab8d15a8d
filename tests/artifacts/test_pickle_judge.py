"""The judge of pickles: what calls amount to when their arguments decide, and what honest streams do."""

import collections
import datetime
import decimal
import enum
import fractions
import functools
import operator
import pathlib
import pickle
import random
import re
import uuid
from typing import Any

import pytest
from corpus.opcodes import BUILD, MARK, POP, STOP, Ops, apply, call, glob, many, named, new, pickled, value

from backstay.artifacts.content import Bytes
from backstay.artifacts.exam import Exam
from backstay.artifacts.pickles import streams
from backstay.artifacts.report import Inspection, Sign, State


def inspected(data: bytes) -> Inspection:
    exam = Exam("model.pkl")
    with exam.contained():
        streams.read(Bytes(data), exam)
    return exam.report(len(data))


GETATTR = named("builtins", "getattr")
OS = call("importlib", "import_module", "os")
INSTANCE = new("collections", "OrderedDict")

ATTACKS = {
    "module walked by a dotted name": pickled(call("logging", "os.system", "true")),
    "module walked through a private name": pickled(call("random", "_os.system", "true")),
    "getattr on a class": pickled(apply(GETATTR, named("builtins", "object"), "__subclasses__")),
    "getattr on an instance, into the interpreter": pickled(apply(GETATTR, INSTANCE, "__class__")),
    "getattr of a frame": pickled(apply(GETATTR, INSTANCE, "gi_frame")),
    "getattr by a computed name": pickled(apply(GETATTR, named("builtins", "object"), call("somewhere", "name"))),
    "getattr on an imported module": pickled(apply(GETATTR, OS, "system")),
    "attrgetter called": pickled(apply(call("operator", "attrgetter", "system"), OS)),
    "attrgetter walking": pickled(call("operator", "attrgetter", "__class__.__subclasses__")),
    "methodcaller called": pickled(apply(call("operator", "methodcaller", "system", "true"), OS)),
    "partial of what runs": pickled(apply(call("functools", "partial", named("posix", "system")), "true")),
    "partial of getattr": pickled(apply(call("functools", "partial", GETATTR, OS), "system")),
    "partial whose state is replaced": pickled(
        Ops(call("functools", "partial", named("builtins", "len")) + many(GETATTR, (OS,), {}, None) + BUILD)
    ),
    "map": pickled(call("builtins", "map", GETATTR, [1])),
    "map of what a call gave": pickled(call("builtins", "map", call("somewhere", "make"), [1])),
    "reduce": pickled(call("functools", "reduce", named("builtins", "eval"), ["1"])),
    "factory of a defaultdict": pickled(call("collections", "defaultdict", named("os", "abort"))),
    "call of a call": pickled(apply(call("collections", "OrderedDict"))),
    "call of a method": pickled(apply(apply(GETATTR, INSTANCE, "keys"))),
    "class changed by slots": pickled(
        new("datetime", "timedelta", state=(None, {"__class__": named("builtins", "dict")}))
    ),
    "reconstructed from a function": pickled(
        call("numpy._core.multiarray", "_reconstruct", named("posix", "system"), (0,), b"b")
    ),
    "copyreg reconstructor": pickled(
        call("copyreg", "_reconstructor", named("subprocess", "Popen"), named("builtins", "object"), None)
    ),
    "type with a weighed method": pickled(call("builtins", "type", "X", (), {"__setstate__": GETATTR})),
    "code of a call": pickled(
        call("types", "CodeType", 0, 0, 0, 0, 1, 67, b"x", (None,), ("os", "system"), (), "f", "f", 1, b"")
    ),
    "module named by a call": pickled(call("importlib", "import_module", call("somewhere", "name"))),
    "codec that hides": pickled(call("_codecs", "encode", "flfgrz", "rot13")),
    "Python 2 names": pickled(Ops(glob("__builtin__", "eval") + many("1") + b"R"), protocol=2),
    "Python 2 module": pickled(Ops(glob("commands", "getoutput") + many("true") + b"R"), protocol=2),
    "format that walks": pickled(call("builtins", "str.format", "{0.__class__.__base__}", "x")),
    "format_map that walks": pickled(call("builtins", "str.format_map", "{x.__init__.__globals__}", {"x": INSTANCE})),
    "setattr": pickled(call("builtins", "setattr", INSTANCE, "keys", named("builtins", "len"))),
    "print": pickled(call("builtins", "print", "loaded")),
    "chain of partials": pickled(
        functools.reduce(lambda inner, _: apply(call("functools", "partial", inner)), range(300), GETATTR)
    ),
}


@pytest.mark.parametrize("data", ATTACKS.values(), ids=ATTACKS.keys())
def test_accused(data: bytes) -> None:
    found = inspected(data)
    assert found.state is State.MALICIOUS
    assert any(one.sign is Sign.EXECUTES for one in found.observations)


def test_what_takes_memory_exhausts() -> None:
    for data in (
        pickled(call("builtins", "bytearray", 1 << 40)),
        pickled(call("builtins", "list", call("builtins", "range", 1 << 40))),
    ):
        assert {one.sign for one in inspected(data).observations} == {Sign.EXHAUSTS}
    assert inspected(pickled(call("builtins", "range", 1 << 40))).state is State.CLEAN


class Colour(enum.Enum):
    RED = 1


class Mine:
    def __init__(self) -> None:
        self.x = 1


HONEST: dict[str, Any] = {
    "dates": [datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC), datetime.date(2020, 1, 1), datetime.timedelta(3)],
    "numbers": [decimal.Decimal("1.5"), fractions.Fraction(1, 3), complex(1, 2), slice(1, 2), range(5)],
    "collections": [
        collections.OrderedDict(a=1),
        collections.Counter("abca"),
        collections.deque([1, 2], 5),
        collections.defaultdict(list, a=[1]),
        collections.defaultdict(functools.partial(collections.defaultdict, int)),
    ],
    "others": [uuid.UUID(int=3), pathlib.PurePosixPath("/a/b"), re.compile("a+"), random.Random(3), ValueError("x")],
    "functions": [len, sum, str.lower, operator.itemgetter(1), operator.attrgetter("a.b")],
    "partial": functools.partial(int, base=2),
    "types": [int, dict, collections.OrderedDict, re.IGNORECASE],
}


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("thing", HONEST.values(), ids=HONEST.keys())
def test_ordinary_objects_are_clean(thing: Any, protocol: int) -> None:
    found = inspected(pickle.dumps(thing, protocol))
    assert found.state is State.CLEAN, found.observations


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_classes_of_the_program_that_saved_are_unknown(protocol: int) -> None:
    for thing in (Mine(), Colour.RED, Mine):
        found = inspected(pickle.dumps(thing, protocol))
        assert found.state is State.UNKNOWN, found.observations


def test_a_mere_reference_to_what_runs_is_accused_and_told_from_a_call() -> None:
    (one,) = inspected(pickled([1, named("posix", "system")])).observations
    assert one.sign is Sign.EXECUTES
    assert one.message.startswith("refers to it")
    (one,) = inspected(pickled(call("posix", "system", "true"))).observations
    assert one.message.startswith("calls it with 'true'")


def test_the_same_thing_is_said_once() -> None:
    data = pickled([call("posix", "system", "true")] * 500)
    assert len(inspected(data).observations) == 1


def test_a_class_of_the_old_torch_format_is_made_through_its_persistent_id() -> None:
    held = many("module", named("posix", "system"), "file.py", "source")
    data = b"\x80\x02" + held + b"Q" + many("true") + b"R" + STOP
    (one,) = [one for one in inspected(data).observations if one.subject == "posix.system"]
    assert one.message.startswith("calls it")


def test_tensors_stay_within_their_storages() -> None:
    storage = Ops(many("storage", named("torch", "FloatStorage"), "0", "cpu", 6) + b"Q")
    for offset, size, stride, fits in (
        (0, (2, 3), (3, 1), True),
        (1, (2, 3), (3, 1), False),
        (0, (6,), (1,), True),
        (0, (7,), (1,), False),
        (5, (), (), True),
        (9, (0,), (1,), True),
        (-1, (1,), (1,), False),
    ):
        data = pickled(call("torch._utils", "_rebuild_tensor_v2", storage, offset, size, stride, False, None))
        wrong = [one for one in inspected(data).observations if one.sign is Sign.TENSORS]
        assert not wrong if fits else wrong, (offset, size, stride)


def test_unknown_calls_are_no_accusation() -> None:
    found = inspected(pickled(call("acme_models", "rebuild", 1), new("acme_models.net", "Net", state={"a": 1})))
    assert found.state is State.UNKNOWN
    assert {one.sign for one in found.observations} == {Sign.UNKNOWN}
    assert not found.gaps


def test_arguments_that_are_popped_marks_do_not_hide_a_call() -> None:
    assert inspected(pickled(Ops(MARK + POP + call("posix", "system", value("true"))))).state is State.MALICIOUS


def test_functions_of_numpy_by_their_names() -> None:
    for module, name, state in (
        ("numpy", "log1p", State.CLEAN),
        ("os", "system", State.MALICIOUS),
        ("numpy", call("somewhere", "name"), State.MALICIOUS),
    ):
        assert inspected(pickled(call("numpy.core", "_ufunc_reconstruct", module, name))).state is state, (module, name)


def test_source_that_torch_compiles_is_judged() -> None:
    for body, state in (("return x + 1", State.CODE), ("__import__('os').system('true')", State.MALICIOUS)):
        source = {"_code": f"def forward(self, x):\n    {body}\n"}
        made = call("torch.fx.graph_module", "reduce_graph_module", source, "import torch\n")
        assert inspected(pickled(made)).state is state, body


def test_the_model_names_itself() -> None:
    model = new("sklearn.linear_model._logistic", "LogisticRegression", state={"C": 1.0, "_sklearn_version": "1.4.2"})
    assert inspected(pickled(model)).facts == {
        "framework": "scikit-learn",
        "architecture": "LogisticRegression",
        "framework_version": "1.4.2",
    }
