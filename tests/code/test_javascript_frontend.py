"""The JavaScript front-end: every kind of statement and expression, and hostile source."""

import random
import time
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sketch import sketch

from backstay.code import facts
from backstay.code.facts import Assign, Class, Do, Function, Lit, Module, Statement
from backstay.code.language import Heading
from backstay.code.languages import SUFFIXES
from backstay.code.languages.javascript.headings import heading, is_minified
from backstay.code.languages.javascript.modules import modules
from backstay.code.languages.javascript.statements import parse


def body(source: str, path: str = "app.ts") -> list[str]:
    module = parse(path, source.encode())
    assert not module.broken, source
    return [sketch(one) for one in module.body]


IMPORTS = [
    ("import 'm'", ["import m"]),
    ("import X from 'm'", ["from m import default as X"]),
    ("import X, { a, b as c, type T } from 'm'", [
        "from m import default as X", "from m import a", "from m import b as c", "from m import T",
    ]),
    ("import * as ns from \"m\"", ["import m as ns"]),
    ("import type { T } from 'm'", ["from m import T"]),
    ("import X = require('m')", ["import m as X"]),
    ("import X = A.B.C", ["X = A.B.C"]),
    ("const ns = require('m')", ["import m as ns"]),
    ("const { a, b: c } = require('m')", ["from m import a", "from m import b as c"]),
    ("const a = require('m').a, b = require(`n`).default", ["from m import a", "from n import default as b"]),
    ("const app = require('m')()", ["import m as <module:1:13>", "app = <module:1:13>()"]),
    ("const { a: { b } } = require('m')", ["import m as <module:1:22>", "<value:1:12> = <module:1:22>.a",
                                            "b = <value:1:12>.b"]),
    ("const { a } = await import('m'), c = (await import('n')).d", ["from m import a", "from n import d as c"]),
    ("import('m').then((m) => m.go())", ["import m as <module:1:1>", "def <anonymous:1:18>(m): return m.go()",
                                           "<anonymous:1:18>(<module:1:1>)"]),
    ("const x = require(name)", ["x = require(name)"]),
]  # fmt: skip
EXPORTS = [
    ("export const a = 1", ["a = 1"]),
    ("export { a as b, c, d as default }", ["b = a", "default = d"]),
    ("export { a as b, default, default as C } from './m'", [
        "from ./m import a as b", "from ./m import default", "from ./m import default as C",
    ]),
    ("export * from './m'; export * as ns from 'n'", ["from ./m import *", "import n as ns"]),
    ("export type * from './m'", ["from ./m import *"]),
    ("export default f(1)", ["default = f(1)"]),
    ("export default async function go(a) {}", ["def go(a):", "default = go"]),
    ("export default (a) => a", ["def default(a): return a"]),
    ("export default function () { return 1 }", ["def default(): return 1"]),
    ("export default class A {}", ["class A():", "default = A"]),
    ("export default class extends B {}", ["class default(B):"]),
    ("export default { fetch(r) { return r } }", ["def <fetch:1:18>(r): return r", "fetch = <fetch:1:18>",
                                                    "default = {'fetch': fetch}"]),
    ("export = foo", ["default = foo"]),
    ("export async function POST(req: Request) {}", ["def POST(req: Request):"]),
    ("@Controller('x') export class A {}", ["@Controller('x') class A():"]),
    ("export abstract class A {}", ["class A():"]),
    ("module.exports = A", ["default = A"]),
    ("module.exports = { a, b: f(), c: a }", ["b = f()", "c = a", "default = {'a': a, 'b': b, 'c': c}"]),
    ("exports.a = a; exports.b = f()", ["a", "b = f()"]),
    ("module.exports.h = async (event) => {}", ["def h(event):"]),
    ("module.exports = class A {}", ["class A():", "default = A"]),
    ("exports = module.exports = f()", ["default = f()"]),
    ("module.exports = require('./m')", [
        "from ./m import *", "import ./m as <module:1:18>", "default = <module:1:18>",
    ]),
    ("function f() { module.exports = 1 }", ["def f(): module.exports = 1"]),
]  # fmt: skip
BINDINGS = [
    ("const x: string = 'a', y = 1; let z: number; var w", ["x: string = 'a'", "y = 1", "z: number : -"]),
    ("const { a, b: c, d = 1, ...e } = o", ["a = o.a", "c = o.b", "d = either(o.d, 1)", "e = o"]),
    ("const { a } = f()", ["<value:1:7> = f()", "a = <value:1:7>.a"]),
    ("const { a: { b: [c] }, 'd-e': g, [h]: i } = o", [
        "<value:1:12> = o.a", "[c] = <value:1:12>.b", "g = o.d-e", "i = o[h]",
    ]),
    ("const [a, , [b], { c }, ...d] = f()", [
        "[a, _, <item:1:13>, <item:1:18>, *d] = f()", "[b] = <item:1:13>", "c = <item:1:18>.c",
    ]),
    ("[a, b.c] = f(); ({ d, e: g.h } = o)", ["[a, b.c] = f()", "d = o.d", "g.h = o.e"]),
    ("a = b = f()", ["b = f()", "a = b"]),
    ("a += 1; a ||= f(); a.b[c] = d", ["a += 1", "a = f()", "a.b[c] = d"]),
    ("if ((m = f()) !== null) g(m)", ["m = f()", "?(m)", "g(m)"]),
    ("const f = async (a) => a, g = function* (b) { yield b }", ["def f(a): return a", "def g(b): yield b"]),
    ("const A = class extends B {}", ["class A(B):"]),
    ("this.f = async () => g()", ["def <f:1:10>(): return g()", "this.f = <f:1:10>"]),
]  # fmt: skip
FLOW = [
    ("if (f()) a(); else if (g()) { b() } else c()", ["f()", "a()", "g()", "b()", "c()"]),
    ("while (f()) a(); do { b() } while (g())", ["f()", "a()", "g()", "b()"]),
    ("for (let i = f(); i < 9; i++) a(i)", ["i = f()", "?(i)", "a(i)"]),
    ("for (const [k, v] of f()) a(k)", ["[k, v] for f()", "a(k)"]),
    ("for (const { k } of f()) a(k)", ["<value:1:12> for f()", "k = <value:1:12>.k", "a(k)"]),
    ("for await (const x of f()) a(x); for (var k in o) b(k)", ["x for f()", "a(x)", "k for o", "b(k)"]),
    ("switch (f()) { case 1: { a(); break } case g(): b(); default: c() }", ["f()", "a()", "b()", "c()"]),
    ("try { a() } catch (e) { b() } finally { c() }", ["a()", "b()", "c()"]),
    ("label: for (;;) { a() }", ["a()"]),
    ("{ a() } ; ;", ["a()"]),
    ("throw new E(f())", ["E(f())"]),
    ("function f(a, b = 2, ...c) { return }", ["def f(a, b=2, *c):"]),
    ("async function* f() { yield* g(); yield 1 }", ["def f(): yield g(); yield 1"]),
    ("'use strict'; f()", ["f()"]),
    ("declare const x: string; declare module 'm' { }; declare function f(): void", []),
    ("function f(a: string): void; function f(a) { return a }", ["def f(a): return a"]),
    ("namespace N { export const x = 1; export function f() {} }", ["x = 1", "def f():", "N = {'x': x, 'f': f}"]),
]  # fmt: skip
PARAMETERS = [
    ("function f({ a, b: c = 1 }: T, [d]: X[]) { return a }", [
        "def f(<parameter:0>: T, <parameter:1>: Array[X]): a = <parameter:0>.a; c = either(<parameter:0>.b, 1); "
        "[d] = <parameter:1>; return a",
    ]),
    ("const f = ({ a } = {}) => a", ["def f(<parameter:0>={}): a = <parameter:0>.a; return a"]),
    ("function f(this: Window, a?: A): a is B {}", ["def f(a: A):"]),
    ("const f = x => x", ["def f(x): return x"]),
]  # fmt: skip
CLASSES = [
    ("class A<T> extends B<T> implements C, D.E {}", ["class A(B, C, D.E):"]),
    ("class A { x: string = 'a'; #p = 1; static s = 2; readonly t?: T }", [
        "class A(): x: string = 'a'; #p = 1; s = 2; t: T : -",
    ]),
    ("class A { constructor(private readonly llm: OpenAI, b = 1) { super(b) } }", [
        "class A(): def __init__(this, llm: OpenAI, b=1): this.llm: OpenAI = llm; super().__init__(b)",
    ]),
    ("class A { m() { return this.#x } static async s() {} get v() { return 1 } set v(q) {} *g() {} }", [
        "class A(): def m(this): return this.#x; @staticmethod def s():; @property def v(this): return 1; "
        "def <set v:1>(this, q):; def g(this):",
    ]),
    ("class A { h = async (a) => { await this.m(a) } }", ["class A(): def h(this, a): this.m(a)"]),
    ("class A { x = new X(this.y); constructor(public y: Y) {} }", [
        "class A(): def __init__(this, y: Y): this.x = X(this.y); this.y: Y = y",
    ]),
    ("class A extends B { x: X = f(() => this.y) }", [
        "class A(B): x: X : -; def __init__(this, *args): super().__init__(*args); "
        "def <anonymous:1:30>(): return this.y; this.x: X = f(<anonymous:1:30>)",
    ]),
    ("class A { static x = f(() => 1); static { g() } }", [
        "class A(): @staticmethod def <anonymous:1:24>(): return 1; x = f(<anonymous:1:24>); g()",
    ]),
    ("@a @b.c(1) class A { @d() m(@e() x: X) {} @f y: Y }", [
        "@a @b.c(1) class A(): @d() def m(this, x: X):; y: Y : -",
    ]),
    ("abstract class A { abstract x: X; abstract m(a: B): C; ['k']() {} 'q-r'() {} }", [
        "class A(): x: X : -; @abstract def m(this, a: B) -> C:; def k(this):; def q-r(this):",
    ]),
    ("interface I<T> extends J, K<T> { a?: string; m(x: X): Y; [k: string]: any }", [
        "class I(J, K[T], interface=True): a: string : -; def m(this, x: X) -> Y:",
    ]),
    ("type T = { a: A }", ["class T(interface=True): a: A : -"]),
    ("type T = 'a' | 'b' | null; type U = A & B; type V = keyof A", ["T = either('a', 'b')", "U = either(A, B)"]),
    ("enum E { A = 'gpt-4o', B, 'c-d' = f(1) }", ["class E(): A = 'gpt-4o'; B = 'B'; c-d = f(1)"]),
    ("super.m(1)", ["super().m(1)"]),
]  # fmt: skip
TYPES = [
    ("Promise<Foo>", "Foo"),
    ("Promise<Foo[]> | null", "Array[Foo]"),
    ("Foo | undefined", "Foo"),
    ("A | B", "either(A, B)"),
    ("readonly A[]", "Array[A]"),
    ("A.B.C<D, E>", "A.B.C[[D, E]]"),
    ("[A, B?]", "[A, B]"),
    ("Partial<A>", "A"),
    ("InstanceType<typeof A>", "A"),
    ("import('m').A<B>", "A[B]"),
    ("Record<string, A>", "Record[[string, A]]"),
]
NO_TYPES = ["any", "() => void", "{ a: 1 }", "typeof x", "keyof T", "A extends B ? C : D"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [*IMPORTS, *EXPORTS, *BINDINGS, *FLOW, *PARAMETERS, *CLASSES],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_statements(source: str, expected: list[str]) -> None:
    assert body(source) == expected


@pytest.mark.parametrize(("source", "expected"), TYPES)
def test_types(source: str, expected: str) -> None:
    assert body(f"let x: {source}") == [f"x: {expected} : -"]


@pytest.mark.parametrize("source", NO_TYPES)
def test_types_that_name_nothing(source: str) -> None:
    assert body(f"let x: {source} = f()") == ["x = f()"]


EXPRESSIONS = [
    (r"'a\n\x41\u0042\u{1F600}\'\q'", '"a\\nAB😀\'q"'),
    (r"'\ud83d\ude00'", "'😀'"),
    ("`a ${b} c ${`d${e}`}`", "text('a ', b, ' c ', text('d', e))"),
    ("`a\nb`", "'a\\nb'"),
    ("``", "''"),
    ("Prisma.sql`a ${b}`", "Prisma.sql(text('a ', b))"),
    ("dedent`a`", "dedent('a')"),
    ("'a' + b + 'c'", "text('a', b, 'c')"),
    ("'a' + 'b'", "'ab'"),
    ("a + b", "(a + b)"),
    ("a - 1", "(a - 1)"),
    ("-1.5 + +2", "(-1.5 + 2)"),
    ("!f(a)", "?(f(a))"),
    ("typeof a", "?(a)"),
    ("void 0", "None"),
    ("a < f() && b", "either(?(a, f()), b)"),
    ("a || b || c", "either(a, b, c)"),
    ("a ?? (b || c)", "either(a, either(b, c))"),
    ("c ? x : y", "either(x, y)"),
    ("a?.b?.(c)?.[0]", "a.b(c)[0]"),
    ("a!.b as B", "a.b"),
    ("(await f<T>(a)) satisfies X", "f(a)"),
    ("<T>f(a)", "f(a)"),
    ("new X", "X()"),
    ("new A.B<C>(1, ...d)", "A.B(1, *d)"),
    ("f(a, { b: 1 })", "f(a, {'b': 1})"),
    ("[1, ...a, , 'b'] as const", "[1, *a, 'b']"),
    ("{ a, 'b-c': 1, [d]: 2, 3: e, ...g }", "{'a': a, 'b-c': 1, d: 2, 3: e, **g}"),
    ("[null, undefined, true, false]", "[None, None, True, False]"),
    ("[0x1f, 0b1, 0o17, 1_000, 1.5e3, 10n, .5, 017, 09]", "[31, 1, 15, 1000, 1500.0, 10, 0.5, 15, 9.0]"),
    ("/re(g)/gi", "?()"),
    ("import.meta.env.X", "import.meta.env.X"),
    ("process.env['X']", "process.env['X']"),
    ("Promise.all([f(), g()])", "[f(), g()]"),
    ("f.bind(this)", "f"),
    ("xs.map((x) => f(x))", "<f(x) for x in xs>"),
    ("xs.map(async x => await f(x))", "<f(x) for x in xs>"),
    ("Object.entries(o).map(([k, v]) => f(k, v))", "<f(k, v) for [k, v] in Object.entries(o)>"),
    ("xs.filter((x) => f(x))", "<x for x in xs also f(x)>"),
    ("xs.find((x) => f(x))", "<x for x in xs also f(x)>[?()]"),
    ("xs.map(f.g)", "<f.g(<element:1:12>) for <element:1:12> in xs>"),
    ("xs.filter(f)", "xs.filter(f)"),
    ("['a', 'b'].join('\\n')", r"'a\nb'"),
    ("['a', b, f()].join(' ')", "text('a', ' ', b, ' ', f())"),
    ("['a', ...b].join(' ')", "['a', *b].join(' ')"),
    ("workflow.then(step)", "workflow.then(step)"),
    ("f() satisfies X as Y", "f()"),
    ("f/* a */(/* b */ 1 /* c */)", "f(1)"),
]


@pytest.mark.parametrize(("source", "expected"), EXPRESSIONS, ids=[source for source, _ in EXPRESSIONS])
def test_expressions(source: str, expected: str) -> None:
    assert body(f"v = {source};\n") == [f"v = {expected}"]


HOISTED = [
    ("app.post('/x', async (req) => { f(req) })", ["def <anonymous:1:16>(req): f(req)",
                                                     "app.post('/x', <anonymous:1:16>)"]),
    ("const t = tool({ execute: async ({ q }) => q, go() {} })", [
        "def <execute:1:27>(<parameter:0>): q = <parameter:0>.q; return q", "def <go:1:47>():",
        "t = tool({'execute': <execute:1:27>, 'go': <go:1:47>})",
    ]),
    ("const o = { get a() { return 1 } }", ["def <a:1:13>(): return 1", "o = {'a': <a:1:13>()}"]),
    ("f(function named() {})", ["def <named:1:3>():", "f(<named:1:3>)"]),
    ("(async () => { f() })()", ["def <anonymous:1:2>(): f()", "<anonymous:1:2>()"]),
    ("const v = p().then((x) => g(x)).catch(h)", [
        "<awaited:1:11> = p()", "def <anonymous:1:20>(x): return g(x)", "h()",
        "v = <anonymous:1:20>(<awaited:1:11>)",
    ]),
    ("const v = p().then((x) => g(x), (e) => h(e))", [
        "<awaited:1:11> = p()", "def <anonymous:1:20>(x): return g(x)", "def <anonymous:1:33>(e): return h(e)",
        "<anonymous:1:33>()", "v = <anonymous:1:20>(<awaited:1:11>)",
    ]),
    ("xs.forEach((x, i) => { f(x) })", ["def <each:1:12>(x, i): f(x)",
                                          "<<each:1:12>(<element:1:12>) for <element:1:12> in xs>"]),
    ("const v = c(1) ? x : d ? y : z", ["c(1)", "v = either(x, y, z)"]),
    ("const v = (a(), b())", ["a()", "v = b()"]),
    ("const v = f(class extends B {})", ["class <class:1:13>(B):", "v = f(<class:1:13>)"]),
    ("const v = f(a = g())", ["a = g()", "v = f(a)"]),
    ("const { a } = f(), b = a", ["<value:1:7> = f()", "a = <value:1:7>.a", "b = a"]),
]  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), HOISTED, ids=[source for source, _ in HOISTED])
def test_what_an_expression_needs_stands_before_it(source: str, expected: list[str]) -> None:
    assert body(source) == expected


