"""The Go front-end: every kind of declaration, statement and expression, packages and modules, and hostile source."""

import random
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sketch import sketch

from backstay.code.facts import Assign, Call, Class, Do, Function, Lit, Module, Statement
from backstay.code.languages.go import language
from backstay.code.scopes import ModuleScope
from backstay.code.walk import calls


def parsed(source: str, path: str = "app/main.go") -> Module:
    return language.parse(path, source.encode())


def declared(source: str) -> list[str]:
    """The facts of a file's declarations."""
    module = parsed("package p\n" + source)
    assert not module.broken, source
    return [sketch(one) for one in module.body]


def body(source: str, imports: str = "") -> list[str]:
    """The facts of statements in a function; functions and types that were taken out of them come first."""
    module = parsed(f"package p\n{imports}\nfunc f() {{\n{source}\n}}\n")
    assert not module.broken, source
    function = module.body[-1]
    assert isinstance(function, Function)
    return [sketch(one) for one in function.body]


DECLARATIONS = [
    ('import "a/b"', ["import a/b as b"]),
    ('import (\n c "a/b"\n _ "d"\n . "e"\n)', ["import a/b as c", "import d as _", "from e import *"]),
    ('import "x.io/y/v3/z"', ["import x.io/y/z as z"]),
    ('import "x.io/z/v2"', ["import x.io/z as z"]),
    ('import "gopkg.in/yaml.v3"', ["import gopkg.in/yaml as yaml"]),
    ('import "C"', []),
    ("var x, y = 1, f()", ["x = 1", "y = f()"]),
    ("var x T", ["x: T : -"]),
    ("var (\n a []T\n b map[string]T\n)", ["a: slice[T] = []", "b: map[[string, T]] = {}"]),
    ('const A, B = "a", 2', ["A = 'a'", "B = 2"]),
    ('const (\n A M = "a"\n B M = "b"\n)', ["A: M = 'a'", "B: M = 'b'"]),
    ("const (\n A K = iota\n B\n _\n D\n)", ["A: K = 0", "B: K = 1", "D: K = 3"]),
    ('type T struct {\n a, b int `json:"a"`\n c *q.R\n}', ["class T(): a: int : -; b: int : -; c: q.R : -"]),
    ("type T struct {\n *q.R\n S[int]\n}", ["class T(q.R, S[int]): R: q.R : -; S: S[int] : -"]),
    (
        "type I interface {\n J\n F(a int) (string, error)\n}",
        ["class I(J, interface=True): def F(this, a: int) -> string:"],
    ),
    ("type T = q.R", ["T = q.R"]),
    ("type T q.R", ["class T(q.R):"]),
    ("type T string", ["def T(value): return value"]),
    ("type F func(int) error", ["def F(value): return value"]),
    ("func f(a, b int, c ...T) *R { return nil }", ["def f(a: int, b: int, *c: T) -> R: return None"]),
    ("func f(int, string) {}", ["def f(_: int, _: string):"]),
    ("func f[T any](x T) T { return x }", ["def f(x: T) -> T: return x"]),
    ("func f() (a int, err error) { return }", ["def f() -> int: a: int : -; return a"]),
    ("func f() (int, error) { return 1, g() }", ["def f() -> int: g(); return 1"]),
    ("func f() (A, B, error) { return a, b, nil }", ["def f() -> [A, B]: return [a, b]"]),
    ("func f() error { return g() }", ["def f(): g()"]),
    (
        "type T struct{}\nfunc (t *T) a() { t.x = 1 }\nfunc g() {}\nfunc (T) b() {}",
        ["class T(): def a(t): t.x = 1; def b(this):", "def g():"],
    ),
    ("func (t *T[K]) a() {}\nfunc (t T[K]) b() {}", ["class T(): def a(t):; def b(t):"]),
    ("type T string\nfunc (t T) a() {}", ["class T(): def a(t):", "def T(value): return value"]),
]


