"""The C# front-end: what each construct becomes, which file a name means, and hostile source."""

import random
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sketch import sketch

from backstay.code.facts import Assign, Class, Function, Module
from backstay.code.language import Heading
from backstay.code.languages.dotnet import language
from backstay.code.languages.dotnet.literals import unescaped
from backstay.code.scopes import ModuleScope
from backstay.code.walk import calls


def parsed(source: str) -> Module:
    return language.parse("src/A.cs", source.encode())


def body(source: str) -> list[str]:
    module = parsed(source)
    assert not module.broken, source
    return [sketch(one) for one in module.body]


STATEMENTS = [
    ("using A.B; using static A.C; global using D;", ["from A.B import *", "from A.C import *", "from D import *"]),
    ("using X = A.B.C; using Y = global::A.List<int>;", ["from A.B import C as X", "from A import List as Y"]),
    ("var x = 1; string y = \"a\", z;", ["x = 1", "y: string = 'a'", "z: string : -"]),
    ("var (a, (b, _)) = f();", ["[a, [b, _]] = f()"]),
    ("int c; (c, var d) = f();", ["c: int : -", "d : -", "[c, d] = f()"]),
    ("var a = b = f();", ["b = f()", "a = b"]),
    ("a = b = f();", ["b = f()", "a = b"]),
    ("x += f(); y ??= g(); x -= 1; _ = h();", ["x += f()", "y = g()", "?(x, 1)", "h()"]),
    ("if (f()) a(); else if (g()) b(); else c();", ["f()", "a()", "g()", "b()", "c()"]),
    ("while (f()) a(); do b(); while (x);", ["f()", "a()", "b()"]),
    ("for (int i = 0; i < n; i++) a(i);", ["i: int = 0", "(i < n)", "?(i)", "a(i)"]),
    ("foreach (var (k, v) in m) a(k); await foreach (T t in f()) {}", ["[k, v] for m", "a(k)", "t: T for f()"]),
    ("using var a = new A(); using (var b = f()) g(); lock (x) h();", ["a = A()", "b = f()", "g()", "h()"]),
    ("try { a(); } catch (E e) when (b(e)) { c(); } finally { d(); }", ["a()", "e: E : -", "b(e)", "c()", "d()"]),
    ("switch (f()) { case A a: b(a); break; case 1 when g(): c(); break; default: d(); break; }",
     ["<value:1:1> = f()", "a: A = <value:1:1>", "b(a)", "g()", "c()", "d()"]),
    ("throw new E(f()); x: g(); checked { h(); }", ["E(f())", "g()", "h()"]),
    ("string F(int n = 1, params T[] r) => n; F(2);", ["def F(n: int=1, *r: T) -> string: return n", "F(2)"]),
    ("IEnumerable<T> F() { yield return 1; yield break; }", ["def F() -> IEnumerable[T]: yield 1"]),
    ("async Task<T> F() { return new(1) { A = 2 }; }", ["def F() -> T: return T(1, A=2)"]),
    ("#if X\nf();\n#else\ng();\n#endif", ["f()", "g()"]),
]  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), STATEMENTS)
def test_statements(source: str, expected: list[str]) -> None:
    assert body(source) == expected


