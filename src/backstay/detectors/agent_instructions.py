"""Detector of what steers coding agents: instruction and rule files, sub-agents, slash commands and skills."""

import re
from collections.abc import Iterator

from backstay.detectors.support import facts
from backstay.detectors.support.facts import edge, owner_edge
from backstay.detectors.support.prompts import prompt
from backstay.detectors.support.reading import front_matter, named, texts, toml_table
from backstay.documents import Node
from backstay.model import Asset, Attributes, Kind
from backstay.model import RelationshipKind as Edge
from backstay.plugin import Fact, File, Selector, detector

_ID = "agent-instructions"

# Spelled as the tools look for them: docs/agents.md is a page about agents, AGENTS.md is read by them.
_NAMES = frozenset(
    {
        "CLAUDE.md",
        "CLAUDE.local.md",
        "AGENTS.md",
        "AGENTS.override.md",
        "AGENT.md",
        "GEMINI.md",
        "QWEN.md",
        "WARP.md",
        "CRUSH.md",
        ".cursorrules",
        ".windsurfrules",
        ".clinerules",
        ".roorules",
        ".goosehints",
        ".augment-guidelines",
        "copilot-instructions.md",
    }
)
_RULES = (
    "**/.cursor/rules/**/*.md*",
    "**/.windsurf/rules/**/*.md",
    "**/.clinerules/**/*.md",
    "**/.roo/rules*/**/*.md",
    "**/.kiro/steering/**/*.md",
    "**/.amazonq/rules/**/*.md",
    "**/.augment/rules/**/*.md",
    "**/.continue/rules/**/*.md",
    "**/.trae/rules/**/*.md",
    "**/.claude/rules/**/*.md",
    "**/.openhands/microagents/**/*.md",
    "**/.junie/guidelines.md",
    "**/.github/instructions/**/*.instructions.md",
    "**/*.instructions.md",
)
_COMMANDS = (
    "**/.claude/commands/**/*.md",
    "**/.opencode/command/**/*.md",
    "**/.opencode/commands/**/*.md",
    "**/.cursor/commands/**/*.md",
    "**/.codex/prompts/**/*.md",
    "**/.gemini/commands/**/*.toml",
)
_AGENTS = ("**/agents/**/*.md", "**/agent/**/*.md", "**/*.chatmode.md", "**/*.agent.md")
_SELECTOR = Selector(
    names=frozenset(name.lower() for name in _NAMES) | {"skill.md"},
    paths=(*_RULES, *_COMMANDS, *_AGENTS),
)

_FRAMEWORKS = {
    ".claude": "claude-code",
    ".opencode": "opencode",
    ".github": "github-copilot",
    ".cursor": "cursor",
    ".gemini": "gemini-cli",
    ".kiro": "kiro",
}
_RUNS_CODE = re.compile(r"(?:bash|shell|execute|runcommands?|runinterminal|terminal|runtasks)(?:\b|\()", re.IGNORECASE)


@detector(_SELECTOR, Kind.PROMPT, Kind.AGENT, Kind.SKILL, Kind.MODEL)
def detect(file: File) -> Iterator[Fact]:
    folders = set(file.folder.lower().split("/"))
    if not file.text.strip():
        return
    if file.name == "SKILL.md":
        yield from _skill(file)
    elif file.name in _NAMES or file.name.lower().endswith(".instructions.md"):
        yield from _instructions(file)
    elif folders & {"commands", "command", "prompts"} and folders & {*_FRAMEWORKS, ".codex"}:
        yield from _command(file)
    elif folders & {"rules", "steering", "microagents", ".clinerules", ".junie"} or any(
        folder.startswith("rules-") for folder in folders
    ):
        yield from _instructions(file)
    elif folders & {"agents", "agent", "chatmodes"} or file.name.lower().endswith((".chatmode.md", ".agent.md")):
        yield from _agent(file, folders)


def _instructions(file: File) -> Iterator[Fact]:
    _, body, line = front_matter(file.text)
    asset = prompt(file, _ID, body, "instructions", line)
    yield asset
    yield owner_edge(Edge.USES, asset.key, asset.evidence, role="instructions")


