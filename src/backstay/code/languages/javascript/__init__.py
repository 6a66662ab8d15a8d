"""JavaScript and TypeScript: modules, scripts, JSX, and the scripts of Vue and Svelte components."""

from backstay.code.language import Language
from backstay.code.languages.javascript.headings import heading
from backstay.code.languages.javascript.modules import modules
from backstay.code.languages.javascript.statements import parse

SUFFIXES = (".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts", ".vue", ".svelte")

INTERPRETERS = (b"node", b"deno", b"bun", b"tsx", b"ts-node", b"zx")

language = Language("javascript", "JavaScript and TypeScript", SUFFIXES, heading, parse, modules, INTERPRETERS)