EXPRESSIONS = [
    ("a?.B()?[1]!.C", "a.B()[1].C"),
    ("await (a as T).B((T)c)", "a.B(c)"),
    ("a ?? b ?? throw new E()", "either(a, b, ?(E()))"),
    ("a() ? b : c", "either(b, c, ?(a()))"),
    ("a switch { 1 => b, T t when t.X => t, _ => c }", "either(b, ?(t.X), t, c)"),
    ("a with { B = 1 }", "either(a, ?(1))"),
    ("a is T t && t.B", "(?(a) && t.B)"),
    ("a + b + c", "(a + (b + c))"),
    ("a + \"b\" + c", "text(a, 'b', c)"),
    ("\"a\" + \"b\"", "'ab'"),
    ("-1 + +2.5f", "(-1 + 2.5)"),
    ("a.B<C, D>(x: 1, ref y)", "a.B(y, x=1, <0>=C, <1>=D)"),
    ("new A<B>(1) { C = 2, D = { E = 3 }, F = { g }, [h] = 4 }",
     "A(1, <0>=B, C=2, D={'E': 3}, F=[g], <entries>={h: 4})"),
    ("new A { b, c }", "A(<items>=[b, c])"),
    ("new List<A>(b()) { new(1) }", "[*b(), A(1)]"),
    ("new Dictionary<string, A>(StringComparer.Ordinal) { [\"a\"] = new(), { b, c } }", "{'a': A(), b: c}"),
    ("new[] { 1 }", "[1]"),
    ("new A[] { new(1), .. }", "[A(1), ?()]"),
    ("[a, .. b]", "[a, *b]"),
    ("new { a.B, C = 1 }", "{'B': a.B, 'C': 1}"),
    ("new A.B.C()", "A.B.C()"),
    ("(a, b: 2)", "[a, 2]"),
    ("nameof(A.B)", "'B'"),
    ("typeof(A<B>)", "A[B]"),
    ("default", "None"),
    ("$\"a{b:F2}{{c}}\\n\"", "text('a', b, '{c}', '\\n')"),
    ("$@\"a\\{b}\"\" c\"", "text('a\\\\', b, '\" c')"),
    ("@\"a\\b\"\"c\"", "'a\\\\b\"c'"),
    ("\"\"\"\n    a\n      b\n    \"\"\"", "'a\\n  b'"),
    ("$$\"\"\"\n  a {b} {{c}}\n  \"\"\"", "text('a ', '{b} ', c, '')"),
    ("\"\"\"a \"b\" c\"\"\"", "'a \"b\" c'"),
    ("string.Format(\"{0}\", a)", "'{0}'.format(a)"),
    ("string.Join(\",\", a)", "','.join(a)"),
    ("Path.Combine(a, \"b\")", "text(a, '/', 'b')"),
    ("string.Empty", "''"),
    ("a.ToList().ConfigureAwait(false)", "a"),
    ("Task.FromResult(a)", "a"),
    ("a.Where(x => x.B).Select(x => x.C())", "<x.C() for x in <x for x in a also x.B>>"),
    ("a.Order(x => x.B)", "a.Order(lambda x: x.B)"),
    ("from x in a where f(x) select x", "?(?(x, a), ?(f(x)), ?(x))"),
    ("a[1..^2]", "a[?(?())]"),
    ("'c'", "'c'"),
    ("0x_FF", "255"),
    ("global::A.B", "A.B"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), EXPRESSIONS)
def test_expressions(source: str, expected: str) -> None:
    found = [one for one in parsed(f"var v = {source};").body if isinstance(one, Assign)]
    assert sketch(found[-1].value) == expected


def test_options_that_a_lambda_sets_are_arguments() -> None:
    assert body("b.AddX(1, o => o.A = f()); b.AddY(o => { o.A = 1; o.B = new() { C = 2 }; });") == [
        "b.AddX(1, A=f())",
        "b.AddY(A=1, B={'C': 2})",
    ]
    assert body("b.AddX(o => { o.A = 1; g(); });") == [
        "def <anonymous:1:8>(o): o.A = 1; g()",
        "b.AddX(<anonymous:1:8>)",
    ]
    assert body("f(new(a, b), new(c), new() { D = 1 });") == ["f([a, b], new(c), {'D': 1})"]


def test_hoisted_lambdas() -> None:
    assert body('app.MapPost("/a", async ([FromBody] A a, B b) => await b.C(a));') == [
        "def <anonymous:1:19>(a: A, b: B): return b.C(a)",
        "app.MapPost('/a', <anonymous:1:19>)",
    ]
    assert body("var f = (int x) => { return x; };") == ["def f(x: int): return x"]
    assert body("s.Add(p => new A(p)); t(delegate { g(); });") == [
        "def <anonymous:1:7>(p): return A(p)",
        "s.Add(<anonymous:1:7>)",
        "def <anonymous:1:25>(): g()",
        "t(<anonymous:1:25>)",
    ]


