"""Commands are read as a shell would read them, and no script, however hostile, makes that slow or fail."""

import contextlib
import shlex
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backstay import registry
from backstay.catalog.commands import command_row, programs
from backstay.detectors.support.command_facts import task_of_script
from backstay.detectors.support.invocations import invocations
from backstay.detectors.support.makefiles import justfile_scripts, makefile_scripts
from backstay.detectors.support.named_models import is_open, provider_of_url
from backstay.detectors.support.programs import started
from backstay.detectors.support.shell import MAX_COMMANDS, MAX_TEXT, MAX_WORDS, Command, commands
from backstay.model import Asset, Relationship
from backstay.plugin import File, UnreadableError

DETECTOR = next(one for one in registry.detectors() if one.id == "commands")


def words(script: str) -> list[str]:
    return [" ".join(one.words) for one in commands(script)]


def facts(path: str, text: str) -> list[Asset | Relationship]:
    data = text.encode()
    return list(DETECTOR.detect(File(path, data, len(data), "0" * 64, "src", digest_key=b"key")))


def names(path: str, text: str) -> set[str]:
    return {f"{one.kind} {one.name}" for one in facts(path, text) if isinstance(one, Asset)}


SCRIPTS = {
    "A=x\nrun $A": ["run x"],
    "A='x y'\nrun $A": ["run x y"],
    "run '$A'": ["run $A"],
    'A=x; run "${A:-y}" ${B:-z} ${C-w} "${D:+v}"': ["run x z w $()"],
    "A=$(cat f); run $A": ["run $()", "cat f"],
    "A=(a 'b c'); A+=(d)\nrun \"${A[@]}\" ${#A[@]}": ["run a b c d $()"],
    'A="a"; A+=" b"; run $A': ["run a b"],
    "for i in a b; do run $i; done": ["run a", "run b"],
    "for i in $X; do run $i; done": ["run $X"],
    "if t; then A=a; else A=b; fi; run $A": ["t", "run a", "run b"],
    'A=a; [ -n "$1" ] && A=b; run $A': ["run a", "run b"],
    "case $1 in x) A=a; B=1;; *) A=b; B=2;; esac; run $A $B": ["run a 1", "run b 2"],
    "f() { run $1 $2; }; f a b; f c": ["run a b", "run c $2"],
    "f() { run $1; }": ["run $1"],
    "f() { f; }; f": ["f"],
    "A=1 B=2 run x": ["run x"],
    "run a \\\n  b # c": ["run a b"],
    "run x 2>&1 > f | tee g &": ["run x", "tee g"],
    "cat <<EOF\nrun $(inner)\nEOF\nrun y": ["cat", "run y"],
    "cat <<'E' > f\nrun x\nE": ["cat"],
    'run "a\\"b" \'c\'"d"e\\ f': ['run a"b cde f'],
    ": ${A:=x}; run $A": [": x", "run x"],
    "echo `run x`": ["echo $()", "run x"],
    "run {a,b} *.py ~/x": ["run {a,b} *.py ~/x"],
    "set -- a b": ["set -- a b"],
    "A=a\r\nrun $A\r\n": ["run a"],
}


@pytest.mark.parametrize("script", SCRIPTS)
def test_words_of_scripts(script: str) -> None:
    assert sorted(words(script)) == sorted(SCRIPTS[script])


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=20), min_size=1, max_size=8))
def test_quoted_words_come_back_as_they_were(given_words: list[str]) -> None:
    found = commands("run " + shlex.join(given_words))
    assert [one.words for one in found] == [("run", *given_words)]


