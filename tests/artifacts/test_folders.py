"""Files of a model's folder: what configurations name, and what they do not claim."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstay.artifacts import licenses, named_code, repositories
from backstay.artifacts.content import Bytes
from backstay.artifacts.exam import Exam, Limits
from backstay.artifacts.format import Candidate, Role
from backstay.artifacts.formats import (
    adapter_config,
    chat_template,
    hf_config,
    hydra_config,
    mlflow_model,
    modules_json,
    serving_config,
    shard_index,
    tokenizer_config,
)
from backstay.artifacts.inspection import inspect, recognised
from backstay.artifacts.report import Inspection, Sign, State
from backstay.catalog.artifacts.folders import table

OURS = (
    adapter_config.FORMAT, chat_template.FORMAT, chat_template.YAML, hf_config.FORMAT, hydra_config.FORMAT,
    mlflow_model.FORMAT, modules_json.INDEX, modules_json.MODULES, serving_config.BENTO, serving_config.TRITON,
    shard_index.FORMAT, tokenizer_config.FORMAT,
)  # fmt: skip


def seen(name: str, content: Any, limits: Limits | None = None) -> Inspection:
    data = content.encode() if isinstance(content, str) else content
    return inspect(Bytes(data if isinstance(data, bytes) else json.dumps(data, indent=2).encode()), name, limits)


def signs(report: Inspection) -> set[Sign]:
    return {one.sign for one in report.observations}


CONFIG: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "torch_dtype": "bfloat16",
    "transformers_version": "4.55.0",
    "hidden_size": 64,
}


def test_a_configuration_says_what_its_model_is() -> None:
    report = seen("config.json", CONFIG | {"quantization_config": {"quant_method": "gptq", "bits": 4}})
    assert report.format == "model-configuration"
    assert report.state is State.CLEAN
    assert not report.model
    assert report.declared == {
        "architecture": "LlamaForCausalLM", "precision": "bfloat16", "quantisation": "gptq 4-bit",
    }  # fmt: skip
    assert report.facts == {"framework": "transformers", "framework_version": "4.55.0"}


@pytest.mark.parametrize(
    ("more", "sign", "said"),
    [
        ({"auto_map": {"AutoModel": "modeling_x.Model"}}, Sign.CARRIES, "modeling_x.py of this folder"),
        ({"auto_map": {"AutoModel": "acme/other--modeling_x.Model"}}, Sign.CARRIES, "the repository acme/other"),
        ({"auto_map": {"AutoTokenizer": ["tokenization_x.Slow", None]}}, Sign.CARRIES, "tokenization_x.py"),
        ({"auto_map": {"AutoModel": "../../x.Model"}}, Sign.ESCAPES, "outside"),
        ({"auto_map": {"AutoModel": "../../acme--modeling_x.Model"}}, Sign.ESCAPES, "outside"),
        ({"auto_map": {"AutoModel": "/tmp/x.Model"}}, Sign.ESCAPES, "outside"),
        ({"custom_pipelines": {"pair": {"impl": "pair.Pipeline", "pt": ["AutoModel"]}}}, Sign.CARRIES, "pair.py"),
        ({"text_config": {"trust_remote_code": True}}, Sign.CARRIES, "allows its loader"),
        ({"trust_remote_code": True}, Sign.INDICATOR, "asks its loader"),
        ({"attn_implementation": "acme/kernel"}, Sign.CARRIES, "native code"),
        ({"vision_config": {"attn_implementation": "acme/kernel@main:flash"}}, Sign.CARRIES, "native code"),
        ({"vocab_file": "../../../../etc/passwd"}, Sign.ESCAPES, "leads out"),
        ({"vocab_file": "/etc/shadow"}, Sign.ESCAPES, "leads out"),
        ({"_name_or_path": "../../../etc/passwd"}, Sign.ESCAPES, "leads to"),
        ({"processor_path": "/root/.ssh/id_rsa"}, Sign.ESCAPES, "leads to"),
        ({"vocab_file": "\\\\host\\share\\vocab.txt"}, Sign.ESCAPES, "leads out"),
        ({"model_file": "../../evil.bin"}, Sign.ESCAPES, "leads out"),
        ({"head": {"_target_": "os.system", "command": "true"}}, Sign.EXECUTES, "_target_"),
    ],
)
def test_what_a_configuration_names_is_seen(more: dict[str, Any], sign: Sign, said: str) -> None:
    report = seen("config.json", CONFIG | more)
    assert signs(report) == {sign}
    assert said in report.observations[0].text


@pytest.mark.parametrize(
    "more",
    [
        {"_name_or_path": "../models/base"},
        {"_name_or_path": "/home/somebody/llama"},
        {"_name_or_path": "/dev/shm/llama"},
        {"_name_or_path": "/data/dev/etc/llama"},
        {"attn_implementation": "flash_attention_2"},
        {"_attn_implementation": "sdpa"},
        {"vocab_file": "vocab.txt"},
        {"vocab_file": "/root/.cache/huggingface/hub/vocab.txt"},
        {"vocab_file": "../base/vocab.txt"},
        {"trust_remote_code": False},
        {"auto_map": {}},
        {"target": "cuda", "params": {}},
    ],
)
def test_what_savers_leave_behind_is_not_accused(more: dict[str, Any]) -> None:
    report = seen("config.json", CONFIG | more)
    assert report.state is State.CLEAN, report
    assert signs(report) <= {Sign.IRREGULAR}


def test_a_second_auto_map_deceives() -> None:
    text = json.dumps(CONFIG)[:-1] + ', "auto_map": {}, "auto_map": {"AutoModel": "modeling_x.M"}}'
    assert Sign.DECEIVES in signs(seen("config.json", text))
    assert seen("config.json", json.dumps(CONFIG)[:-1] + ', "hidden_size": 65}').state is State.CLEAN


def test_custom_modules_are_files_and_other_repositories() -> None:
    config = {
        "auto_map": {
            "AutoConfig": "configuration_x.C",
            "AutoModel": "acme/b--modeling_x.M",
            "AutoTokenizer": ["t.Slow", None],
        },
        "custom_pipelines": {"pair": {"impl": "pair.Pipeline", "pt": ["AutoModel"]}},
    }
    assert repositories.custom_modules(config) == ["acme/b--modeling_x.py", "configuration_x.py", "pair.py", "t.py"]
    assert repositories.custom_modules({}) == []


def test_what_is_missing_is_what_is_not_declared() -> None:
    assert repositories.missing("adapter", {"license": "mit", "datasets": [], "base_model": "a/b"}) == [
        "datasets", "languages", "pipeline_tag",
    ]  # fmt: skip
    assert repositories.expected("nothing") == ()


# --- Indices of shards

SHARDS = {f"layer.{n}": f"model-0000{1 + n % 2}-of-00002.safetensors" for n in range(4)}


def test_an_index_says_which_shards_hold_what() -> None:
    report = seen("model.safetensors.index.json", {"metadata": {"total_size": 4096}, "weight_map": SHARDS})
    assert report.format == "shard-index"
    assert report.state is State.CLEAN
    assert not report.observations
    assert report.facts["shards"] == ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    assert report.facts["total_size"] == 4096
    assert report.facts["tensors"] == 4
    first = shard_index.digest(["layer.2", "layer.0"])
    assert report.facts["shard_tensors"] == [
        f"2 {first} model-00001-of-00002.safetensors",
        f"2 {shard_index.digest(['layer.1', 'layer.3'])} model-00002-of-00002.safetensors",
    ]


@pytest.mark.parametrize(
    "shard",
    [
        "../x.bin",
        "/etc/passwd",
        "a/../../x.bin",
        "..\\x.bin",
        "C:\\x.bin",
        "\\\\host\\x.bin",
        "http://acme.example/x",
        "~/x",
    ],
)
def test_a_shard_outside_of_the_folder_escapes(shard: str) -> None:
    report = seen(
        "pytorch_model.bin.index.json", {"metadata": {}, "weight_map": {"a": "pytorch_model.bin", "b": shard}}
    )
    assert signs(report) == {Sign.ESCAPES}


def test_shards_that_no_tensor_is_in_are_missing_parts() -> None:
    report = seen("x.index.json", {"weight_map": {"a": "model-00001-of-00003.safetensors"}})
    assert signs(report) == {Sign.INCOMPLETE}
    assert report.state is State.CLEAN


# --- Tokenizer configurations


def test_templates_are_judged_however_they_are_stored() -> None:
    bad = "{{ ''.__class__ }}"
    for value in (bad, {"default": "x {{ messages }}", "tool_use": bad}, [{"name": "rag", "template": bad}]):
        report = seen("tokenizer_config.json", {"tokenizer_class": "LlamaTokenizer", "chat_template": value})
        assert signs(report) == {Sign.TEMPLATE}
    assert signs(seen("chat_template.json", {"chat_template": bad})) == {Sign.TEMPLATE}
    assert signs(seen("chat_template.jinja", bad)) == {Sign.TEMPLATE}
    assert signs(seen("server.yaml", f'chat_template: "{bad}"\n')) == {Sign.TEMPLATE}


def test_tokens_of_one_number_are_accused() -> None:
    decoder = {"5": {"content": "<|a|>", "special": True}, "05": {"content": "<|b|>", "special": True}}
    config = {"tokenizer_class": "LlamaTokenizer", "bos_token": "<s>", "added_tokens_decoder": decoder}
    assert signs(seen("tokenizer_config.json", config)) == {Sign.TOKENIZER}


# --- Adapters


def test_an_adapter_says_its_base() -> None:
    config = {
        "peft_type": "LORA", "base_model_name_or_path": "acme/base", "target_modules": ["q_proj", "v_proj"],
        "auto_mapping": None, "modules_to_save": ["lm_head"], "peft_version": "0.17.0",
        "megatron_core": "megatron.core",
    }  # fmt: skip
    report = seen("adapter_config.json", config)
    assert report.state is State.CLEAN
    assert not report.observations
    assert report.declared["base_model"] == "acme/base"
    assert report.facts == {"framework": "peft", "framework_version": "0.17.0"}


@pytest.mark.parametrize(
    ("more", "sign"),
    [
        ({"target_modules": ["q_proj", "model.embed_tokens"]}, Sign.INDICATOR),
        ({"trainable_token_indices": [5]}, Sign.INDICATOR),
        ({"auto_mapping": {"base_model_class": "system", "parent_library": "os"}}, Sign.EXECUTES),
        ({"auto_mapping": {"base_model_class": "M", "parent_library": "acme_models.x"}}, Sign.UNKNOWN),
        ({"auto_mapping": {"base_model_class": "M", "parent_library": "transformers_modules.a.b"}}, Sign.CARRIES),
        ({"megatron_core": "acme_core"}, Sign.UNKNOWN),
    ],
)
def test_odd_adapters(more: dict[str, Any], sign: Sign) -> None:
    config = {"peft_type": "LORA", "base_model_name_or_path": "acme/base", "target_modules": ["q_proj"]} | more
    assert signs(seen("adapter_config.json", config)) == {sign}


# --- Modules


def test_modules_of_sentence_transformers() -> None:
    honest = [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
    ]
    assert seen("modules.json", honest).state is State.CLEAN
    for kind, sign in (
        ("custom_st.Layer", Sign.CARRIES),
        ("acme/x--custom.Layer", Sign.CARRIES),
        ("os.system", Sign.EXECUTES),
    ):
        assert signs(seen("modules.json", [honest[0] | {"type": kind}])) == {sign}
    assert signs(seen("modules.json", [honest[0] | {"path": "../../other"}])) == {Sign.ESCAPES}


def test_components_of_diffusers() -> None:
    honest = {
        "_class_name": "StableDiffusionPipeline",
        "_diffusers_version": "0.30.0",
        "safety_checker": ["stable_diffusion", "StableDiffusionSafetyChecker"],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "image_encoder": [None, None],
        "requires_safety_checker": True,
    }
    report = seen("model_index.json", honest)
    assert report.state is State.CLEAN
    assert report.declared["architecture"] == "StableDiffusionPipeline"
    assert signs(seen("model_index.json", honest | {"unet": ["my_unet", "Unet"]})) == {Sign.CARRIES}
    assert signs(seen("model_index.json", honest | {"_class_name": ["my_pipeline", "P"]})) == {Sign.CARRIES}
    assert signs(seen("model_index.json", honest | {"unet": ["os", "system"]})) == {Sign.EXECUTES}
    assert signs(seen("model_index.json", honest | {"unet": ["../../evil", "Unet"]})) == {Sign.ESCAPES}


# --- Targets

HYDRA = "model:\n  _target_: {}\n  value: 1\n"


@pytest.mark.parametrize(
    "target",
    [
        "os.system", "builtins.eval", "builtins.exec", "subprocess.Popen", "subprocess.check_output", "posix.system",
        "importlib.import_module", "runpy.run_path", "pickle.load", "torch.hub.load", "shutil.rmtree",
        "pydoc.pipepager", "eval", "socket.create_connection", "ctypes.CDLL",
    ],
)  # fmt: skip
def test_CVE_2025_23304_targets_that_run_things_are_accused(target: str) -> None:  # noqa: N802
    assert signs(seen("model_config.yaml", HYDRA.format(target))) == {Sign.EXECUTES}
    assert signs(seen("conf.json", {"a": [{"b": {"_target_": target}}]})) == {Sign.EXECUTES}
    if "." in target:
        assert signs(seen("a.yaml", f"model:\n  class_path: {target}\n")) == {Sign.EXECUTES}
        assert signs(seen("a.yaml", f"model:\n  target: {target}\n  params: {{}}\n")) == {Sign.EXECUTES}


@pytest.mark.parametrize(
    "target",
    [
        "nemo.collections.asr.models.EncDecCTCModel", "torch.optim.AdamW", "torch.nn.functional.relu", "os.path.join",
        "pathlib.Path", "functools.partial", "collections.OrderedDict", "os.getenv", "builtins.dict", "builtins.int",
        "lightning.pytorch.Trainer", "hydra.utils.get_class", "src.models.mine.Net", "${model.target}",
        "datetime.datetime.now",
    ],
)  # fmt: skip
def test_targets_that_build_models_are_not_accused(target: str) -> None:
    assert seen("config.yaml", HYDRA.format(target)).state is State.CLEAN


def test_targets_that_nobody_knows_count_within_a_model_only() -> None:
    exam = Exam("model.nemo", member="model_config.yaml")
    hydra_config.FORMAT.read(Bytes(HYDRA.format("acme.models.Net").encode()), exam)
    assert signs(exam.report(0)) == {Sign.UNKNOWN}
    assert not signs(seen("config.yaml", HYDRA.format("acme.models.Net")))


@pytest.mark.parametrize("target", ["torch.load", "joblib.load", "pandas.read_pickle", "numpy.load"])
def test_loaders_of_files_are_accused_within_a_model_only(target: str) -> None:
    exam = Exam("model.nemo", member="model_config.yaml")
    hydra_config.FORMAT.read(Bytes(HYDRA.format(target).encode()), exam)
    assert signs(exam.report(0)) == {Sign.EXECUTES}
    assert not signs(seen("config.yaml", HYDRA.format(target)))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a: !!python/object/apply:os.system ['true']\n", {Sign.EXECUTES}),
        ("a: !!python/object/new:subprocess.Popen [['true']]\n", {Sign.EXECUTES}),
        (
            "a: !<tag:yaml.org,2002:python/object/apply:os.system> ['true']\nb: !!python/object:x.y {}\n",
            {Sign.EXECUTES},
        ),
        (
            "%TAG !p! tag:yaml.org,2002:python/\n---\na: !p!object/apply:os.system ['true']\n_target_: a.B\n",
            {Sign.EXECUTES},
        ),
        ("a: !!python/object:argparse.Namespace {b: 1}\n", set()),
        ("a: !!python/object/apply:collections.OrderedDict [[]]\n", set()),
        ("a: !!python/tuple [1, 2]\n_target_: torch.nn.Linear\n", set()),
        ("_target_: torch.nn.Linear\na: ${oc.env:HOME}\nb: ${eval:${c}*2}\n", set()),
        ('_target_: torch.nn.Linear\na: ${eval:\'__import__("os").system("true")\'}\n', {Sign.EXECUTES}),
    ],
)
def test_tags_and_resolvers(text: str, found: set[Sign]) -> None:
    assert signs(seen("hparams.yaml", text)) == found


# --- MLflow

MLMODEL = """artifact_path: churn
flavors:
  python_function:
    env: {{conda: conda.yaml, virtualenv: python_env.yaml}}
    loader_module: {loader}
    model_path: model.pkl
{more}  sklearn:
    pickled_model: model.pkl
    serialization_format: cloudpickle
    sklearn_version: 1.5.0