TYPES = [
    (
        "namespace A.B; [X, Y(\"a\", Z = 1)] public partial class C<T> : D<T>, IE where T : class { }",
        "@X @Y('a', Z=1) class C(D[T], IE): ",
    ),
    (
        "namespace A { class C { const string M = \"m\"; readonly T _t; int N { get; set; } = 1; } }",
        "class C(): M: string = 'm'; _t: T : -; N: int = 1",
    ),
    (
        "class C { string a; string B => a; string D { get { return a; } set { a = value; } } }",
        "class C(): a: string : -; @property def B(this) -> string: return this.a; "
        "@property def D(this) -> string: return this.a; def <set:D>(this, value): this.a = value",
    ),
    (
        "class C { T _t; C(T t) : base(t, 1) { _t = t; } C() : this(null) { } }",
        "class C(): _t: T : -; def __init__(this): this.__init__(None); "
        "def __init__(this, t: T): super().__init__(t, 1); this._t = t",
    ),
    (
        "class C(T t, string m = \"x\") : D(t) { U u = t.U(); void F() => t.G(u, m); }",
        "class C(D): u: U : -; def F(this): return this.t.G(this.u, this.m); "
        "def __init__(this, t: T, m: string='x'): super().__init__(t); this.t: T = t; this.m: string = m; "
        "this.u: U = t.U()",
    ),
    ("record R(string A, int B = 1);",
     "class R(): def __init__(this, A: string, B: int=1): this.A: string = A; this.B: int = B"),
    ("enum E { A, B = 2, [Description(\"gpt-4o\")] C }", "class E(): A = 'A'; B = 2; C = 'gpt-4o'"),
    (
        "interface I { Task<string> F(int? x); T P { get; } }",
        "class I(interface=True): @abstract def F(this, x: int) -> string:; P: T : -",
    ),
    (
        "static class C { static T Add(this S s, string m) => s.Use(M, H()); "
        "const string M = \"m\"; static T H() => new(); }",
        "class C(): @staticmethod @extensionmethod def Add(s: S, m: string) -> T: return s.Use(C.M, C.H()); "
        "M: string = 'm'; @staticmethod def H() -> T: return T()",
    ),
    (
        "class C { class D { void F() { new D(); G(); } } "
        "static void G() { } void H(int H) { F(H); this.G(); } D d = new(); }",
        "class C(): class D(): def F(this): C.D(); C.G(); @staticmethod def G():; "
        "def H(this, H: int): F(H); this.G(); d: C.D = C.D()",
    ),
    (
        "class C : B { void F() { G(_h, Json.X); var i = 1; Do(i); } }",
        "class C(B): def F(this): this.G(this._h, Json.X); i = 1; this.Do(i)",
    ),
    (
        "class C { Kernel Kernel { get; } void F() => Kernel.G(); }",
        "class C(): Kernel: Kernel : -; def F(this): return either(this.Kernel, Kernel).G()",
    ),
    (
        "class C { IOptions<O> _o; string F(Lazy<P> p) => _o.Value.Id + p.Value.Id; }",
        "class C(): _o: O : -; def F(this, p: P) -> string: return (this._o.Id + p.Id)",
    ),
    (
        "class C { Func<int, int> f = x => { return G(x); }; static int G(int y) => y; }",
        "class C(): @staticmethod def <anonymous:1:30>(x): return C.G(x); f: Func[[int, int]] = <anonymous:1:30>; "
        "@staticmethod def G(y: int) -> int: return y",
    ),
    ("class C { void F() { base.F(); base.X = this.Y; } }", "class C(): def F(this): super().F(); super().X = this.Y"),
    ("struct S { int this[int i] => i; public static S operator +(S a, S b) => a; ~S() { } }",
     "class S(): def __getitem__(this, i: int) -> int: return i; @staticmethod "
     "def operator(a: S, b: S) -> S: return a; def Finalize(this):"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), TYPES)
def test_types(source: str, expected: str) -> None:
    assert [one.strip() for one in body(source)] == [expected.strip()]


def test_what_is_set_after_new_belongs_to_it() -> None:
    assert body('ChatOptions o = new(); o.Model = "m"; o.Tools.Add(t); o.Tools.Add(u); o.Tools.AddRange(v);') == [
        "o: ChatOptions = ChatOptions(Model='m', Tools=[t, u, *v])"
    ]
    assert body('List<T> l = [a]; l.Add(b); var m = new Dictionary<string, T>(); m.Add("k", c);') == [
        "l: List[T] = [a, b]",
        "m = {'k': c}",
    ]
    assert body('var b = new StringBuilder(); b.Append("x").AppendLine(y); f(b.ToString());') == [
        "b = text('x', y, '\\n')",
        "f(b.ToString())",
    ]
    assert body("var o = new O { A = 1 }; if (x) { o.A = 2; } var p = o with { B = 3 };") == [
        "o = O(A=either(1, 2))",
        "p = O(A=either(1, 2), B=3)",
    ]
    # Not what another function sets, nor what came from elsewhere.
    assert body("var o = new O(); void F() { o.A = 1; } var q = f(); q.A = 2;") == [
        "o = O()",
        "def F(): o.A = 1",
        "q = f()",
        "q.A = 2",
    ]