def test_jsx() -> None:
    source = (
        "const el = <Foo a={f(x)} b='c' {...rest}>text <A.B>{xs.map(x => <Item k={x} on={() => go(x)} />)}</A.B></Foo>"
    )
    assert body(source, "app.tsx") == [
        "def <each:1:60>(x): def <anonymous:1:81>(): return go(x); return ?(Item, x, <anonymous:1:81>)",
        "el = ?(Foo, f(x), *rest, A.B, <<each:1:60>(<element:1:60>) for <element:1:60> in xs>)",
    ]
    assert body("const el = <><div>{f()}</div></>", "app.js") == ["el = ?(f())"]


def test_words_and_texts() -> None:
    source = "function f(a) { const g = () => this.model('gpt-4o'); return g }\nfunction h() { return 'a' }"
    first, second = parse("app.ts", source.encode()).body
    assert isinstance(first, Function)
    assert isinstance(second, Function)
    assert set(first.words) >= {"this", "model", "g"}
    assert first.texts
    assert not second.texts
    assert isinstance(first.body[0], Function)
    assert first.body[0].texts
    hoisting = parse("app.ts", b"function f() { on(() => ask()) }").body[0]
    assert isinstance(hoisting, Function)
    assert {"on", "ask", "<anonymous:1:19>"} <= set(hoisting.words), "what is hoisted is mentioned"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("async function main() {}\nmain()", True),
        ("async function main() {}\nvoid main()", True),
        ("const run = async () => {}\nawait run()", True),
        ("async function main() {}\nmain().catch((e) => log(e))", True),
        ("async function main() {}\nmain().then(() => log(1))", True),
        ("(async () => { f() })()", True),
        ("#!/usr/bin/env node\nf()", True),
        ("if (require.main === module) f()", True),
        ("if (import.meta.url === x) { f() }", True),
        ("export function f() {}\ng()", False),
        ("function f() { return (() => 1)() }", False),
        ("app.listen(3000)", False),
    ],
)
def test_main(source: str, expected: bool) -> None:
    assert parse("app.ts", source.encode()).main is expected