mlflow_version: 2.16.0
model_uuid: 0123
"""


def mlmodel(loader: str = "mlflow.sklearn", more: str = "") -> Inspection:
    return seen("MLmodel", MLMODEL.format(loader=loader, more=more))


def test_an_mlflow_model_says_what_made_it() -> None:
    report = mlmodel()
    assert report.state is State.CLEAN
    assert report.format == "mlflow-model"
    assert report.facts["framework"] == "sklearn"
    assert report.facts["framework_version"] == "1.5.0"
    assert report.facts["producer"] == "mlflow 2.16.0"
    assert report.declared["name"] == "churn"


@pytest.mark.parametrize(
    ("loader", "more", "found"),
    [
        ("mlflow.pyfunc.model", "    python_model: python_model.pkl\n", {Sign.CARRIES}),
        ("mlflow.pyfunc.model", "    model_code_path: chain.py\n", {Sign.CARRIES}),
        ("my_loader", "    code: code\n", {Sign.CARRIES}),
        ("my_loader", "", {Sign.UNKNOWN}),
        ("os", "", {Sign.EXECUTES}),
        ("mlflow.sklearn", "    data: ../../../etc/passwd\n", {Sign.ESCAPES}),
        ("mlflow.sklearn", "    artifacts: {x: {path: /etc/passwd, uri: 'file:///tmp/x'}}\n", {Sign.ESCAPES}),
        ("mlflow.sklearn", "    artifacts: {x: {path: artifacts/x, uri: 'file:///tmp/x'}}\n", set()),
        ("mlflow.sklearn", "    x: !!python/object/apply:os.system [id]\n", {Sign.EXECUTES}),
    ],
)
def test_what_mlflow_would_run(loader: str, more: str, found: set[Sign]) -> None:
    assert signs(mlmodel(loader, more)) == found


# --- Servers


def test_servers_that_run_code_of_the_folder() -> None:
    head = 'name: "m"\nmax_batch_size: 8\ninput [ { name: "x" data_type: TYPE_FP32 dims: [ 3 ] } ]\n'
    assert seen("config.pbtxt", head + 'platform: "onnxruntime_onnx"\n').state is State.CLEAN
    assert signs(seen("config.pbtxt", head + 'backend: "python"\n')) == {Sign.CARRIES}
    environment = 'parameters: { key: "EXECUTION_ENV_PATH", value: { string_value: "../../env.tar.gz" } }\n'
    assert Sign.ESCAPES in signs(seen("config.pbtxt", head + 'backend: "python"\n' + environment))
    bento = "service: service:svc\nname: churn\nbentoml_version: 1.3.0\n"
    assert signs(seen("bento.yaml", bento)) == {Sign.CARRIES}
    assert seen("bento.yaml", bento).facts["producer"] == "bentoml 1.3.0"


# --- What is not ours

ORDINARY = {
    "package.json": '{"name": "web", "version": "1.0.0", "type": "module", "path": "a", "config": {"model_type": "x"}}',
    "config.json": '{"name": "web", "architectures": ["amd64", "arm64"]}',
    "car.json": '{"model_type": "sedan", "wheels": 4}',
    "tsconfig.json": '{"compilerOptions": {"target": "es2022", "paths": {}}}',
    "modules.json": '[{"name": "a", "path": "b"}]',
    "labels.json": '{"weights": {"map": 1}}',
    "messages.html.jinja": "{% for message in messages %}<li {{ message.role }}>{{ message.content }}</li>{% endfor %}",
    "flash.j2": "{% for message in messages %}{{ message }}{% endfor %}",
    "mail.jinja": "Dear {{ name }}, {% if role == 'admin' %}hello{% endif %}",
    "nginx.conf.j2": "{% for host in hosts %}server {{ host }};{% endfor %}",
    "values.yaml": "chat_template: {{ .Values.template }}\n",
    "docker-compose.yml": "services:\n  web:\n    build:\n      target: dev\n",
    "pipeline.yaml": "steps:\n  - target: build\n    params: {a: 1}\n",
    "graph.pbtxt": 'node {\n  name: "x"\n  op: "Placeholder"\n}\n',
    "mkdocs.yml": "theme:\n  custom: !!python/name:material.extensions.emoji.twemoji\n",
    "workflow.yml": "on: push\nenv:\n  X: ${{ secrets.TOKEN }}\n",
    "empty.json": "",
    "notes.txt": "auto_map model_type weight_map tokenizer_class",
}


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_files_are_not_claimed(name: str) -> None:
    candidate = Candidate(Bytes(ORDINARY[name].encode()), name)
    assert [one.id for one in OURS if one.matches(candidate)] == []


def test_our_files_are_companions_of_models() -> None:
    assert all(one.role is Role.COMPANION for one in OURS)
    assert {one.id for one in OURS} <= {one.id for one in recognised_formats()}


def recognised_formats() -> Any:
    from backstay.artifacts.formats import FORMATS

    return FORMATS


# --- Licences


@pytest.mark.parametrize(
    ("id", "found"),
    [
        ("mit", ("notice",)),
        ("Apache 2.0", ("notice",)),
        ("cc0-1.0", ()),
        ("cc-by-nc-4.0", ("attribution", "non-commercial")),
        ("LLAMA 3.1 Community License Agreement", ("attribution", "naming", "use-based", "user-threshold")),
        ("gemma", ("notice", "use-based")),
        ("bigscience-bloom-rail-1.0", ("notice", "use-based")),
        ("https://spdx.org/licenses/MIT", ("notice",)),
        ("MIT AND CC-BY-NC-4.0", ("attribution", "non-commercial", "notice")),
        ("MIT AND acme-1", ("notice", "unknown")),
        ("other", ("unknown",)),
        ("", ("unknown",)),
    ],
)
def test_restrictions_of_licences(id: str, found: tuple[str, ...]) -> None:
    assert licenses.restrictions(id) == found


def test_every_licence_stands_once_with_a_source_and_known_words() -> None:
    text = table("licenses")["license"]
    ids = [one for row in text for one in row["ids"].split()]
    assert len(ids) == len(set(ids)) > 150
    assert all(row["source"] and set(row) == {"ids", "restrictions", "source"} for row in text)
    words = {
        "non-commercial", "research-only", "use-based", "user-threshold", "attribution", "naming", "no-derivatives",
        "share-alike", "network-copyleft", "no-training", "notice", "regional", "unknown",
    }  # fmt: skip
    assert licenses.kinds() <= words


def test_the_tables_do_not_contradict_the_policy() -> None:
    for name in table("targets")["executing"].split():
        dotted = name.replace("*", "anything")
        assert named_code.judge(dotted, Exam("x"), "called").value == "dangerous", dotted


# --- Hostile

DEEP = "[" * 50_000


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("config.json", '{"model_type": "x", "architectures": ["y"], "a": ' + DEEP),
        ("config.json", '{"model_type": "x", "architectures": ' + "[" * 90 + "1" + "]" * 90 + "}"),
        (
            "tokenizer_config.json",
            '{"tokenizer_class": "x", "bos_token": "", "chat_template": [' + '{"template": "{{ a }}"},' * 500 + "{}]}",
        ),
        ("model.safetensors.index.json", '{"weight_map": ' + DEEP),
        ("model.safetensors.index.json", '{"weight_map": {"a": 1, "b": null, "c": ["../x"]}}'),
        ("adapter_config.json", '{"peft_type": 1, "task_type": [], "target_modules": [1, null], "auto_mapping": []}'),
        ("modules.json", '[{"idx": 0, "type": 1, "path": 2}, 3, null]'),
        ("model_index.json", '{"_class_name": [], "a": [1, 2], "b": [[], {}]}'),
        ("MLmodel", "flavors:\n  python_function: 1\n"),
        ("MLmodel", "flavors:\n  python_function: &a [*a]\n"),
        ("c.yaml", "_target_: x\na: &a [1]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(2_000))),
        ("c.yaml", "_target_: x\na: " + DEEP),
        ("c.yaml", "_target_: " + "a." * 200_000 + "b\n"),
        ("c.yaml", "_target_: x\na: " + "${" * 100_000 + "\n"),
        ("c.yaml", "a: " + "!!python/object/apply:os.system [] " * 1 + "\n- - -\n"),
        ("config.pbtxt", 'backend: "python"\n' + 'parameters { key: "' * 20_000),
    ],
    ids=range(16),
)
def test_hostile_files_end_in_a_report(name: str, text: str) -> None:
    report = seen(name, text)
    assert "reader failed" not in {gap.reason for gap in report.gaps}


def test_steps_are_counted() -> None:
    weights = {f"t{n}": "model.safetensors" for n in range(5_000)}
    report = seen("model.safetensors.index.json", {"weight_map": weights}, Limits(steps=100))
    assert [gap.reason for gap in report.gaps] == ["too many steps"]


NAMES = [
    "config.json",
    "tokenizer_config.json",
    "a.index.json",
    "adapter_config.json",
    "modules.json",
    "model_index.json",
]
KEYS = [
    "auto_map",
    "model_type",
    "architectures",
    "weight_map",
    "peft_type",
    "task_type",
    "idx",
    "type",
    "path",
    "_class_name",
]
MORE = [
    "chat_template",
    "tokenizer_class",
    "bos_token",
    "added_tokens_decoder",
    "target_modules",
    "auto_mapping",
    "_target_",
]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from(["../x", "os.system", "a--b.C", "{{ x }}"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS + MORE), inner, max_size=6),
    max_leaves=25,
)


@given(st.sampled_from(NAMES), VALUES)
def test_any_document_ends_in_a_report(name: str, value: Any) -> None:
    data = Bytes(json.dumps(value).encode())
    for one in OURS:
        one.matches(Candidate(data, name))
        exam = Exam(name)
        with exam.contained():
            one.read(data, exam)
        assert "reader failed" not in {gap.reason for gap in exam.gaps}, one.id


@given(st.binary(max_size=300))
def test_any_bytes_end_in_a_report(data: bytes) -> None:
    for one in OURS:
        one.matches(Candidate(Bytes(data), "config.json"))
        exam = Exam("x")
        with exam.contained():
            one.read(Bytes(data), exam)
        assert "reader failed" not in {gap.reason for gap in exam.gaps}, one.id
    assert recognised(Candidate(Bytes(data), "x")) is not None


# --- Code of a repository

MODELING = "from transformers import PreTrainedModel\n\n\nclass MyModel(PreTrainedModel):\n    pass\n"
CODE = {
    "modeling_mine.py": MODELING,
    "configuration_mine.py": "from transformers import PretrainedConfig\nclass MyConfig(PretrainedConfig):\n    pass\n",
    "handler.py": "class EndpointHandler:\n    def __init__(self, path=''):\n        pass\n",
    "squad.py": "import datasets\nclass Squad(datasets.GeneratorBasedBuilder):\n    pass\n",
    "model.py": "class TritonPythonModel:\n    def execute(self, requests):\n        return []\n",
}


@pytest.mark.parametrize("name", CODE)
def test_code_of_a_repository_is_carried_and_judged(name: str) -> None:
    report = seen(name, CODE[name])
    assert report.format == "repository-code"
    assert signs(report) == {Sign.CARRIES}
    bad = seen(name, CODE[name] + "\nimport os\nos.system('true')\n")
    assert Sign.EXECUTES in signs(bad)
    assert bad.state is State.MALICIOUS


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("modeling_utils.py", "from .configuration import X\nclass A:\n    pass\n"),
        ("handler.py", "class Handler:\n    pass\n"),
        ("model.py", "class Model:\n    pass\n"),
        ("train.py", MODELING),
        ("modeling_mine.txt", MODELING),
    ],
)
def test_other_code_is_not_claimed(name: str, text: str) -> None:
    assert not recognised(Candidate(Bytes(text.encode()), name))