def test_the_longest_overload_is_the_last() -> None:
    assert body("class C { void F() { a(); b(); } void F(int x) { } C(int y) { c(); } C() { } }") == [
        "class C(): def F(this, x: int):; def F(this): a(); b(); def __init__(this):; def __init__(this, y: int): c()"
    ]


def test_lines_words_and_branches() -> None:
    module = parsed('class C {\n  void F() {\n    if (a) {\n      x =\n        b.D("gpt-4o");\n    }\n  }\n}')
    cls = module.body[0]
    assert isinstance(cls, Class)
    function = cls.body[0]
    assert isinstance(function, Function)
    assert (function.line, function.end_line, function.words, function.texts) == (2, 7, ["D", "a", "b", "x"], True)
    statement = function.body[0]
    assert isinstance(statement, Assign)
    assert (statement.line, statement.branch) == (4, 1)


def test_programs() -> None:
    assert parsed("Console.WriteLine(1);").main
    assert parsed("class P { static async Task Main(string[] args) { } }").main
    assert not parsed("class P { void Main() { } } ").main
    assert not parsed("using A; namespace B; class C { }").main
    assert not parsed("#!/usr/bin/env dotnet\n#:package OpenAI@2.1.0\nf();").broken


HEADING = b"""global using A.B;
using static C.D;
  using E = F.G;
// using No;
namespace N.O;
[Attribute] public sealed partial class P<T>
{
    private class Nested { }
}
internal record struct Q(int X);
public delegate Task<int> R(int x);
enum S { }
"""


def test_heading() -> None:
    heading = language.heading("a/A.cs", HEADING)
    assert heading.imports == [("A.B", 0), ("A.B", 1), ("C.D", 0), ("F.G", 0), ("F", 0)]
    assert (heading.package, heading.names) == ("N.O", ["P", "Q", "R", "S"])
    blocks = language.heading("a/A.cs", b"namespace A\n{\n    class B { }\n}\nnamespace C {\n  interface D { }\n}\n")
    assert (blocks.package, blocks.names) == ("A", ["B", "C.D"])


PROJECT = b"""<Project Sdk="Microsoft.NET.Sdk.Web">
  <!-- <Using Include="No" /> -->
  <PropertyGroup><ImplicitUsings>enable</ImplicitUsings></PropertyGroup>
  <ItemGroup><Using Include="Shared.Kernel" /></ItemGroup>
</Project>"""


def test_modules() -> None:
    sources = {
        "one/One.csproj": PROJECT,
        "one/Program.cs": b"using A.B;\nnew T();\n",
        "one/T.cs": b"namespace A.B;\npublic partial class T { }\n",
        "one/T.Part.cs": b"namespace A.B;\npartial class T { }\n",
        "one/U.cs": b"namespace A.B.C;\nclass U { }\n",
        "one/V.cs": b"namespace Shared.Kernel;\nclass V { }\n",
        "one/Helper.cs": b"class Helper { }\n",
        "two/Two.csproj": b"<Project/>",
        "two/T.cs": b"namespace A.B;\nclass T { }\n",
        "two/Helper.cs": b"class Helper { }\n",
        "two/Globals.cs": b"global using A.B;\n",
        "two/Page.razor": b"@using A.B.C\n<p/>\n",
    }
    headings = {path: language.heading(path, data) for path, data in sources.items()}
    extra = {"Directory.Build.props": b'<Project><Using Include="From.Props"/></Project>'}
    found = language.modules(headings, extra.get)
    assert found.find("A.B", 0, "one/Program.cs", "T") in ("one/T.cs", "one/T.Part.cs")
    assert found.find("A.B", 0, "two/Other.cs", "T") == "two/T.cs"
    assert found.find("A.B", 0, "one/Program.cs", "U") is None
    assert found.find("B.C", 0, "one/T.cs", "U") == "one/U.cs"  # namespaces nest
    assert found.neighbour("T", "one/U.cs") in ("one/T.cs", "one/T.Part.cs")
    assert found.neighbour("V", "one/Program.cs") == "one/V.cs"
    assert found.neighbour("V", "two/Helper.cs") is None
    assert found.neighbour("Helper", "one/Program.cs") == "one/Helper.cs"
    assert found.neighbour("Helper", "two/Page.razor") == "two/Helper.cs"
    assert found.parts("T", "one/T.cs") == ["one/T.Part.cs"]
    assert set(found.imported("A.B", 0, "one/Program.cs")) == {"one/T.cs", "one/T.Part.cs", "two/T.cs"}
    assert {"two/T.cs", "two/Helper.cs", "two/Page.razor"} <= set(found.neighbours("two/Globals.cs"))
    assert "one/Helper.cs" not in found.neighbours("two/Helper.cs")


