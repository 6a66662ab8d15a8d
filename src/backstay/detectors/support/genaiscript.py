"""GenAIScript: the prompts in a script of it, each a text tagged with `$`, by what its answer is called."""

import re
from collections.abc import Iterator

MAX_PROMPTS = 200
SUFFIXES = (".genai.mjs", ".genai.js", ".genai.mts", ".genai.ts")
# `$`...``, `_.$`...`` and `ctx.$`...``, and a constant that such texts begin with.
_TEXT = re.compile(r"(?<![\w$\\`])(?:\w{1,20}\.)?\$`|^(?:export )?const (\w{1,60}) = `", re.MULTILINE)
_END = re.compile(r"\\.|`|\$\{", re.DOTALL)
_ANSWER = re.compile(
    r"(?:const|let)\s+(?:\{[^{}]{0,80}\btext:\s*(\w{1,60})[^{}]{0,80}\}|(\w{1,60}))\s*=\s*await\s+runPrompt\("
)
_NEAR = 400  # characters between the call that asks and the text it asks with


def prompts_in(text: str) -> Iterator[tuple[str, str, int]]:
    """Name (empty for the script's own), text and line of each prompt."""
    constants: list[tuple[str, str, int]] = []
    tagged: list[tuple[str, str, int]] = []
    at = line = 0
    position = 0
    while len(tagged) < MAX_PROMPTS and (found := _TEXT.search(text, position)) is not None:
        end, before = _closing(text, found.end()), position
        line += text.count("\n", at, found.start())
        at, position = found.start(), end + 1
        body = text[found.end() : end]
        if found[1]:
            constants.append((found[1], body, line + 1))
        else:
            asked = [*_ANSWER.finditer(text, max(before, at - _NEAR), at)]
            tagged.append((asked[-1][1] or asked[-1][2] if asked else "", body, line + 1))
    told = "".join(body for _, body, _ in tagged)
    yield from sorted([one for one in constants if f"${{{one[0]}}}" in told] + tagged, key=lambda one: one[2])


def _closing(text: str, start: int) -> int:
    """Where a template text ends, past the expressions in it."""
    position = start
    while (found := _END.search(text, position)) is not None:
        position = found.end()
        if found[0] == "`":
            return found.start()
        if found[0] == "${":
            close = text.find("}", position)
            if close < 0:
                break
            position = close + 1
    return len(text)
