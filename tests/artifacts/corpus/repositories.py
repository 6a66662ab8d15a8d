"""Repositories: attacks by the files that stand beside weights: configuration, tokenizers, templates, indexes of shards."""  # noqa: E501

import json
from collections.abc import Iterator
from typing import Any

from corpus.sample import Group, Label, Made
from corpus.templates import BACKDOORS, HONEST, INJECTIONS, PLAIN


def _json(one: Any) -> bytes:
    return json.dumps(one, indent=2).encode()


def tokenizer_config(template: Any = PLAIN, **more: Any) -> bytes:
    return _json(
        {
            "tokenizer_class": "LlamaTokenizer",
            "bos_token": "<s>",
            "eos_token": "</s>",
            "chat_template": template,
            **more,
        }
    )


def tokenizer(**more: Any) -> bytes:
    """A `tokenizer.json` of the tokenizers library."""
    vocabulary = {word: number for number, word in enumerate(["<unk>", "a", "b", "ab", "yes", "no"])}
    return _json(
        {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": [
                {
                    "id": 0,
                    "content": "<unk>",
                    "single_word": False,
                    "lstrip": False,
                    "rstrip": False,
                    "normalized": False,
                    "special": True,
                }
            ],
            "normalizer": {"type": "NFC"},
            "pre_tokenizer": {"type": "Whitespace"},
            "post_processor": None,
            "decoder": None,
            "model": {
                "type": "BPE",
                "dropout": None,
                "unk_token": "<unk>",
                "continuing_subword_prefix": None,
                "end_of_word_suffix": None,
                "fuse_unk": False,
                "vocab": vocabulary,
                "merges": ["a b"],
            },
            **more,
        }
    )


def _replace(pattern: str, content: str) -> dict[str, Any]:
    return {"type": "Replace", "pattern": {"String": pattern}, "content": content}


def _index(file: str) -> bytes:
    return _json(
        {
            "metadata": {"total_size": 16},
            "weight_map": {"model.embed.weight": file, "model.norm.weight": "model-00001-of-00002.safetensors"},
        }
    )


def _templates(group: Group) -> None:
    for name, template, advisory in INJECTIONS:
        group.bad(
            f"injection-{name}/tokenizer_config.json", tokenizer_config(template), "", advisory and "CVE-2024-34359"
        )
    for name, template in BACKDOORS:
        group.bad(
            f"backdoor-{name}/tokenizer_config.json",
            tokenizer_config(template),
            "another answer under a hidden condition",
        )
    group.bad("file/chat_template.jinja", INJECTIONS[1][1].encode())
    group.bad("file/chat_template.json", _json({"chat_template": INJECTIONS[0][1]}))
    group.bad(
        "processor/processor_config.json",
        _json({"processor_class": "LlavaProcessor", "chat_template": INJECTIONS[7][1]}),
    )
    group.bad(
        "second/tokenizer_config.json",
        tokenizer_config([{"name": "default", "template": PLAIN}, {"name": "rag", "template": INJECTIONS[0][1]}]),
    )
    group.bad("backdoor-file/chat_template.jinja", BACKDOORS[0][1].encode())


def _tokenizers(group: Group) -> None:
    group.bad(
        "url/tokenizer.json",
        tokenizer(
            decoder={
                "type": "Sequence",
                "decoders": [_replace("https://bank.example", "https://backstay.invalid"), {"type": "Fuse"}],
            }
        ),
        "what the model writes is rewritten",
    )
    group.bad(
        "normalizer/tokenizer.json",
        tokenizer(normalizer={"type": "Sequence", "normalizers": [{"type": "NFC"}, _replace("unsafe", "safe")]}),
        "what the user writes is rewritten",
    )
    group.bad("decoder/tokenizer.json", tokenizer(decoder=_replace("No", "Yes")))
    group.bad(
        "pattern/tokenizer.json",
        tokenizer(
            decoder={"type": "Replace", "pattern": {"Regex": "https?://[^ ]+"}, "content": "http://backstay.invalid/"}
        ),
    )
    added = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": False}
    group.bad(
        "remapped/tokenizer.json",
        tokenizer(added_tokens=[{"id": 4, "content": "no", **added}, {"id": 5, "content": "yes", **added}]),
        "two words of the vocabulary change places",
    )