@pytest.mark.parametrize(
    ("source", "expected"), DECLARATIONS, ids=[source.split("\n")[0] for source, _ in DECLARATIONS]
)
def test_declarations(source: str, expected: list[str]) -> None:
    assert declared(source) == expected


STATEMENTS = [
    ("a, b := c, d()", ["a = c", "b = d()"]),
    ("a, err := c()", ["a = c()"]),
    ("a, ok := c[d]", ["a = c[d]"]),
    ("a, _ = c()", ["a = c()"]),
    ("_, err = c()", ["c()"]),
    ("_ = c()", ["c()"]),
    ("a, b, err := c()", ["[a, b] = c()"]),
    ("_, b, err := c()", ["[_, b] = c()"]),
    ("a.b[c] = d", ["a.b[c] = d"]),
    ("a += b\na -= c()", ["a += b", "?(c())"]),
    ("a++\na--\na()", ["a()"]),
    ("var a T = b", ["a: T = b"]),
    ("a, ok := b.(*T)", ["a: T = b"]),
    ("if a := b(); a != nil { c() } else if d() { e() } else { f() }", ["a = b()", "c()", "d()", "e()", "f()"]),
    ("for i := a(); i < b(); i++ { c() }", ["i = a()", "(i < b())", "c()"]),
    ("for a() { b() }", ["a()", "b()"]),
    ("for { a(); break }", ["a()"]),
    ("for a := range b { c(a) }", ["a for b", "c(a)"]),
    ("for _, a := range b.c { d(a) }", ["a = b.c[?()]", "d(a)"]),
    ("for k, a := range b { c(a) }", ["k for b", "a = b[?()]", "c(a)"]),
    ("for _, a := range b() { c(a) }", ["a = b()[?()]", "c(a)"]),
    ("for a, err := range b() { c(a) }", ["a for b()", "c(a)"]),
    ("for range a() { b() }", ["a()", "b()"]),
    ("switch a := b(); c() {\ncase d: e()\ndefault: f()\n}", ["a = b()", "c()", "e()", "f()"]),
    ("switch a := b.(type) {\ncase *T: c()\ncase U, V: d()\n}", ["a: T = b", "c()", "a = b", "d()"]),
    ("switch b.(type) {\ncase T: c()\n}", ["c()"]),
    ("select {\ncase a := <-b: c(a)\ncase d <- e(): f()\ndefault: g()\n}", ["a = ?(b)", "c(a)", "e()", "f()", "g()"]),
    ("go a()\ndefer b(c)", ["a()", "b(c)"]),
    ("a <- b()", ["b()"]),
    ("l: for { a(); continue l }\ngoto l", ["a()"]),
    ("{ a() }", ["a()"]),
    ("const a = 1\ntype T struct{ b int }", ["a = 1", "class T(): b: int : -"]),
    ("f := func(a int) (int, error) { return a, nil }", ["def f(a: int) -> int: return a"]),
    ("defer func() { a() }()", ["def <anonymous:4:6>(): a()", "<anonymous:4:6>()"]),
    ("a(func() {}, &T{F: func() { b() }})", [
        "def <anonymous:4:2>():", "def <F:4:19>(): b()", "a(<anonymous:4:2>, T(F=<F:4:19>))",
    ]),
    # Text put together in a variable is one text.
    ('var a strings.Builder\na.WriteString("x")\nfmt.Fprintf(&a, "y%s", z)\nb(a.String())',
     ["a = ''", "a += 'x'", "a += text('y', z)", "b(a)"]),
    # A slice that begins here grows; one from elsewhere becomes another.
    ("a := []T{b}\na = append(a, c, d...)", ["a = [b]", "a.append(c)", "a.extend(d)"]),
    ("var a []T\nfor b() { a = append(a, c) }", ["a: slice[T] = []", "b()", "a.append(c)"]),
    ("a := b()\na = append(a, c)", ["a = b()", "a = (a + [c])"]),
    ("a.b = append(a.b, c)", ["a.b = (a.b + [c])"]),
    # Fields set after a struct is made belong to its making.
    ("a := &T{B: 1}\na.C = d\na.B = 2", ["a = T(C=d, B=2)", "a.C = d", "a.B = 2"]),
    ("a := T{}\nif b() { a.C = 1 } else { a.C = 2 }", ["a = T(C=either(1, 2))", "b()", "a.C = 1", "a.C = 2"]),
    ("var a q.T\na.B = c()", ["a: q.T = q.T(B=c())"]),
    ("a := T{B: []U{b()}}\na.B = append(a.B, c(), d...)\na.B = append(a.B, e)",
     ["a = T(B=[b(), c(), *d, e])", "a.B = (a.B + [e])"]),
    ("var a T\na.B = c\nif d() { a.B = append(a.B, e()) }", ["a: T = T(B=[*c, e()])", "a.B = c", "d()"]),
    ("a := new(T)\na.B = 1", ["a = T(B=1)", "a.B = 1"]),
    ("a := b.c()\na.D = e\na.f = g", ["a = b.c(D=e)", "a.D = e", "a.f = g"]),
    ("a := b.c()\na.D = e()", ["a = b.c(D=e())"]),
]  # fmt: skip
IMPORTS = 'import (\n"fmt"; "strings"; "cmp"\n)'.replace("\n", " ")