def test_project_files() -> None:
    module = language.parse("a/A.csproj", PROJECT)
    said = [sketch(one) for one in module.body]
    assert "from Shared.Kernel import *" in said
    assert "from Microsoft.AspNetCore.Builder import *" in said
    assert "from No import *" not in said


RAZOR = b"""@page "/chat"
@using A.B
@inject IChatClient Client
<h1>@Title { }</h1>
@code {
    private string Title = "}";
    async Task Send(string text) => await Client.GetResponseAsync(text);
}
<p>after</p>
"""


def test_razor_components() -> None:
    module = language.parse("src/Chat.razor", RAZOR.replace(b'"}"', b'"{}"'))
    assert [sketch(one) for one in module.body] == [
        "from A.B import *",
        "class Chat(Microsoft.AspNetCore.Components.ComponentBase): Client: IChatClient : -; Title: string = '{}'; "
        "def Send(this, text: string): return this.Client.GetResponseAsync(text)",
    ]
    assert module.body[1].line == 1
    assert language.heading("src/Chat.razor", RAZOR).names == ["Chat"]


@pytest.mark.parametrize(
    ("raw", "text"),
    [("a\\n\\u0041\\x41g\\q", "a\nAAg\\q"), ("\\uZZZZ", "\\uZZZZ"), ("\\UFFFFFFFF", "\ufffd"), ("\\", "\\")],
)
def test_escapes(raw: str, text: str) -> None:
    assert unescaped(raw) == text


HOSTILE = [
    "(" * 5_000,
    "class C {" * 3_000,
    "namespace A {" * 3_000,
    "f(x => " * 2_000,
    "a" + ".b()" * 5_000 + ";",
    "var x = " + "1 + " * 20_000 + "1;",
    "var x = " + "a ?? " * 20_000 + "b;",
    "if (a) b(); else " * 2_000 + "c();",
    "var x = " + "new A { B = " * 2_000,
    "var x = $\"" + "{$\"" * 500,
    "x = " * 5_000 + "1;",
    "var x = a switch { " * 1_000,
    "[A" * 3_000,
    "List<" * 5_000 + " x;",
    "using " * 20_000,
    "class " * 20_000,
    "@code {" * 5_000,
    "\"\"\"\n" * 2_001,
    "var s = new StringBuilder(); s" + ".Append(\"x\")" * 3_000 + ";",
    "var l = new List<int>();" + "l.Add(1);" * 20_000,
    "if (x is " + "A and " * 5_000 + "B b) f();",
    "var (" + "(a, " * 3_000,
    "class C { " + "int a; " * 20_000 + "}",
    "<Using " + "A=\"b\" " * 20_000,
    "<Project " + "<!--" * 20_000,
]  # fmt: skip


@pytest.mark.parametrize("source", HOSTILE, ids=lambda source: source[:12])
@pytest.mark.parametrize("path", ["a/A.cs", "a/A.razor", "a/A.csproj"])
def test_hostile_source_is_read_quickly(source: str, path: str) -> None:
    started = time.monotonic()
    module = language.parse(path, source.encode())
    language.heading(path, source.encode())
    assert time.monotonic() - started < 5
    _no_call_twice(module)


def test_a_namespace_of_very_many_files_is_bounded() -> None:
    headings = {f"p{i}/A{i}.cs": Heading([("N", 0)], "N", [f"A{i}", "Same"]) for i in range(3_000)}
    started = time.monotonic()
    found = language.modules(headings, lambda path: None)
    for path in headings:
        assert len(found.imported("N", 0, path)) <= 200
        assert len(found.neighbours(path)) <= 200
        assert found.find("N", 0, path, "Same")
    assert time.monotonic() - started < 10


NAMES = st.sampled_from(["a", "B", "_c", "this", "List", "D", "x", "Path", "Value", "Select"])
LITERALS = st.sampled_from(['"x"', '@"y"', '$"a{b}c"', "1", "null", "true", "'c'", "1.5f", '"""z"""', "default"])