PROGRAMS = {
    "sudo -u x env A=b nohup run y": ["run y"],
    "CUDA_VISIBLE_DEVICES=0 timeout 5m run y": ["run y"],
    "uv run --with a run y": ["run y"],
    "uv run python -u -m a.b c": ["python -m a.b c"],
    "bash -lc 'run a && run b'": ["run a", "run b"],
    "docker exec -it c run y": ["run y"],
    "docker compose -f f.yml exec -T c run y": ["run y"],
    "kubectl -n ns exec pod -- run y": ["run y"],
    "ssh -i k host 'cd x; run y'": ["cd x", "run y"],
    "accelerate launch --num_processes 8 --mixed_precision bf16 a/t.py --x 1": ["python a/t.py --x 1"],
    "torchrun --nproc_per_node=8 --module a.b --x 1": ["python -m a.b --x 1"],
    "python -m torch.distributed.run --standalone t.py --x": ["python t.py --x"],
    "/usr/local/bin/python3.11 -X dev t.py": ["python t.py"],
    'eval "run a"': ["run a"],
    "tmux new-session -d -s n 'run a'": ["run a"],
    "bash": ["bash"],
    "sudo": [],
    "A=b": [],
}


@pytest.mark.parametrize("command", PROGRAMS)
def test_programs_behind_wrappers(command: str) -> None:
    assert [" ".join(one.words) for outer in commands(command) for one in started(outer)] == PROGRAMS[command]


def test_nested_shells_end() -> None:
    script = "run x"
    for _ in range(7):
        script = "bash -c " + shlex.quote(script)
    assert list(started(Command(("bash", "-c", script), 1))) == []


def test_options() -> None:
    (one,) = invocations(
        commands("vllm serve --enforce-eager org/m --max_model_len=10 --api-key k --lora-modules a=b c=d -p 1")
    )
    assert one.row is not None
    assert (one.name, one.free[0], one.value(("--max-model-len",)), one.has(one.row.key)) == (
        "vllm serve",
        "org/m",
        "10",
        True,
    )
    assert one.options["--lora-modules"] == ("a=b", "c=d")
    (two,) = invocations(commands("lm_eval --model hf --model_args pretrained=o/m,trust_remote_code=True,x"))
    assert two.row is not None
    assert [*two.values(two.row.model)] == ["o/m"]
    assert two.has(two.row.trust)


def test_make_and_just() -> None:
    make = "A = $(B)x\nB := y\nC ?= z\nC ?= no\nall: dep\n\t@run $(A) ${C} $$HOME $@\n\n"
    make += "ifeq (1,1)\n\t-run b\nendif\nx: ; run c\n"
    assert [(one.line, one.text) for one in makefile_scripts(make)] == [
        (6, "run yx z $HOME ${target}\n\n\nrun b\n"),
        (11, "run c\n"),
    ]
    just = 'm := "o/m"\nserve port="80" x:\n    @vllm serve {{m}} --port {{ port }} {{x}}\n\n'
    just += "py:\n    #!/usr/bin/env python\n    run\n"
    assert [(one.line, one.text.strip()) for one in justfile_scripts(just)] == [(3, "vllm serve o/m --port 80 ${x}")]


