"""Detector of prompts kept in files: prompt formats, promptfoo evaluations, and texts in folders made for prompts."""

import re
from collections.abc import Iterator

from backstay.detectors.support import facts
from backstay.detectors.support.facts import owner_edge
from backstay.detectors.support.genaiscript import SUFFIXES as _SCRIPTS
from backstay.detectors.support.genaiscript import prompts_in
from backstay.detectors.support.promptfoo import promptfoo_facts
from backstay.detectors.support.prompts import looks_like_prompt, prompt
from backstay.detectors.support.reading import document, front_matter, named
from backstay.documents import Node
from backstay.model import Asset, Kind, Value
from backstay.model import RelationshipKind as Edge
from backstay.plugin import Fact, File, Selector, UnreadableError, detector

_ID = "prompt-files"
_FORMATS = (".prompt", ".prompty", ".prompt.md", ".prompt.txt")
_DOCUMENTS = (".yaml", ".yml", ".json")
_TEMPLATES = (".jinja", ".jinja2", ".j2", ".hbs", ".handlebars", ".mustache", ".liquid", ".tmpl", ".tpl")
_TEXTS = (".md", ".txt", ".text", ".xml", ".mdx")
_FOLDERS = frozenset(
    {
        "prompts",
        "prompt",
        "prompt_templates",
        "prompt-templates",
        "prompttemplates",
        "system_prompts",
        "system-prompts",
        "systemprompts",
    }
)
# Instructions and commands of coding agents lie in such folders too and are found by their own detector.
_ELSEWHERE = frozenset({".claude", ".cursor", ".codex", ".opencode", ".gemini", ".kiro", ".roo", "node_modules"})
_NOT_PROMPTS = re.compile(r"(?:readme|index|changelog|license|contributing|toc|sources|requirements)\b", re.IGNORECASE)
_PROMPT_STEM = re.compile(
    r"(?:\A|[_.-])(?:sk)?prompts?(?:\Z|[_.-])|prompt_?template|\Asystem[_-]?message\Z", re.IGNORECASE
)
# Where people write about their prompts.
_ABOUT = re.compile(r"(?:\A|[-_.])(?:docs?|documentation|designs?|rfcs?|adrs?|proposals?|plans)(?:\Z|[-_.])")
_PROMPTFOO = frozenset(
    f"{stem}.{end}" for stem in ("promptfooconfig", "promptfoo", "promptfoo.config") for end in ("yaml", "yml", "json")
)

_SELECTOR = Selector(
    suffixes=(*_FORMATS, *_SCRIPTS),
    names=_PROMPTFOO,
    paths=(
        *(f"**/{folder}/**" for folder in sorted(_FOLDERS)),
        "**/*prompt*.*",
        "**/system_message.*",
        "**/system-message.*",
    ),
    contains=(b'"_type": "prompt"', b"_type: prompt", b'"_type": "few_shot"', b'"ChatPromptTemplate"'),
    within=_DOCUMENTS,
)


@detector(_SELECTOR, Kind.PROMPT, Kind.MODEL, Kind.PIPELINE)
def detect(file: File) -> Iterator[Fact]:
    name = file.name.lower()
    folders = set(file.folder.lower().split("/"))
    if file.binary or folders & _ELSEWHERE:
        return
    if name in _PROMPTFOO:
        yield from promptfoo_facts(file, _ID)
    elif name.endswith(_SCRIPTS):
        yield from _script(file)
    elif name.endswith(_FORMATS):
        yield from _format(file)
    elif name.endswith(_DOCUMENTS):
        yield from _document(file, bool(folders & _FOLDERS))
    elif (
        (folders & _FOLDERS or _PROMPT_STEM.search(name.partition(".")[0]))
        and name.endswith((*_TEMPLATES, *_TEXTS))
        and not _NOT_PROMPTS.match(name)
        and (folders & _FOLDERS or not any(_ABOUT.search(folder) for folder in folders))
        and looks_like_prompt(file.text)
    ):
        yield from _text(file)


def _format(file: File) -> Iterator[Fact]:
    """dotprompt, Prompty and editors' prompt files: front matter with a model above the text."""
    front, body, line = front_matter(file.text)
    if len(body.strip()) < 3:
        return
    role = (
        "system" if re.search(r"^\s*(?:system:|\{\{role \"system\"\}\}|<system>)", body, re.MULTILINE) else "template"
    )
    if file.name.lower().endswith(".prompt.md"):
        role = "user"
    yield from _prompt(file, body, role, line)
    yield from _model(file, front)


def _script(file: File) -> Iterator[Fact]:
    """A script whose texts are prompts: each by what its answer is called, the script's own by the script."""
    seen: set[str] = set()
    for name, text, line in prompts_in(file.text):
        local = f"{name}:{line}" if name in seen else name
        seen.add(name)
        if len(text.strip()) >= 3:
            yield from _prompt(file, text, "template", line, local)


def _text(file: File) -> Iterator[Fact]:
    front, body, line = front_matter(file.text)
    stem = file.name.lower()
    role = "system" if "system" in stem else "user" if stem.startswith("user") else "template"
    yield from _prompt(file, body, role, line)
    yield from _model(file, front)


