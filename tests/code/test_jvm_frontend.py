"""The Java and Kotlin front-end: every kind of declaration, statement and expression, packages, and hostile source."""

import random
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sketch import sketch

from backstay.code.facts import Assign, Call, Class, Function, Lit, Module, Seq, Statement
from backstay.code.languages.jvm import language
from backstay.code.scopes import ModuleScope
from backstay.code.walk import calls


def parsed(source: str, path: str = "src/A.java") -> Module:
    return language.parse(path, source.encode())


def declared(source: str, path: str = "src/A.java") -> list[str]:
    """The facts of a file's declarations."""
    module = parsed(source, path)
    assert not module.broken, source
    return [sketch(one) for one in module.body]


def _body(module: Module, source: str) -> list[str]:
    assert not module.broken, source
    cls = module.body[-1]
    function = cls.body[-1] if isinstance(cls, Class) else cls
    assert isinstance(function, Function)
    return [sketch(one) for one in function.body]


def java(source: str, members: str = "") -> list[str]:
    """The facts of statements in a method."""
    return _body(parsed(f"class A {{\n{members}\nvoid run_() {{\n{source}\n}}\n}}\n"), source)


def kotlin(source: str, members: str = "") -> list[str]:
    """The facts of statements in a function."""
    return _body(parsed(f"{members}\nfun f() {{\n{source}\n}}\n", "src/A.kt"), source)


DECLARATIONS = [
    ("import a.b.C;", ["from a.b import C"]),
    ("import a.b.*;", ["from a.b import *"]),
    ("import a.b.C.D;", ["from a.b import C as <import:1:C>", "D = <import:1:C>.D"]),
    ("import static a.b.C.m;", ["from a.b import C as <import:1:C>", "m = <import:1:C>.m"]),
    ("import static a.b.C.*;", ["from a.b.C import *"]),
    (
        'class A { static final String M = "gpt-4"; B b; int n = 1, o; }',
        ["class A(): M: String = 'gpt-4'; b: B : -; n: int = 1; o: int : -"],
    ),
    (
        "class A extends B<C> implements D, e.F { A(C c) { super(c); this.c = c; } }",
        ["class A(B[C], D, e.F): def __init__(this, c: C): super(c); this.c = c"],
    ),
    (
        "class A { A() { this(1); } A(int n) { } }",
        ["class A(): def __init__(this): this.__init__(1); def __init__(this, n: int):"],
    ),
    (
        "class A { A(int n) { } A() { } int f(int a) { } int f() { } }",
        ["class A(): def __init__(this):; def __init__(this, n: int):; def f(this) -> int:;"
         " def f(this, a: int) -> int:"],
    ),
    (
        "class A { B b; static C c; void f() { b.g(); c.g(); h(b); } static void h(B b) { b.g(); c.g(); } }",
        [
            "class A(): b: B : -; c: C : -; def f(this): this.b.g(); this.c.g(); this.h(this.b);"
            " @staticmethod def h(b: B): b.g(); A.c.g()"
        ],
    ),
    (
        "class A { String m = N; static final String N = \"x\"; { g(); } static { h();"
        " } void g() {} static void h() {} }",
        ["class A(): m: String = A.N; N: String = 'x'; A.g(); A.h(); def g(this):; @staticmethod def h():"],
    ),
    (
        "class A { static class B { int n; int f() { return n; } } B g() { return new B(); } }",
        ["class A(): class B(): n: int : -; def f(this) -> int: return this.n; def g(this) -> A.B: return A.B()"],
    ),
    ("class A extends B { void f() { g(x, Y.z); } }", ["class A(B): def f(this): this.g(this.x, Y.z)"]),
    (
        "record P(String a, int b) { static P of() { return new P(null, 1); } }",
        [
            "class P(): def __init__(this, a: String, b: int): this.a = a; this.b = b;"
            " @staticmethod def of() -> P: return P(None, 1)"
        ],
    ),
    ("record P(String a) { P { check(a); } }", ["class P(): def __init__(this, a: String): check(a); this.a = a"]),
    (
        'enum M { A("gpt-4"), B("o1"); final String id; M(String i) { id = i; } String id() { return id; } }',
        [
            "class M(): A = M('gpt-4'); B = M('o1'); id: String : -;"
            " def __init__(this, i: String): this.id = i; def id(this) -> String: return this.id"
        ],
    ),
    ("enum M { A, B }", ["class M(): A = 'A'; B = 'B'"]),
    (
        "enum M { A(1) { int f() { return 2; } } }",
        ["class M(): class <anonymous:1:10>(M): def f(this) -> int: return 2; A = <anonymous:1:10>(1)"],
    ),
    (
        '@AiService interface A { @SystemMessage("Be kind") String chat(@UserMessage String text); int K = 1; }',
        ["@AiService class A(interface=True): @SystemMessage('Be kind') def chat(this, text: String) ->"
         " String:; K: int = 1"],
    ),
    (
        '@R(value = "/a", p = {"b", "c"}) class A { @Override @Tool({"x"}) @M(A.P) void f() {} }',
        ["@R(value='/a', p=['b', 'c']) class A(): @Tool(['x']) @M(A.P) def f(this):"],
    ),
    (
        'interface A { @S(fromResource = "/p/a.txt") void f(); }',
        ["class A(interface=True): @S(System.readResource('src/main/resources/p/a.txt')) def f(this):"],
    ),
    ('@interface A { String value() default "x"; int n(); }', ["class A(): value: String = 'x'; n: int : -"]),
    (
        "@RequiredArgsConstructor class A { private final B b; static final int N = 1; }",
        ["@RequiredArgsConstructor class A(): b: B : -; N: int = 1; def __init__(this, b: B): this.b: B = b"],
    ),
    (
        '@Data class A { String m = "x"; B b; }',
        [
            "@Data class A(): m: String = 'x'; b: B : -; def __init__(this, b: B): this.b: B = b;"
            " def getM(this) -> String: return this.m; def getB(this) -> B: return this.b"
        ],
    ),
    (
        '@Builder class A { String m; int n = 1; }',
        ["@Builder class A(): m: String : -; n: int = 1;"
         " def __init__(this, m: String, n: int=1): this.m: String = m; this.n: int = n"],
    ),
    (
        'class A { @Value("${ai.api-key:none}") String k; A(@Value("${ai.model}") String m) {} }',
        ["class A(): k: String = System.getenv('AI_API_KEY', 'none');"
         " def __init__(this, m: String=System.getenv('AI_MODEL')):"],
    ),
    (
        'class A { @Value("classpath:/p.st") Resource p; @ConfigProperty(name = "a.b", defaultValue = "c") String s; }',
        ["class A(): p: Resource = System.readResource('src/main/resources/p.st');"
         " s: String = System.getenv('A_B', 'c')"],
    ),
    (
        "class A { Mono<B> f(Optional<List<C>> c, Map<String, D[]> m, int... n) { return null; } }",
        ["class A(): def f(this, c: List[C], m: Map[[String, Array[D]]], *n: int) -> B: return None"],
    ),
    ("void main() { f(); }", ["def main(): f()"]),
]  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), DECLARATIONS, ids=[source for source, _ in DECLARATIONS])
def test_java_declarations(source: str, expected: list[str]) -> None:
    assert declared(source) == expected


