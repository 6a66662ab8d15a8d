"""Go across functions, files and packages: what structs hold, who is behind an interface, whose code a tool runs."""

from understanding import Understood, understand

from backstay.model import Kind

CHAT = "client.CreateChatCompletion(ctx, openai.ChatCompletionRequest{Model: %s})"
HEAD = 'import (\n"context"\n"github.com/sashabaranov/go-openai"\n)\n'


def go(**files: str) -> Understood:
    """Understand files by their names without suffix (`__` is a folder); `module` is go.mod's."""
    sources: dict[str, str | bytes] = {"go.mod": "module example.com/app\n"}
    for name, text in files.items():
        path = name.replace("__", "/")
        sources[path if "." in path else f"{path}.go"] = text
    return understand(sources)


def test_a_field_holds_what_objects_are_made_with() -> None:
    found = go(
        a="package a\n" + HEAD + "type S struct { client *openai.Client; model string }\n"
        'func New() *S { return &S{client: openai.NewClient("k"), model: "gpt-4o"} }\n',
        b="package a\n" + HEAD + "func (s *S) Ask(ctx context.Context) { s." + CHAT % "s.model" + " }\n",
    )
    assert found.models == ["gpt-4o"]


def test_a_parameter_that_is_assigned_anew_holds_both() -> None:
    found = go(
        main="package main\n"
        + HEAD
        + 'func ask(ctx context.Context, model string) {\nif model == "" { model = "gpt-4o" }\n'
        'client := openai.NewClient("k")\n' + CHAT % "model" + '\n}\nfunc main() { ask(nil, ""); ask(nil, "gpt-5") }\n',
    )
    assert found.models == ["gpt-4o", "gpt-5"]


def test_a_variable_of_the_package_set_in_a_function() -> None:
    found = go(
        main="package main\n" + HEAD + "var client *openai.Client\nvar model string\n"
        'func init() { client = openai.NewClient("k"); model = "gpt-4o" }\n'
        "func ask(ctx context.Context) { " + CHAT % "model" + " }\n",
    )
    assert found.models == ["gpt-4o"]


def test_a_flag_has_its_default() -> None:
    found = go(
        main='package main\nimport (\n"context"\n"flag"\n"github.com/sashabaranov/go-openai"\n)\n'
        'func main() {\nvar name string\nflag.StringVar(&name, "m", "gpt-4o", "model")\n'
        'other := flag.String("o", "gpt-5", "")\n'
        'var ctx context.Context\nclient := openai.NewClient("k")\n' + CHAT % "name" + "\n" + CHAT % "*other" + "\n}\n",
    )
    assert found.models == ["gpt-4o", "gpt-5"]


def test_packages_of_the_project() -> None:
    found = go(
        internal__names__names='package names\nconst Model = "gpt-4o"\n',
        internal__llm__llm='package llm\nimport "github.com/sashabaranov/go-openai"\n'
        'func New() *openai.Client { return openai.NewClient("k") }\n',
        main='package main\nimport (\n"context"\n"github.com/sashabaranov/go-openai"\n"example.com/app/internal/llm"\n'
        '"example.com/app/internal/names"\n)\nfunc main() {\nvar ctx context.Context\nclient := llm.New()\n'
        + CHAT % "names.Model"
        + "\n}\n",
    )
    assert found.models == ["gpt-4o"]


INTERFACE = (
    "type Model interface { Ask(ctx context.Context) error }\ntype service struct { model Model }\n"
    "func (s *service) handle(w http.ResponseWriter, r *http.Request) { s.model.Ask(r.Context()) }\n"
    'func main() { s := &service{}; http.HandleFunc("POST /ask", s.handle) }\n'
)


def test_the_methods_behind_an_interface() -> None:
    web = 'import (\n"context"\n"net/http"\n)\n'
    real = (
        "package main\n" + HEAD + "type real struct{}\nfunc (r *real) Ask(ctx context.Context) error {\n"
        'client := openai.NewClient("k")\n_, err := ' + CHAT % '"gpt-4o"' + "\nreturn err\n}\n"
    )
    found = go(main="package main\n" + web + INTERFACE, real=real)
    assert found.edge("endpoint POST /ask -calls-> model gpt-4o")
    # A double for tests implements it as well, and is not meant.
    double = real.replace("real", "mockModel").replace("gpt-4o", "gpt-3.5-turbo")
    found = go(main="package main\n" + web + INTERFACE, real=real, double=double)
    assert found.edge("endpoint POST /ask -calls-> model gpt-4o")
    assert "endpoint POST /ask -calls-> model gpt-3.5-turbo" not in found.edges()