def _document(file: File, in_folder: bool) -> Iterator[Fact]:
    prompt_name = bool(_PROMPT_STEM.search(re.sub(r"\.(?:json|ya?ml)\Z", "", file.name.lower())))
    try:
        roots = document(file)
    except UnreadableError:
        if prompt_name:
            raise
        return  # templates of YAML and other texts lie beside prompts; nothing says this one is ours
    for root in roots:
        if root.get("_type").text in ("prompt", "few_shot", "chat", "chat_prompt"):
            yield from _langchain(file, root)
        elif root.get("id").line and [one.text for one in root.get("id").elements()][:2] == ["langchain", "prompts"]:
            yield from _serialised(file, root)
        elif root.get("messages").line and (in_folder or prompt_name) and any(_messages(root.get("messages"))):
            yield from _chat(file, root)
            yield from _model(file, root)
        elif in_folder or prompt_name:
            yield from _members(file, root)
            yield from _model(file, root)


def _langchain(file: File, root: Node) -> Iterator[Fact]:
    parts = [root.get(key) for key in ("template", "prefix", "suffix") if root.get(key).text]
    text = "\n".join(part.text for part in parts)
    if text:
        yield from _prompt(file, text, "template", parts[0].line)


def _serialised(file: File, root: Node) -> Iterator[Fact]:
    """LangChain's own serialisation: message templates nested in constructor arguments."""
    texts: list[str] = []
    roles: set[str] = set()
    stack = [root]
    while stack and len(texts) < 200:
        node = stack.pop()
        kind = node.get("id").get(-1).text
        if kind.startswith("System"):
            roles.add("system")
        if node.get("kwargs", "template").text:
            texts.append(node.get("kwargs", "template").text)
        stack += [one for _, one in node.entries()] + list(node.elements())
    if texts:
        yield from _prompt(file, "\n".join(reversed(texts)), "system" if roles else "template", root.line)


def _messages(node: Node) -> list[tuple[str, Node]]:
    return [
        (one.get("role").text, one.get("content"))
        for one in node.elements()
        if one.get("role").text and one.get("content").text
    ]


def _chat(file: File, root: Node) -> Iterator[Fact]:
    found = _messages(root.get("messages"))
    role = "system" if any(role in ("system", "developer") for role, _ in found) else "template"
    yield from _prompt(file, "\n".join(content.text for _, content in found), role, found[0][1].line)


# What a document calls the text of a prompt; under these any text of some length is one.
_KEYS = re.compile(
    r"(?:[\w-]{0,60}[_-])?(?:prompt|system|instructions?|template|system_?message|user_?(?:prompt|message)|prompt_?template)\Z",
    re.IGNORECASE,
)


def _is_prompt(key: str, text: str) -> bool:
    if key.lower().startswith("desc") or len(text) < 20:
        return False
    # A dialog's "Delete this file?" is a prompt to a person; without a cue only length and lines tell.
    long = len(text) >= 120 or "\n" in text.strip()
    return looks_like_prompt(text) or (long and bool(_KEYS.match(key)))


def _members(file: File, root: Node) -> Iterator[Fact]:
    """A mapping of names to prompts, or one prompt with settings around it."""
    found: list[tuple[str, Node]] = []
    stack: list[tuple[str, Node, int]] = [("", root, 0)]
    while stack and len(found) < 500:
        path, node, depth = stack.pop()
        for key, one in node.entries():
            local = f"{path}.{key}" if path else key
            if one.text:
                if _is_prompt(key, one.text):
                    found.append((local, one))
            elif isinstance(one.value, dict) and depth < 4:
                stack.append((local, one, depth + 1))
    for local, node in sorted(found, key=lambda pair: pair[1].line):
        role = "system" if "system" in local.lower() else "user" if "user" in local.lower() else "template"
        yield from _prompt(file, node.text, role, node.line, "" if len(found) == 1 else local)


def _prompt(file: File, text: str, role: str, line: int, local: str = "") -> Iterator[Fact]:
    asset = prompt(file, _ID, text, role, line, local)
    yield asset
    yield owner_edge(Edge.USES, asset.key, asset.evidence, role=role)


def _model(file: File, front: Node) -> Iterator[Fact]:
    """The model that a prompt's settings name, and what they allow it."""
    model = front.get("model")
    configuration = model.get("configuration")
    node = model if model.text else named(configuration, "azure_deployment", "model", "name", "type")
    node = node if node.text else named(model, "id", "name")
    asset: Asset | None = facts.known_model(node.text, file.evidence(_ID, node.line))
    if asset is None:
        return
    yield asset
    settings = next(
        (one for one in (model.get("parameters"), front.get("modelParameters"), front.get("config")) if one.line),
        front,
    )
    attributes: dict[str, Value] = {}
    for name, keys in _SETTINGS.items():
        value = named(settings, *keys).value
        if isinstance(value, int | float) and not isinstance(value, bool):
            attributes[name] = value
    yield owner_edge(Edge.USES, asset.key, asset.evidence, **attributes)


_SETTINGS = {
    "max_tokens": ("max_tokens", "maxTokens", "maxOutputTokens", "max_completion_tokens", "maxCompletionTokens"),
    "temperature": ("temperature",),
}