STATEMENTS = [
    ("int a = 1, b; var c = f(); B d = x;", ["a: int = 1", "b: int : -", "c = f()", "d: B = x"]),
    ("a = b; a.b += c; a[0] = 1; this.d = e = 2;", ["a = b", "a.b += c", "a[0] = 1", "e = 2", "this.d = e"]),
    ("x -= f();", ["x = (x - f())"]),
    ("if (f()) a(); else if (b) { c(); } else d();", ["f()", "a()", "c()", "d()"]),
    ("if (f() instanceof B b && b.c()) d(b);", ["b: B = f()", "(?() && b.c())", "d(b)"]),
    ("for (int i = 0; i < f(); i++) g(i);", ["i: int = 0", "(i < f())", "?(i)", "g(i)"]),
    ("for (var t : f()) g(t); for (T t : u) g(t);", ["t for f()", "g(t)", "t: T for u", "g(t)"]),
    ("f().forEach(x -> g(x)); y.forEach(x -> { g(x); });", ["x for f()", "g(x)", "x for y", "g(x)"]),
    ("while (f()) a(); do { b(); } while (c());", ["f()", "a()", "b()", "c()"]),
    ("try (var a = f(); b) { g(a); } catch (E | F e) { h(e); } finally { i(); }",
     ["a with f()", "g(a)", "h(e)", "i()"]),
    ("throw new E(f()); ", ["E(f())"]),
    ("assert f() : g(); l: for (;;) { break l; }", ["f()", "g()"]),
    ("synchronized (f()) { g(); }", ["f()", "g()"]),
    ("switch (f()) { case 1: a(); break; default: b(); }", ["<subject:4:1> = f()", "a()", "b()"]),
    ("switch (x) { case B b -> f(b); default -> { g(); } }", ["b: B = x", "f(b)", "g()"]),
    ("List<A> a = new ArrayList<>(); a.add(b); a.addAll(c);", ["a: List[A] = []", "a.add(b)", "a.extend(c)"]),
    ('var m = new HashMap<String, A>(); m.put("k", v);', ["m = {}", "m['k'] = v"]),
    (
        'var s = new StringBuilder("a"); s.append(b); return s.toString();',
        ["s = 'a'", "s += b", "return s"],
    ),
    ("class L { int f() { return n(); } } new L();",
     ["<this:A> = this", "class L(): def f(this) -> int: return n()", "L()"]),
    (
        "run(() -> { go(x); }); Runnable r = () -> go(1);",
        [
            "def <anonymous:4:5>(): go(x)",
            "run(<anonymous:4:5>)",
            "def <anonymous:4:37>(): return go(1)",
            "r: Runnable = <anonymous:4:37>",
        ],
    ),
    (
        "x.on(new L(a) { @Override public void hear(E e) { take(e); } });",
        ["<this:A> = this", "class <anonymous:4:6>(L): def hear(this, e: E): this.take(e)", "x.on(<anonymous:4:6>(a))"],
    ),
    (
        "var b = M.builder().a(1); if (c) b.d(2); else b.d(3); return b.build();",
        ["b = M(a=1, d=either(2, 3))", "return b"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), STATEMENTS, ids=[source for source, _ in STATEMENTS])
def test_java_statements(source: str, expected: list[str]) -> None:
    assert java(source) == expected


EXPRESSIONS = [
    ('"a" + b + 1 + "c"', "text('a', b, 1, 'c')"),
    ("a + b + c", "(a + (b + c))"),
    (r'"a\tb\"A\\"', repr('a\tb"A\\')),
    ('"""\n    Be\n      kind\\n\n    now"""', repr("Be\n  kind\n\nnow")),
    ("'c'", "'c'"),
    ("0x1F + 1_000L", "(31 + 1000)"),
    ("1.5f - -2", "(1.5 - -2)"),
    ("c ? a : b", "either(a, b)"),
    ('switch (m) { case A, B -> "x"; case C -> { yield "y"; } default -> throw new E(); }', "either('x', 'y')"),
    ("(B) a", "a"),
    ("(a)", "a"),
    ("a[1]", "a[1]"),
    ("B.class", "B"),
    ("new int[]{1, 2}", "[1, 2]"),
    ("new b.C<>(1)", "b.C(1)"),
    ("this::g", "this.g"),
    ("B::c", "B.c"),
    ("B::new", "B"),
    ("A.this.g()", "this.g()"),
    ("super.g()", "super().g()"),
    ("List.of(a, b)", "[a, b]"),
    ("Arrays.asList(a)", "[a]"),
    ('Map.of("a", b, "c", d)', "{'a': b, 'c': d}"),
    ('Map.ofEntries(Map.entry("a", b))', "{'a': b}"),
    ("Optional.of(a).orElse(b)", "either(a, b)"),
    ("Mono.just(a).block()", "a"),
    ("new ArrayList<>(List.of(a))", "[a]"),
    ('new StringBuilder("a").append(b).append("c").toString()', "text('a', b, 'c')"),
    ('" a ".strip()', "'a'"),
    ('String.format("%s", a)', "String.format('%s', a)"),
    ('"%s".formatted(a)', "'%s'.formatted(a)"),
    ("M.builder().a(1).b(c).build()", "M(a=1, b=c)"),
    ("x.y.M.builder(k).a(1)", "x.y.M(k, a=1)"),
    ("M.newBuilder().stream().build().go()", "M(stream=True).go()"),
    ("M.builder().a(1, 2).t(x).t(y).t(z).build()", "M(a=[1, 2], t=[x, y, z])"),
    ("new M.Builder(k).a(1).build()", "M(k, a=1)"),
    ("new MBuilder().a(1).buildClient().go(2)", "MBuilder(a=1).go(2)"),
    ("(new MBuilder().a(1).build()).go(2)", "MBuilder(a=1).go(2)"),
    ("M.sync(t).a(1).build()", "M.sync(t, a=1)"),
    ("M.agentBuilder(B.class).a(N.builder().b(2).build()).build()", "M.agentBuilder(B, a=N(b=2))"),
    ("M.create(t).a(1).go()", "M.create(t).a(1).go()"),
    ('x.user(u -> u.text("a").param("b", c)).call()', "x.user(text='a', param=['b', c]).call()"),
    ('M.builder().o(o -> o.model("m").n(1)).build()', "M(o={'model': 'm', 'n': 1})"),
    ("new ProcessBuilder(a).start()", "ProcessBuilder(a).start()"),
    ("a.b.C.d()", "a.b.C.d()"),
    ("a = b", "a"),
]


@pytest.mark.parametrize(("source", "expected"), EXPRESSIONS, ids=[source for source, _ in EXPRESSIONS])
def test_java_expressions(source: str, expected: str) -> None:
    assert java(f"Object r = {source};")[-1] == f"r: Object = {expected}"


def test_a_builder_that_is_handed_in() -> None:
    source = (
        "import org.ai.ChatClient; class A { private final ChatClient.Builder kept; ChatClient c;\n"
        'A(ChatClient.Builder builder) { this.c = builder.defaultSystem("x").build(); }\n'
        "ChatClient g() { return kept.build(); }\n"
        "ChatClient h(MBuilder b) { b.a(1); b.c(2); return b.build(); } }"
    )
    cls = parsed(source).body[-1]
    assert isinstance(cls, Class)
    made = [[sketch(one) for one in function.body] for function in cls.body if isinstance(function, Function)]
    assert made == [
        ["this.c = ChatClient(builder, defaultSystem='x')"],
        ["return ChatClient(this.kept)"],
        ["<b:4> = MBuilder(b, a=1, c=2)", "return <b:4>"],
    ]


KOTLIN = [
    ("import a.b.C", ["from a.b import C"]),
    ("import a.b.c as d", ["from a.b import c as d"]),
    ("import a.b.*", ["from a.b import *"]),
    ("import a.b.C.Companion.d", ["from a.b import C as <import:1:C>", "d = <import:1:C>.d"]),
    (
        'class A(private val m: String = "gpt-4", n: Int) : B(n), C {\n val c = D(n)\n val e = 1\n fun g() = m\n}',
        [
            "class A(B, C): def __init__(this, m: String='gpt-4', n: Int): super(n); this.m = m; this.c = D(n);"
            " c : -; e = 1; def g(this): return this.m"
        ],
    ),
    (
        "class A {\n lateinit var a: B\n val c by lazy { D(1) }\n val n: Int get() = 1\n init { g() }\n fun g() {}\n}",
        [
            "class A(): def __init__(this): this.g(); a: B : -; c = D(1);"
            " @property def n(this) -> Int: return 1; def g(this):"
        ],
    ),
    (
        "class A {\n constructor(a: Int) : super(a) { g() }\n companion object {\n const val N = 1\n"
        " fun of() = A(N)\n }\n}",
        ["class A(): def __init__(this, a: Int): super(a); g(); N = 1; @staticmethod def of(): return A(A.N)"],
    ),
    (
        'object A : B() {\n val n = "x"\n fun f() = n\n}',
        ["class A(B): n = 'x'; @staticmethod def f(): return A.n"],
    ),
    (
        'enum class M(val id: String) {\n A("gpt-4"),\n B("o1");\n fun f() = id\n}',
        [
            "class M(): def __init__(this, id: String): this.id = id; A = M('gpt-4'); B = M('o1');"
            " def f(this): return this.id"
        ],
    ),
    ("enum class M { A, B }", ["class M(): A = 'A'; B = 'B'"]),
    (
        'interface A {\n @SystemMessage("x")\n fun chat(@UserMessage a: String): String\n}',
        ["class A(interface=True): @SystemMessage('x') def chat(this, a: String) -> String:"],
    ),
    ("fun interface A { fun f() }", ["class A(interface=True): def f(this):"]),
    ("fun A.f(b: Int = 1): C? { return g(b) }", ["def f(this: A, b: Int=1) -> C: return g(b)"]),
    ("suspend fun <T> f(vararg a: List<T>) = g(*a)", ["def f(*a: List[T]): return g(*a)"]),
    ("typealias A = B<C>", ["A = B"]),
    ("val a: B by lazy { C() }", ["a: B = C()"]),
    ('@T("a", b = [1, 2]) fun f() {}', ["@T('a', b=[1, 2]) def f():"]),
    (
        'class A @Autowired constructor(@Value("\\${a.b:c}") val k: String)',
        ["class A(): @Autowired def __init__(this, k: String=System.getenv('A_B', 'c')): this.k = k"],
    ),
    ("fun main() = runBlocking { f() }", ["def main(): return f()"]),
]  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), KOTLIN, ids=[source for source, _ in KOTLIN])
def test_kotlin_declarations(source: str, expected: list[str]) -> None:
    assert declared(source, "src/A.kt") == expected