def test_branches_and_lines() -> None:
    source = """\
const a = 1
if (x) {
  let b = 2
  for (const c of d) { e = 3 }
}
try { f = 4 } catch { g = 5 } finally { h = 6 }
const { i } = j(
  1,
)
const k = `l
${m}
n`
"""
    module = parse("app.ts", source.encode())
    assigned = {sketch(one.target): one for one in module.body if isinstance(one, Assign)}
    assert {name: one.branch for name, one in assigned.items()} == {
        "a": 0, "b": 1, "c": 1, "e": 2, "f": 0, "g": 1, "h": 0, "<value:7:7>": 0, "i": 0, "k": 0,
    }  # fmt: skip
    call = assigned["<value:7:7>"].value
    assert isinstance(call, facts.Call)
    assert (call.line, call.end_line) == (7, 9)
    text = assigned["k"].value
    assert isinstance(text, facts.Text)
    assert [(one.line, one.end_line) for one in text.parts if isinstance(one, Lit)] == [(10, 11), (11, 12)]
    inner = parse("app.ts", b"if (c) { f(() => { x = 1 }) }").body[0]
    assert isinstance(inner, facts.Do | Function)
    function = next(one for one in parse("app.ts", b"if (c) { f(() => { x = 1 }) }").body if isinstance(one, Function))
    assert [one.branch for one in function.body if isinstance(one, Assign)] == [0]