@pytest.mark.parametrize(("source", "expected"), STATEMENTS, ids=[source.split("\n")[0] for source, _ in STATEMENTS])
def test_statements(source: str, expected: list[str]) -> None:
    assert body(source, IMPORTS) == expected


EXPRESSIONS = [
    (r'"a\n\x41é\101\"" + `b\n`', "'a\\nAéA\"b\\\\n'"),
    ('"a" + b + "c"', "text('a', b, 'c')"),
    ("a + b", "(a + b)"),
    ("1_000 + 0x10", "(1000 + 16)"),
    ("-1.5e3", "-1500.0"),
    ("0o17", "15"),
    ("017", "15"),
    ("nil", "None"),
    ("a.b.C(d, 1)", "a.b.C(d, 1)"),
    ("f(a...)", "f(*a)"),
    ("&a.b", "a.b"),
    ("*a", "a"),
    ("(a)", "a"),
    ("<-a", "?(a)"),
    ("!a", "?(a)"),
    ("a[1:2]", "a"),
    ("a[b]", "a[b]"),
    ("string(a)", "a"),
    ('[]byte("a")', "'a'"),
    ("(*T)(a)", "a"),
    ("q.T(a)", "q.T(a)"),
    ("f[int](a)", "f(a)"),
    ("q.F[A, B](a, b)", "q.F(a, b)"),
    ("new(T)", "T()"),
    ("make([]T, 0)", "[]"),
    ("make(map[string]T)", "{}"),
    ("make(chan T)", "?()"),
    ("append(a, b)", "(a + [b])"),
    ("T{1, b}", "T(1, b)"),
    ("&q.T{A: 1, B: U{}}", "q.T(A=1, B=U())"),
    ("q.T[int]{A: 1}", "q.T(A=1)"),
    ("[]T{{1}, {A: 2}, U{}}", "[T(1), T(A=2), U()]"),
    ("[]*q.T{{A: 1}}", "[q.T(A=1)]"),
    ('[...]string{0: "a", "b"}', "['a', 'b']"),
    ("[][]T{{{A: 1}}}", "[[T(A=1)]]"),
    ('map[string]T{"a": {A: 1}, b: c}', "{'a': T(A=1), b: c}"),
    ("map[K][]T{x: {{A: 1}}}", "{x: [T(A=1)]}"),
    ('gin.H{"a": b}', "{'a': b}"),
    ("q.Ts{a, b()}", "[a, b()]"),
    ("Ts{{A: 1}}", "[{'A': 1}]"),
    ('fmt.Sprintf("a %s, %-5.2f%%", b, c)', "text('a ', b, ', ', c, '%')"),
    ('fmt.Sprintf("a %s", "b")', "'a b'"),
    ("fmt.Sprintf(a, b)", "(a % [b])"),
    ('fmt.Sprintf("%s %s", a...)', "text('%s %s', *a)"),
    ('strings.Join(a, ", ")', "', '.join(a)"),
    ('cmp.Or(a, "b")', "either(a, 'b')"),
    ("a == b", "(a == b)"),
    ("a && b && c()", "?(a, b, c())"),
]


