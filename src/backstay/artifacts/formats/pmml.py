"""PMML: reads the Predictive Model Markup Language for what its parser and its evaluator would do.

From PMML 4.4 (dmg.org) and JPMML-Evaluator, which takes a function's name with dots in it for a Java class to load.
"""

import re

from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam
from backstay.artifacts.format import Candidate, Format
from backstay.artifacts.report import Sign
from backstay.artifacts.weights.texts import judge
from backstay.artifacts.xml import Element, elements, root

# Packages whose classes are no functions of a model: the class's own initialisation would run.
_HARMFUL = (
    "java.", "javax.", "jdk.", "sun.", "com.sun.", "groovy.", "org.codehaus.groovy.", "org.springframework.",
    "org.apache.commons.collections", "bsh.", "org.python.", "org.mozilla.javascript",
)  # fmt: skip
_MOST_NAMES = 200
_HARMLESS = re.compile(r"[\w.+\- ]{0,23}")  # numbers and names, of which a forest has millions


def _matches(candidate: Candidate) -> bool:
    name = root(candidate.head[:16_384])
    return name == "PMML" or (name != "" and b"dmg.org/PMML-" in candidate.head[:4096])


def _read(content: Content, exam: Exam) -> None:
    reader = _Reader(exam)
    try:
        for element in elements(content, exam):
            reader.element(element)
    finally:
        reader.report()


class _Reader:
    def __init__(self, exam: Exam) -> None:
        self.exam = exam
        self._models: dict[str, None] = {}
        self._inputs: dict[str, None] = {}
        self._outputs: dict[str, None] = {}
        self._functions: set[str] = set()

    def element(self, element: Element) -> None:
        name, attributes = element.name, element.attributes
        if not element.path:
            self.exam.fact("framework", "PMML")
            self.exam.fact("framework_version", attributes.get("version", ""))
        elif len(element.path) == 1 and name.endswith(("Model", "Network", "MiningModel")):
            self._models[name] = None
            self.exam.declare("name", attributes.get("modelName", ""))
        elif name == "Application":
            self.exam.fact("producer", " ".join(filter(None, (attributes.get("name"), attributes.get("version")))))
        elif name == "MiningField" and len(element.path) == 3:
            usage = attributes.get("usageType", "active")
            kept = self._outputs if usage in ("target", "predicted") else self._inputs
            if len(kept) < _MOST_NAMES and usage in ("active", "target", "predicted"):
                kept[attributes.get("name", "")] = None
        elif name in ("Apply", "DefineFunction"):
            self._function(attributes.get("function", ""), element.offset)
        elif name.lower() in ("script", "javascript", "code"):
            message = "an element of code, which PMML does not have: an evaluator with extensions may run it"
            self.exam.note(Sign.CARRIES, name, message, element.offset)
        for key, value in attributes.items():
            if not _HARMLESS.fullmatch(value):
                judge(f"{name}.{key}", value, self.exam, element.offset, "an attribute")
        if not _HARMLESS.fullmatch(element.text) and not element.text.isspace():
            judge(name, element.text, self.exam, element.offset, "an element")

    def _function(self, function: str, at: int) -> None:
        if "." not in function or function in self._functions or len(self._functions) > 1_000:
            return
        self._functions.add(function)
        if function.startswith(_HARMFUL):
            self.exam.note(
                Sign.EXECUTES, function, "a Java class as a function: an evaluator loads and initialises it", at
            )
        elif function.partition(".")[0].isidentifier() and function[-1:] != ".":
            self.exam.note(Sign.UNKNOWN, function, "a Java class as a function: an evaluator loads it", at)

    def report(self) -> None:
        if self._models:
            self.exam.fact("architecture", ", ".join(self._models))
        if self._inputs:
            self.exam.fact("inputs", list(self._inputs))
        if self._outputs:
            self.exam.fact("outputs", list(self._outputs))


FORMAT = Format("pmml", _matches, _read, suffixes=(".pmml",))
