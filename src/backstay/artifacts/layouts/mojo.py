"""MOJO: reads H2O's model archives, whose loader interprets data and runs nothing of the file's.

From h2o-genmodel (ModelMojoReader) of h2oai/h2o-3: `model.ini` holds facts, columns and domains in sections.
"""

from collections.abc import Sequence

from backstay.artifacts.exam import Exam, StopError
from backstay.artifacts.format import Layout, Member
from backstay.artifacts.report import Sign

_LARGEST = 16 << 20


def _matches(members: dict[str, Member]) -> bool:
    return "model.ini" in members and any(
        name.startswith(("domains/", "experimental/", "trees/"))
        or name.endswith(("parameters.json", "modelDetails.json"))
        for name in members
    )


def _read(members: dict[str, Member], exam: Exam) -> Sequence[str]:
    member = members["model.ini"]
    with exam.inside(member.name) as deeper:
        content = member.open()
        if content.size > _LARGEST:
            raise StopError("too large", f"{content.size} bytes")
        facts, columns = _sections(content.read(0, content.size).decode("utf-8", "replace"), deeper)
        exam.fact("framework", "h2o")
        exam.fact("framework_version", facts.get("h2o_version", ""))
        exam.fact("architecture", facts.get("algorithm", facts.get("algo", "")))
        supervised = facts.get("supervised") == "true"
        exam.fact("inputs", columns[:-1] if supervised else columns)
        if supervised and columns:
            exam.fact("outputs", columns[-1:])
    for name in members:
        if name.endswith((".java", ".class")):
            exam.note(Sign.CARRIES, name, "code of Java beside the model: it runs when somebody compiles or loads it")
    return [member.name]


def _sections(text: str, exam: Exam) -> tuple[dict[str, str], list[str]]:
    facts: dict[str, str] = {}
    columns: list[str] = []
    section = ""
    for line in text.splitlines():
        exam.step()
        plain = line.strip()
        if plain.startswith("[") and plain.endswith("]"):
            section = plain[1:-1]
        elif section == "info" and "=" in plain:
            key, _, value = plain.partition("=")
            if key.strip() in facts:
                exam.note(Sign.DECEIVES, key.strip(), "stands in the facts twice")
            facts[key.strip()] = value.strip()
        elif section == "columns" and plain:
            columns.append(plain)
        elif section == "domains" and plain and _escapes(plain.rpartition(" ")[2]):
            exam.note(
                Sign.ESCAPES, plain.rpartition(" ")[2], "the file of a column's values lies outside of the archive"
            )
    return facts, columns


def _escapes(path: str) -> bool:
    return path.startswith(("/", "\\")) or ".." in path.replace("\\", "/").split("/") or path[1:2] == ":"


LAYOUT = Layout("h2o-mojo", _matches, _read, suffixes=(".mojo",))
