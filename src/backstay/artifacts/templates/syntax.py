"""Syntax: Jinja text as a tree, by Jinja's own parser; nothing is compiled or rendered."""

from collections.abc import Iterable, Iterator
from functools import cache

from jinja2 import Environment, TemplateError, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser

from backstay.artifacts.exam import MalformedError

MAX_TEXT = 1 << 18  # characters; the longest of 480 published chat templates has 20,000


class _Generation(Extension):
    """`{% generation %}`, with which trainers mark what the assistant says (transformers' apply_chat_template)."""

    tags = {"generation"}  # noqa: RUF012 (the base class has it so)

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        return nodes.Scope(parser.parse_statements(("name:endgeneration",), drop_needle=True), lineno=line)


@cache
def _environment() -> Environment:
    # As transformers, vLLM and llama-cpp-python set it up.
    return Environment(  # noqa: S701 (nothing is rendered)
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.loopcontrols", "jinja2.ext.do", _Generation],
    )


def parse(text: str) -> nodes.Template:
    """The tree of a template. Raises MalformedError when it is none, or is too large or too deep."""
    if len(text) > MAX_TEXT:
        raise MalformedError("template too large", f"{len(text)} characters")
    try:
        return _environment().parse(text)
    except TemplateError as error:
        raise MalformedError("invalid template", str(error)[:100]) from None
    except RecursionError:
        raise MalformedError("template nested too deeply") from None
    except (ValueError, OverflowError):  # numbers with too many digits
        raise MalformedError("invalid template", "a number") from None


def walk(*roots: nodes.Node) -> Iterator[nodes.Node]:
    """Every node of some trees, each before what it holds, in the order of the text."""
    waiting = list(reversed(roots))
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(list(node.iter_child_nodes())))


def arguments(call: nodes.Call | nodes.Filter | nodes.Test) -> Iterable[nodes.Node]:
    """All arguments of a call, filter or test, positional and by keyword."""
    yield from call.args
    yield from (one.value for one in call.kwargs)
