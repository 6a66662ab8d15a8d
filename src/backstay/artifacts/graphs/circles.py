"""Circles: which parts of a graph come back to themselves through what they call."""

from collections.abc import Collection, Hashable, Mapping
from typing import TypeVar

Name = TypeVar("Name", bound=Hashable)


def circular(calls: Mapping[Name, Collection[Name]]) -> list[Name]:
    """The names at which a circle of calls closes, in the order they are met. Linear in names and calls."""
    done: set[Name] = set()
    found: dict[Name, None] = {}
    for first in calls:
        open_: dict[Name, None] = {}
        stack = [(first, iter(calls[first]))] if first not in done else []
        if stack:
            open_[first] = None
        while stack:
            name, rest = stack[-1]
            for one in rest:
                if one in open_:
                    found[one] = None
                elif one not in done and one in calls:
                    open_[one] = None
                    stack.append((one, iter(calls[one])))
                    break
            else:
                stack.pop()
                del open_[name]
                done.add(name)
    return list(found)


def sizes(calls: Mapping[Name, Mapping[Name, int]], own: Mapping[Name, int]) -> dict[Name, int]:
    """How large each name is once everything it calls is put in place of the call, up to 2^62; circles count once."""
    found: dict[Name, int] = {}
    for first in calls:
        stack = [first]
        opened: set[Name] = set()
        while stack:
            name = stack[-1]
            if name in found:
                stack.pop()
            elif name not in opened:
                opened.add(name)
                stack.extend(one for one in calls[name] if one in calls and one not in found and one not in opened)
            else:
                stack.pop()
                inner = sum(found.get(one, 1) * times for one, times in calls[name].items())
                found[name] = min(1 << 62, own.get(name, 0) + inner)
    return found
