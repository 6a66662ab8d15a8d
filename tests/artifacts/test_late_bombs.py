"""Numbers that take hours, and YAML tags spelled in full."""

import pytest
from corpus.opcodes import Ops, apply, named

from backstay.artifacts.content import Bytes
from backstay.artifacts.inspection import inspect
from backstay.artifacts.report import Sign, State

P4 = b"\x80\x04"
BOMBS = {
    "pow": apply(named("builtins", "pow"), 10, 10**9),
    "operator.pow": apply(named("operator", "pow"), 3, 1 << 25),
    "lshift": apply(named("_operator", "lshift"), 1, 1 << 40),
    "mul": apply(named("operator", "mul"), b"A", 10**12),
    "fraction": apply(named("fractions", "Fraction"), "1e1000000000"),
}
HONEST = {
    "pow": apply(named("builtins", "pow"), 10, 9),
    "modulus": apply(named("builtins", "pow"), 10, 1 << 40, 7),
    "one": apply(named("operator", "pow"), 1, 1 << 40),
    "mul": apply(named("operator", "mul"), b"A", 16),
    "fraction": apply(named("fractions", "Fraction"), "1/3"),
    "scientific": apply(named("fractions", "Fraction"), "1.5e300"),
}


@pytest.mark.parametrize("stream", BOMBS.values(), ids=BOMBS.keys())
def test_a_number_of_gigabytes_exhausts(stream: bytes) -> None:
    found = inspect(Bytes(P4 + stream + b"."), "model.pkl")
    assert [one.sign for one in found.observations] == [Sign.EXHAUSTS]


@pytest.mark.parametrize("stream", HONEST.values(), ids=HONEST.keys())
def test_ordinary_numbers_do_not(stream: bytes) -> None:
    assert inspect(Bytes(P4 + stream + b"."), "model.pkl").state is State.CLEAN


@pytest.mark.parametrize(
    "text",
    [
        "x: !<tag:yaml.org,2002:python/object/apply:os.system> [touch]\n",
        "x: !<tag:yaml.org,2002:python/name:os.system> ''\n",
        "%TAG !p! tag:yaml.org,2002:python/\n---\nmodel: !p!object/apply:os.system ['true']\n",
    ],
    ids=["call", "name", "shorthand"],
)
def test_a_tag_spelled_in_full_or_by_a_handle_is_a_tag(text: str) -> None:
    found = inspect(Bytes(text.encode()), "config.yaml")
    assert found.state is State.MALICIOUS


def test_a_lookup_of_spacy_is_as_good_as_the_function_it_is_given() -> None:
    def stream(function: Ops) -> bytes:
        lookup = named("spacy.util", "_get_attr_unless_lookup")
        return P4 + apply(named("functools", "partial"), lookup, function, []) + b"."

    assert inspect(Bytes(stream(named("spacy.lang.lex_attrs", "lower"))), "vocab.pkl").state is State.CLEAN
    assert inspect(Bytes(stream(named("os", "system"))), "vocab.pkl").state is State.MALICIOUS
