"""JavaScript and TypeScript: modules, scripts, JSX, and the scripts of Vue and Svelte components."""

from backstay.code.language import Language
from backstay.code.languages.javascript.headings import heading
from backstay.code.languages.javascript.modules import modules
from backstay.code.languages.javascript.statements import parse

language = Language("javascript", "JavaScript and TypeScript", heading, parse, modules)
