"""Spark ML: reads the metadata of a saved stage, whose class Spark loads by its name.

From DefaultParamsReader in mllib/src/main/scala/org/apache/spark/ml/util/ReadWrite.scala: the class is looked up and
its `read` method is called; bundles of MLeap name their operations without classes.
"""

import re
from typing import Any

from backstay.artifacts.content import Content
from backstay.artifacts.documents import read_json
from backstay.artifacts.exam import Exam
from backstay.artifacts.format import Candidate, Format, Role
from backstay.artifacts.report import Sign

_START = re.compile(rb'\s*\{\s*"(?:class|timestamp|sparkVersion|uid)"\s*:')
_KNOWN = ("org.apache.spark.ml.", "org.apache.spark.mllib.", "pyspark.ml.")
# Packages of the platform itself, none of which is a stage: looking them up runs their initialisation.
_HARMFUL = ("java.", "javax.", "jdk.", "sun.", "com.sun.", "scala.sys.", "groovy.", "org.codehaus.groovy.")


def _matches(candidate: Candidate) -> bool:
    head = candidate.head[:8192]
    return _START.match(head) is not None and b'"sparkVersion"' in head and b'"class"' in head and b'"uid"' in head


def _read(content: Content, exam: Exam) -> None:
    document = read_json(content, exam)
    for key in document.duplicates[:20]:
        exam.note(Sign.DECEIVES, key, "stands in the metadata twice: readers take the first or the last")
    root: Any = document.root
    if not isinstance(root, dict):
        return
    exam.fact("framework", "spark")
    if isinstance(root.get("sparkVersion"), str):
        exam.fact("framework_version", root["sparkVersion"])
    name = root.get("class")
    if not isinstance(name, str):
        return
    exam.needs(name, "")
    if name.startswith(_KNOWN):
        exam.fact("architecture", name.rpartition(".")[2])
    elif name.startswith(_HARMFUL):
        exam.note(Sign.EXECUTES, name, "a class that is no stage of a pipeline: Spark looks it up and initialises it")
    else:
        exam.note(Sign.UNKNOWN, name, "a class of another package, which Spark loads and calls")


FORMAT = Format("spark-ml", _matches, _read, role=Role.COMPANION)
