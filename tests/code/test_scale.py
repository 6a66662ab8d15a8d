"""Scale: large and tangled projects are understood within bounds, and what passes them is said to be incomplete."""

import time
import tracemalloc

import pytest
from understanding import understand

from backstay.code import analyzer
from backstay.code.resolve import shapes
from backstay.model import Kind


def project(modules: int, returns: int) -> dict[str, str]:
    """Modules in one long chain of imports, calls and base classes, with recursion and many ways out of a function."""
    ask = "client.chat.completions.create(model=model, messages=[{'role': 'user', 'content': q}])"
    files = {"app/base.py": f"from openai import OpenAI\nclient = OpenAI()\ndef ask(model, q): return {ask}\n"}
    for i in range(modules):
        above = f"run{i - 1}(x, model)" if i else "ask(model, x)"
        imports = f"from app.m{i - 1} import run{i - 1}, K{i - 1}\n" if i else ""
        base = f"(K{i - 1})" if i else ""
        ways = "".join(f"    if x == {k}: return ask(model, f'{k}{{x}}')\n" for k in range(returns))
        files[f"app/m{i}.py"] = (
            f"import openai\nfrom app.base import ask\n{imports}"
            f"def run{i}(x, model='m-{i % 7}'):\n{ways}    return {above}\n"
            f"def again{i}(n): return again{i}(n - 1) if n else other{i}(n)\n"
            f"def other{i}(n): return again{i}(n)\n"
            f"class K{i}{base}:\n    def __init__(self, m): self.m = m\n    def go(self, q): return run{i}(q, self.m)\n"
            f"K{i}('c-{i % 5}').go('q')\nrun{i}(again{i}(3))\n"
        )
    return files


def test_a_long_chain_of_modules() -> None:
    started = time.monotonic()
    found = understand(project(150, 40))
    assert time.monotonic() - started < 20
    assert not found.skips, "within the step limit"
    assert {f"c-{number}" for number in range(5)} <= set(found.models)


def test_time_grows_with_the_code_and_not_faster() -> None:
    def seconds(modules: int) -> float:
        started = time.monotonic()
        understand(project(modules, 10))
        return time.monotonic() - started

    seconds(5)  # loads the catalog
    small, large = min(seconds(25) for _ in range(2)), seconds(100)
    assert large < 16 * max(small, 0.1), (small, large)


def test_a_name_with_very_many_bindings() -> None:
    source = "from openai import OpenAI\n" + "".join(f"if x{i}: m = 'm-{i}'\n" for i in range(3_000))
    started = time.monotonic()
    found = understand(source + "OpenAI().chat.completions.create(model=m)\n" * 50)
    assert time.monotonic() - started < 20
    assert 0 < len(found.models) <= shapes.MAX_OPTIONS, "a few are named, not thousands"


def test_functions_that_all_call_each_other() -> None:
    names = [f"f{i}" for i in range(30)]
    calls = "\n".join(f"def {a}(x, y=None):\n  return [{', '.join(f'{b}(x, {a})' for b in names)}]" for a in names)
    source = f"from openai import OpenAI\n{calls}\nOpenAI().chat.completions.create(model=f0('m'))\n"
    started = time.monotonic()
    understand(source)
    assert time.monotonic() - started < 20


DOUBLING = {
    "text": ("x0 = 'abcdefgh'", "x{n} = x{m} + x{m}"),
    "f-string": ("x0 = 'abcdefgh'", "x{n} = f'{{x{m}}}{{x{m}}}'"),
    "text with a gap": ("x0 = unknown() + 'a'", "x{n} = x{m} + x{m}"),
    "list": ("x0 = ['a', 'b']", "x{n} = x{m} + x{m}"),
    "list of lists": ("x0 = ['a', 'b']", "x{n} = [x{m}, x{m}]"),
    "list spread": ("x0 = ['a', 'b']", "x{n} = [*x{m}, *x{m}]"),
    "dictionary of dictionaries": ("x0 = {{'a': 'b'}}", "x{n} = {{'a': x{m}, 'b': x{m}}}"),
    "dictionary spread": ("x0 = {{'a': 'b'}}", "x{n} = {{**x{m}, **x{m}, '{n}': 1}}"),
    "choice": ("x0 = 'a' if y else 'b'", "x{n} = x{m} + 'c' if y else x{m} + 'd'"),
    "comprehension": ("x0 = ['a', 'b']", "x{n} = [a + b for a in x{m} for b in x{m}]"),
    "function": ("def x0(): return ['a', 'b']", "def x{n}(): return [x{m}(), x{m}()]"),
    "joined": ("x0 = ['a', 'b']", "x{n} = [','.join(x{m}), ','.join(x{m})]"),
    "appended": ("x0 = ['a']", "x{n} = []\nx{n}.append(x{m})\nx{n}.extend(x{m})\nx{n}.append(x{m})"),
}


@pytest.mark.parametrize(("first", "following"), DOUBLING.values(), ids=DOUBLING)
def test_values_that_double(first: str, following: str) -> None:
    """Sixty lines that make a value of 2**60 parts cost little time and memory."""
    lines = [first.replace("{{", "{").replace("}}", "}")] + [following.format(n=n, m=n - 1) for n in range(1, 61)]
    asks = "c = OpenAI()\n" + "".join(
        f"c.responses.create(model=x{n}, tools=x{n}, input=x{n}, instructions=x{n})\n" for n in (12, 20, 60)
    )
    tracemalloc.start()
    started = time.monotonic()
    found = understand("from openai import OpenAI\n" + "\n".join(lines) + "\n" + asks)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert time.monotonic() - started < 20
    assert peak < 200_000_000
    assert "openai" in found.names(Kind.PROVIDER)


def test_at_the_step_limit_the_result_is_partial(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not understand(project(10, 5)).skips
    monkeypatch.setattr(analyzer, "STEPS", 50)
    monkeypatch.setattr(analyzer, "STEPS_A_FILE", 1)
    found = understand(project(10, 5))
    assert [(skip.path, skip.reason) for skip in found.skips] == [(".", "too complex")]
