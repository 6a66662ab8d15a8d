"""Metadata: what a pickle says of the model in it: its class, and the framework with its version."""

from typing import TYPE_CHECKING

from backstay.artifacts.pickles.arrays import fields
from backstay.artifacts.pickles.constants import UnknownError
from backstay.artifacts.pickles.fold import literal
from backstay.artifacts.pickles.terms import Call, Global, Value

if TYPE_CHECKING:
    from backstay.artifacts.pickles.judge import Verdicts

# Frameworks by the package that their classes are in; the first one that a stream needs names it.
_FRAMEWORKS = {
    "xgboost": "xgboost",
    "lightgbm": "lightgbm",
    "catboost": "catboost",
    "sklearn": "scikit-learn",
    "imblearn": "scikit-learn",
    "spacy": "spaCy",
    "gensim": "gensim",
    "statsmodels": "statsmodels",
    "transformers": "transformers",
    "keras": "Keras",
    "tensorflow": "tensorflow",
    "torch": "PyTorch",
    "flair": "flair",
    "fastai": "fastai",
    "prophet": "prophet",
    "surprise": "surprise",
    "implicit": "implicit",
    "hmmlearn": "hmmlearn",
    "sksurv": "scikit-survival",
    "pmdarima": "pmdarima",
    "econml": "econml",
    "flax": "flax",
    "jax": "jax",
}
_VERSIONS = ("_sklearn_version", "_version", "__version__")


def tell(judge: "Verdicts", result: Value | None) -> None:
    """Tell the facts of a stream by what it reached and what it left on the stack."""
    packages = {module.partition(".")[0] for module, _ in judge.globals}
    outer = _class(result)
    top = outer.module.partition(".")[0] if outer else ""
    framework = _FRAMEWORKS.get(top) or next((name for key, name in _FRAMEWORKS.items() if key in packages), "")
    if framework:
        judge.exam.fact("framework", framework)
    if outer is None or not isinstance(result, Call) or top not in _FRAMEWORKS:
        return
    judge.exam.fact("architecture", outer.name)
    state = fields(result.state, judge) if result.state is not None else {}
    for name in _VERSIONS:
        if name in state:
            try:
                version = literal(state[name], judge.constants)
            except UnknownError:
                continue
            if isinstance(version, str) and version[:1].isdigit():
                judge.exam.fact("framework_version", version)
                return


def _class(result: Value | None) -> Global | None:
    return result.callable if isinstance(result, Call) and isinstance(result.callable, Global) else None
