"""Archives of models: PyTorch, TorchScript, packages, exported programs, TorchServe, NeMo, NumPy."""

import contextlib
import json
import struct

import pytest
from containers_samples import (
    EVIL,
    GOOD,
    gaps,
    honest_zip,
    inspected,
    npy,
    signs,
    storage,
    subjects,
    tar_of,
    torch_zip,
    zip_of,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from backstay.artifacts.containers import npy as arrays
from backstay.artifacts.containers import torchscript_code
from backstay.artifacts.content import Bytes
from backstay.artifacts.exam import Exam, MalformedError
from backstay.artifacts.report import Inspection, Sign, State


def torch(pickle: bytes, **others: bytes) -> Inspection:
    files = {"archive/data.pkl": pickle, "archive/version": b"3\n", "archive/byteorder": b"little"}
    return inspected(honest_zip(files | {f"archive/{name.replace('__', '/')}": data for name, data in others.items()}))


def test_storages_that_are_as_long_as_their_tensors() -> None:
    report = torch(storage(items=4), data__0=bytes(16))
    assert report.state is State.CLEAN and not report.observations
    assert report.facts == {"framework": "PyTorch", "parameters": 4, "tensors": 1, "precision": "F32"}


def test_storages_that_are_shorter_or_longer() -> None:
    assert subjects(torch(storage(items=5), data__0=bytes(16)), Sign.TENSORS) == ["archive/data/0"]
    assert signs(torch(storage(items=3), data__0=bytes(16))) == {Sign.IRREGULAR}


def test_a_missing_storage() -> None:
    report = torch(storage())
    assert signs(report) == {Sign.INCOMPLETE} and gaps(report) == {"missing storage"}


def test_what_stands_in_the_place_of_tensors() -> None:
    program = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HH", 3, 62)
    assert signs(torch(storage(items=5), data__0=program)) == {Sign.PROGRAM}
    assert Sign.EXECUTES in signs(torch(storage(items=len(EVIL), kind="ByteStorage"), data__0=EVIL))


def test_other_pickles_in_the_archive_are_read() -> None:
    assert Sign.EXECUTES in signs(torch(GOOD, extra__more__pkl=EVIL))
    assert Sign.EXECUTES in signs(torch(GOOD, nested=EVIL))


@pytest.mark.parametrize("root", ["", "archive/", "a-model/"])
@pytest.mark.parametrize("name", ["data.pkl", "DATA.PKL"])
def test_roots_of_archives(root: str, name: str) -> None:
    report = inspected(honest_zip({f"{root}{name}": EVIL, f"{root}version": b"3\n"}))
    assert report.format == "pytorch" and signs(report) == {Sign.EXECUTES}


CODE = """class Net(Module):
  __parameters__ = ["weight", ]
  weight : Tensor
  training : bool
  def forward(self: __torch__.Net, x: Tensor) -> Tensor:
    _0 = torch.addmm(x, torch.t(self.weight), annotate(List[int], []))
    _1 = ops.prim.RaiseException("torch.save(x)", "builtins.RuntimeError")
    _2 = ops.quantized.linear(x, CONSTANTS.c0)
    return _0
"""


def script(code: str, pickle: bytes = GOOD) -> Inspection:
    files = {
        "net/data.pkl": pickle,
        "net/code/__torch__.py": code.encode(),
        "net/constants.pkl": b"\x80\x02).",
        "net/version": b"3\n",
    }
    return inspected(honest_zip(files))


def test_ordinary_torchscript_is_clean() -> None:
    report = script(CODE)
    assert (report.format, report.state) == ("torchscript", State.CLEAN) and not report.observations


@pytest.mark.parametrize(
    ("line", "sign", "subject"),
    [
        ('torch.save(x, "/tmp/x")', Sign.OPERATIONS, "aten::save"),
        ('torch.from_file("/etc/passwd", False, 10)', Sign.OPERATIONS, "aten::from_file"),
        ('ops.aten.from_file("/etc/passwd")', Sign.OPERATIONS, "aten::from_file"),
        ('ops.image.write_file("/tmp/x", x)', Sign.OPERATIONS, "image::write_file"),
        ("ops.mylib.run(x)", Sign.NATIVE, "mylib::run"),
        ("annotate(__torch__.torch.classes.tensorrt.Engine, x)", Sign.NATIVE, "tensorrt.Engine"),
    ],
)
def test_operations_of_torchscript(line: str, sign: Sign, subject: str) -> None:
    report = script(CODE.replace("return _0", f"_3 = {line}\n    return _0"))
    assert subjects(report, sign) == [subject] and signs(report) == {sign}


def test_operations_of_bytecode() -> None:
    def bytecode(operator: bytes) -> Inspection:
        table = b"\x80\x02X\x09\0\0\0operatorsq\0X" + struct.pack("<I", len(operator)) + operator + b"q\1\x86."
        files = {"n/data.pkl": GOOD, "n/bytecode.pkl": table, "n/version": b"3\n"}
        return inspected(honest_zip(files), "n.ptl")

    assert bytecode(b"aten::add").state is State.CLEAN
    report = bytecode(b"aten::from_file")
    assert subjects(report, Sign.OPERATIONS) == ["aten::from_file"]
    assert subjects(bytecode(b"mine::run"), Sign.NATIVE) == ["mine::run"]


def test_python_in_the_place_of_torchscript() -> None:
    assert subjects(script("import os\nos.system('true')\n"), Sign.EXECUTES) == ["os"]
    assert script("op_version_set = 1\nimport __torch__.torch.nn\n").state is State.CLEAN


def test_both_pickles_of_torchscript_are_read() -> None:
    assert signs(script(CODE, EVIL)) == {Sign.EXECUTES}


@given(st.text(max_size=300))
@settings(max_examples=100)
def test_any_code_ends(code: str) -> None:
    torchscript_code.judge(code.encode("utf-8", "replace"), Exam("a"))


def test_packages_carry_their_source() -> None:
    files = {"p/.data/extern_modules": b"", "p/model/model.pkl": GOOD, "p/module.py": b"x = 1\n"}
    report = inspected(honest_zip(files))
    assert report.format == "torch-package" and report.state is State.CODE
    assert report.observations[0].member == "p/module.py"
    assert Sign.EXECUTES in signs(inspected(honest_zip(files | {"p/module.py": b"import os\nos.system('true')\n"})))
    files["p/model/model.pkl"] = EVIL
    assert Sign.EXECUTES in signs(inspected(honest_zip(files)))


def test_exported_programs() -> None:
    graph = {"graph": {"nodes": [{"target": "torch.ops.aten.add.Tensor"}]}}
    files = {
        "m/archive_format": b"pt2",
        "m/models/model.json": json.dumps(graph).encode(),
        "m/data/weights/weight_0": bytes(64),
    }
    report = inspected(honest_zip(files), "m.pt2")
    assert report.format == "torch-export" and report.state is State.CLEAN
    library = {"m/data/aotinductor/model/x.so": b"\x7fELF" + bytes(100)}
    assert signs(inspected(honest_zip(files | library), "m.pt2")) == {Sign.CARRIES}
    graph["graph"]["nodes"].append({"target": "torch.ops.mine.run.default"})
    assert subjects(
        inspected(honest_zip(files | {"m/models/model.json": json.dumps(graph).encode()})), Sign.NATIVE
    ) == ["mine::run"]
    assert Sign.EXECUTES in signs(
        inspected(honest_zip(files | {"m/data/sample_inputs/model.pt": zip_of(*torch_zip(EVIL))}))
    )


def mar(handler: str = "image_classifier", **files: bytes) -> Inspection:
    manifest = {
        "model": {
            "modelName": "net",
            "modelVersion": "1.0",
            "handler": handler,
            "serializedFile": "net.pt",
            "requirementsFile": "requirements.txt",
        }
    }
    members = {"MAR-INF/MANIFEST.json": json.dumps(manifest).encode(), "net.pt": zip_of(*torch_zip())}
    return inspected(honest_zip(members | {name.replace("__", "."): data for name, data in files.items()}), "net.mar")


def test_archives_for_torchserve() -> None:
    report = mar()
    assert (report.format, report.state) == ("torch-model-archive", State.CLEAN)
    assert report.declared["name"] == "net" and report.declared["version"] == "1.0"
    assert mar("handler.py:run", handler__py=b"def run(x):\n    return x\n").state is State.CODE
    assert mar("../handler.py").state is State.MALICIOUS
    assert Sign.EXECUTES in signs(mar("handler.py", handler__py=b"import os\nos.system('true')\n"))
    assert signs(mar(net__pt=zip_of(*torch_zip(EVIL)))) == {Sign.EXECUTES}
    assert signs(mar(requirements__txt=b"numpy\n--extra-index-url http://x.invalid\n")) == {Sign.UNKNOWN}
    assert mar(requirements__txt=b"numpy==2.0\ntorch\n").state is State.CLEAN


def test_a_manifest_that_is_none() -> None:
    assert "invalid manifest" in gaps(inspected(honest_zip({"MAR-INF/MANIFEST.json": b"[]"}), "a.mar"))
    assert "invalid JSON" in gaps(inspected(honest_zip({"MAR-INF/MANIFEST.json": b"{"}), "a.mar"))


def test_nemo_files() -> None:
    files = {
        "./model_config.yaml": b"target: nemo.collections.asr.models.EncDecCTCModel\n",
        "./model_weights.ckpt": zip_of(*torch_zip()),
    }
    report = inspected(tar_of(files), "m.nemo")
    assert report.format == "nemo" and report.state is not State.MALICIOUS
    files["./model_config.yaml"] = b"model:\n  _target_: os.system\n  command: 'true'\n"
    assert Sign.EXECUTES in signs(inspected(tar_of(files), "m.nemo"))


def test_arrays() -> None:
    report = inspected(npy("'<f4'", "(2, 3)", bytes(24)), "a.npy")
    assert report.state is State.CLEAN and report.facts["parameters"] == 6 and report.facts["precision"] == "F32"
    for version in (1, 2, 3):
        assert signs(inspected(npy("'|O'", "(1,)", EVIL, version), "a.npy")) == {Sign.EXECUTES}
    assert Sign.EXECUTES in signs(inspected(npy("[('a', '<i4'), ('b', '|O')]", "(1,)", EVIL), "a.npy"))
    assert signs(inspected(npy("'<f4'", "(2, 3)", bytes(20)), "a.npy")) == {Sign.INCOMPLETE}
    assert signs(inspected(npy("'<f4'", "(-1,)", b""), "a.npy")) == {Sign.TENSORS}
    assert signs(inspected(npy("'<f4'", "(9223372036854775807, 9)", b""), "a.npy")) == {Sign.TENSORS}
    assert Sign.DECEIVES in signs(inspected(npy("'<f4'", "(1,)", bytes(4) + EVIL), "a.npy"))


def test_archives_of_arrays() -> None:
    files = {"x.npy": npy("'<f8'", "(2,)", bytes(16)), "y.npy": npy("'|O'", "(1,)", GOOD)}
    report = inspected(honest_zip(files, 8), "a.npz")
    assert report.format == "npz" and report.state is State.CLEAN and report.facts["parameters"] == 2
    report = inspected(honest_zip(files | {"y.npy": npy("'|O'", "(1,)", EVIL)}, 8), "a.npz")
    assert signs(report) == {Sign.EXECUTES} and report.observations[0].member == "y.npy"
    assert signs(inspected(honest_zip(files | {"y.npy": EVIL}), "a.npz")) == {Sign.EXECUTES}


TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="'\"\\"), max_size=8)
LITERALS = st.recursive(
    st.one_of(st.integers(-(10**9), 10**9), st.booleans(), st.none(), TEXTS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(st.text("abc", max_size=3), inner, max_size=3),
    ),
    max_leaves=12,
)


