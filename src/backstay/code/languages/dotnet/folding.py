"""What is set on an object after `new` belongs to how it is made: properties, elements, texts."""

import tree_sitter

from backstay.code.facts import Attr, Call, Either, Expr, Lit, Map, Name, Seq, Star, Text
from backstay.code.languages.dotnet.functions import Functions
from backstay.code.languages.dotnet.reading import has_calls

_MAKING = frozenset(("object_creation_expression", "implicit_object_creation_expression", "with_expression"))


class Folding(Functions):
    """Adds what is set on a local after it is made to how it is made, in the same function."""

    def _note_made(self, name: str, value: Expr, node: tree_sitter.Node | None) -> None:
        """Remembers what a local holds when that was made here; forgets it when it gets anything else."""
        self._made.pop(name, None)
        if node is not None and (isinstance(value, Seq | Map) or node.type in _MAKING):
            self._made[name] = value

    def _set(self, place: Expr, value: Expr) -> bool:
        """`x.P = value` on a local that was made here: like `new T { P = value }`."""
        made = self._made_for(place.value) if isinstance(place, Attr) else None
        if not isinstance(place, Attr) or not isinstance(made, Call):
            return False
        for index, (name, given) in enumerate(made.keywords):
            if name == place.name:
                made.keywords[index] = (
                    name,
                    Either([given, value], value.line) if self._branch or has_calls(given) else value,
                )
                return True
        made.keywords.append((place.name, value))
        return True

    def _folded(self, value: Expr) -> bool:
        """`x.P.Add(value)`, `list.Add(value)`, `builder.Append(text)` on a local that was made here."""
        if not isinstance(value, Call) or not isinstance(value.func, Attr) or value.keywords:
            return False
        owner, name, args = value.func.value, value.func.name, value.args
        if isinstance(owner, Call) and name in ("Append", "AppendLine") and self._folded(owner):
            while isinstance(owner, Call) and isinstance(owner.func, Attr):
                owner = owner.func.value
        made = self._made_for(owner)
        if isinstance(made, Text) and name in ("Append", "AppendLine"):
            made.parts += [*args[:1], *([Lit("\n", value.line)] if name == "AppendLine" else [])]
            return True
        if isinstance(made, Map) and name in ("Add", "TryAdd") and len(args) == 2:
            made.keys.append(args[0])
            made.values.append(args[1])
            return True
        if name not in ("Add", "AddRange", "Enqueue", "Push") or len(args) != 1:
            return False
        item = Star(args[0], value.line) if name == "AddRange" else args[0]
        if isinstance(made, Seq):
            made.items.append(item)
            return True
        return self._added(owner, item)

    def _added(self, owner: Expr, item: Expr) -> bool:
        """`x.P.Add(item)`: like `new T { P = { item } }`."""
        made = self._made_for(owner.value) if isinstance(owner, Attr) else None
        if not isinstance(owner, Attr) or not isinstance(made, Call):
            return False
        for name, given in made.keywords:
            if name == owner.name:
                if isinstance(given, Seq):
                    given.items.append(item)
                return isinstance(given, Seq)
        made.keywords.append((owner.name, Seq([item], item.line)))
        return True

    def _made_for(self, owner: Expr) -> Expr | None:
        if isinstance(owner, Name) and owner.id in self._locals:
            return self._made.get(owner.id)
        return None