KOTLIN_STATEMENTS = [
    ("val a = 1\nvar b: B? = null\nval (c, d) = f()", ["a = 1", "b: B = None", "[c, d] = f()"]),
    ("a = b\na.b += c\na[0] = 1", ["a = b", "a.b += c", "a[0] = 1"]),
    ("if (f()) a() else { b() }", ["f()", "a()", "b()"]),
    ("for ((i, v) in f()) g(v)", ["[i, v] for f()", "g(v)"]),
    ("while (f()) { a() }\ndo { b() } while (c())", ["f()", "a()", "c()", "b()"]),
    ("when (f()) {\n 1 -> a()\n is B -> b()\n else -> { c() }\n}", ["f()", "a()", "?(?(B))", "b()", "c()"]),
    ("when (val x = f()) { else -> g(x) }", ["x = f()", "g(x)"]),
    ("try { a() } catch (e: E) { b(e) } finally { c() }", ["a()", "b(e)", "c()"]),
    ("throw E(f())", ["E(f())"]),
    ("val a = b ?: return c", ["return c", "a = b"]),
    ("val a = b?.let { g(it) } ?: d", ["a = either(g(b), d)"]),
    ("f().also { g(it) }.h()", ["<object:3:10> = f()", "g(<object:3:10>)", "<object:3:10>.h()"]),
    ("val x = X(1).apply { a = 2; b(3) }", ["x = X(1, a=2, b=3)"]),
    ("x.apply { a = 2 }.go()", ["x.a = 2", "x.go()"]),
    ("val a = runBlocking { b(); c() }", ["b()", "a = c()"]),
    ("withContext(d) { e() }", ["withContext(d)", "e()"]),
    ("client.use { c -> c.go() }", ["client.go()"]),
    ("val l = mutableListOf<A>()\nl.add(a)\nl.addAll(b)", ["l = []", "l.add(a)", "l.extend(b)"]),
    ('post("/chat") { call.respond(g()) }',
     ["def <anonymous:3:15>(): return call.respond(g())", "post('/chat', <anonymous:3:15>)"]),
    (
        "val t = T { tool(A()); tool(B); n = 1 }",
        ["t = T(tool=[A(), B], n=1)"],
    ),
    (
        'val p = prompt("a") { system("b") }',
        ["def <anonymous:3:21>(): return system('b')", "p = prompt('a', <anonymous:3:21>, system='b')"],
    ),
    (
        "val o = object : L(1) { override fun on() { g() } }",
        ["class <anonymous:3:9>(L): def __init__(this): super(1); def on(this): g()", "o = <anonymous:3:9>()"],
    ),
    ("l.map { it.x() }.forEach { a, b -> g(a) }", [
        "def <anonymous:3:7>(it): return it.x()",
        "def <anonymous:3:26>(a, b): return g(a)",
        "l.map(<anonymous:3:7>).forEach(<anonymous:3:26>)",
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), KOTLIN_STATEMENTS, ids=[source for source, _ in KOTLIN_STATEMENTS])
def test_kotlin_statements(source: str, expected: list[str]) -> None:
    assert kotlin(source) == expected


KOTLIN_EXPRESSIONS = [
    ('"a$b c${d.e()} \\$f \\n"', "text('a', b, ' c', d.e(), ' $f \\n')"),
    ('"""a $b "q" """', "text('a ', b, ' \"q\" ')"),
    ('"""\n    |Be\n    |kind\n""".trimMargin()', repr("Be\nkind")),
    ('"a" + b', "text('a', b)"),
    ("f(1, *a, n = 2)", "f(1, *a, n=2)"),
    ("g<String>(a)", "g(a)"),
    ("a?.b!!.c(d)", "a.b.c(d)"),
    ("a as B", "a"),
    ("a ?: b ?: c", "either(a, b, c)"),
    ("if (c) a else b", "either(a, b)"),
    ("when (c) { 1 -> a; else -> b }", "either(a, b)"),
    ("try { a } catch (e: E) { null }", "either(a, None)"),
    ("B::class.java", "B"),
    ("this::g", "this.g"),
    ("::g", "g"),
    ("listOf(a, b)", "[a, b]"),
    ('mapOf("a" to b)', "{'a': b}"),
    ('buildString { append("a"); append(b) }', "text('a', b)"),
    ("buildList { add(a) }", "[a]"),
    ("M.builder().a(1).b { go() }.build()", "M(a=1, b=<anonymous:3:28>)"),
    ("f(a)(b)", "f(a)(b)"),
    ("a until b", "a.until(b)"),
    ("-1.5", "-1.5"),
    ("a[1]", "a[1]"),
]


@pytest.mark.parametrize(("source", "expected"), KOTLIN_EXPRESSIONS, ids=[source for source, _ in KOTLIN_EXPRESSIONS])
def test_kotlin_expressions(source: str, expected: str) -> None:
    assert kotlin(f"val r = {source}")[-1] == f"r = {expected}"


def test_classes_within_code_see_the_object_around_them() -> None:
    source = "class A { B b; void f(C c) { c.on(new L() { void g() { b.h(); A.this.b.i(); } }); } }"
    cls = parsed(source).body[0]
    assert isinstance(cls, Class)
    assert sketch(cls.body[1]) == (
        "def f(this, c: C): <this:A> = this;"
        " class <anonymous:1:35>(L): def g(this): <this:A>.b.h(); <this:A>.b.i(); c.on(<anonymous:1:35>())"
    )


def test_positions_words_branches_and_telling_text() -> None:
    source = 'class A {\n void f() {\n  if (a) {\n   b = C.builder()\n    .model("gpt-4o")\n    .build();\n  }\n }\n}\n'
    cls = parsed(source).body[0]
    assert isinstance(cls, Class)
    function = cls.body[0]
    assert isinstance(function, Function)
    assert (cls.line, cls.end_line, function.line, function.end_line) == (1, 9, 2, 8)
    (assign,) = (one for one in function.body if isinstance(one, Assign))
    assert (assign.line, assign.branch) == (4, 1)
    assert isinstance(assign.value, Call)
    model = assign.value.keywords[0][1]
    assert isinstance(model, Lit)
    assert model.line == 5
    assert function.words == ["C", "a", "b", "build", "model"]
    assert function.texts
    plain = parsed('class A { void f() { g("a"); } }').body[0]
    assert isinstance(plain, Class)
    assert isinstance(plain.body[0], Function)
    assert not plain.body[0].texts


def test_what_runs_as_a_program() -> None:
    assert parsed("class A { public static void main(String[] a) {} }").main
    assert not parsed("class A { void main() {} }").main
    assert parsed("fun main() {}", "A.kt").main
    assert not parsed("class A { fun main() {} }", "A.kt").main


def test_headings() -> None:
    java = language.heading(
        "A.java",
        b"package a.b;\nimport c.D;\nimport static e.F.g;\nimport h.*;\n@X(1) public final class A<T> {\n"
        b"  class In {}\n}\n"
        b"enum E { }\nrecord R(int a) {}\n@interface N {}\nsealed interface S {}\n",
    )
    assert (java.package, java.imports) == ("a.b", [("c.D", 0), ("e.F", 0), ("h", 0)])
    assert java.names == ["A", "E", "R", "N", "S"]
    kotlin = language.heading(
        "A.kt",
        b"package a\nimport c.d as e\n@X data class A(val a: Int)\nenum class M { B }\nobject O\nfun <T> f(a: T) = 1\n"
        b"suspend fun List<Int>.g() {}\nprivate const val N = 1\n"
        b"val String.h get() = 2\ntypealias Y = A\nfun interface I\n",
    )
    assert (kotlin.package, kotlin.imports) == ("a", [("c.d", 0)])
    assert kotlin.names == ["A", "M", "O", "f", "g", "N", "h", "Y", "I"]


def test_modules() -> None:
    files = {
        "one/src/main/java/a/b/C.java": b"package a.b;\nclass C {}",
        "one/src/main/kotlin/a/b/d.kt": b"package a.b\nfun d() = 1\nclass E",
        "one/src/main/java/a/F.java": b"package a;\nclass F {}",
        "two/src/main/java/a/b/C.java": b"package a.b;\nclass C {}",
        "G.java": b"class G {}",
    }
    found = language.modules({path: language.heading(path, source) for path, source in files.items()}, files.get)
    one, kotlin, other, two, _ = files
    assert found.find("a.b", 0, other, "C") == one
    assert found.find("a.b", 0, "two/src/main/java/x/Y.java", "C") == two
    assert found.find("a.b", 0, other, "d") == kotlin
    assert found.find("a.b.C", 0, other, "m") == one
    assert found.find("a.b.C", 0, other, "") == one
    assert found.find("a.b", 0, other, "Z") is None
    assert found.neighbour("E", one) == kotlin
    assert found.neighbour("F", one) is None
    assert list(found.neighbours(kotlin)) == [one]
    assert list(found.imported("a.b", 0, other)) == [one, kotlin]
    assert list(found.imported("a.b.C", 0, other)) == [one]
    assert list(found.parts("C", one)) == []


BROKEN = [
    ("class A { void f( { g(); } int h() { return 1; } }", "A.java"),
    ("class A { void f() { g(; h(); } }", "A.java"),
    ("fun f( { g() }", "A.kt"),
    ("class", "A.kt"),
    ('val a = "x', "A.kt"),
    ("\x00\xff", "A.java"),
]


@pytest.mark.parametrize(("source", "path"), BROKEN, ids=[source for source, _ in BROKEN])
def test_broken_source_is_counted(source: str, path: str) -> None:
    assert parsed(source, path).broken


DEEP = [
    ("A.java", "class A { int f() { return " + "(" * 5_000 + "1" + ")" * 5_000 + "; } }"),
    ("A.java", "class A { int f() { return " + "f(" * 5_000 + "1" + ")" * 5_000 + "; } }"),
    ("A.java", "class A { int f() { return a" + ".b()" * 20_000 + "; } }"),
    ("A.java", "class A { int f() { return a" + ".b" * 20_000 + "; } }"),
    ("A.java", "class A { int f() { return M.builder()" + ".b(1)" * 20_000 + ".build(); } }"),
    ("A.java", "class A { int f() { return 1" + " + x" * 20_000 + "; } }"),
    ("A.java", "class A { int f() { return 1" + " && x" * 20_000 + "; } }"),
    ("A.java", "class A { int f() { return " + "() -> " * 3_000 + "1; } }"),
    ("A.java", "class A { void f() { " + "if (a) " * 5_000 + "b(); } }"),
    ("A.java", "class A { void f() { " + "{" * 5_000 + "}" * 5_000 + " } }"),
    ("A.java", "class A {" * 3_000 + "}" * 3_000),
    ("A.java", "class A { int f() { return " + "c ? a : " * 5_000 + "b; } }"),
    ("A.java", "class A { List<" + "List<" * 3_000 + "A" + ">" * 3_001 + " f; }"),
    ("A.java", "@T(" + "{" * 3_000 + "}" * 3_000 + ") class A {}"),
    ("A.java", "class A { void f() { " + "x = " * 5_000 + "1; } }"),
    ("A.java", "class A { void f() { " + "new A() { void f() { " * 500 + "} };" * 500 + " } }"),
    ("A.kt", "val a = " + "(" * 5_000 + "1" + ")" * 5_000),
    ("A.kt", "val a = " + "f { " * 3_000 + "1" + " }" * 3_000),
    ("A.kt", "val a = " + "run { " * 1_000 + "1" + " }" * 1_000),
    ("A.kt", "val a = a" + ".b()" * 20_000),
    ("A.kt", "val a = a" + ".apply { b = 1 }" * 3_000),
    ("A.kt", "val a = 1" + " ?: x" * 20_000),
    ("A.kt", "val a = " + "if (a) b else " * 3_000 + "c"),
    ("A.kt", 'val a = "' + "$a" * 50_000 + '"'),
    ("A.kt", "val a = " + "a<" * 20_000),
    ("A.kt", "fun f() { " + "{ " * 3_000 + "} " * 3_000 + "}"),
    ("A.kt", "val a" + " }" * 20_000),
    ("A.kt", "class A : " + "A<" * 3_000 + "B" + ">" * 3_000),
]


@pytest.mark.parametrize(("path", "source"), DEEP, ids=[f"{path} {source[:50]}" for path, source in DEEP])
def test_deep_and_long_source_is_bounded(path: str, source: str) -> None:
    started = time.perf_counter()
    module = parsed(source, path)
    language.heading(path, source.encode())
    assert time.perf_counter() - started < 10
    _no_call_twice(module)


NAMES = st.sampled_from(["a", "chat", "Model", "builder", "it", "this", "system", "b2"])
JAVA_EXPRESSIONS = st.recursive(
    st.one_of(NAMES, st.just('"gpt-4o"'), st.just("1"), st.just("Model.class"), st.just('"""\n  x\n  """')),
    lambda inner: st.one_of(
        st.builds("f({}, {})".format, inner, inner),
        st.builds("Model.builder().a({}).b({}).build()".format, inner, inner),
        st.builds("new Model({}) {{ int g() {{ return {}; }} }}".format, inner, inner),
        st.builds("(c ? {} : {})".format, inner, inner),
        st.builds("x.map(q -> {})".format, inner),
        st.builds("x.user(u -> u.text({}).go({}))".format, inner, inner),
        st.builds("run(() -> {{ return {}; }})".format, inner),
        st.builds("({} + {})".format, inner, inner),
        st.builds("List.of({}, {})".format, inner, inner),
        st.builds("switch ({}) {{ case 1 -> {}; default -> {{ yield {}; }} }}".format, inner, inner, inner),
    ),
    max_leaves=12,
)
JAVA_STATEMENTS = st.one_of(
    st.builds("var v{} = {};".format, st.integers(0, 3), JAVA_EXPRESSIONS),
    st.builds("g({});".format, JAVA_EXPRESSIONS),
    st.builds("if (h({})) {{ k({}); }}".format, JAVA_EXPRESSIONS, JAVA_EXPRESSIONS),
    st.builds("for (var q : f({})) k({});".format, JAVA_EXPRESSIONS, JAVA_EXPRESSIONS),
    st.builds("if (f({}) instanceof Model m) k(m);".format, JAVA_EXPRESSIONS),
    st.builds("x = y = f({});".format, JAVA_EXPRESSIONS),
    st.builds(
        "switch (f({})) {{ case Model m -> k(m); case B n -> k({}); default -> {{}} }}".format, *[JAVA_EXPRESSIONS] * 2
    ),
    st.builds("return {};".format, JAVA_EXPRESSIONS),
)
KOTLIN_VALUES = st.recursive(
    st.one_of(NAMES, st.just('"gpt-4o $a ${b}"'), st.just("1"), st.just("Model::class.java")),
    lambda inner: st.one_of(
        st.builds("f({}, n = {})".format, inner, inner),
        st.builds("Model.builder().a({}).b({}).build()".format, inner, inner),
        st.builds("Model({}).apply {{ a = {}; go({}) }}".format, inner, inner, inner),
        st.builds("Model {{ tool({}); n = {} }}".format, inner, inner),
        st.builds("prompt({}) {{ system({}) }}".format, inner, inner),
        st.builds("f({}).also {{ k(it, {}) }}".format, inner, inner),
        st.builds("f({})?.let {{ k(it) }} ?: {}".format, inner, inner),
        st.builds("runBlocking {{ k({}); {} }}".format, inner, inner),
        st.builds("(if (a) {} else {})".format, inner, inner),
        st.builds("object : Model({}) {{ override fun g() = {} }}".format, inner, inner),
        st.builds("listOf({}, {})".format, inner, inner),
        st.builds("x.map {{ k({}) }}".format, inner),
    ),
    max_leaves=12,
)
KOTLIN_CODE = st.one_of(
    st.builds("val v{} = {}\n".format, st.integers(0, 3), KOTLIN_VALUES),
    st.builds("g({})\n".format, KOTLIN_VALUES),
    st.builds("if (h({})) {{ k({}) }}\n".format, KOTLIN_VALUES, KOTLIN_VALUES),
    st.builds("for (q in f({})) {{ k({}) }}\n".format, KOTLIN_VALUES, KOTLIN_VALUES),
    st.builds("when (f({})) {{ 1 -> k({})\n else -> {{ }} }}\n".format, KOTLIN_VALUES, KOTLIN_VALUES),
    st.builds("a.b = {}\n".format, KOTLIN_VALUES),
)
PROGRAM = st.one_of(
    st.builds(
        lambda some: ("A.java", "class T { int n = 1; void run(B builder) { " + "\n".join(some) + " } }"),
        st.lists(JAVA_STATEMENTS, min_size=1, max_size=6),
    ),
    st.builds(
        lambda some: ("A.kt", "class T(val n: Int) {\n fun run() {\n" + "".join(some) + "\n }\n}\n"),
        st.lists(KOTLIN_CODE, min_size=1, max_size=6),
    ),
)


def _no_call_twice(module: Module) -> None:
    """Every call of the facts stands in one place, or it would count twice."""
    seen = [id(call) for scope in ModuleScope(module).walk() for call, _ in calls(scope)]
    assert len(seen) == len(set(seen))


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(PROGRAM)
def test_generated_programs_are_read_whole(program: tuple[str, str]) -> None:
    path, source = program
    module = parsed(source, path)
    cls = module.body[0]
    assert isinstance(cls, Class)
    assert cls.name == "T"
    assert "run" in [one.name for one in cls.body if isinstance(one, Function)]
    _no_call_twice(module)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(PROGRAM, st.integers(0, 10_000), st.randoms(use_true_random=False))
def test_truncated_and_mutated_programs_never_raise(program: tuple[str, str], cut: int, rng: random.Random) -> None:
    path, source = program
    data = bytearray(source.encode())
    parsed(source[: cut % (len(source) + 1)], path)
    for _ in range(5):
        data[rng.randrange(len(data))] = rng.randrange(256)
        del data[rng.randrange(len(data))]
    _no_call_twice(language.parse(path, bytes(data)))
    language.heading(path, bytes(data))


PIECES = {
    "A.java": (
        '  @GetMapping("/%d") public String m%d(@RequestParam String q) {\n'
        '    var model = OpenAiChatModel.builder().modelName("m%d").tools(a, b).build();\n'
        '    if (flag) { list.forEach(x -> sb.append(x)); }\n    return model.chat("Hi " + q).trim();\n  }\n'
    ),
    "A.kt": (
        "  fun m%d(q: String, n: Int = %d): String {\n"
        "    val model = OpenAI(token = key).apply { timeout = 3 }\n    val t = Registry { tool(A()) }\n"
        '    return model.run("m%d $q ${q.length}") { it.x() } ?: "none"\n  }\n'
    ),
}


@pytest.mark.parametrize("path", PIECES)
def test_time_grows_with_size_alone(path: str) -> None:
    def cost(count: int) -> float:
        source = "class A {\n" + "".join(PIECES[path] % (i, i, i) for i in range(count)) + "}\n"
        best = float("inf")
        for _ in range(3):
            started = time.process_time()
            parsed(source, path)
            language.heading(path, source.encode())
            best = min(best, time.process_time() - started)
        return best

    assert cost(1_600) < 24 * cost(200)  # eight times as much source; were it quadratic, 64 times the time


def test_a_setter_that_is_called_often_stays_cheap() -> None:
    source = "class A { void f() { var b = M.builder(); " + "b.tool(x);" * 20_000 + " b.build(); } }"
    started = time.perf_counter()
    (assign,) = (one for one in _statements(parsed(source)) if isinstance(one, Assign))
    assert time.perf_counter() - started < 5
    assert isinstance(assign.value, Call)
    value = assign.value.keywords[0][1]
    assert isinstance(value, Seq)
    assert len(value.items) == 20_000


def _statements(module: Module) -> list[Statement]:
    cls = module.body[0]
    assert isinstance(cls, Class)
    function = cls.body[0]
    assert isinstance(function, Function)
    return function.body
