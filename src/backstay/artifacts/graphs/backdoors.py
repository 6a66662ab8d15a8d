"""Backdoors in graphs: outputs that a hidden condition on the input replaces.

A graph needs no trained backdoor: its author, or whoever edits it later, can add nodes that compare the input with a
pattern and put a fixed answer in place of the model's (published as ShadowLogic). The criterion is narrow, because
honest graphs are full of comparisons and choices (masks, padding, caches, shapes):

- the condition is one yes or no for a whole input: a comparison of the input's own values, reached without weights,
  that is reduced over all but its batch;
- it chooses between what the model computes and a constant, in a selection, a branch or a blend;
- what is chosen goes to an output through nothing that computes anew; further inside, the constant has to be a
  pattern of its own and not one value throughout, which a mask would be. Where the model has no weights on that way,
  the constant has to be an answer of several numbers: a guard against a division by zero puts in one.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from backstay.artifacts.exam import Exam
from backstay.artifacts.graphs.onnx_tensors import Constant


@dataclass(slots=True)
class Step:
    """A node: what it computes, in the words of ONNX. `branches` are its subgraphs by attribute."""

    operation: str
    domain: str
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    numbers: dict[str, list[int]] = field(default_factory=dict)
    constant: Constant | None = None
    branches: list[tuple[str, "View"]] = field(default_factory=list)
    at: int = -1


@dataclass(slots=True)
class View:
    """A graph: `inputs` with their number of dimensions that are not 1, and whether their first one is open, so that
    it counts inputs (None: not said)."""

    inputs: dict[str, tuple[int, bool] | None] = field(default_factory=dict)
    outputs: list[str] = field(default_factory=list)
    constants: dict[str, Constant] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)


class Site(NamedTuple):
    """Where an output is replaced."""

    operation: str
    message: str
    at: int


# How a value comes about: from constants, from shapes, from the input without weights, or from the model.
_CONSTANT, _SHAPE, _INPUT, _MODEL = range(4)


class _Value(NamedTuple):
    source: int
    extent: int | None = None  # dimensions in which it still varies, of those that are not 1; None: not known
    batch: bool = True  # one of these counts inputs
    compared: bool = False  # it is the outcome of a comparison of the input with something fixed
    chosen: bool = False  # a flag times a constant: a fixed answer when the flag is set
    gated: bool = False  # the model's answer when a flag is not set
    pattern: bool = False  # a constant that is not one value throughout
    several: bool = False  # a constant of more than one element

    @property
    def flag(self) -> bool:
        """One yes or no for a whole input."""
        return self.compared and self.source == _INPUT and self.extent is not None and self.extent <= self.batch


_COMPARISONS = frozenset({"Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual"})
_REDUCTIONS = frozenset(
    {
        "ReduceMin", "ReduceMax", "ReduceSum", "ReduceMean", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceSumSquare",
        "ReduceLogSum", "ReduceLogSumExp", "ArgMax", "ArgMin",
    }
)  # fmt: skip
_POOLS = frozenset({"GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"})
_ELEMENTWISE = frozenset(
    {
        "Identity", "Cast", "CastLike", "Not", "And", "Or", "Xor", "Neg", "Abs", "Floor", "Ceil", "Round", "Sign",
        "Sqrt", "Exp", "Log", "Reciprocal", "Relu", "Sigmoid", "Tanh", "Clip", "Add", "Sub", "Mul", "Div", "Pow", "Mod",
        "Min", "Max", "Sum", "Mean", "BitShift", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "BitwiseNot", "Unsqueeze",
        "Expand", "Tile", "Transpose", "Pad", "Concat", "Dropout", "HardSigmoid", "IsNaN", "IsInf", "Softmax",
        "QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "CumSum", "Squeeze", "Reshape", "Flatten",
    }
)  # fmt: skip
_PICKS = frozenset({"Slice", "Gather", "GatherND", "GatherElements", "Split", "ArrayFeatureExtractor"})
# What may stand between a choice and an output: nothing that computes anew.
_PASSING = frozenset(
    {
        "Identity", "Cast", "Softmax", "LogSoftmax", "Sigmoid", "Reshape", "Squeeze", "Unsqueeze", "Flatten",
        "Transpose", "ArgMax", "Clip", "Normalizer", "ZipMap", "Concat", "TopK", "Slice", "QuantizeLinear",
        "DequantizeLinear", "Add", "Mul", "Sub", "Div", "Where", "If",
    }
)  # fmt: skip
_FORM = _PASSING - {"Add", "Mul", "Sub", "Div", "Where", "If"}
_STANDARD = ("", "ai.onnx.ml", "com.microsoft")


class Flow:
    """Follows the values of one graph from its inputs to its outputs."""

    def __init__(self, view: View, exam: Exam, outer: "Flow | None" = None) -> None:
        self._view, self._exam, self._outer = view, exam, outer
        self._values: dict[str, _Value] = {}
        self._constants: dict[str, Constant] = view.constants
        self._fixed: dict[str, Constant] = {}
        self._near: set[str] = set()  # an output but for its form and a last blend
        self._last: set[str] = set()  # an output but for its form

    def sites(self) -> Iterator[Site]:
        """Every place where a flag puts a constant in place of the model's answer."""
        for name, rank in self._view.inputs.items():
            if name not in self._constants:
                extent, batch = rank if rank is not None else (None, True)
                self._values[name] = _Value(_INPUT, extent, batch)
        makers = {name: step for step in self._view.steps for name in step.outputs}
        self._near = self._before(makers, _PASSING)
        self._last = self._before(makers, _FORM)
        for step in self._view.steps:
            self._exam.step()
            yield from self._site(step)
            self._run(step)

    def outputs(self) -> list[_Value]:
        """What the outputs are, for a branch: its values are followed and not judged."""
        for step in self._view.steps:
            self._exam.step()
            self._run(step)
        return [self._value(name) for name in self._view.outputs]

    def _before(self, makers: dict[str, Step], passing: frozenset[str]) -> set[str]:
        """Values that reach an output through nothing but these operations."""
        found: set[str] = set()
        stack = list(self._view.outputs)
        while stack:
            name = stack.pop()
            if name in found:
                continue
            found.add(name)
            step = makers.get(name)
            if step is not None and step.operation in passing:
                stack.extend(one for one in step.inputs if one)
        return found

    def _value(self, name: str) -> _Value:
        found = self._values.get(name)
        if found is not None:
            return found
        constant = self._constants.get(name)
        if constant is not None:
            return _constant(constant)
        if self._outer is not None and name:
            return self._outer._value(name)
        return _Value(_MODEL) if name else _Value(_CONSTANT)

    def _run(self, step: Step) -> None:
        found = self._result(step)
        for name in step.outputs:
            self._values[name] = found
        if step.operation == "Constant" and step.outputs and step.constant is not None:
            self._fixed[step.outputs[0]] = step.constant
        elif step.operation == "Constant" and step.outputs and "value_int" in step.numbers:
            self._fixed[step.outputs[0]] = Constant(integers=step.numbers["value_int"], uniform=True)

    def _result(self, step: Step) -> _Value:
        operation = step.operation
        values = [self._value(one) for one in step.inputs]
        source = max((one.source for one in values), default=_CONSTANT)
        if operation in ("Shape", "Size") and not step.domain:
            return _Value(min(source, _SHAPE))
        if operation == "Constant":
            return _constant(step.constant) if step.constant is not None else _Value(_CONSTANT)
        if step.branches or step.domain not in _STANDARD:
            return _Value(_MODEL)
        if source <= _SHAPE:
            return _Value(
                source, pattern=any(one.pattern for one in values), several=any(one.several for one in values)
            )
        if operation in ("Mul", "Add", "Sum") and len(values) > 1 and source == _MODEL:
            return self._blend(operation, values)
        if source == _MODEL:
            keeps = operation in _PASSING and len(values) == 1
            return values[0] if keeps else _Value(_MODEL)
        return self._of_input(step, values)

    def _blend(self, operation: str, values: list[_Value]) -> _Value:
        flags = [one for one in values if one.flag and not one.chosen]
        return _Value(_MODEL, gated=operation == "Mul" and bool(flags))

    def _of_input(self, step: Step, values: list[_Value]) -> _Value:
        """What is made of the input itself and of constants."""
        operation = step.operation
        of_input = [one for one in values if one.source == _INPUT]
        first = of_input[0]
        compared = any(one.compared for one in of_input)
        extent, batch = _widest(of_input), all(one.batch for one in of_input)
        if operation in _COMPARISONS:
            return _Value(_INPUT, extent, batch, compared=True)
        if operation in _REDUCTIONS:
            return _Value(_INPUT, self._reduced(step, first), batch, compared)
        if operation in _POOLS:
            return _Value(_INPUT, min(2, extent) if extent is not None else 2, batch, compared)
        if operation in _PICKS and values[0].source == _INPUT:
            return _Value(_INPUT, self._picked(step, first), batch, compared)
        if operation == "Mul" and len(values) == 2 and len(of_input) == 1 and first.flag:
            other = values[1] if values[0].source == _INPUT else values[0]
            return first._replace(chosen=True, pattern=other.pattern)
        if operation == "Where" and values[0].source == _INPUT and all(one.source <= _SHAPE for one in values[1:]):
            return values[0]._replace(chosen=False)
        if operation in _ELEMENTWISE:
            return _Value(_INPUT, extent, batch, compared, chosen=any(one.chosen for one in of_input))
        return _Value(_MODEL)

    def _reduced(self, step: Step, value: _Value) -> int | None:
        axes = step.numbers.get("axes") or (step.numbers.get("axis", [0]) if step.operation.startswith("Arg") else [])
        if not axes and len(step.inputs) > 1 and step.inputs[1]:
            axes = self._integers(step.inputs[1]) or []
            if not axes:
                return None
        if not axes:
            return 0
        return None if value.extent is None else max(0, value.extent - len(set(axes)))

    def _picked(self, step: Step, value: _Value) -> int | None:
        if value.extent is None:
            return None
        if step.operation == "Gather" and len(step.inputs) > 1:
            indices = self._integers(step.inputs[1])
            return value.extent - 1 if indices is not None and len(indices) == 1 and value.extent else value.extent
        if step.operation == "Slice":
            starts = step.numbers.get("starts") or (self._integers(step.inputs[1]) if len(step.inputs) > 2 else None)
            ends = step.numbers.get("ends") or (self._integers(step.inputs[2]) if len(step.inputs) > 2 else None)
            if starts is not None and ends is not None:
                single = sum(end - start == 1 for start, end in zip(starts, ends, strict=False))
                return max(0, value.extent - single)
        if step.operation == "GatherND":
            indices = self._integers(step.inputs[1]) if len(step.inputs) > 1 else None
            return max(0, value.extent - (len(indices) if indices else 1))
        return value.extent

    def _integers(self, name: str) -> list[int] | None:
        constant = self._fixed.get(name) or self._constants.get(name)
        return constant.integers if constant is not None else None

    def _site(self, step: Step) -> Iterator[Site]:
        """Whether a step chooses between the model's answer and a constant by a flag."""
        near = any(name in self._near for name in step.outputs)
        last = any(name in self._last for name in step.outputs)
        if step.domain not in _STANDARD:
            return
        if step.operation == "Where" and len(step.inputs) == 3:
            condition, yes, no = (self._value(one) for one in step.inputs)
            if condition.flag and self._replaces(yes, no, near, last):
                yield self._found(step, "chooses between the model's answer and a constant")
        elif step.operation == "If" and step.inputs and self._value(step.inputs[0]).flag:
            branches = [Flow(view, self._exam, self).outputs() for _, view in step.branches]
            if len(branches) == 2 and any(
                self._replaces(yes, no, near, last) for yes, no in zip(*branches, strict=False)
            ):  # fmt: skip
                yield self._found(step, "gives the model's answer in one branch and a constant in the other")
        elif step.operation in ("Add", "Sum") and len(step.inputs) > 1:
            values = [self._value(one) for one in step.inputs]
            chosen = [one for one in values if one.chosen]
            gated = any(one.gated for one in values)
            model = any(one.source == _MODEL for one in values)
            if chosen and model and ((gated and near) or any(one.pattern for one in chosen)):
                yield self._found(step, "adds a constant to the model's answer")

    def _replaces(self, yes: _Value, no: _Value, near: bool, last: bool) -> bool:
        for fixed, other in ((yes, no), (no, yes)):
            if fixed.source > _SHAPE:
                continue
            if other.source == _MODEL and (near or fixed.pattern):
                return True
            if other.source == _INPUT and not other.compared and last and fixed.several:
                return True
        return False

    def _found(self, step: Step, how: str) -> Site:
        return Site(step.operation, f"{how}, by a comparison of the input with a fixed pattern", step.at)


def _constant(constant: Constant) -> _Value:
    several = constant.elements > 1
    return _Value(_CONSTANT, pattern=several and constant.uniform is False, several=several)


def _widest(values: list[_Value]) -> int | None:
    extents = [one.extent for one in values]
    return None if any(one is None for one in extents) else max((one for one in extents if one is not None), default=0)
