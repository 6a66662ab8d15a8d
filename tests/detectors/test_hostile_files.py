"""No file, however broken or hostile, makes a detector fail, hang or say too much."""

import time
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backstay import page, registry
from backstay.plugin import Detector, Fact, File, UnreadableError

DETECTORS = [one for one in registry.detectors() if one.package == "backstay.detectors"]


def examples() -> Iterator[tuple[Detector, str, str]]:
    for one in DETECTORS:
        for example in page.load(one.package, one.stem).examples:
            for path, content in example.files.items():
                yield one, path, content


EXAMPLES = list(examples())


def run(detector: Detector, path: str, data: bytes) -> list[Fact]:
    file = File(path, data, len(data), "0" * 64, "src", digest_key=b"key")
    facts: list[Fact] = []
    try:
        facts.extend(detector.detect(file))
    except UnreadableError as error:
        assert len(error.reason) < 60
    # What comes out can be written down and read back: no lone surrogates, no foreign types.
    for fact in facts:
        assert msgspec.json.decode(msgspec.json.encode(fact), type=type(fact)) == fact
    return facts


@st.composite
def damaged(draw: st.DrawFn) -> tuple[Detector, str, bytes]:
    detector, path, content = draw(st.sampled_from(EXAMPLES))
    text = list(content)
    for _ in range(draw(st.integers(0, 5))):
        at = draw(st.integers(0, len(text)))
        match draw(st.sampled_from(["insert", "delete", "cut", "repeat"])):
            case "insert":
                junk = st.sampled_from("{}[]()\"'\\:,#=@$%&*!|>-\n\t \x00\x1b\ufeff\u202e\U0001f4a9<~`;/")
                text[at:at] = draw(st.lists(junk, max_size=8))
            case "delete":
                del text[at : at + draw(st.integers(1, 40))]
            case "cut":
                del text[at:]
            case "repeat":
                text[at:at] = text[at : at + 60] * draw(st.integers(1, 4))
    return detector, path, "".join(text).encode("utf-8", "surrogatepass")


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(damaged())
def test_damaged_examples(case: tuple[Detector, str, bytes]) -> None:
    run(*case)


PATHS = sorted({path for _, path, _ in EXAMPLES})


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(PATHS), st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode)))
def test_any_content_under_a_known_name(path: str, data: bytes) -> None:
    for detector in DETECTORS:
        run(detector, path, data)


LONG = 100_000
ATTACKS = {
    "spaces": " " * LONG,
    "open braces": "{" * LONG,
    "open JSON": '{"mcpServers":' * 20_000,
    "open lists": "[" * LONG,
    "YAML flow": "a: " + "[" * LONG,
    "YAML nesting": "".join(" " * n + "a:\n" for n in range(600)),
    "YAML aliases": "a: &a [x,x,x,x,x,x,x,x]\n"
    + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(20)),
    "front matter": "---\n" + "a: b\n" * 40_000,
    "backticks": "`" * LONG,
    "equals": "=" * LONG,
    "digits": "1" * LONG,
    "words": "a" * LONG,
    "keys": "sk-" * (LONG // 3),
    "key names": "OPENAI_API_KEY=" * (LONG // 15),
    "upper words": "A_KEY_TOKEN_" * (LONG // 12),
    "hyphens": "train-" * (LONG // 6),
    "dots": "a." * (LONG // 2),
    "dotted keys": "a." * 2_000 + "b = 1\n",
    "at signs": "a@" * (LONG // 2),
    "continued lines": "FROM a\\\n" * 20_000,
    "comments": "# \n" * 60_000,
    "template": "{{ a " * 40_000,
    "single braces": "{a" * 60_000,
    "statements": "{% if " * 30_000,
    "requirement": "a[" * 50_000,
    "commands": "python " * 30_000,
    "downloads": "hf download --a " * 12_000,
    "quotes": '"' * LONG,
    "sections": "[a]\n" * 50_000,
    "tables": "[[package]]\nname = " * 10_000,
    "escapes": "\\u0000" * 30_000,
    "new lines": "\n" * LONG,
    "SYSTEM": 'SYSTEM """' * 20_000,
    "xml": "<net " * 40_000,
}


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda name: str(name).replace(" ", "-"))
def test_time_is_bounded(attack: str) -> None:
    data = ATTACKS[attack].encode()
    chosen = {
        (one.id, path.rpartition("/")[2].rpartition(".")[2], path.split("/")[0]): (one, path)
        for one, path, _ in EXAMPLES
    }
    slow: dict[str, float] = {}
    for detector, path in chosen.values():
        start = time.process_time()
        run(detector, path, data)
        spent = time.process_time() - start
        if spent > 3:
            slow[f"{detector.id} on {path}"] = spent
    assert not slow