@pytest.mark.parametrize(("source", "expected"), EXPRESSIONS, ids=[source for source, _ in EXPRESSIONS])
def test_expressions(source: str, expected: str) -> None:
    assert body(f"x = {source}", IMPORTS) == [f"x = {expected}"]


def test_options_at_the_end_become_keywords() -> None:
    imports = 'import ("x/option"; "context"; "x/mw")'
    assert body(
        "a := q.New(k, option.WithKey(b), option.WithX(), option.WithT(1, 2), option.WithT(c...))", imports
    ) == ["a = q.New(k, WithKey=b, WithX=True, WithT=[[1, 2], c])"]
    assert body('q.Generate(option.WithPrompt("tell %s of %d", b, c))', imports) == [
        "q.Generate(WithPrompt=text('tell ', b, ' of ', c))"
    ]
    # Not what stands before other arguments, nor contexts, nor handlers wrapped in middleware.
    assert body("a(option.WithKey(b), c)", imports) == ["a(option.WithKey(b), c)"]
    assert body("a(context.WithValue(b, c, d))", imports) == ["a(context.WithValue(b, c, d))"]
    assert body('r.Handle("/x", mw.WithAuth(h))', imports) == ["r.Handle('/x', mw.WithAuth(h))"]
    assert body("a(s.WithKey(b))", imports) == ["a(s.WithKey(b))"]


def test_slice_types_of_the_file_are_known() -> None:
    assert declared('type Ts []q.T\ntype M map[string]Ts\nvar x = M{"a": {{A: 1}}}')[-1] == "x = {'a': [q.T(A=1)]}"


def test_structs_without_a_name() -> None:
    assert body('a := []struct{ b string }{{"c"}, {b: "d"}}') == [
        "class <struct:4:7>(): b: string : -",
        "a = [<struct:4:7>('c'), <struct:4:7>(b='d')]",
    ]


PACKAGES = [
    ("github.com/openai/openai-go", "openai"),
    ("github.com/openai/openai-go/v3", "openai"),
    ("github.com/sashabaranov/go-openai", "openai"),
    ("github.com/anthropics/anthropic-sdk-go", "anthropic"),
    ("github.com/metoro-io/mcp-golang", "mcp_golang"),
    ("github.com/pinecone-io/go-pinecone/v3/pinecone", "pinecone"),
    ("github.com/yalue/onnxruntime_go", "onnxruntime_go"),
    ("github.com/modelcontextprotocol/go-sdk/mcp", "mcp"),
    ("github.com/amikos-tech/chroma-go/pkg/api/v2", "v2"),
    ("github.com/cohere-ai/cohere-go/v2", "cohere"),
    ("example.com/a/go-b-client", "b"),
    ("gopkg.in/x/yaml.v3", "yaml"),
]


@pytest.mark.parametrize(("path", "name"), PACKAGES)
def test_a_package_is_known_by_the_name_that_code_uses(path: str, name: str) -> None:
    module = parsed(f'package p\nimport "{path}"\nvar x = {name}.New()\n')
    assert sketch(module.body[0]).endswith(f" as {name}")


def test_embedded_files() -> None:
    source = (
        'package p\nimport "embed"\n//go:embed prompts/a.txt\nvar a string\n\n'
        'var (\n//go:embed "b.txt"\nb []byte\n//go:embed all\nfiles embed.FS\n)\n'
        'var c, _ = files.ReadFile("all/c.md")\n'
    )
    assert [sketch(one) for one in parsed(source).body][1:] == [
        "a: string = embedded('app/prompts/a.txt')",
        "b: slice[byte] = embedded('app/b.txt')",
        "files: embed.FS : -",
        "c = embedded('app/all/c.md')",
    ]


