"""Explain: a rule's page for a terminal: what is wrong, why it matters, how to mend it, examples, controls."""

import argparse
import difflib

from rich.console import Console
from rich.markdown import Markdown

from backstay import page, registry
from backstay.catalog.control_sets import entries, frameworks
from backstay.cli import outputs, terminal
from backstay.cli.exits import CLEAN, CommandError
from backstay.display import printable
from backstay.model import RuleInfo
from backstay.page import Example, Page
from backstay.plugin import Rule

_EXAMPLES = 2  # of each side; the page in the documentation has them all


def run(options: argparse.Namespace) -> int:
    rule = _find(options.rule)
    text = _text(rule, registry.info(rule), page.load(rule.package, rule.stem))
    color = terminal.color(options.no_color)
    if not color:
        outputs.write_stdout(text)
        return CLEAN
    console = Console(width=terminal.width(), force_terminal=True, color_system="standard", emoji=False)
    with console.capture() as captured:
        console.print(Markdown(text))
    outputs.write_stdout(captured.get())
    return CLEAN


def _find(name: str) -> Rule:
    rules = {rule.id: rule for rule in registry.rules()}
    wanted = name.strip().lower().replace("_", "-")
    if wanted in rules:
        return rules[wanted]
    close = (
        difflib.get_close_matches(wanted[:100], rules, 3, 0.5) or [id for id in rules if wanted and wanted in id][:3]
    )
    hint = f"did you mean {', '.join(close)}? " if close else ""
    raise CommandError(f"no rule is called {printable(name, 80)}; {hint}`backstay list rules` names them all")


def _text(rule: Rule, info: RuleInfo, loaded: Page) -> str:
    """The page as Markdown, which reads well in a pipe as it is."""
    subjects = ", ".join(kind.replace("_", " ") for kind in rule.subjects)
    parts = [
        f"# {info.title}",
        f"`{info.id}`, {info.family}. Severity {info.severity}, {info.confidence:.0%} sure, "
        f"exploitability {info.exploitability:g}. Judges: {subjects}.",
        loaded.prose,
        f"## In short\n\n{info.fix}",
    ]
    for found, heading in ((True, "Found"), (False, "Not found")):
        examples = [example for example in loaded.examples if example.found is found][:_EXAMPLES]
        if examples:
            parts.append(f"## {heading}")
            parts += [_example(example) for example in examples]
    if info.controls:
        lines = [f"- **{control.id}**{_title(control.id)}: {control.reason}" for control in info.controls]
        parts.append("## Controls\n\n" + "\n".join(lines))
    parts.append(
        f"## To accept it\n\nBehind the code: `# backstay: ignore[{info.id}] -- why`. "
        "For more than one place, or until a date: a waiver in `backstay.toml`."
    )
    return "\n\n".join(parts) + "\n"


def _example(example: Example) -> str:
    blocks = [f"### {example.name}"]
    for path, content in example.files.items():
        fence = "````" if "```" in content else "```"
        blocks.append(f"{fence}{_language(path)}\n# {path}\n{content.rstrip()}\n{fence}")
    return "\n\n".join(blocks)


def _language(path: str) -> str:
    suffix = path.rpartition(".")[2].lower()
    return {"py": "python", "yml": "yaml", "md": "markdown", "js": "javascript", "ts": "typescript"}.get(suffix, suffix)


def _title(id: str) -> str:
    entry = entries().get(id)
    if entry is None:
        return ""
    titles = {framework.id: framework.title for framework in frameworks()}
    return f" {entry.title} ({titles.get(entry.framework, entry.framework)})"