def test_loops() -> None:
    source = (
        "for (const a of b) {\n  while (c) { f() }\n}\nfunction g() {\n  do { h() } while (x)\n  for (;;)\n    i()\n}"
    )
    assert parse("a.ts", source.encode()).loops == [(1, 3), (2, 2), (5, 5), (6, 7)]


NARROWED = """\
function pick(p, q) {
  switch (p) {
    case 'a':
    case 'b':
      return f()
    case 'c': {
      return g()
    }
    case M.D:
      h()
    case 'e':
      i(); break
    default:
      j()
  }
  if (p === 'x') {
    k()
  } else if ('y' == p && q) l()
  else if (LIST.includes(p)) {
    m()
  } else { n() }
  if (p === 'z') o(); else r()
  if (p === 'w') s(); t()
  switch (p) { case 'a': u(); break; case 'b': v() }
}
"""


def test_conditions_narrow_a_name_on_their_own_lines() -> None:
    function = parse("a.ts", NARROWED.encode()).body[0]
    assert isinstance(function, Function)
    assert [sketch(one) for one in function.body if isinstance(one, facts.Narrow)] == [
        "within 5-5 p in ['a', 'b']",
        "within 6-7 p == 'c'",
        "within 10-10 p == M.D",
        "within 12-12 p in [M.D, 'e']",
        "within 16-17 p == 'x'",
        "within 18-18 p == 'y'",
        "within 19-20 p in LIST",
    ]