def test_positions_words_and_branches() -> None:
    module = parsed(
        "package main\n\nfunc main() {\n\ta := b.\n\t\tc(`x\ny`)\n\tif d {\n\t\te := 1\n\t}\n"
        '\tg := func() { h("gpt-4o") }\n}\n'
    )
    assert module.main
    function = module.body[0]
    assert isinstance(function, Function)
    assert (function.line, function.end_line) == (3, 11)
    assign = function.body[0]
    assert isinstance(assign, Assign)
    assert isinstance(assign.value, Call)
    assert (assign.line, assign.value.line, assign.value.end_line) == (4, 4, 6)
    literal = assign.value.args[0]
    assert isinstance(literal, Lit)
    assert (literal.line, literal.end_line) == (5, 6)
    assert function.words == ["a", "b", "c", "d", "e", "g", "h"]
    assert function.texts
    assert [one.branch for one in function.body if isinstance(one, Assign)] == [0, 1]
    assert not parsed("package lib\nfunc main() {}\n").main
    assert not parsed("package main\nfunc other() {}\n").main


def test_text_that_tells_is_noted_by_its_function_alone() -> None:
    module = parsed('package p\nfunc f() { g("x") }\nfunc h() { g("gpt-4o") }\n')
    assert [one.texts for one in module.body if isinstance(one, Function)] == [False, True]


def test_headings() -> None:
    source = (
        '// Package p.\npackage p\n\nimport "a"\nimport (\n\tx "b/v2"\n\t// "no"\n\t_ "c"\n)\n\n'
        "type T struct {\n\tfield int\n}\ntype (\n\tA int\n\tB struct {\n\t\tinner int\n\t}\n)\n"
        "var v, w = 1, 2\nconst (\n\tC = iota\n\tD, E = 1, 2\n)\nfunc f() {\n\tvar local int\n}\n"
        "func (t *T) m() {}\nfunc (Q[K]) n() {}\nfunc g[K any]() {}\n"
    )
    found = language.heading("p.go", source.encode())
    assert found.package == "p"
    assert found.imports == [("a", 0), ("b", 0), ("c", 0)]
    assert found.names == ["T", "A", "B", "v", "w", "C", "D", "E", "f", "(T)", "(Q)", "g"]


PROJECT = {
    "go.mod": "module example.com/app/v2\n\ngo 1.23\n\nreplace (\n\texample.com/shared => ./libs/shared\n)\n",
    "main.go": "package main\nfunc start() {}\n",
    "internal/llm/client.go": "package llm\ntype Client struct{}\nfunc NewClient() *Client { return nil }\n",
    "internal/llm/chat.go": "package llm\nfunc (c *Client) Chat() {}\n",
    "internal/llm/chat_test.go": "package llm\nfunc helper() {}\n",
    "internal/llm/outer_test.go": "package llm_test\nfunc outer() {}\n",
    "pkg/api/v2/api.go": "package v2\nfunc Serve() {}\n",
    "libs/shared/shared.go": "package shared\nvar Shared = 1\n",
    "tools/go.mod": "module example.com/tools\n",
    "tools/cmd/run.go": "package cmd\nfunc Run() {}\n",
}