def _expressions(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    many = st.lists(inner, max_size=3).map(", ".join)
    return st.one_of(
        st.tuples(inner, NAMES).map("{0[0]}.{0[1]}".format),
        st.tuples(inner, NAMES).map("{0[0]}?.{0[1]}()".format),
        st.tuples(inner, many).map("({0[0]})({0[1]})".format),
        st.tuples(NAMES, NAMES, many).map("{0[0]}.{0[1]}<A>({0[2]})".format),
        st.tuples(inner, inner).map("{0[0]} + {0[1]}".format),
        st.tuples(inner, inner).map("{0[0]} ?? {0[1]}".format),
        st.tuples(inner, inner).map("{0[0]}[{0[1]}]".format),
        st.tuples(inner, inner, inner).map("({0[0]} ? {0[1]} : {0[2]})".format),
        st.tuples(inner, many).map("new A({0[0]}) {{ P = {0[0]}, Q = {{ {0[1]} }} }}".format),
        many.map("new List<A> {{ {0} }}".format),
        many.map("[{0}]".format),
        st.tuples(inner, inner).map("({0[0]}) switch {{ A q => {0[1]}, _ => q }}".format),
        inner.map("x => {0}".format),
        inner.map("(A x) => {{ return {0}; }}".format),
        inner.map("({0} is A {{ B: var y }} z)".format),
        inner.map("d.TryGetValue({0}, out var w)".format),
        st.tuples(inner, inner).map("(a = {0[0]}, {0[1]} with {{ B = a }})".format),
        inner.map("await ({0}).Where(x => x.B)".format),
    )


EXPRESSION = st.recursive(NAMES | LITERALS, _expressions, max_leaves=12)


def _statements(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    block = st.lists(inner, max_size=3).map("\n".join)
    return st.one_of(
        st.tuples(EXPRESSION, block, block).map("if ({0[0]}) {{\n{0[1]}\n}} else {{\n{0[2]}\n}}".format),
        st.tuples(EXPRESSION, block).map("foreach (var q in {0[0]}) {{\n{0[1]}\n}}".format),
        st.tuples(EXPRESSION, block).map("switch ({0[0]}) {{ case A r:\n{0[1]}\nbreak; }}".format),
        st.tuples(EXPRESSION, block).map("using (var u = {0[0]}) {{\n{0[1]}\n}}".format),
        block.map("void L() {{\n{0}\n}}".format),
        block.map("try {{\n{0}\n}} catch (E e) {{ f(); }}".format),
    )


SIMPLE = st.one_of(
    st.tuples(NAMES, EXPRESSION).map("var v = {0[1]};".format),
    EXPRESSION.map("O o = new(); o.P = {0}; o.T.Add({0});".format),
    st.tuples(NAMES, NAMES, EXPRESSION).map("{0[0]}.{0[1]} = k = {0[2]};".format),
    EXPRESSION.map("return {0};".format),
    EXPRESSION.map("f({0});".format),
)
PROGRAM = st.lists(st.recursive(SIMPLE, _statements, max_leaves=6), max_size=6).map(
    lambda lines: (
        "using A.B;\nnamespace N;\n[X(1)] class C(P p) : B(p) {\nT _c = p.Q();\nstring D => _c.R();\n"
        "public async Task<T> M(string a) {\n" + "\n".join(lines) + "\n}\nstatic void Main() { }\n}\n"
    )
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(PROGRAM)
def test_generated_programs_are_read_whole(source: str) -> None:
    module = parsed(source)
    # The grammar fails on some odd mixtures; it then says so.
    assert module.broken or [one.name for one in module.body if isinstance(one, Class)] == ["C"]
    assert language.heading("a.cs", source.encode()).names == ["C"]
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
    for path in ("a.cs", "a.razor", "a.csproj"):
        _no_call_twice(language.parse(path, bytes(data)))
        language.heading(path, bytes(data))


def test_time_grows_with_size_alone() -> None:
    piece = (
        '    [HttpPost("m%d")]\n    public async Task<string> M%d(string q) {\n'
        '        var o = new ChatOptions { Model = "m%d", Tools = [_t, .. q.List()] };\n'
        '        o.Messages.Add(new(Role.User, $"{q} {_s?.Text}"));\n'
        "        if (_y) { o.Run(async x => await _client.Do(x, q)); }\n"
        '        return (await _client.Do(o, q)).Text ?? "";\n    }\n'
    )

    def cost(count: int) -> float:
        source = "using A;\nclass C {\n" + "".join(piece % (i, i, i) for i in range(count)) + "}\n"
        best = float("inf")
        for _ in range(3):
            started = time.perf_counter()
            parsed(source)
            language.heading("a.cs", source.encode())
            best = min(best, time.perf_counter() - started)
        return best

    assert cost(1_600) < 8 * cost(400)