def test_variables_that_hold_each_other_end() -> None:
    text = "".join(f"V{n} = $(V{n + 1})$(V{n + 1})$(V{n + 1})$(V{n + 1})\n" for n in range(30)) + "a:\n\trun $(V0)\n"
    start = time.process_time()
    (one,) = makefile_scripts("A = $(A)$(A)\n" + text)
    assert len(one.text) <= 20_000
    assert time.process_time() - start < 3


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("llama-server -hf ggml-org/gemma-3-4b-it-GGUF:Q4_K_M --host 0.0.0.0", "model ggml-org/gemma-3-4b-it-GGUF"),
        ("llama-server -m models/phi-4.Q4.gguf", "model_file models/phi-4.Q4.gguf"),
        ("vllm serve /mnt/models/Qwen2.5-7B-Instruct", "model Qwen2.5-7B-Instruct"),
        ("mlflow models serve -m models:/churn/Production -p 5001", "model churn"),
        ("litellm --model bedrock/anthropic.claude-3-5-sonnet-20240620-v1:0", "provider litellm-proxy"),
        ("ollama run hf.co/bartowski/Llama-3.2-3B-Instruct-GGUF:Q6_K", "model bartowski/Llama-3.2-3B-Instruct-GGUF"),
        ("python -m spacy download en_core_web_sm", "model en_core_web_sm"),
        ("docker model run ai/smollm2:360M-Q4_K_M", "model ai/smollm2:360M-Q4_K_M"),
        ("trl sft --model_name_or_path Qwen/Qwen2-0.5B --dataset_name trl-lib/Capybara", "dataset trl-lib/Capybara"),
        ("yolo detect train data=data/coco.yaml model=yolov8n.pt", "model_file yolov8n.pt"),
        ("aws bedrock-runtime converse --model-id amazon.nova-lite-v1:0", "model amazon.nova-lite-v1:0"),
        ("hf download org-x/data-y --repo-type dataset", "dataset org-x/data-y"),
        ('curl http://localhost:11434/api/pull -d \'{"name": "llama3.2"}\'', "model llama3.2"),
        ("chroma run --path ./db --host 0.0.0.0", "vector_store chroma"),
        ("uvx mcp-server-git --repository .", "mcp_server mcp-server-git"),
        ("axolotl train configs/lora.yml", "pipeline run.sh"),
        ("python train.py --dataset-loc https://a.example.com/d/t.csv?key=1x", "dataset https://a.example.com/d/t.csv"),
    ],
)
def test_what_commands_name(command: str, expected: str) -> None:
    assert expected in names("run.sh", command)


@pytest.mark.parametrize(
    "command",
    [
        "vllm collect-env --model a/b",
        "ollama pull your-model:tag",
        "hf download org/repo --repo-type space",
        "python train.py --model cnn --epochs 3",
        "python train.py --output_dir out/",
        "python run.py --model base",
        "echo vllm serve Qwen/Qwen2-7B",
        'curl https://example.com/v1/x -d \'{"model": "gpt-4o"}\'',
        "curl http://localhost:8000/health",
        "git clone https://huggingface.co/docs/hub",
        "huggingface-cli login --token $T",
        "serve deploy",
        "claude mcp list",
        "npx @modelcontextprotocol/inspector node server.js",
        "# ollama pull llama3",
    ],
)
def test_what_names_nothing(command: str) -> None:
    assert names("run.sh", command) == set()


def test_a_server_of_an_unknown_model_is_one() -> None:
    assert names("run.sh", "vllm serve $MODEL") == {"endpoint vllm"}


def test_a_download_says_its_revision() -> None:
    found = facts("a.sh", "hf download o/m --revision abc\nhf download o/n\nvllm serve o/v --trust-remote-code\n")
    uses = {one.target: one.attributes for one in found if isinstance(one, Relationship) and "api" in one.attributes}
    assert uses["pkg:huggingface/o/m"] == {"api": "hf download", "revision": "abc", "local": True}
    assert uses["pkg:huggingface/o/n"]["revision"] is None
    assert uses["pkg:huggingface/o/v"]["trust_remote_code"] is True


def test_the_line_of_a_command_is_its_own() -> None:
    text = "jobs:\n  a:\n    steps:\n      - run: |\n          true\n          ollama pull qwen3:8b\n"
    text += "      - run: ollama pull phi3\n"
    found = {
        one.name: one.place.line
        for one in facts(".github/workflows/a.yml", text)
        if isinstance(one, Asset) and one.place
    }
    assert (found["qwen3:8b"], found["phi3"]) == (6, 7)


def test_every_row_of_the_table_can_be_reached() -> None:
    for program in programs():
        assert " " not in program
    assert command_row(("vllm", "serve", "x")) is not None
    assert command_row(("vllm", "collect-env")) is None


def test_tasks_of_scripts() -> None:
    tasks = {
        "a/train.py": "training",
        "pkg.run_sft": "training",
        "eval_mt.py": "evaluation",
        "x.eval.mod": "evaluation",
    }
    assert {script: task_of_script(script) for script in tasks} == tasks
    assert [task_of_script(one) for one in ("retrain_docs_site.py", "pytest", "strainer.py", "app.py")] == [
        "",
        "",
        "",
        "",
    ]