def test_modules() -> None:
    files = {path: text.encode() for path, text in PROJECT.items()}
    headings = {path: language.heading(path, data) for path, data in files.items() if path.endswith(".go")}
    modules = language.modules(headings, files.get)
    llm = "internal/llm"

    def find(module: str, name: str = "") -> str | None:
        return modules.find(module, 0, "main.go", name)

    assert find("example.com/app/internal/llm", "NewClient") == f"{llm}/client.go"
    assert find("example.com/app/v2/internal/llm", "Client") == f"{llm}/client.go"
    assert find("example.com/app/internal/llm") == f"{llm}/chat.go"
    assert find("example.com/app") == "main.go"
    assert find("example.com/app/pkg/api", "Serve") == "pkg/api/v2/api.go"
    assert find("example.com/shared", "Shared") == "libs/shared/shared.go"
    assert find("example.com/tools/cmd", "Run") == "tools/cmd/run.go"
    assert find("example.com/app/tools/cmd") is None
    assert find("github.com/openai/openai-go") is None
    assert modules.imported("example.com/app/internal/llm", 0, "main.go") == [f"{llm}/chat.go", f"{llm}/client.go"]
    assert modules.neighbour("NewClient", f"{llm}/chat.go") == f"{llm}/client.go"
    assert modules.neighbour("helper", f"{llm}/chat.go") is None, "only tests see what tests declare"
    assert modules.neighbour("NewClient", f"{llm}/chat_test.go") == f"{llm}/client.go"
    assert modules.neighbour("NewClient", f"{llm}/outer_test.go") is None
    assert set(modules.neighbours(f"{llm}/chat.go")) == {f"{llm}/client.go", f"{llm}/chat_test.go"}
    assert modules.parts("Client", f"{llm}/client.go") == [f"{llm}/chat.go"]
    assert modules.parts("Client", f"{llm}/chat.go") == [f"{llm}/client.go"]
    assert not modules.neighbours("gone.go")
    assert not modules.parts("Client", "gone.go")
    assert modules.neighbour("Client", "gone.go") is None


@pytest.mark.parametrize(
    "text",
    ["", "module", "module " + "a" * 300_000, "replace x => ../../../out\nmodule m", "replace " * 50_000, "\0\xff"],
    ids=["empty", "no path", "long", "outside", "many", "bytes"],
)
def test_bad_go_mod(text: str) -> None:
    started = time.monotonic()
    modules = language.modules({"a/b.go": language.heading("a/b.go", b"package b\nfunc F() {}")}, {
        "go.mod": text.encode("utf-8", "replace"),
    }.get)  # fmt: skip
    assert modules.find("nowhere", 0, "a/b.go", "F") is None
    assert time.monotonic() - started < 2


BROKEN = [
    ("func f( {\n x := 1\n}\nfunc g() { h() }\n", "def g(): h()"),
    ("func f() { a() \n\nvar x = g(2)\n", None),
    ("}}}\nfunc g() { h() }\n", "def g(): h()"),
    ("<<<<<<< HEAD\nvar a = b()\n=======\nvar a = c()\n>>>>>>> x\nfunc g() { h() }\n", "def g(): h()"),
    ('x := "abc', None),
]


@pytest.mark.parametrize(("source", "expected"), BROKEN, ids=[source for source, _ in BROKEN])
def test_broken_source_is_counted_and_the_rest_understood(source: str, expected: str | None) -> None:
    module = parsed("package p\n" + source)
    assert module.broken > 0
    if expected is not None:
        assert expected in [sketch(one) for one in module.body]