def test_grammars_by_suffix() -> None:
    assert body("const a = <T>f(x)", "a.ts") == ["a = f(x)"]
    assert body("const a = <T,>(x) => x", "a.tsx") == ["def a(x): return x"]
    for suffix in (".js", ".jsx", ".mjs", ".cjs", ".tsx"):
        assert body("const a = <b>{c()}</b>", f"a{suffix}") == ["a = ?(c())"]
    assert all(parse(f"a{suffix}", b"f()").language == "javascript" for suffix in SUFFIXES["javascript"])


def test_components() -> None:
    source = (
        "<template>\n  <p>{{ a < b }}</p>\n</template>\n"
        '<script setup lang="ts">\nimport { x } from "m"\nconst y = <T>f(x)\n</script>\n<style>p { }</style>\n'
    )
    module = parse("App.vue", source.encode())
    assert [(one.line, sketch(one)) for one in module.body] == [(5, "from m import x"), (6, "y = f(x)")]
    assert not module.broken
    svelte = parse("App.svelte", b"<script context='module'>a()</script>\n{#if x}<p/>{/if}\n<script>b()</script>")
    assert [(one.line, sketch(one)) for one in svelte.body] == [(1, "a()"), (3, "b()")]
    assert parse("App.vue", b"<template><p/></template>").body == []
    assert [sketch(one) for one in parse("App.vue", b"<script>f()").body] == ["f()"]


BROKEN = [
    ("class K(: {}\nconst y = g(2);\n", "y = g(2)"),
    ("const x = $$ %;\nfunction f() { g(2 }\nconst y = g(2);\n", "y = g(2)"),
    ("const x = f(1);\n]\nconst y = g(2);\n", "y = g(2)"),
    ("<<<<<<< HEAD\nconst x = f(1);\n=======\n>>>>>>> other\nconst y = g(2);\n", "y = g(2)"),
    ("const x = f(1);\nconst y = (\n", "x = f(1)"),
    ("((((", ""),
]


@pytest.mark.parametrize(("source", "expected"), BROKEN, ids=[source for source, _ in BROKEN])
def test_broken_source_is_counted_and_the_rest_understood(source: str, expected: str) -> None:
    module = parse("app.js", source.encode())
    assert module.broken > 0
    assert not expected or expected in [sketch(one) for one in module.body]


# Headings and modules ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import a from 'm';import {\n b } from\"./n\"\n", {"m", "./n"}),
        ("import 'side'; export * from 'x'; export { a } from `y`", {"side", "x", "y"}),
        ("const a = require('m'), b = await import( /* c */ 'n')", {"m", "n"}),
        ("import('@scope/x/y').then()", {"@scope/x/y"}),
        ("require(name); import(`./${x}`); from 'a b'", set()),
        ("important('x'); a.from('y')", {"y"}),
    ],
)
def test_imports_without_parsing(source: str, expected: set[str]) -> None:
    assert set(heading("app.ts", source.encode()).imports) == {(one, 0) for one in expected}


