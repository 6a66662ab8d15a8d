"""Description: a rule's page as blocks that a template can show; the little Markdown that pages use."""

from dataclasses import dataclass, field


@dataclass
class Block:
    """A heading, paragraph, list or code block; its lines are paragraphs' text, list items or code lines."""

    kind: str
    lines: list[str] = field(default_factory=list)


def blocks(text: str) -> list[Block]:
    """The blocks of a text. What is not known as Markdown stays as the text that it is."""
    found: list[Block] = []
    fence = ""
    fresh = True  # whether the next line starts a block
    for line in text.splitlines():
        stripped = line.strip()
        if fence:
            if stripped == fence:
                fence, fresh = "", True
            else:
                found[-1].lines.append(line)
        elif stripped.startswith("```"):
            fence = "`" * (len(stripped) - len(stripped.lstrip("`")))
            found.append(Block("code"))
        elif not stripped:
            fresh = True
        elif stripped.startswith("#"):
            found.append(Block("heading", [stripped.lstrip("#").strip()]))
            fresh = True
        elif stripped.startswith(("- ", "* ")):
            if fresh or found[-1].kind != "list":
                found.append(Block("list"))
            found[-1].lines.append(stripped[2:])
            fresh = False
        elif fresh or not found:
            found.append(Block("paragraph", [stripped]))
            fresh = False
        else:
            found[-1].lines[-1] += " " + stripped
    return found


def section(text: str, heading: str) -> str:
    """The first paragraph under a heading; empty when there is none."""
    found = blocks(text)
    for number, block in enumerate(found):
        if block.kind == "heading" and block.lines[0].lower() == heading.lower():
            after = found[number + 1] if number + 1 < len(found) else None
            return after.lines[0] if after and after.kind == "paragraph" else ""
    return ""
