"""Repositories: folders of a model as the Hugging Face hub has them: their own code, and what they should declare."""

from typing import Any

from backstay.artifacts.references import classes


def custom_modules(config: dict[str, Any]) -> list[str]:
    """The code that a parsed configuration makes a loader import, sorted.

    A file of the same folder is its name ("modeling_x.py"); one of another repository has that in front of it
    ("owner/name--modeling_x.py").
    """
    found: set[str] = set()
    for key in ("auto_map", "custom_pipelines"):
        for reference in classes(config.get(key)):
            repository, remote, local = reference.rpartition("--")
            module = local.rpartition(".")[0] or local
            found.add(f"{repository}{remote}{module.replace('.', '/')}.py")
    return sorted(found)


# What a model should say of itself, by the kind of its description (Hugging Face model cards; Model Cards for Model
# Reporting, Mitchell et al. 2019; the model card of CycloneDX 1.7; EU AI Act, annex XI).
_EXPECTED = {
    "model": ("license", "base_model", "datasets", "languages", "pipeline_tag", "architecture", "version"),
    "adapter": ("license", "base_model", "datasets", "languages", "pipeline_tag"),
    "file": ("license", "base_model", "datasets", "languages"),
    "tokenizer": ("license", "base_model", "languages"),
    "dataset": ("license", "languages", "source"),
}


def expected(kind: str) -> tuple[str, ...]:
    """Names of metadata that the author of a "model", "adapter", "file", "tokenizer" or "dataset" should declare.

    A model without a base model was trained from nothing, so `base_model` may honestly be missing there.
    """
    return _EXPECTED.get(kind, ())


def missing(kind: str, declared: dict[str, Any]) -> list[str]:
    """Those of them that are not declared."""
    return [name for name in expected(kind) if declared.get(name) in (None, "", [], ())]