def test_machine_made_files_have_no_imports() -> None:
    minified = b'import{a as b}from"openai";' + b"function c(d){return d.e(function(f){return f})}" * 200
    assert is_minified(minified)
    assert heading("app.js", minified).imports == []
    assert next(sketch(one) for one in parse("app.js", minified).body) == "from openai import a as b"
    bundle = b'__webpack_require__("x");\nimport "openai";\n' + b"f();\n" * 30_000
    assert heading("app.js", bundle).imports == []
    prompt = b'import "openai";\nconst p = "' + b"You are (really) a helpful one. " * 200 + b'";\n'
    assert heading("app.js", prompt).imports == [("openai", 0)]
    data = b'import "openai";\nconst d = "' + b"QUJDREVG" * 2_000 + b'";\n'
    assert heading("app.js", data).imports == [("openai", 0)]


TREE = {
    "tsconfig.base.json": '{ "compilerOptions": { "paths": { "@acme/ui": ["packages/ui/src/entry.ts"], } } }',
    "apps/web/tsconfig.json": """{
      // comments are allowed
      "extends": ["next/tsconfig", "../../tsconfig.base.json"],
      "compilerOptions": { "baseUrl": ".", "paths": { "@/*": ["./src/*"], "@/lib/special": ["other.ts"] } },
    }""",
    "apps/api/tsconfig.json": '{ "extends": "../../tsconfig.base" }',
    "apps/vite/tsconfig.json": '{ "references": [{ "path": "./tsconfig.app.json" }] }',
    "apps/vite/tsconfig.app.json": '{ "compilerOptions": { "paths": { "#app/*": ["./code/*"] } } }',
    "apps/plain/package.json": """{ "name": "plain",
      "imports": { "#db": { "node": "./src/db.js" }, "#in/*": "./src/*.ts" } }""",
    "packages/ui/package.json": """{ "name": "@acme/ui", "main": "dist/index.js",
      "exports": { ".": { "import": "./dist/index.mjs" }, "./parts/*": "./dist/parts/*.js",
                   "./deep": "./src/deep.ts" } }""",
    "packages/core/package.json": '{ "name": "core", "main": "./lib/main.js" }',
    "broken/package.json": '{ "name": ',
}
FILES = [
    "apps/web/src/app/page.tsx", "apps/web/src/lib/llm.ts", "apps/web/other.ts", "apps/web/src/lib/index.ts",
    "apps/web/components/chat/index.jsx", "apps/api/main.ts", "apps/api/service.js", "apps/vite/code/x.ts",
    "apps/vite/main.ts", "apps/plain/src/db.ts", "apps/plain/src/app.mjs", "apps/plain/src/lib/shared.ts",
    "apps/plain/src/v.mts", "packages/ui/src/entry.ts", "packages/ui/src/index.ts", "packages/ui/src/parts/a.tsx",
    "packages/ui/src/deep.ts", "packages/core/src/main.ts", "packages/core/extra.ts", "broken/a.js", "broken/b.d.ts",
    "root.ts", "App.vue",
]  # fmt: skip


@pytest.mark.parametrize(
    ("importer", "module", "expected"),
    [
        ("apps/web/src/app/page.tsx", "../lib/llm", "apps/web/src/lib/llm.ts"),
        ("apps/web/src/app/page.tsx", "../lib/llm.js", "apps/web/src/lib/llm.ts"),
        ("apps/web/src/app/page.tsx", "../lib", "apps/web/src/lib/index.ts"),
        ("apps/web/src/app/page.tsx", "./page", None),
        ("apps/web/src/lib/llm.ts", ".", "apps/web/src/lib/index.ts"),
        ("apps/web/src/app/page.tsx", "@/lib/llm", "apps/web/src/lib/llm.ts"),
        ("apps/web/src/app/page.tsx", "@/lib/special", "apps/web/other.ts"),
        ("apps/web/src/app/page.tsx", "components/chat", "apps/web/components/chat/index.jsx"),
        ("apps/web/src/app/page.tsx", "@acme/ui", "packages/ui/src/index.ts"),
        ("apps/api/main.ts", "@acme/ui", "packages/ui/src/entry.ts"),
        ("apps/api/main.ts", "@acme/ui/parts/a", "packages/ui/src/parts/a.tsx"),
        ("apps/api/main.ts", "@acme/ui/deep", "packages/ui/src/deep.ts"),
        ("apps/api/main.ts", "./service", "apps/api/service.js"),
        ("apps/api/main.ts", "./service.ts?raw", None),
        ("apps/api/main.ts", "./service?raw", "apps/api/service.js"),
        ("apps/api/main.ts", "core", "packages/core/src/main.ts"),
        ("apps/api/main.ts", "core/extra", "packages/core/extra.ts"),
        ("apps/vite/main.ts", "#app/x", "apps/vite/code/x.ts"),
        ("apps/plain/src/app.mjs", "#db", "apps/plain/src/db.ts"),
        ("apps/plain/src/app.mjs", "#in/db", "apps/plain/src/db.ts"),
        ("apps/plain/src/app.mjs", "~/db", "apps/plain/src/db.ts"),
        ("apps/plain/src/app.mjs", "src/db", "apps/plain/src/db.ts"),
        ("apps/plain/src/app.mjs", "$lib/shared", "apps/plain/src/lib/shared.ts"),
        ("apps/plain/src/app.mjs", "./v.mjs", "apps/plain/src/v.mts"),
        ("apps/plain/src/app.mjs", "../../../root", "root.ts"),
        ("apps/plain/src/app.mjs", "../../../../root", None),
        ("root.ts", "./App.vue", "App.vue"),
        ("broken/a.js", "./b", "broken/b.d.ts"),
        ("root.ts", "openai", None),
        ("root.ts", "node:fs", None),
        ("root.ts", "https://esm.sh/x", None),
        ("root.ts", "", None),
        ("root.ts", "#nothing", None),
    ],
)
def test_modules(importer: str, module: str, expected: str | None) -> None:
    found = modules(dict.fromkeys(FILES, Heading()), lambda path: TREE[path].encode() if path in TREE else None)
    assert found.find(module, 0, importer, "x") == expected
    assert list(found.imported(module, 0, importer)) == ([expected] if expected else [])