def _configurations(group: Group) -> None:
    for name, file in (
        ("parent", "../../../etc/passwd"),
        ("absolute", "/etc/passwd"),
        ("nested", "a/../../../secret.bin"),
        ("backslash", "..\\..\\secret.bin"),
        ("url", "http://backstay.invalid/model.bin"),
    ):
        group.bad(f"shards-{name}/model.safetensors.index.json", _index(file), "a shard out of the folder")
    group.bad("shards-torch/pytorch_model.bin.index.json", _index("../../pytorch_model.bin"))
    group.bad(
        "pipeline/model_index.json",
        _json(
            {
                "_class_name": "StableDiffusionPipeline",
                "_diffusers_version": "0.35.0",
                "unet": ["os", "system"],
                "vae": ["diffusers", "AutoencoderKL"],
            }
        ),
        "a part of the pipeline is a function of os",
    )
    group.bad(
        "sentence/modules.json",
        _json(
            [
                {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
                {"idx": 1, "name": "1", "path": "", "type": "os.system"},
            ]
        ),
    )
    group.bad(
        "sentence-path/modules.json",
        _json([{"idx": 0, "name": "0", "path": "../../../tmp", "type": "sentence_transformers.models.Transformer"}]),
    )
    group.bad(
        "hydra/config.yaml", b"model:\n  _target_: os.system\n  command: 'true'\n", "Hydra calls what _target_ names"
    )
    group.bad("yaml/config.yaml", b"model: !!python/object/apply:os.system ['true']\n", "", "CVE-2020-14343")
    group.bad(
        "mlflow/MLmodel",
        b"artifact_path: model\nflavors:\n  python_function:\n    loader_module: os\n    python_version: 3.11.0\n",
        "MLflow imports what loader_module names",
    )
    group.bad(
        "mlflow-slip/MLmodel",
        b"artifact_path: model\nflavors:\n  python_function:\n    loader_module: mlflow.sklearn\n    model_path: ../../../tmp/backstay.pkl\n    python_version: 3.11.0\n",  # noqa: E501
    )
    group.bad(
        "code-path/config.json",
        _json(
            {
                "architectures": ["LlamaForCausalLM"],
                "model_type": "llama",
                "auto_map": {"AutoModel": "../../evil--modeling.Model"},
            }
        ),
        "a class out of the folder",
    )


def _honest(group: Group) -> None:
    for name, template in HONEST:
        group.good(f"template-{name}/tokenizer_config.json", tokenizer_config(template))
    group.good("tokenizer/tokenizer.json", tokenizer())
    metaspace = {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "\u2581"}, _replace(" ", "\u2581")]}
    spaces = {
        "type": "Sequence",
        "decoders": [
            _replace("\u2581", " "),
            {"type": "ByteFallback"},
            {"type": "Fuse"},
            {"type": "Strip", "content": " ", "start": 1, "stop": 0},
        ],
    }
    group.good(
        "llama/tokenizer.json", tokenizer(normalizer=metaspace, decoder=spaces), "as Llama's tokenizer writes blanks"
    )
    quotes = {
        "type": "Sequence",
        "normalizers": [_replace("``", '"'), _replace("''", '"'), {"type": "NFKD"}, {"type": "Lowercase"}],
    }
    group.good("albert/tokenizer.json", tokenizer(normalizer=quotes), "as ALBERT's tokenizer writes quotes")
    clip = {
        "type": "Sequence",
        "normalizers": [
            {"type": "NFC"},
            {"type": "Replace", "pattern": {"Regex": "\\s+"}, "content": " "},
            {"type": "Lowercase"},
        ],
    }
    group.good("clip/tokenizer.json", tokenizer(normalizer=clip))
    group.good("shards/model.safetensors.index.json", _index("model-00002-of-00002.safetensors"))
    group.good(
        "config/config.json",
        _json(
            {
                "architectures": ["LlamaForCausalLM"],
                "model_type": "llama",
                "hidden_size": 8,
                "torch_dtype": "bfloat16",
                "transformers_version": "4.57.0",
            }
        ),
    )
    group.good(
        "pipeline/model_index.json",
        _json(
            {
                "_class_name": "StableDiffusionPipeline",
                "_diffusers_version": "0.35.0",
                "unet": ["diffusers", "UNet2DConditionModel"],
                "tokenizer": ["transformers", "CLIPTokenizer"],
                "safety_checker": [None, None],
            }
        ),
    )
    group.good(
        "sentence/modules.json",
        _json(
            [
                {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
                {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
            ]
        ),
    )
    group.good(
        "lora/adapter_config.json",
        _json(
            {
                "peft_type": "LORA",
                "base_model_name_or_path": "meta-llama/Llama-3.2-1B",
                "r": 8,
                "lora_alpha": 16,
                "target_modules": ["q_proj", "v_proj"],
                "task_type": "CAUSAL_LM",
            }
        ),
    )
    group.good(
        "mlflow/MLmodel",
        b"artifact_path: model\nflavors:\n  python_function:\n    env: conda.yaml\n    loader_module: mlflow.sklearn\n    model_path: model.pkl\n    python_version: 3.11.0\n  sklearn:\n    pickled_model: model.pkl\n    serialization_format: cloudpickle\n    sklearn_version: 1.7.0\nmlflow_version: 3.4.0\n",  # noqa: E501
    )
    code = {
        "architectures": ["PhiForCausalLM"],
        "model_type": "phi",
        "auto_map": {
            "AutoConfig": "configuration_phi.PhiConfig",
            "AutoModelForCausalLM": "modeling_phi.PhiForCausalLM",
        },
    }
    group.good("remote/config.json", _json(code), "needs code of the repository", Label.CODE)
    other = {"architectures": ["X"], "model_type": "x", "auto_map": {"AutoModel": "somebody/code--modeling.X"}}
    group.good("remote-other/config.json", _json(other), "needs code of another repository", Label.CODE)
    group.good(
        "remote-tokenizer/tokenizer_config.json",
        tokenizer_config(auto_map={"AutoTokenizer": ["tokenization_x.XTokenizer", None]}),
        "",
        Label.CODE,
    )
    group.good(
        "sentence-own/modules.json",
        _json([{"idx": 0, "name": "0", "path": "", "type": "custom_st.Transformer"}]),
        "",
        Label.CODE,
    )


def samples() -> Iterator[Made]:
    group = Group("repositories and templates")
    _templates(group)
    _tokenizers(group)
    _configurations(group)
    _honest(group)
    yield from group.made