DEEP = {
    "parentheses": "(" * 10_000 + "1" + ")" * 10_000,
    "just below the limit": "f(" * 145 + ")" * 145,
    "sum": " + ".join(f"a{i}" for i in range(20_000)),
    "text": " + ".join(f'"a{i}" + b' for i in range(5_000)),
    "difference": " - ".join(f"a{i}" for i in range(20_000)),
    "mixed": " ".join(f"a{i} {'+-'[i % 2]}" for i in range(5_000)) + " 1",
    "conditions": " && ".join(f"a{i}" for i in range(20_000)),
    "attributes": "a" + ".b" * 20_000,
    "calls": "a" + ".b()" * 20_000,
    "arguments": "f(" * 5_000 + ")" * 5_000,
    "structs": "T{A: " * 3_000 + "1" + "}" * 3_000,
    "bare structs": "[]T{" + "{" * 3_000 + "}" * 3_000 + "}",
    "slices": "[]" * 5_000 + "T{}",
    "items": "a" + "[0]" * 5_000,
    "functions": "func() { x := " * 2_000 + "1" + "}" * 2_000,
    "functions below the limit": "func() { x := " * 40 + "1" + "}" * 40,
    "pointers": "*" * 10_000 + "a",
    "options": "q.New(" * 3_000 + ")" * 3_000,
    "fields": "struct{ a " * 2_000 + "int" + "}" * 2_000 + "{}",
    "elements": "[]int{" + "1," * 50_000 + "}",
}
NESTED = {
    "ifs": "if a {" * 2_000 + "}" * 2_000,
    "else if": "if a { b() }" + "".join(f" else if a{i} {{ b{i}() }}" for i in range(5_000)),
    "loops": "for {" * 2_000 + "}" * 2_000,
    "blocks": "{" * 5_000 + "}" * 5_000,
    "appends": "var a []T\n" + "a = append(a, b)\n" * 10_000,
    "fields": "a := T{}\n" + "".join(f"a.f{i} = g()\n" for i in range(10_000)),
    "one field": "a := T{}\nif b {\n" + "a.f = g()\n" * 5_000 + "}\n",
    "writes": "var b strings.Builder\n" + 'b.WriteString("x")\n' * 10_000,
    "cases": "switch a {\n" + "".join(f"case {i}: b()\n" for i in range(10_000)) + "}\n",
}


@pytest.mark.parametrize("source", [*(f"x := {one}" for one in DEEP.values()), *NESTED.values()], ids=[*DEEP, *NESTED])
def test_deep_and_long_source_is_bounded(source: str) -> None:
    started = time.monotonic()
    module = parsed('package p\nimport "strings"\nfunc f() {\n' + source + "\n}\nvar last = g()\n")
    assert time.monotonic() - started < 5
    assert _depth(module.body) < 400
    assert "last = g()" in [sketch(one) for one in module.body[-1:]], "what follows is understood"


def _depth(statements: list[Statement]) -> int:
    """How deep functions and types stand within each other."""
    inner = [one.body for one in statements if isinstance(one, Function | Class)]
    return 1 + max(map(_depth, inner), default=0)


def test_nesting_past_the_limit_is_counted() -> None:
    assert not parsed("package p\nvar x = " + "(" * 60 + "1" + ")" * 60).broken
    assert parsed("package p\nvar x = " + "(" * 400 + "1" + ")" * 400).broken


@pytest.mark.parametrize("raw", ["9" * 100_000, "0x" + "f" * 5_000, "1e999", "0b12", "1i", "08", "0x1p-2"])
def test_odd_numbers(raw: str) -> None:
    parsed(f"package p\nvar x = {raw}\n")


NAMES = st.sampled_from(["a", "b", "err", "T", "q", "fmt", "strings", "append", "string", "option", "_"])
LITERALS = st.sampled_from(['"x"', "`y\n`", "1", "0x1f", "nil", "true", '"%s %d"', "'c'", "1.5"])