def test_configurations_that_extend_each_other_end() -> None:
    tree = {"tsconfig.json": b'{"extends": "./a.json"}', "a.json": b'{"extends": ["./a.json", "./tsconfig.json"]}'}
    assert modules({"x.ts": Heading()}, tree.get).find("@/y", 0, "x.ts", "") is None


# Hostile source ------------------------------------------------------------------------------------------------------

N = 100_000
LONG = {
    "parentheses": "(" * N,
    "brackets": "[" * N,
    "braces": "{" * N,
    "balanced": "(" * N + "1" + ")" * N,
    "conditional": "a?b:" * N + "c",
    "conditions": "(a?b:c)?" * 5_000 + "d",
    "templates": "`${" * N,
    "balanced templates": "`${" * 5_000 + "1" + "}`" * 5_000,
    "sum": "+".join(f"a{i}" for i in range(N)),
    "text": "+".join(f"'a{i}'" for i in range(N)),
    "difference": "-".join(f"a{i}" for i in range(N)),
    "alternatives": "||".join(f"a{i}" for i in range(N)),
    "sequence": ",".join(f"a{i}" for i in range(N)),
    "attributes": "a" + ".b" * N,
    "calls": "a" + ".b()" * N,
    "then": "a" + ".then(b=>b)" * 10_000,
    "map": "a.map(b=>" * 5_000,
    "arguments": "f(" * N,
    "arrows": "a=>" * N + "1",
    "curried": "(a)=>(" * 10_000,
    "functions": "function(){" * 20_000,
    "objects": "{a:" * N,
    "methods": "{a(){return " * 20_000,
    "arrays": "[" * 5_000 + "]" * 5_000,
    "assignments": "a=" * N + "1",
    "not": "!" * N + "a",
    "new": "new " * N + "A",
    "classes": "class{a=" * 20_000,
    "jsx": "<a>" * N,
    "jsx balanced": "<a>{" * 2_000 + "}</a>" * 2_000,
    "awaits": "await " * N + "a",
    "casts": "a" + " as b" * 20_000,
    "spread": "[..." * N,
    "numbers": "9" * N,
    "string": "'" + "\\" * N,
    "escapes": "'" + "\\u{" * N + "'",
}
STATEMENTS = {
    "blocks": "{" * N,
    "conditions": "if(a)" * N + "b()",
    "else": "if(a)b();else " * 30_000 + "c()",
    "loops": "for(;;)" * N,
    "functions": "function f(){" * N,
    "classes": "class A{m(){" * 20_000,
    "patterns": "const " + "{a:" * N,
    "array patterns": "const " + "[" * N,
    "parameters": "function f(" + "{a:" * 20_000,
    "types": "let x: " + "A<" * N,
    "unions": "type X = " + "|".join(f"'a{i}'" for i in range(20_000)),
    "type parentheses": "let x: " + "(" * N,
    "labels": "a:" * N + "b()",
    "decorators": "@a " * N + "class B{}",
    "exports": "exports.a=" * N + "1",
    "module exports": "module.exports=" * 20_000 + "1",
    "namespaces": "namespace A{" * 20_000,
    "imports": "import{" * N,
    "statements": "x=1;" * 50_000,
    "switch": "switch(a){case 1:" * 20_000,
    "try": "try{" * N,
}


@pytest.mark.parametrize(
    "source", [*(f"x = {one};" for one in LONG.values()), *STATEMENTS.values()], ids=[*LONG, *STATEMENTS]
)
@pytest.mark.parametrize("path", ["a.ts", "a.jsx"])
def test_deep_and_long_source_is_bounded(source: str, path: str) -> None:
    check(path, source.encode() + b"\nf();\n", 15)


