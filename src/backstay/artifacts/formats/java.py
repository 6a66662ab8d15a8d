"""Java serialisation: names the classes in a stream of Java objects, as Weka and older Spark models are.

From the Java Object Serialization Specification, version 6.0: reading such a stream calls methods of the classes it
names, which is how gadget chains run commands. The bytes are searched for class descriptions, which are text.
"""

import re

from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam
from backstay.artifacts.format import Candidate, Format
from backstay.artifacts.report import Sign

_DESCRIPTION = re.compile(rb"[\x72\x7d](?:\x00\x00\x00[\x01-\x08])?([\x00-\x03][\x01-\xff])(?=[A-Za-z_$\[])")
_NAME = re.compile(rb"\[*[A-Za-z_$][A-Za-z0-9_$/]*(?:[.$/][A-Za-z0-9_$]+)*;?")
_WINDOW = 1 << 20
_OVERLAP = 2048
_MOST_CLASSES = 2_000

# Classes that chains are made of: what they reach, and no model holds any of them.
_GADGETS = {
    "org.apache.commons.collections.functors.": "calls methods named in the stream",
    "org.apache.commons.collections4.functors.": "calls methods named in the stream",
    "org.apache.commons.collections.keyvalue.TiedMapEntry": "calls a transformer while it is read",
    "org.apache.commons.collections4.keyvalue.TiedMapEntry": "calls a transformer while it is read",
    "org.apache.commons.collections.map.LazyMap": "calls a transformer while it is read",
    "org.apache.commons.collections4.map.LazyMap": "calls a transformer while it is read",
    "org.apache.commons.collections4.comparators.TransformingComparator": "calls a transformer while it is read",
    "org.apache.commons.beanutils.BeanComparator": "calls methods named in the stream",
    "com.sun.org.apache.xalan.internal.xsltc.trax.TemplatesImpl": "loads classes from the stream",
    "org.apache.xalan.xsltc.trax.TemplatesImpl": "loads classes from the stream",
    "org.codehaus.groovy.runtime.": "calls methods named in the stream",
    "org.springframework.": "calls methods named in the stream",
    "org.hibernate.": "calls methods named in the stream",
    "javax.management.BadAttributeValueExpException": "calls toString of an object while it is read",
    "sun.reflect.annotation.AnnotationInvocationHandler": "calls methods of an object while it is read",
    "com.sun.rowset.JdbcRowSetImpl": "looks up a name on the network",
    "java.rmi.": "opens a connection",
    "sun.rmi.": "opens a connection",
    "javax.naming.": "looks up a name on the network",
    "java.lang.Runtime": "runs commands",
    "java.lang.ProcessBuilder": "runs commands",
    "javax.script.ScriptEngineManager": "runs scripts",
    "java.net.URLClassLoader": "loads classes from an address",
    "bsh.": "runs scripts",
    "clojure.lang.": "calls functions named in the stream",
    "org.mozilla.javascript.": "runs scripts",
    "org.python.": "runs scripts",
    "com.mchange.v2.c3p0.": "loads classes from an address",
    "org.jboss.": "calls methods named in the stream",
    "net.sf.json.JSONObject": "calls methods of an object while it is read",
    "org.apache.click.": "calls methods named in the stream",
    "org.apache.wicket.util.upload.": "writes files",
    "org.apache.commons.fileupload.": "writes files",
    "org.aspectj.weaver.tools.cache.": "writes files",
    "com.rometools.rome.feed.impl.": "calls methods of an object while it is read",
    "com.vaadin.data.util.": "calls methods of an object while it is read",
}
# Packages of the language itself: data, once the classes above are out.
_PLAIN = ("java.lang.", "java.util.", "java.math.", "java.io.", "java.text.", "java.time.", "java.awt.", "java.beans.")


def _matches(candidate: Candidate) -> bool:
    head = candidate.head
    # Object, class, class description, string, array, long string, block data, enumeration, proxy.
    return head[:4] == b"\xac\xed\0\5" and head[4:5] in (b"s", b"v", b"r", b"t", b"u", b"|", b"w", b"z", b"~", b"}")


def _read(content: Content, exam: Exam) -> None:
    exam.fact("framework", "Java")
    classes = _classes(content, exam)
    unknown: list[str] = []
    for name, at in classes.items():
        reason = next((reason for start, reason in _GADGETS.items() if _is_of(name, start)), "")
        if reason:
            exam.note(Sign.EXECUTES, name, f"a class of a known chain in a Java stream: {reason}", at)
        elif not name.startswith(_PLAIN) and "." in name:
            exam.needs(name, "")
            unknown.append(name)
    if "java.net.URL" in classes and "java.util.HashMap" in classes and not unknown:
        message = "addresses as keys of a map: each is looked up on the network while the stream is read"
        exam.note(Sign.EXECUTES, "java.net.URL", message, classes["java.net.URL"])
    for name in unknown[:20]:
        exam.note(Sign.UNKNOWN, name, "a Java class whose methods run while the stream is read", classes[name])
    first = next((name for name in classes if "." in name), "")
    if first.startswith("weka."):
        exam.fact("framework_version", "weka")
        exam.fact("architecture", first.rpartition(".")[2])


def _is_of(name: str, start: str) -> bool:
    return name.startswith(start) if start.endswith(".") else name == start or name.startswith(start + "$")


def _classes(content: Content, exam: Exam) -> dict[str, int]:
    """The names of all classes that may be described in a stream, with where each first stands."""
    found: dict[str, int] = {}
    at = 0
    while at < content.size:
        window = content.read(at, _WINDOW)
        exam.step(1 + len(window) // 64)
        for match in _DESCRIPTION.finditer(window):
            length = int.from_bytes(match[1], "big")
            name = window[match.end() : match.end() + length]
            if len(name) == length and _NAME.fullmatch(name) and len(found) < _MOST_CLASSES:
                found.setdefault(name.decode().lstrip("[").removeprefix("L").rstrip(";"), at + match.start())
        if len(window) < _WINDOW:
            break
        at += _WINDOW - _OVERLAP
    if len(found) >= _MOST_CLASSES:
        exam.gap("too many classes", f"more than {_MOST_CLASSES}")
    return found


FORMAT = Format("java-serialized", _matches, _read, executable=True)
