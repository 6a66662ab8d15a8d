"""Resolution: what expressions can be, followed across names, classes, calls and files."""

from backstay.code.resolve.resolver import MAX_STEPS, Resolver
from backstay.code.resolve.shapes import CHAIN, argument, choice, dotted

__all__ = ["CHAIN", "MAX_STEPS", "Resolver", "argument", "choice", "dotted"]
