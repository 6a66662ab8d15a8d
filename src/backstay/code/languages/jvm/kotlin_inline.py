"""Lambdas that run in place: Kotlin's scope functions, and blocks that set up what they are given to."""

import tree_sitter

from backstay.code.facts import Assign, Attr, Call, Do, Expr, Lit, Map, Name, Opaque, Seq
from backstay.code.languages.jvm.chains import Link, is_path
from backstay.code.languages.jvm.kotlin_expressions import STATEMENTS, KotlinExpressions, literal_of
from backstay.code.languages.jvm.kotlin_scopes import COLLECTIONS, PAIRS, RUNNING, SCOPES, TAKING
from backstay.code.languages.jvm.reader import Local
from backstay.code.languages.jvm.texts import joined

MAX_SET = 200  # settings taken from one block


class KotlinInline(KotlinExpressions):
    """Reads such lambdas as statements of the code around them."""

    def _scoped(self, value: Expr, link: Link, depth: int) -> Expr | None:
        name = link.name
        literal = literal_of(link.nodes[-1]) if name in SCOPES and link.nodes else None
        if literal is None:
            return None
        bare = isinstance(value, Name) and value.id == name and value.line == link.line
        others = Link(name, True, link.line, link.end, link.nodes[:-1])
        if name == "apply":
            return None if bare else self._applied(value, literal, depth)
        if name == "buildString" and bare:
            return self._built_text(literal, link, depth)
        if name in ("buildList", "buildSet") and bare:
            return self._built_list(literal, depth)
        if name in TAKING:
            receiver: Expr | None = value
            if name == "also" and not bare and not is_path(value):
                receiver = value = self._named(value, literal)
            if bare:  # with(x) { }
                args, _ = self._given(others, depth)
                receiver = args[0] if name == "with" and args else None
            result = self._inlined(literal, receiver, depth, takes=name != "with")
            if name != "also" or bare:
                return result
            if not isinstance(result, Name | Lit):
                self._before.append(Do(result, "", link.line))
            return value
        if name in RUNNING:
            args, keywords = self._given(others, depth)
            if args or keywords:
                called = Call(Name(name, link.line), args, keywords, link.line, link.end)
                self._before.append(Do(called, "", link.line))
            return self._inlined(literal, None, depth, takes=False)
        return None

    def _named(self, value: Expr, node: tree_sitter.Node) -> Name:
        """A name for a value that is used more than once."""
        line = self._line(node)
        name = Name(self._synthetic(node, "object"), line)
        self._before.append(Assign(name, value, None, "=", line, self._branch))
        return name

    def _inlined(self, node: tree_sitter.Node, receiver: Expr | None, depth: int, takes: bool) -> Expr:
        """The value of a lambda that runs here; its statements are said before. `takes`: it is given `receiver`."""
        names, statements = self._parts(node)
        line = self._line(node)
        with self._block() as block:
            if receiver is not None and takes:
                name = names[0] if names else "it"
                if isinstance(receiver, Name):
                    block[name] = Local(receiver.id, level=self._level)
                else:
                    local = self._declare(name, emitted=self._synthetic(node, name))
                    self._before.append(Assign(Name(local.name, line), receiver, None, "=", line, self._branch))
            elif receiver is not None:
                self._before.append(Do(receiver, "", line))
            for child in statements[:-1]:
                self._statement(child, depth, self._before)
            for child in statements[-1:]:
                if child.type not in STATEMENTS:
                    return self.expr(child, depth)
                self._statement(child, depth, self._before)
        return Opaque([], line)

    def _applied(self, value: Expr, literal: tree_sitter.Node, depth: int) -> Expr:
        """`X().apply { a = 1; b(2) }`: what the block sets become keywords; on a variable they are set on that."""
        found, rest = self._settings(literal, depth, plain=False)
        if isinstance(value, Call):
            self._kept.append(value)
            for name, given in found:
                self._put(value, name, [given], given.line)
        else:
            if not is_path(value):
                value = self._named(value, literal)
            for name, given in found:
                target = Attr(value, name, given.line)
                self._before.append(Assign(target, given, None, "=", given.line, self._branch))
        with self._block():
            for child in rest:
                self._statement(child, depth, self._before)
        return value

    def _received(self, node: tree_sitter.Node, depth: int, plain: bool) -> tuple[list[tuple[str, Expr]], bool]:
        literal = literal_of(node)
        if literal is None:
            return [], False
        found, rest = self._settings(literal, depth, plain)
        return found, not rest

    def _settings(
        self, literal: tree_sitter.Node, depth: int, plain: bool
    ) -> tuple[list[tuple[str, Expr]], list[tree_sitter.Node]]:
        """What a block sets on the object it is given to, as name and value; and its other statements.

        `plain`: only values that call nothing, as the block is read as a function as well.
        """
        names, statements = self._parts(literal)
        if names:
            return [], statements
        holder = Call(Name("", 0), [], [], 0, 0)
        self._kept.append(holder)
        rest: list[tree_sitter.Node] = []
        for child in statements:
            if len(holder.keywords) >= MAX_SET or not self._setting(child, holder, depth, plain):
                rest.append(child)
        return holder.keywords, rest

    def _setting(self, node: tree_sitter.Node, holder: Call, depth: int, plain: bool) -> bool:
        if node.type == "assignment":
            left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
            sign = self._text(node.child_by_field_name("operator"))
            if left is None or right is None or sign != "=" or (plain and not self._is_plain(right)):
                return False
            inner = left.named_children
            if left.type == "navigation_expression" and len(inner) == 2 and inner[0].type == "this_expression":
                left = inner[1]
            if left.type != "identifier":
                return False
            name = self._ident(left)
            self._put(holder, self._word(name), [self.expr(right, depth)], self._line(node))
            return True
        if node.type != "call_expression" or not node.named_children:
            return False
        callee, given = node.named_children[0], [one for one in node.named_children if one.type == "value_arguments"]
        lambdas = [one for one in node.named_children if one.type == "annotated_lambda"]
        if callee.type == "call_expression" and lambdas:
            return False
        name = self._ident(callee)
        if callee.type != "identifier" or not self._is_receivers(name) or name in COLLECTIONS | PAIRS | SCOPES:
            return False
        if plain and (lambdas or not given or not given[0].named_child_count or not self._is_plain(given[0])):
            return False
        if lambdas and not given:
            found, whole = self._received(lambdas[0], depth, plain=False)
            if not whole or not found:
                return False
            line = self._line(node)
            keys: list[Expr | None] = [Lit(one, line) for one, _ in found]
            self._put(holder, self._word(name), [Map(keys, [value for _, value in found], line)], line)
            return True
        nodes = tuple(one for part in given for one in part.named_children if one.type == "value_argument")
        self._set(holder, Link(name, True, self._line(node), self._end(node), (*nodes, *lambdas)), depth)
        return True

    def _is_receivers(self, name: str) -> bool:
        """Whether a bare name in such a block is a member of the object: nothing else in the file goes by it."""
        if not name[:1].islower() or name in self._fixed or self._local(name) is not None:
            return False
        return isinstance(self._resolved(name, 0), Name)

    def _is_plain(self, node: tree_sitter.Node) -> bool:
        """Whether nothing is called in an expression."""
        stack = [node]
        while stack:
            one = stack.pop()
            if one.type in ("call_expression", "lambda_literal", "object_literal"):
                return False
            stack.extend(one.named_children)
        return True

    def _built_text(self, literal: tree_sitter.Node, link: Link, depth: int) -> Expr:
        """`buildString { append(a); appendLine(b) }` is the text of what is appended."""
        parts: list[Expr] = []
        for child in self._parts(literal)[1]:
            inner = child.named_children
            name = self._ident(inner[0]) if child.type == "call_expression" and inner else ""
            if name in ("append", "appendLine"):
                nodes = tuple(one for part in inner[1:] for one in part.named_children if one.type == "value_argument")
                args, _ = self._given(Link(name, True, self._line(child), self._end(child), nodes), depth)
                parts += args[:1]
                if name == "appendLine":
                    parts.append(Lit("\n", self._line(child)))
            else:
                self._statement(child, depth, self._before)
        return joined(parts, link.line, link.end)

    def _built_list(self, literal: tree_sitter.Node, depth: int) -> Expr:
        items: list[Expr] = []
        for child in self._parts(literal)[1]:
            inner = child.named_children
            if child.type == "call_expression" and inner and self._ident(inner[0]) == "add":
                nodes = tuple(one for part in inner[1:] for one in part.named_children if one.type == "value_argument")
                items += self._given(Link("add", True, self._line(child), self._end(child), nodes), depth)[0][:1]
            else:
                self._statement(child, depth, self._before)
        return Seq(items, self._line(literal))