def _expressions(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    many = st.lists(inner, max_size=3).map(", ".join)
    return st.one_of(
        st.tuples(inner, NAMES).map("{0[0]}.{0[1]}".format),
        st.tuples(inner, many).map("{0[0]}({0[1]})".format),
        st.tuples(inner, inner).map("{0[0]} + {0[1]}".format),
        st.tuples(inner, inner).map("{0[0]}[{0[1]}]".format),
        st.tuples(NAMES, NAMES, inner).map("{0[0]}.{0[1]}{{A: {0[2]}}}".format),
        many.map("[]T{{{0}}}".format),
        st.tuples(inner, inner).map("map[string]T{{{0[0]}: {{B: {0[1]}}}}}".format),
        inner.map("func(a int) (T, error) {{ return {0}, nil }}".format),
        inner.map("{0}.(*T)".format),
        many.map("fmt.Sprintf({0})".format),
        inner.map("q.New(option.WithKey({0}), option.WithB())".format),
        inner.map("&({0})".format),
    )


EXPRESSION = st.recursive(NAMES | LITERALS, _expressions, max_leaves=12)


def _statements(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    block = st.lists(inner, max_size=3).map("\n".join)
    return st.one_of(
        st.tuples(EXPRESSION, block, block).map("if a := {0[0]}; a != nil {{\n{0[1]}\n}} else {{\n{0[2]}\n}}".format),
        st.tuples(EXPRESSION, block).map("for a, b := range {0[0]} {{\n{0[1]}\n}}".format),
        st.tuples(EXPRESSION, block).map("switch a := b.(type) {{\ncase T:\n_ = {0[0]}\n{0[1]}\n}}".format),
        block.map("go func() {{\n{0}\n}}()".format),
    )


SIMPLE = st.one_of(
    st.tuples(NAMES, EXPRESSION).map("{0[0]} := {0[1]}".format),
    st.tuples(NAMES, NAMES, EXPRESSION).map("{0[0]}, {0[1]} = {0[2]}".format),
    st.tuples(NAMES, NAMES, EXPRESSION).map("{0[0]}.{0[1]} = {0[2]}".format),
    st.tuples(NAMES, EXPRESSION).map("{0[0]} = append({0[0]}, {0[1]})".format),
    EXPRESSION.map("return {0}, nil".format),
    EXPRESSION,
    NAMES.map("var {0} strings.Builder".format),
)
PROGRAM = st.lists(st.recursive(SIMPLE, _statements, max_leaves=6), max_size=6).map(
    lambda lines: (
        'package main\nimport ("fmt"; "strings"; "q/option"; "x/q")\ntype T struct { A int; *q.B }\n'
        "func (t *T) m(a string) (b *T, err error) {\n" + "\n".join(lines) + "\n}\nfunc main() {}\n"
    )
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(PROGRAM)
def test_generated_programs_are_read_whole(source: str) -> None:
    module = parsed(source)
    assert module.main
    names = [one.name for one in module.body if isinstance(one, Class | Function)]
    assert {"T", "main"} <= set(names)
    _no_call_twice(module)


def _no_call_twice(module: Module) -> None:
    """Every call of the facts stands in one place, or it would count twice."""
    seen = [id(call) for scope in ModuleScope(module).walk() for call, _ in calls(scope)]
    assert len(seen) == len(set(seen))


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(PROGRAM, st.integers(0, 10_000), st.randoms(use_true_random=False))
def test_truncated_and_mutated_programs_never_raise(source: str, cut: int, rng: random.Random) -> None:
    data = bytearray(source.encode())
    parsed(source[: cut % (len(source) + 1)])
    for _ in range(5):
        data[rng.randrange(len(data))] = rng.randrange(256)
        del data[rng.randrange(len(data))]
    _no_call_twice(language.parse("a.go", bytes(data)))
    language.heading("a.go", bytes(data))


def test_time_grows_with_size_alone() -> None:
    piece = (
        "func (s *Server) M%d(ctx context.Context) (string, error) {\n"
        '\treq := q.Request{Model: "m%d", Messages: []q.Message{{Role: "user", Content: fmt.Sprintf("%%s", s.x)}}}\n'
        "\tif s.y {\n\t\treq.Tools = append(req.Tools, func() error { return s.z() })\n\t}\n"
        "\tresp, err := s.client.Do(ctx, req)\n\treturn resp.Text, err\n}\n"
    )

    def cost(count: int) -> float:
        source = 'package p\nimport "fmt"\n' + "".join(piece % (i, i) for i in range(count))
        best = float("inf")
        for _ in range(3):
            started = time.perf_counter()
            parsed(source)
            language.heading("a.go", source.encode())
            best = min(best, time.perf_counter() - started)
        return best

    assert cost(1_600) < 8 * cost(400)


def test_returned_errors_with_calls_are_run() -> None:
    module = parsed('package p\nfunc f() (int, error) { return 0, fmt.Errorf("%w", g()) }\n')
    function = module.body[0]
    assert isinstance(function, Function)
    first, last = function.body
    assert isinstance(first, Do)
    assert isinstance(last, Do)
    assert (sketch(first), last.how) == ("fmt.Errorf('%w', g())", "return")