def _command(file: File) -> Iterator[Fact]:
    if file.name.lower().endswith(".toml"):
        text = toml_table(file).get("prompt")
        body, tools = (text if isinstance(text, str) else ""), Node(None, 0)
    else:
        front, body, _ = front_matter(file.text)
        tools = named(front, "allowed-tools", "tools")
    if not body.strip():
        return
    asset = prompt(file, _ID, body, "user")
    asset = Asset(asset.key, asset.kind, asset.name, asset.attributes | _tools(tools), asset.evidence)
    yield asset
    yield owner_edge(Edge.USES, asset.key, asset.evidence, role="user")


def _skill(file: File) -> Iterator[Fact]:
    front, body, _ = front_matter(file.text)
    name, description = front.get("name"), front.get("description")
    if not name.text or not description.text:
        return
    inner = prompt(file, _ID, body, "instructions").attributes
    attributes: Attributes = {
        "path": file.path,
        "description_length": len(description.text),
        "length": inner["length"],
        "digest": inner["digest"],
        **_tools(named(front, "allowed-tools", "tools")),
    }
    seen = file.evidence(_ID, name.line)
    asset = Asset(file.urn(Kind.SKILL, file.path), Kind.SKILL, name.text, attributes, seen)
    yield asset
    yield owner_edge(Edge.USES, asset.key, seen)


def _agent(file: File, folders: set[str]) -> Iterator[Fact]:
    front, body, line = front_matter(file.text)
    framework = next((one for folder, one in _FRAMEWORKS.items() if folder in folders), "")
    tools, model = named(front, "tools", "permission"), front.get("model")
    suffix = file.name.lower().endswith((".chatmode.md", ".agent.md"))
    described = bool(front.get("description").text)
    # Outside a tool's own folder (a plugin's agents/), only what speaks like an agent definition is one.
    if not described or not (framework or suffix or (front.get("name").text and (tools.line or model.line))):
        return
    stem = re.sub(r"(?:\.(?:chatmode|agent))?\.md$", "", file.name, flags=re.IGNORECASE)
    name = front.get("name").text or stem
    seen = file.evidence(_ID, front.get("name").line or front.line or 1)
    attributes: Attributes = {"framework": framework or "claude-code", **_tools(tools)}
    listed = attributes.get("tools")
    if isinstance(tools.value, dict):  # opencode switches tools off one by one; the rest stay on
        if tools.get("bash").line:
            attributes["code_execution"] = tools.get("bash").value not in (False, "deny")
    elif isinstance(listed, list):
        # Without a list an agent has whatever the session has, which this file does not say.
        attributes["code_execution"] = "*" in listed or any(_RUNS_CODE.match(tool) for tool in listed)
    if front.get("permissionMode").text == "bypassPermissions":
        attributes["approval"] = False
    turns = named(front, "maxTurns", "max_turns", "steps").value
    if isinstance(turns, int) and not isinstance(turns, bool):
        attributes["max_turns"] = turns
    agent = Asset(file.urn(Kind.AGENT, file.path), Kind.AGENT, name, attributes, seen)
    yield agent
    yield owner_edge(Edge.USES, agent.key, seen)
    if body.strip():
        system = prompt(file, _ID, body, "system", line)
        yield system
        yield edge(agent.key, Edge.USES, system.key, system.evidence, role="system")
    chosen = facts.known_model(model.text, file.evidence(_ID, model.line))
    if chosen:
        yield chosen
        yield edge(agent.key, Edge.USES, chosen.key, chosen.evidence)


def _tools(node: Node) -> Attributes:
    """The tools that a definition allows, as it names them; nothing when it does not say."""
    if not node.line:
        return {}
    if isinstance(node.value, dict):  # opencode: name to true, false, "allow", "ask" or "deny"
        return {"tools": [name for name, one in node.entries() if one.value not in (False, "deny")]}
    if isinstance(node.value, str):
        # Separated by commas or spaces; those inside parentheses belong to one tool: Bash(git add:*, git commit:*).
        return {"tools": re.findall(r"[^\s,()]+(?:\([^()]*\))?", node.value[:20_000])}
    return {"tools": texts(node)}
