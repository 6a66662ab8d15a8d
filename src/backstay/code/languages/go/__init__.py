"""Go: source of any version, parsed by tree-sitter, to facts."""

from backstay.code.language import Language
from backstay.code.languages.go.declarations import parse
from backstay.code.languages.go.headings import heading
from backstay.code.languages.go.modules import modules

language = Language("go", "Go", heading, parse, modules)
