"""Exports: what a file lets others import, by ES modules' statements and by CommonJS's `module.exports`."""

from tree_sitter import Node

from backstay.code.facts import Assign, Do, Expr, Import, Lit, Map, Name, Statement
from backstay.code.languages.javascript.expressions import Expressions
from backstay.code.languages.javascript.reader import FUNCTIONS, bare, children

_CLASSES = ("class", "class_declaration", "abstract_class_declaration")
_DECLARED = ("function_declaration", "generator_function_declaration")


class Exports(Expressions):
    """Reads exports."""

    def _statement(self, node: Node, depth: int, out: list[Statement]) -> None:
        raise NotImplementedError

    def _export(self, node: Node, depth: int, out: list[Statement]) -> None:
        source = node.child_by_field_name("source")
        declaration = node.child_by_field_name("declaration")
        value = node.child_by_field_name("value")
        by_default = any(child.type in ("default", "=") for child in node.children)
        if source is not None:
            self._reexport(node, self._text(source)[1:-1], out)
        elif declaration is not None and declaration.type in _CLASSES:
            name = self._text(declaration.child_by_field_name("name"))
            self.cls(declaration, name or "default", depth, out, self._decorators(node, depth))
            if by_default and name:
                self._alias_default(name, node, out)
        elif declaration is not None:
            name = self._text(declaration.child_by_field_name("name")) if by_default else ""
            self._statement(declaration, depth + 1, out)
            if name:
                self._alias_default(name, node, out)
        elif value is not None or by_default:
            given = value if value is not None else next(iter(reversed(children(node))), None)
            if given is not None:
                self.export("default", given, depth, out)
        else:
            for clause in node.named_children:
                if clause.type == "export_clause":
                    self._exported_names(clause, out)

    def _alias_default(self, name: str, node: Node, out: list[Statement]) -> None:
        line = self._line(node)
        self._assign(out, Name("default", line), Name(name, line), line)

    def _reexport(self, node: Node, module: str, out: list[Statement]) -> None:
        line = self._line(node)
        named = False
        for child in node.named_children:
            if child.type == "export_clause":
                named = True
                for part in children(child):
                    name, alias = self._specifier(part)
                    self._emit(out, Import(module, name, alias, 0, self._line(part)))
            elif child.type == "namespace_export":
                named = True
                for name_node in children(child)[:1]:
                    self._emit(out, Import(module, "", self._text(name_node).strip("\"'"), 0, line))
        if not named:
            self._emit(out, Import(module, "*", "", 0, line))

    def _exported_names(self, clause: Node, out: list[Statement]) -> None:
        for part in children(clause):
            name, alias = self._specifier(part)
            line = self._line(part)
            if alias and alias != name:
                self._words.add(name)
                self._assign(out, Name(alias, line), Name(name, line), line)

    def _specifier(self, part: Node) -> tuple[str, str]:
        """Name and alias of one import or export; no alias where it is the name."""
        name = self._text(part.child_by_field_name("name")).strip("\"'")
        alias = self._text(part.child_by_field_name("alias")).strip("\"'")
        return name, "" if alias == name else alias

    def exported(self, target: Node) -> str | None:
        """The name that an assignment to `module.exports`, `exports.name` and the like exports."""
        if target.type == "identifier" and self._text(target) == "exports":
            return "default"
        if target.type != "member_expression" or target.end_byte > target.start_byte + 200:
            return None
        text = self._text(target)
        if text in ("module.exports", "exports.default", "module.exports.default"):
            return "default"
        for prefix in ("exports.", "module.exports."):
            name = text.removeprefix(prefix)
            if name != text and name.isidentifier():
                return name
        return None

    def export(self, name: str, value: Node, depth: int, out: list[Statement]) -> None:
        """Makes a value importable by a name; what an object literal that is exported holds, too, by its keys."""
        line = self._line(value)
        inner = bare(value)
        while inner is not None and inner.type == "assignment_expression":  # module.exports = exports = value
            left = inner.child_by_field_name("left")
            if left is None or self.exported(left) is None:
                break
            inner = bare(inner.child_by_field_name("right"))
        if inner is None:
            return
        if inner.type in FUNCTIONS or inner.type in _CLASSES or inner.type in _DECLARED:
            own = self._text(inner.child_by_field_name("name")) or name
            if inner.type in _CLASSES:
                self.cls(inner, own, depth, out, [])
            else:
                self._emit(out, self.function(inner, own, depth))
            if own != name:
                self._assign(out, Name(name, line), Name(own, line), line)
            return
        module = self.required(inner)
        if module is not None and name == "default":
            self._emit(out, Import(module, "*", "", 0, line))
        given = self.expr(inner, depth)
        if isinstance(given, Map) and name == "default":
            given = self._spelled(given, out)
        if isinstance(given, Name) and given.id == name:
            self._emit(out, Do(given, "", line))
            return
        self._assign(out, Name(name, line), given, line)

    def _spelled(self, given: Map, out: list[Statement]) -> Expr:
        """An exported object; each of its values gets the name it is exported by."""
        values: list[Expr] = []
        for key, value in zip(given.keys, given.values, strict=True):
            word = key.value if isinstance(key, Lit) and isinstance(key.value, str) else ""
            if not word.isidentifier() or (isinstance(value, Name) and value.id == word):
                values.append(value)
                continue
            self._emit(out, Assign(Name(word, value.line), value, None, "=", value.line, self._branch))
            values.append(Name(word, value.line))
        return Map(given.keys, values, given.line)