def test_a_minified_megabyte() -> None:
    line = b"!function(e,t){for(var n=0,r=t.length;n<r;n++){var o=t[n];e[o.a]=o.b?function(e){return e}(o):null}}(a,b);"
    check("a.js", line * (1_000_000 // len(line)), 15)


def test_nesting_past_the_limit_is_counted() -> None:
    assert not parse("a.ts", b"x = " + b"(" * 60 + b"1" + b")" * 60).broken
    assert not parse("a.ts", b"x = a" + b".b()" * 60).broken
    assert parse("a.ts", b"x = " + b"f(" * 400 + b"1" + b")" * 400).broken


# Property tests ------------------------------------------------------------------------------------------------------

bounded = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SAMPLE = "\n".join(
    [source for source, _ in [*IMPORTS, *EXPORTS, *BINDINGS, *FLOW, *PARAMETERS, *CLASSES, *HOISTED]]
    + [f"const v = {source};" for source, _ in EXPRESSIONS]
).encode()


def check(path: str, source: bytes, seconds: float = 5) -> Module:
    """Reading ends fast, keeps its lines and depth, and survives being stored."""
    started = time.process_time()  # others may keep the machine busy
    module = parse(path, source)
    imports = heading(path, source)
    assert time.process_time() - started < seconds
    encoded = msgspec.msgpack.encode((imports, module))
    again = msgspec.msgpack.decode(encoded, type=tuple[Heading, Module])
    assert msgspec.msgpack.encode(again) == encoded, "stored facts are read as they were"
    last = source.count(b"\n") + 1
    assert all(1 <= one.line <= last for one in _statements(module.body))
    return module


def _statements(body: list[Statement]) -> list[Statement]:
    found: list[Statement] = []
    stack = list(body)
    while stack:
        one = stack.pop()
        found.append(one)
        if isinstance(one, Function | Class):
            stack += one.body
    return found


@bounded
@given(
    st.sampled_from(["a.ts", "a.jsx", "a.vue"]),
    st.text(alphabet="()[]{}<>:=.,;?'\"`$\\/* \nabfimxr0&|+@#", max_size=400),
)
def test_random_text(path: str, source: str) -> None:
    check(path, source.encode("utf-8", "replace"))


@bounded
@given(st.sampled_from(["a.ts", "a.js", "a.svelte"]), st.binary(max_size=400))
def test_random_bytes(path: str, source: bytes) -> None:
    check(path, source)


@bounded
@given(st.sampled_from(["a.ts", "a.jsx"]), st.integers(0, len(SAMPLE)), st.integers(0, len(SAMPLE)))
def test_source_cut_out(path: str, start: int, end: int) -> None:
    check(path, SAMPLE[min(start, end) : max(start, end)])


@settings(bounded, max_examples=60)
@given(st.integers(0, 2**32), st.integers(1, 30))
def test_source_mutated(seed: int, changes: int) -> None:
    chance, source = random.Random(seed), bytearray(SAMPLE)
    for _ in range(changes):
        at = chance.randrange(len(source))
        match chance.randrange(3):
            case 0:
                source[at] = chance.randrange(256)
            case 1:
                del source[at : at + chance.randrange(40)]
            case _:
                other = chance.randrange(len(source))
                source[at:at] = source[other : other + chance.randrange(60)]
    check("a.ts", bytes(source))


_NAMES = st.sampled_from(["a", "b", "openai", "this", "tools"])
_VALUES = st.recursive(
    st.one_of(_NAMES, st.sampled_from(["1", "'gpt-4o'", "`x`", "null", "/r/", "async () => {}", "class {}"])),
    lambda inner: st.one_of(
        st.builds("{}.{}".format, _NAMES, _NAMES),
        st.builds("f({}, {})".format, inner, inner),
        st.builds("new A({{ x: {}, ...{} }})".format, inner, _NAMES),
        st.builds("[{}, {}]".format, inner, inner),
        st.builds("({} ? {} : {})".format, inner, inner, inner),
        st.builds("({} ?? {})".format, inner, inner),
        st.builds("({} + {})".format, inner, inner),
        st.builds("`p ${{{}}} q`".format, inner),
        st.builds("(async ({{ a, b: [c] = {} }}) => ({}))".format, inner, inner),
        st.builds("b.map((x) => {})".format, inner),
        st.builds("b.then((x) => {{ return {} }}).catch((e) => {})".format, inner, inner),
        st.builds("function (a = {}) {{ return {} }}".format, inner, inner),
    ),
    max_leaves=12,
)
_PROGRAM = st.recursive(
    st.one_of(
        st.builds("const {{ a, b: {{ c }} }} = {};".format, _VALUES),
        st.builds("export default {};".format, _VALUES.map(lambda one: f"({one})")),
        st.builds("x = {};".format, _VALUES),
        st.builds("await ({});".format, _VALUES),
    ),
    lambda inner: st.one_of(
        st.builds("if ({}) {{ {} }} else {{ {} }}".format, _VALUES, inner, inner),
        st.builds("for (const [k, v] of {}) {{ {} }}".format, _VALUES, inner),
        st.builds("async function g(a, {{ b }} = {}) {{ {} }}".format, _VALUES, inner),
        st.builds("class K {{ p = {}; m() {{ {} }} }}".format, _VALUES, inner),
        st.builds("{}\n{}".format, inner, inner),
        st.builds("try {{ {} }} catch (e) {{ {} }}".format, inner, inner),
    ),
    max_leaves=6,
)


@settings(bounded, max_examples=80)
@given(_PROGRAM)
def test_generated_programs(source: str) -> None:
    source = source.replace("export default", "y =")  # a program has one default; nested ones are no modules
    module = check("a.ts", f"async function all() {{ {source} }}".encode())
    assert not module.broken, source
    assert len(module.body) == 1


def test_every_statement_kind_of_the_sample_is_read() -> None:
    module = parse("a.ts", SAMPLE)
    kinds = {type(one) for one in _statements(module.body)}
    assert kinds == {facts.Import, Assign, Do, Function, Class}


def test_the_source_of_this_test_is_no_javascript() -> None:
    assert parse("a.js", Path(__file__).read_bytes()).broken
