"""Names and texts that honest files of older libraries and ordinary folders have: none is accused."""

import pytest

from backstay.artifacts.content import Bytes
from backstay.artifacts.inspection import inspect
from backstay.artifacts.pickles.policy import Standing, entry
from backstay.artifacts.report import State


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("numpy.core._internal", "_reconstruct"), ("_loss", "CyHalfBinomialLoss"),
        ("_loss", "__pyx_unpickle_CyHalfBinomialLoss"), ("sklearn.utils.validation", "check_array"),
        ("sklego.meta.ordinal_classification", "OrdinalClassifier"), ("boruta.boruta_py", "BorutaPy"),
        ("optbinning.binning.binning", "OptimalBinning"), ("treeple.tree._oblique_tree", "ObliqueTree"),
    ],
)  # fmt: skip
def test_honest_models_need_these(module: str, name: str) -> None:
    assert entry(module, name).standing is Standing.SAFE


def test_what_numba_keeps_is_code() -> None:
    assert entry("numba.core.environment", "_rebuild_env").standing is Standing.CODE
    data = b"\x80\x02cnumba.core.environment\n_rebuild_env\nX\x05\x00\x00\x00pkg.a]X\x01\x00\x00\x00e\x87R."
    assert inspect(Bytes(data), "tree.nbc").state is State.CODE


def test_the_names_of_a_module_are_code_of_a_stored_function() -> None:
    assert entry("h2o.model.metrics_base", "__dict__").standing is Standing.CODE
    for module, name in (("os", "__dict__"), ("builtins", "__dict__"), ("h2o.model", "metrics_base.__dict__")):
        assert entry(module, name).standing is Standing.DANGEROUS
    assert entry("h2o.model", "__class__").standing is Standing.DANGEROUS


@pytest.mark.parametrize(
    "reach",
    [
        b"(X\x01\x00\x00\x00acos\nsystem\nu.",
        b"(X\x01\x00\x00\x00acposix\nsystem\nu0.",
    ],
)
def test_setting_the_names_of_a_module_to_commands_is_accused(reach: bytes) -> None:
    data = b"\x80\x02ch2o.model.metrics_base\n__dict__\n" + reach
    assert inspect(Bytes(data), "model.pkl").state is State.MALICIOUS


def test_a_name_looked_up_in_the_names_of_a_module_is_accused() -> None:
    data = (
        b"\x80\x02coperator\ngetitem\nch2o.model.metrics_base\n__dict__\nX\x02\x00\x00\x00os\x86R"
        b"X\x04\x00\x00\x00true\x85R."
    )
    assert inspect(Bytes(data), "model.pkl").state is State.MALICIOUS


def test_a_bound_method_of_a_stored_function_is_called_only_later() -> None:
    stored = b"cdill._dill\n_create_function\n(tR"
    data = b"\x80\x02ctypes\nMethodType\n" + stored + b"]\x86R."
    assert inspect(Bytes(data), "model.pkl").state is State.CODE
    called = b"\x80\x02ctypes\nMethodType\n" + stored + b"]\x86R)R."
    assert inspect(Bytes(called), "model.pkl").state is State.MALICIOUS


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("distutils-precedence.pth", b"import os; var = 'SETUPTOOLS'; print(var)\n"),
        ("easy-install.pth", b"./some-package\n/opt/lib\n"),
        ("tutor.pt", "Bem-vindo ao tutor, lição 1\n".encode() * 500),
        ("dataset.pkl", b"nan 0.000000e+00 1.000000e+00\n" * 100),
    ],
)
def test_text_is_no_unread_model(name: str, data: bytes) -> None:
    seen = inspect(Bytes(data), name)
    assert not seen.model
    assert seen.complete and seen.state is State.CLEAN


def test_pointers_and_bytes_of_no_format_are_not_read() -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 10\n"
    for data in (
        pointer,
        b"\xef\xbe\xad\xde\0\0\0\0",
        b"text\n\0\xff" * 9,
        b"text\n" * 900 + b"\x80\x04\x95",
        b"a" * 100_000,
    ):
        seen = inspect(Bytes(data), "model.pth")
        assert not seen.complete and seen.state is State.UNKNOWN