def test_middleware_around_a_handler() -> None:
    found = go(
        main="package main\n"
        'import (\n"context"\n"net/http"\n"github.com/sashabaranov/go-openai"\n)\n'
        'func ask(w http.ResponseWriter, r *http.Request) {\nctx := r.Context()\nclient := openai.NewClient("k")\n'
        + CHAT
        % '"gpt-4o"'
        + "\n}\nfunc logged(next http.HandlerFunc) http.HandlerFunc { return next }\n"
        "func keyed(next http.HandlerFunc) http.HandlerFunc {\nreturn func(w http.ResponseWriter, r *http.Request) {\n"
        'if r.Header.Get("K") == "" { http.Error(w, "", http.StatusUnauthorized); return }\nnext(w, r)\n}\n}\n'
        'func main() {\nhttp.HandleFunc("/open", logged(ask))\nhttp.HandleFunc("/kept", logged(keyed(ask)))\n'
        "var _ context.Context\n}\n",
    )
    guards = {one.name: one.attributes["authentication"] for one in found.assets if one.kind == Kind.ENDPOINT}
    assert guards == {"/open": None, "/kept": "keyed"}


def test_a_prompt_in_a_file_of_its_own() -> None:
    found = understand(
        {
            "chat/chat.go": "package chat\n"
            'import (\n"context"\n_ "embed"\n"github.com/sashabaranov/go-openai"\n)\n'
            "//go:embed prompts/system.txt\nvar system string\nfunc ask(ctx context.Context) {\n"
            'client := openai.NewClient("k")\nclient.CreateChatCompletion(ctx, '
            'openai.ChatCompletionRequest{Model: "gpt-4o", '
            'Messages: []openai.ChatCompletionMessage{{Role: "system", Content: system}}})\n}\n',
            "chat/prompts/system.txt": b"You answer in verse.\n",
        }
    )
    prompt = next(one for one in found.assets if one.kind == Kind.PROMPT)
    assert prompt.attributes["length"] == len("You answer in verse.")
    assert prompt.evidence[0].path == "chat/prompts/system.txt"


def test_constants_of_a_type_that_names_models() -> None:
    found = go(
        llm='package llm\nimport "github.com/sashabaranov/go-openai"\ntype ChatModel string\ntype Plan string\n'
        'const (\nFast ChatModel = "gpt-4o-mini"\nSlow ChatModel = "o3"\nOther Plan = "gpt-5"\n)\n'
        'var client = openai.NewClient("k")\n',
    )
    assert found.models == ["gpt-4o-mini", "o3"]


def test_a_file_behind_a_variable_that_is_called_a_prompt() -> None:
    found = understand(
        {
            "main.go": "package main\n" + HEAD.replace('"context"', '_ "embed"') + "//go:embed coder.md\n"
            'var coderPrompt []byte\n\n//go:embed licence.md\nvar licence string\nvar client = openai.NewClient("k")\n',
            "coder.md": b"You write code for a living, and you write it with great care.\n",
            "licence.md": b"You may use this for anything that you like, without limits.\n",
        }
    )
    assert found.names(Kind.PROMPT) == ["coder.md"]


def test_no_file_outside_the_project_is_read() -> None:
    source = (
        "package chat\n"
        'import (\n"context"\n_ "embed"\n"github.com/sashabaranov/go-openai"\n)\n//go:embed %s\nvar system string\n'
        'func ask(ctx context.Context) {\nclient := openai.NewClient("k")\nclient.CreateChatCompletion(ctx, '
        'openai.ChatCompletionRequest{Model: "gpt-4o", '
        'Messages: []openai.ChatCompletionMessage{{Role: "system", Content: system}}})\n}\n'
    )
    for path in ("../../etc/passwd", "/etc/passwd", "missing.txt", "nul.bin", "large.txt"):
        found = understand(
            {
                "chat/chat.go": source % path,
                "chat/nul.bin": b"a\0b",
                "chat/large.txt": b"a" * 300_000,
                "/etc/passwd": b"root",
                "../etc/passwd": b"root",
            }
        )
        assert not [one for one in found.assets if one.kind == Kind.PROMPT], path


