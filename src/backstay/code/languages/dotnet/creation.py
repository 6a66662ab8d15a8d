"""C# objects and collections: `new`, initialisers, collection expressions, `with`."""

import tree_sitter

from backstay.code.facts import Attr, Call, Either, Expr, Item, Lit, Map, Name, Opaque, Seq, Star, Text
from backstay.code.languages.dotnet.reading import MAX_DEPTH, has_calls, last_name
from backstay.code.languages.dotnet.texts import Texts

_LISTS = frozenset(
    (
        "List", "IList", "IEnumerable", "ICollection", "Collection", "HashSet", "ISet", "Queue", "Stack", "LinkedList",
        "ObservableCollection", "IReadOnlyList", "IReadOnlyCollection", "ReadOnlyCollection", "ImmutableArray",
        "ImmutableList", "SortedSet", "ConcurrentBag", "ConcurrentQueue", "Array", "ArrayList",
    )
)  # fmt: skip
_MAPS = frozenset(
    (
        "Dictionary", "IDictionary", "IReadOnlyDictionary", "SortedDictionary", "ConcurrentDictionary", "SortedList",
        "ImmutableDictionary", "OrderedDictionary", "Hashtable", "FrozenDictionary",
    )
)  # fmt: skip


def element_type(expr: Expr | None) -> Expr | None:
    """The type of a collection's elements, of a dictionary's values."""
    if not isinstance(expr, Item):
        return None
    return expr.index.items[-1] if isinstance(expr.index, Seq) and expr.index.items else expr.index