@given(LITERALS)
@settings(max_examples=200)
def test_reads_literals_as_python_does(value: object) -> None:
    assert arrays.parse(repr(value), Exam("a")) == value


@given(st.text("()[]{},:'1aTrue \n", max_size=60))
@settings(max_examples=300)
def test_any_text_is_a_literal_or_malformed(text: str) -> None:
    with contextlib.suppress(MalformedError):
        arrays.parse(text, Exam("a"))


def test_a_header_that_would_end_a_parser() -> None:
    report = inspected(npy("[" * 5000 + "]" * 5000, "(1,)", b""), "a.npy")
    assert Sign.EXHAUSTS in signs(report) and report.gaps


SIZES = [
    ("'<f8'", 8),
    ("'|b1'", 1),
    ("'<U5'", 20),
    ("'|S7'", 7),
    ("'<c16'", 16),
    ("'<M8[ns]'", 8),
    ("'|V3'", 3),
    ("[('a', '<i4'), ('b', '<f8', (2, 3))]", 52),
    ("[('p', [('q', '|u1')]), ('r', '<i2')]", 3),
    ("'float32'", 4),
    ("'?!'", -1),
]


@pytest.mark.parametrize(("descr", "size"), SIZES)
def test_sizes_of_elements(descr: str, size: int) -> None:
    assert arrays.header(Bytes(npy(descr, "()", b"")), Exam("a")).itemsize == size
