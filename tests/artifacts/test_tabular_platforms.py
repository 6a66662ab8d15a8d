"""Models of Spark and H2O: their own are clean, classes and paths of others are told."""

import io
import json
import zipfile

import pytest
from weights_samples import look, signs

from backstay.artifacts.report import Sign, State


def stage(name: str) -> bytes:
    metadata = {
        "class": name,
        "timestamp": 1700000000000,
        "sparkVersion": "3.5.1",
        "uid": "rf_1",
        "paramMap": {"numTrees": 20},
    }
    return json.dumps(metadata).encode()


def mojo(lines: str, **members: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("model.ini", lines)
        archive.writestr("domains/d000.txt", "a\nb\n")
        for name, text in members.items():
            archive.writestr(name.replace("__", "."), text)
    return out.getvalue()


INI = (
    "[info]\nh2o_version = 3.46.0.1\nalgorithm = Gradient Boosting Machine\nsupervised = true\n\n"
    "[columns]\nx\ny\n\n[domains]\n1: 2 {}\n"
)


def test_a_stage_of_spark_is_clean() -> None:
    found = look(stage("org.apache.spark.ml.classification.RandomForestClassificationModel"), "part-00000")
    assert found.state is State.CLEAN and found.facts["architecture"] == "RandomForestClassificationModel"
    assert found.format == "spark-ml" and not found.model and found.facts["framework_version"] == "3.5.1"


@pytest.mark.parametrize(
    ("name", "state"), [("com.example.Stage", State.UNKNOWN), ("javax.script.ScriptEngineManager", State.MALICIOUS)]
)
def test_a_stage_that_names_another_class(name: str, state: State) -> None:
    assert look(stage(name), "part-00000").state is state


def test_a_stage_that_names_two_classes() -> None:
    raw = stage("org.apache.spark.ml.PipelineModel").replace(b'"uid"', b'"class": "x.Y", "uid"')
    assert Sign.DECEIVES in signs(look(raw, "part-00000"))


def test_an_archive_of_h2o_is_clean() -> None:
    found = look(mojo(INI.format("d000.txt")), "gbm.zip")
    assert found.format == "h2o-mojo" or found.format == "zip"
    assert found.state is State.CLEAN and found.model, found.gaps
    assert found.facts["architecture"] == "Gradient Boosting Machine" and found.facts["inputs"] == ["x"]
    assert found.facts["outputs"] == ["y"] and found.facts["framework_version"] == "3.46.0.1"


def test_an_archive_of_h2o_with_code_or_paths_that_lead_out_of_it() -> None:
    assert look(mojo(INI.format("../../no/such")), "gbm.zip").state is State.MALICIOUS
    found = look(mojo(INI.format("d000.txt"), gbm__java="class gbm {}"), "gbm.zip")
    assert Sign.CARRIES in signs(found) and found.state is State.CODE