class Creation(Texts):
    """Reads what makes objects and collections, and the arguments of calls."""

    def _opaque(self, node: tree_sitter.Node, depth: int) -> Expr:
        children = [self.expr(child, depth) for child in node.named_children if child.type != "comment"]
        return Opaque([child for child in children if not isinstance(child, Lit)], self._line(node))

    def _only(self, node: tree_sitter.Node, depth: int, wanted: Expr | None = None) -> Expr:
        inner = [child for child in node.named_children if child.type != "comment"]
        return self.expr(inner[-1], depth, wanted) if inner else Opaque([], self._line(node))

    def _index(self, node: tree_sitter.Node, depth: int) -> Expr:
        args, keywords = self._arguments(node, depth)
        keys = [*args, *(value for _, value in keywords)]
        return keys[0] if len(keys) == 1 else Seq(keys, self._line(node))

    def _arguments(self, node: tree_sitter.Node | None, depth: int) -> tuple[list[Expr], list[tuple[str, Expr]]]:
        args: list[Expr] = []
        keywords: list[tuple[str, Expr]] = []
        for child in node.named_children if node is not None else ():
            if child.type == "comment":
                continue
            if child.type != "argument":
                args.append(self.expr(child, depth))
                continue
            configured = self._configuration(child, depth)
            if configured:
                keywords += configured
                continue
            name = child.child_by_field_name("name")
            values = [one for one in child.named_children if one.type not in ("comment", "modifier")]
            values = [one for one in values if name is None or one.start_byte != name.start_byte]
            if not values:
                continue
            value = self.expr(values[-1], depth)
            if name is not None and name.start_byte != values[-1].start_byte:
                keywords.append((self._text(name), value))
            else:
                args.append(value)
        return args, keywords

    def _configuration(self, node: tree_sitter.Node, depth: int) -> list[tuple[str, Expr]]:
        """What `o => o.P = v` or `o => { o.P = v; ... }` sets on the options that a call makes; else nothing."""
        function = node.named_children[-1] if node.named_children else node
        if function.type != "lambda_expression" or depth > MAX_DEPTH:
            return []
        listed, body = function.child_by_field_name("parameters"), function.child_by_field_name("body")
        if listed is None or body is None:
            return []
        name = self._text(listed).strip("() ")
        statements = [one for one in body.named_children if one.type != "comment"] if body.type == "block" else [body]
        settings: list[tuple[str, tree_sitter.Node]] = []
        for one in statements:
            set_ = one.named_children[0] if one.type == "expression_statement" and one.named_children else one
            left, right = set_.child_by_field_name("left"), set_.child_by_field_name("right")
            if set_.type != "assignment_expression" or left is None or right is None:
                return []
            owner, member = left.child_by_field_name("expression"), left.child_by_field_name("name")
            if left.type != "member_access_expression" or owner is None or self._text(owner) != name:
                return []
            settings.append((self._identifier_text(member), right))
        if not settings:
            return []
        self._locals.enter()
        self._locals.add(name)
        found = [(member, self.expr(value, depth + 1)) for member, value in settings]
        self._locals.leave()
        return found

    def _creation(self, node: tree_sitter.Node, depth: int) -> Expr:
        kind = node.child_by_field_name("type")
        if kind is None:
            return self._opaque(node, depth)
        made = self._type(kind, depth)
        return self._new(node, made, depth)

    def _implicit_creation(self, node: tree_sitter.Node, depth: int, wanted: Expr | None) -> Expr:
        return self._new(node, wanted if wanted is not None else Name("new", self._line(node)), depth)

    def _new(self, node: tree_sitter.Node, kind: Expr, depth: int) -> Expr:
        line, end = self._line(node), self._end(node)
        arguments = initializer = None
        for child in node.named_children:
            if child.type == "argument_list":
                arguments = child
            elif child.type == "initializer_expression":
                initializer = child
        args, keywords = self._arguments(arguments, depth)
        name = last_name(kind)
        if name in _LISTS:
            items = [Star(arg, line) for arg in args if not isinstance(arg, Lit)]
            return Seq([*items, *(self._elements(initializer, depth, element_type(kind)))], line)
        if name in _MAPS:
            base = [arg for arg in args if not isinstance(arg, Lit) and "Comparer" not in _head(arg)]
            keys, values = self._entries(initializer, depth, element_type(kind))
            return Map([*(None for _ in base), *keys], [*base, *values], line)
        if name == "StringBuilder":
            return Text([arg for arg in args if not isinstance(arg, Lit) or isinstance(arg.value, str)], line, end)
        if isinstance(kind, Item):
            inner = kind.index.items if isinstance(kind.index, Seq) else [kind.index]
            keywords += [(f"<{index}>", one) for index, one in enumerate(inner)]
            kind = kind.value
        if initializer is not None:
            keywords += self._initialised(initializer, depth)
        if isinstance(kind, Name) and kind.id == "new":  # of a type that only the callee knows
            if keywords and not args and not any(name.startswith("<") for name, _ in keywords):
                return Map([Lit(name, line) for name, _ in keywords], [value for _, value in keywords], line)
            if len(args) > 1 and not keywords:
                return Seq(args, line)
        return Call(kind, args, keywords, line, end)

    def _initialised(self, node: tree_sitter.Node, depth: int) -> list[tuple[str, Expr]]:
        """What an object initialiser sets: properties by name, elements as `<items>`, indexed ones as `<entries>`."""
        line = self._line(node)
        keywords: list[tuple[str, Expr]] = []
        items: list[Expr] = []
        for child in node.named_children:
            left = child.child_by_field_name("left") if child.type == "assignment_expression" else None
            if child.type == "comment" or (left is not None and left.type != "identifier"):
                continue
            if left is None:
                if child.type != "initializer_expression":
                    items.append(self.expr(child, depth))
                continue
            right = child.child_by_field_name("right")
            if right is not None:
                keywords.append((self._identifier_text(left), self.expr(right, depth)))
        if items:
            keywords.append(("<items>", Seq(items, line)))
        keys, values = self._entries(node, depth, None)
        if keys:
            keywords.append(("<entries>", Map(keys, values, line)))
        return keywords

    def _entries(
        self, node: tree_sitter.Node | None, depth: int, wanted: Expr | None
    ) -> tuple[list[Expr | None], list[Expr]]:
        """`{ key, value }` and `[key] = value` of an initialiser."""
        keys: list[Expr | None] = []
        values: list[Expr] = []
        for child in node.named_children if node is not None else ():
            if child.type == "initializer_expression":
                pair = [one for one in child.named_children if one.type != "comment"]
                if len(pair) == 2:
                    keys.append(self.expr(pair[0], depth))
                    values.append(self.expr(pair[1], depth, wanted))
            elif child.type == "assignment_expression":
                left, right = child.child_by_field_name("left"), child.child_by_field_name("right")
                if left is not None and right is not None and left.type == "element_binding_expression":
                    keys.append(self._index(left, depth))
                    values.append(self.expr(right, depth, wanted))
        return keys, values

    def _elements(self, node: tree_sitter.Node | None, depth: int, wanted: Expr | None) -> list[Expr]:
        children = node.named_children if node is not None else []
        return [self.expr(child, depth, wanted) for child in children if child.type != "comment"]

    def _initializer(self, node: tree_sitter.Node, depth: int, wanted: Expr | None) -> Expr:
        """`{ ... }` without `new`: properties of an object that is there, or the elements of an array."""
        children = [child for child in node.named_children if child.type != "comment"]
        if children and all(child.type == "assignment_expression" for child in children):
            line = self._line(node)
            named = [pair for pair in self._initialised(node, depth) if not pair[0].startswith("<")]
            keys, values = self._entries(node, depth, None)
            return Map([*(Lit(name, line) for name, _ in named), *keys], [*(one for _, one in named), *values], line)
        return Seq(self._elements(node, depth, element_type(wanted)), self._line(node))

    def _array(self, node: tree_sitter.Node, depth: int) -> Expr:
        kind = node.child_by_field_name("type")
        wanted = element_type(self._type(kind, depth)) if kind is not None else None
        for child in node.named_children:
            if child.type == "initializer_expression":
                return Seq(self._elements(child, depth, wanted), self._line(node))
        return Opaque([], self._line(node))

    def _collection(self, node: tree_sitter.Node, depth: int, wanted: Expr | None) -> Expr:
        items: list[Expr] = []
        for element in node.named_children:
            inner = element.named_children[0] if element.type == "collection_element" else element
            if inner.type == "comment":
                continue
            value = self._only(inner, depth, element_type(wanted)) if inner.named_children else self.expr(inner, depth)
            items.append(Star(value, self._line(inner)) if inner.type == "spread_element" else value)
        return Seq(items, self._line(node))

    def _anonymous(self, node: tree_sitter.Node, depth: int) -> Expr:
        """`new { A = 1, x.B }`."""
        line = self._line(node)
        keys: list[Expr | None] = []
        values: list[Expr] = []
        name = ""
        children = [child for child in node.children if child.type not in ("comment", "new", "{", "}", ",")]
        for index, child in enumerate(children):
            if child.type == "=":
                continue
            if index + 1 < len(children) and children[index + 1].type == "=":
                name = self._text(child)
                continue
            value = self.expr(child, depth)
            keys.append(Lit(name or last_name(value), line))
            values.append(value)
            name = ""
        return Map(keys, values, line)

    def _with(self, node: tree_sitter.Node, depth: int) -> Expr:
        """`x with { P = v }`: what made x with other properties, where that is known; else x."""
        line = self._line(node)
        children = [child for child in node.named_children if child.type != "comment"]
        if not children:
            return Opaque([], line)
        value = self.expr(children[0], depth)
        changes: list[tuple[str, Expr]] = []
        for child in children[1:]:
            inner = [one for one in child.named_children if one.type != "comment"]
            if child.type == "with_initializer" and len(inner) == 2:
                changes.append((self._identifier_text(inner[0]), self.expr(inner[1], depth)))
            elif child.type == "initializer_expression":
                changes += self._initialised(child, depth)
        made = self._made.get(value.id) if isinstance(value, Name) else None
        if isinstance(made, Call):
            # What calls something is not said twice.
            changed = {name for name, _ in changes}
            kept = [pair for pair in made.keywords if pair[0] not in changed and not has_calls(pair[1])]
            args = [arg if not has_calls(arg) else Opaque([], line) for arg in made.args]
            return Call(made.func, args, [*kept, *changes], line, self._end(node))
        return Either([value, Opaque([one for _, one in changes], line)], line) if changes else value


def _head(expr: Expr) -> str:
    return expr.value.id if isinstance(expr, Attr) and isinstance(expr.value, Name) else ""
