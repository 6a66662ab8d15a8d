"""XML is read without following or expanding anything, and what a document type would do is said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstay.artifacts.content import Bytes
from backstay.artifacts.exam import Exam, Limits, MalformedError, StopError
from backstay.artifacts.report import Sign
from backstay.artifacts.xml import Element, elements, expansions, root


def read(text: str | bytes, limits: Limits | None = None) -> tuple[Exam, list[Element]]:
    exam = Exam("model.xml", limits or Limits())
    data = text.encode() if isinstance(text, str) else text
    found: list[Element] = []
    with exam.contained():
        found.extend(elements(Bytes(data), exam))
    return exam, found


def signs(exam: Exam) -> set[Sign]:
    return {one.sign for one in exam.observations}


def test_elements_come_in_order_with_their_places() -> None:
    exam, found = read('<a x="1">\n <n:b xmlns:n="u">text<c/>more</n:b>\n</a>')
    assert [(one.name, one.path, one.line, one.offset) for one in found] == [
        ("a", (), 1, 0),
        ("b", ("a",), 2, 11),
        ("c", ("a", "b"), 2, 32),
    ]
    assert found[0].attributes == {"x": "1"} and found[1].text == "text"
    assert not exam.observations and not exam.gaps


def test_an_external_entity_is_noted_and_never_read() -> None:
    exam, found = read('<!DOCTYPE p [<!ENTITY x SYSTEM "file:///no/such">]><p>&x;</p>')
    assert signs(exam) == {Sign.ENTITIES} and not found
    assert any("file of the machine" in one.message for one in exam.observations)
    assert {gap.reason for gap in exam.gaps} == {"entities"}


def test_a_parameter_entity_and_an_external_type_are_noted() -> None:
    exam, _ = read('<!DOCTYPE p [<!ENTITY % x SYSTEM "http://no.such.host/x.dtd"> %x;]><p/>')
    assert signs(exam) == {Sign.ENTITIES}
    exam, found = read('<!DOCTYPE p SYSTEM "http://no.such.host/x.dtd"><p/>')
    assert signs(exam) == {Sign.ENTITIES} and [one.name for one in found] == ["p"]


def test_billion_laughs_says_what_it_would_expand_to_also_in_attributes() -> None:
    lines = ['<!ENTITY l0 "ha">'] + [f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 20)]
    exam, _ = read(f'<!DOCTYPE p [{"".join(lines)}]><p a="&l19;">&l19;</p>')
    assert any(one.sign is Sign.ENTITIES and str(10**18) in one.message for one in exam.observations)


def test_entities_that_contain_each_other_end() -> None:
    assert expansions({"a": "&b;", "b": "&a;x"})["a"][1]


def test_a_standard_document_type_is_only_odd() -> None:
    exam, found = read('<!DOCTYPE PMML PUBLIC "PMML 2.0" "http://www.dmg.org/v2-0/pmml_v2_0.dtd"><PMML version="2.0"/>')
    assert signs(exam) == {Sign.IRREGULAR} and found[0].name == "PMML"


def test_an_inclusion_is_noted() -> None:
    exam, _ = read('<p xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="file:///no/such"/></p>')
    assert signs(exam) == {Sign.ENTITIES}


def test_utf_16_hides_nothing() -> None:
    text = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE p [<!ENTITY x SYSTEM "file:///no">]><p>&x;</p>'
    assert signs(read(text.encode("utf-16"))[0]) == {Sign.ENTITIES}
    assert root(text.encode("utf-16")) == "p"


def test_what_is_broken_is_a_gap_after_what_was_read() -> None:
    exam, found = read("<a><b></a>")
    assert [one.name for one in found] == ["a", "b"] and {gap.reason for gap in exam.gaps} == {"invalid XML"}


def test_depth_and_length_are_bounded() -> None:
    exam, _ = read("<a>" * 100_000)
    assert {gap.reason for gap in exam.gaps} == {"nested too deeply"}
    exam, _ = read("<a/>" * 10, Limits(steps=5))
    assert exam.gaps


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"<PMML>", "PMML"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- > -->\n<n:net name='x'>", "net"),
        (b'<!DOCTYPE net [<!ENTITY a "]>"> <!-- \' -->]>\n<PMML >', "PMML"),
        (b"<!DOCTYPE net [" + b" " * 70_000, "net"),
        (b"plain text", ""),
        (b"", ""),
        (b"<", ""),
    ],
)
def test_the_root_is_told_without_a_parser(head: bytes, name: str) -> None:
    assert root(head) == name


@given(st.binary(max_size=200) | st.text(alphabet="<>&;!?[]'\" ab/=%ENTITYDOCP", max_size=200).map(str.encode))
def test_whatever_comes_it_ends(data: bytes) -> None:
    root(data)
    exam = Exam("x.xml", Limits())
    try:
        for _ in elements(Bytes(data), exam):
            pass
    except (StopError, MalformedError):
        pass
