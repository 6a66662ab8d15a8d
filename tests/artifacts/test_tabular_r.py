"""R data: models are not accused, and an expression that waits to run is told wherever it hides."""

import gzip

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from r_samples import (
    bytecode,
    call,
    characters,
    closure,
    environment,
    generic,
    integer,
    pairs,
    promise,
    rdata,
    rds,
    reals,
    strings,
    symbol,
)
from weights_samples import gaps, look, signs, texts

from backstay.artifacts.report import Sign, State

SYSTEM = call("system", strings("true"))
FORMULA = call("~", symbol("y"), symbol("x"))
MODEL = generic(reals(1.0, 2.0), call("lm", FORMULA), names=("coefficients", "call"), classes=("lm",))


def test_a_linear_model_is_clean_with_its_class() -> None:
    found = look(rds(MODEL), "model.rds")
    assert found.state is State.CLEAN and found.complete and not found.observations, (texts(found), found.gaps)
    assert found.format == "rds" and found.facts["architecture"] == "lm"


@pytest.mark.parametrize("version", [2, 3])
def test_cve_2024_27322_a_promise_in_place_of_a_value(version: int) -> None:
    found = look(rds(promise(SYSTEM), version), "model.rds")
    assert found.state is State.MALICIOUS and "system" in texts(found) and "CVE-2024-27322" in texts(found)


def test_cve_2024_27322_in_a_list_in_an_attribute_and_in_a_workspace() -> None:
    assert Sign.EXECUTES in signs(look(rds(generic(reals(1.0), promise(SYSTEM))), "model.rds"))
    assert Sign.EXECUTES in signs(look(rdata(("model", MODEL), ("x", promise(call("print", strings("a"))))), "m.rdata"))
    attributed = integer(14 | 0x200) + integer(0) + pairs(("names", promise(SYSTEM)))
    assert Sign.EXECUTES in signs(look(rds(attributed), "model.rds"))


def test_cve_2024_27322_behind_compression() -> None:
    assert look(gzip.compress(rds(promise(SYSTEM))), "model.rds").state is State.MALICIOUS


def test_a_promise_in_an_environment_that_runs_commands() -> None:
    found = look(rds(environment(pairs(("data", promise(SYSTEM))))), "model.rds")
    assert found.state is State.MALICIOUS
    hidden = call("eval", call("parse", strings("cat(1)")))
    assert look(rds(environment(pairs(("data", promise(hidden))))), "model.rds").state is State.MALICIOUS


def test_promises_that_functions_leave_behind_are_carried_code() -> None:
    frame = pairs(("data", promise(symbol("train"))), ("n", promise(call("nrow", symbol("train")), reals(3.0))))
    found = look(rds(generic(environment(frame), classes=("randomForest",))), "model.rds")
    assert found.state is State.CODE and signs(found) == {Sign.CARRIES}


def test_functions_are_carried_code_with_what_they_call() -> None:
    found = look(rds(closure(call("{", SYSTEM))), "model.rds")
    assert found.state is State.CODE and "which call system" in texts(found)
    compiled = bytecode(integer(13) + integer(1) + integer(12), integer(6) + integer(NIL) + symbol("f") + ARGUMENTS)
    found = look(rds(closure(compiled)), "model.rds")
    assert found.state is State.CODE and found.complete, found.gaps


NIL = 254
ARGUMENTS = integer(0) + integer(NIL)


def test_references_are_followed_as_r_counts_them() -> None:
    item = generic(environment(pairs(("a", reals(1.0)))), integer(255 | 1 << 8), integer(255 | 2 << 8))
    found = look(rds(item), "model.rds")
    assert found.complete and found.state is State.CLEAN
    assert gaps(look(rds(generic(integer(255 | 9 << 8))), "model.rds")) == {"invalid R data"}


def test_ascii_data_is_read_as_binary_is() -> None:
    head = "A\n3\n262913\n197888\n5\nUTF-8\n"
    quoted = "262153\n4\ntr\\165e\n"
    found = look((head + f"1029\n253\n252\n6\n1\n262153\n6\nsystem\n2\n16\n1\n{quoted}254\n").encode(), "model.rds")
    assert found.state is State.MALICIOUS and "system" in texts(found), found.gaps
    plain = look((head + "14\n3\n1.5\nNA\nInf\n").encode(), "model.rds")
    assert plain.state is State.CLEAN and plain.complete


def test_compact_vectors_are_read_as_r_writes_them() -> None:
    info = integer(2) + symbol("compact_intseq") + integer(2) + symbol("base") + integer(2) + integer(13) + integer(1)
    compact = integer(238) + info + integer(13) + integer(254) + reals(3.0, 1.0, 1.0) + integer(254)
    found = look(rds(generic(compact, reals(2.0))), "model.rds")
    assert found.state is State.CLEAN and found.complete, found.gaps


def test_names_of_packages_are_needs() -> None:
    namespace = integer(249) + integer(0) + integer(2) + characters("ranger") + characters("0.16")
    found = look(rds(generic(namespace)), "model.rds")
    assert found.imports == ("ranger",)


@pytest.mark.parametrize(
    "item", [integer(200), integer(9) + integer(-7), integer(19) + integer(-9), integer(249) + integer(0)]
)
def test_what_is_broken_is_not_clean(item: bytes) -> None:
    found = look(rds(item), "model.rds")
    assert found.gaps and found.state is not State.CLEAN


def test_depth_and_length_are_bounded() -> None:
    assert gaps(look(rds((integer(19) + integer(1)) * 5_000), "model.rds")) == {"nested too deeply"}
    long = rds(integer(2) * 100_000 + integer(NIL))
    assert look(long, "model.rds").gaps


def test_text_that_begins_alike_is_not_taken_for_it() -> None:
    assert look(b"A\n2\nlines\n", "notes.txt").format != "rds"
    assert look(b"X\nmore\n", "notes.txt").format != "rds"


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_whatever_changes_it_ends_with_an_answer(data: st.DataObject) -> None:
    whole = bytearray(rds(generic(MODEL, closure(SYSTEM), environment(pairs(("a", promise(SYSTEM)))))))
    for _ in range(data.draw(st.integers(0, 6))):
        whole[data.draw(st.integers(14, len(whole) - 1))] = data.draw(st.integers(0, 255))
    found = look(bytes(whole[: data.draw(st.integers(10, len(whole)))]), "model.rds")
    assert "reader failed" not in gaps(found)