def test_options_in_a_list() -> None:
    found = go(
        main="package main\n"
        'import (\n"context"\n"github.com/openai/openai-go"\n"github.com/openai/openai-go/option"\n)\n'
        'func main() {\nopts := []option.RequestOption{option.WithAPIKey("k")}\n'
        'opts = append(opts, option.WithBaseURL("https://api.groq.com/openai/v1"))\n'
        "client := openai.NewClient(opts...)\n"
        'client.Chat.Completions.New(context.TODO(), openai.ChatCompletionNewParams{Model: "llama-3.3-70b"})\n}\n',
    )
    assert found.edge("provider groq -serves-> model llama-3.3-70b")


MCP = 'import (\n"context"\n"os"\n"github.com/mark3labs/mcp-go/mcp"\n"github.com/mark3labs/mcp-go/server"\n)\n'
HANDLER = (
    "func remove(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {\n"
    'os.Remove("x")\nreturn nil, nil\n}\n'
)


def capabilities(found: Understood) -> dict[str, object]:
    return {one.name: one.attributes.get("capabilities") for one in found.assets if one.kind == Kind.TOOL}


def test_a_tool_and_its_function_side_by_side() -> None:
    pair = 'func tool() (mcp.Tool, server.ToolHandlerFunc) { return mcp.NewTool("drop"), remove }\n'
    assert capabilities(go(a="package a\n" + MCP + HANDLER + pair)) == {"drop": ["changes_state"]}
    call = "func register(t mcp.Tool, f server.ToolHandlerFunc) any { return nil }\n"
    call += 'var x = register(mcp.Tool{Name: "drop"}, remove)\n'
    assert capabilities(go(a="package a\n" + MCP + HANDLER + call)) == {"drop": ["changes_state"]}
    # Two tools beside one function say nothing of whose it is.
    both = "func register(t, u mcp.Tool, f server.ToolHandlerFunc) any { return nil }\n"
    both += 'var x = register(mcp.Tool{Name: "drop"}, mcp.Tool{Name: "keep"}, remove)\n'
    assert capabilities(go(a="package a\n" + MCP + HANDLER + both)) == {"drop": None, "keep": None}


TOOLS = (
    'import (\n"context"\n"os"\n"github.com/tmc/langchaingo/agents"\n'
    '"github.com/tmc/langchaingo/llms/openai"\n"github.com/tmc/langchaingo/tools"\n)\n'
)


def test_tools_that_are_objects() -> None:
    found = go(
        a="package a\n" + TOOLS + "type remover struct{}\n"
        'func (remover) Name() string { return "drop_file" }\nfunc (remover) Description() string { return "" }\n'
        "func (remover) Call(ctx context.Context, in string) (string, error) { return in, os.Remove(in) }\n"
        "type approved struct { inner tools.Tool }\n"
        "func (a approved) Call(ctx context.Context, in string) (string, error) {\n"
        "return a.inner.Call(ctx, in)\n}\nfunc run() {\nllm, _ := openai.New()\nagent := agents.NewOneShotAgent(llm, "
        "[]tools.Tool{remover{}, approved{inner: tools.Calculator{}}})\n_ = agent\n}\n",
    )
    assert capabilities(found) == {"calculator": [], "drop_file": ["changes_state"]}
    assert found.edge("agent agent -uses-> tool drop_file")
    assert found.edge("agent agent -uses-> tool calculator")


def test_a_test_makes_no_assets_of_the_code_it_tests() -> None:
    found = go(
        server='package s\nimport "github.com/mark3labs/mcp-go/server"\n'
        'func New(name string) *server.MCPServer {\nif name == "" { name = "real" }\n'
        'return server.NewMCPServer(name, "1")\n}\n',
        server_test='package s\nimport "testing"\nfunc TestNew(t *testing.T) { s := New("made-up"); s.AddTools() }\n',
    )
    assert [one.name for one in found.assets if one.kind == Kind.MCP_SERVER] == ["real"]
