"""Keras names: what a class, a function or an operation that a Keras configuration names may do when it is rebuilt.

The names stand in `catalog/artifacts/keras.toml`; those of other packages are the policy's.
"""

import tomllib
from enum import Enum, auto
from functools import cache
from importlib import resources

from backstay.artifacts.pickles import policy
from backstay.artifacts.pickles.policy import Standing


class Name(Enum):
    """What is known of a name."""

    KNOWN = auto()  # an ordinary part of a model
    CUSTOM = auto()  # code that the loader has to bring
    CODE = auto()  # makes code out of what the file holds
    DANGEROUS = auto()  # reaches commands, files, the network, or the loader's own safety


@cache
def words(table: str) -> frozenset[str]:
    """A list of the table, as a set."""
    return frozenset(_table()[table].split())


def of_class(module: str, name: str, registered: str) -> Name:
    """A class that a configuration names. `module` is "" in the older form that has none."""
    if ">" in name and not module:
        registered = name
    if _package(module):
        return _of_keras_class(module, name)
    if module.startswith("tensorflow.python.framework.") and name.endswith("Spec"):
        return Name.KNOWN  # what a tensor looks like
    if module not in {"", "__main__", "builtins"}:
        return _of_others(module, name)
    package, mark, last = registered.partition(">")
    if mark:  # Keras 2 registers its own optimizers as "Custom>Adam"
        own = package in words("registered") or (package == "Custom" and last in words("classes"))
        return Name.KNOWN if own else Name.CUSTOM
    if module == "builtins" and name not in {"builtin_function_or_method", "type"}:
        return Name.DANGEROUS  # Keras writes that module beside functions and values alone
    return Name.KNOWN if name in words("classes") or name in words("layer_operations") else Name.CUSTOM


def of_function(module: str, name: str) -> Name:
    """A function that a configuration names."""
    package = _package(module)
    if package:
        if name in words("building"):
            return Name.DANGEROUS
        inner = _inner(module, package)
        if inner in words("functional"):
            return Name.KNOWN
        return Name.DANGEROUS if inner not in words("modelling") and _reaches(name) else Name.CUSTOM
    if module == "tensorflow" or module.startswith("tensorflow."):
        return _of_tensorflow_module(module, name)
    if module not in {"", "__main__", "builtins"}:
        weighed = policy.entry(module, name).standing is Standing.WEIGH  # its arguments are the configuration's too
        return Name.DANGEROUS if weighed else _of_others(module, name)
    if name in words("functions"):
        return Name.KNOWN
    return Name.DANGEROUS if module == "builtins" and name in words("builtins") else Name.CUSTOM


def of_tensorflow(symbol: str) -> Name:
    """A public function of TensorFlow, named without "tf."."""
    symbol = symbol.removeprefix("tf.")
    if _listed(symbol, words("tensorflow_dangerous")):
        return Name.DANGEROUS
    return Name.KNOWN if _listed(symbol, words("tensorflow_safe")) else Name.CUSTOM


def foreign(module: str) -> bool:
    """Whether a module is one in which nobody defines a layer's function: the interpreter's own."""
    if module in {"", "__main__", "builtins"} or _package(module):
        return False
    return policy.entry(module, "_").standing is Standing.DANGEROUS


def _of_tensorflow_module(module: str, name: str) -> Name:
    """A function of TensorFlow by the module that it is in: `tensorflow.io`, `tensorflow.python.ops.io_ops`."""
    symbol = f"{module}.{name}".removeprefix("tensorflow.").removeprefix("_api.v2.").removeprefix("python.ops.")
    known = of_tensorflow(symbol)
    lasts = {one.rpartition(".")[2] for one in words("tensorflow_dangerous")} - {""}
    return Name.DANGEROUS if known is Name.CUSTOM and name in lasts else known


def why(module: str, name: str) -> str:
    """What the policy says a dangerous name does, or words for it."""
    reason = "" if _package(module) else policy.entry(module, name).reason
    return reason or "reaches beyond what a model needs"


def _of_keras_class(module: str, name: str) -> Name:
    package = _package(module)
    if name[:1].islower() and name not in words("classes"):
        return of_function(module, name)
    if not _inner(module, package) or any(one in words("modelling") for one in module.split(".")):
        return Name.KNOWN  # `keras.src.backend.torch.optimizers.torch_adam` too
    return Name.CUSTOM


def _of_others(module: str, name: str) -> Name:
    match policy.entry(module, name).standing:
        case Standing.DANGEROUS:
            return Name.DANGEROUS
        case Standing.CODE:
            return Name.CODE
        case Standing.SAFE:
            return Name.KNOWN
        case _:
            return Name.CUSTOM


def _package(module: str) -> str:
    return next((one for one in words("packages") if module == one or module.startswith(f"{one}.")), "")


def _inner(module: str, package: str) -> str:
    """The segment that says what a module of Keras is for: "layers" of `keras.src.layers.core.dense`."""
    parts = [one for one in module[len(package) :].split(".") if one]
    return next((one for one in parts if one not in words("wrapping")), "")


def _reaches(name: str) -> bool:
    low = name.lower()
    return any(word in low for word in words("reaching"))


def _listed(symbol: str, names: frozenset[str]) -> bool:
    parts = symbol.split(".")
    return symbol in names or any(".".join(parts[:end]) + "." in names for end in range(1, len(parts)))


@cache
def _table() -> dict[str, str]:
    text = resources.files("backstay.catalog").joinpath("artifacts", "keras.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