def test_names_that_are_no_names() -> None:
    assert all(map(is_open, ("$MODEL", "<model>", "a b", "your-model", "org/model", "path/to/model", "x" * 300, "")))
    assert not any(map(is_open, ("meta-llama/Llama-3", "o1", "qwen3:8b")))
    assert provider_of_url("https://x.openai.azure.com/openai/v1") == "azure-openai"
    assert provider_of_url("http://localhost:8000/v1") == ""
    assert provider_of_url("https://storage.googleapis.com/x") == ""


TOKENS = [
    "vllm",
    "serve",
    "hf",
    "download",
    "org/m",
    "ollama",
    "pull",
    "$A",
    "${A:-x}",
    '"',
    "'",
    "`",
    "$(",
    ")",
    "(",
    "{",
    "}",
]
TOKENS += [
    "if",
    "then",
    "fi",
    "for",
    "i",
    "in",
    "do",
    "done",
    "case",
    "esac",
    ";;",
    ";",
    "&&",
    "|",
    "\n",
    "\\\n",
    "A=",
    "A+=(",
    "=",
    " ",
]
TOKENS += [
    "<<EOF",
    "EOF",
    "f()",
    "bash",
    "-c",
    "eval",
    "--model",
    "--model=",
    "-m",
    "python",
    "torchrun",
    "t.py",
    "\x00",
    "é",
    "#",
    "@",
]


@settings(max_examples=500, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(TOKENS), st.text(max_size=4)), max_size=60).map(" ".join))
def test_any_script_is_read_within_bounds(script: str) -> None:
    found = commands(script)
    assert len(found) <= MAX_COMMANDS
    for one in found:
        assert len(one.words) <= MAX_WORDS
        assert all(len(word) <= MAX_TEXT for word in one.words)
    list(invocations(found))
    for path in ("a.sh", "Makefile", "justfile", "Procfile", "package.json", ".gitlab-ci.yml"):
        try:
            facts(path, script)
        except Exception as error:
            assert type(error).__name__ == "UnreadableError"


LONG = 100_000
ATTACKS = {
    "doubling": "A=xxxxxxxxxx\n" + 'A="$A$A"\n' * 400 + "run $A\n",
    "doubling arrays": "A=(x x)\n" + 'A+=("${A[@]}")\n' * 400 + 'run "${A[@]}"\n',
    "nested loops": "".join(f"for v{n} in a b c d e f g h; do " for n in range(40)) + "run $v1" + "; done" * 40,
    "calls": "".join(f"f{n}() {{ {f'f{n + 1} a; ' * 20} }}\n" for n in range(40)) + "f0\n",
    "substitutions": "$(" * (LONG // 2),
    "expansions": "${A:-" * (LONG // 5),
    "subshells": "(" * LONG,
    "backquotes": "`a" * (LONG // 2),
    "heredocs": "cat <<A\n" * (LONG // 8),
    "ifs": "if a; then " * (LONG // 11),
    "cases": "case a in " * (LONG // 10),
    "quotes": "\"'" * (LONG // 2),
    "words": "ollama " + "a " * (LONG // 2),
    "assignments": "A=b " * (LONG // 4),
    "pipes": "model |" * (LONG // 7),
    "commands": "ollama pull a1\n" * (LONG // 15),
    "branches": "".join(f"if a; then M=m{n}; fi; " for n in range(2_000)) + "ollama pull $M",
    "bash -c": "bash -c '" * (LONG // 9),
    "continued": "ollama \\\n" * (LONG // 9),
    "make": "A = " + "$(A" * (LONG // 3),
    "tabs": "train:\n" + "\tollama $(A)$(B)\n" * (LONG // 16),
}


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda name: str(name).replace(" ", "-"))
def test_time_is_bounded(attack: str) -> None:
    for path in ("model/a.sh", "Makefile", "justfile"):
        start = time.process_time()
        with contextlib.suppress(UnreadableError):
            facts(path, "# model\n" + ATTACKS[attack])
        assert time.process_time() - start < 3, path
