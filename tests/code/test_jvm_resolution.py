"""Java and Kotlin as a whole project: what is injected, and what settings choose, stays within its application."""

from pathlib import Path

from backstay.model import Kind, Report
from backstay.pipeline import scan

BEAN = """package demo;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.openai.OpenAiChatModel;
import org.springframework.context.annotation.Bean;
class Config {
    @Bean ChatModel model() { return OpenAiChatModel.builder().modelName("MODEL").build(); }
}
"""
ROUTE = """package demo;
import dev.langchain4j.model.chat.ChatModel;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
@RestController
class Api {
    private final ChatModel model;
    Api(ChatModel model) { this.model = model; }
    @GetMapping("/ROUTE") String ask(String text) { return model.chat(text); }
}
"""


def scanned(folder: Path, files: dict[str, str]) -> Report:
    for name, text in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return scan(folder)


def called(report: Report) -> set[tuple[str, str]]:
    """Endpoints with the models that they call."""
    names = {asset.key: asset.name for asset in report.assets}
    kinds = {asset.key: asset.kind for asset in report.assets}
    return {
        (names[edge.source], names[edge.target])
        for edge in report.relationships
        if kinds.get(edge.source) == Kind.ENDPOINT and kinds.get(edge.target) == Kind.MODEL
    }


def test_applications_beside_each_other_provide_for_themselves(tmp_path: Path) -> None:
    files = {}
    for app, model in (("one", "gpt-4o"), ("two", "gpt-4.1-mini")):
        files[f"{app}/src/main/java/demo/Config.java"] = BEAN.replace("MODEL", model)
        files[f"{app}/src/main/java/demo/Api.java"] = ROUTE.replace("ROUTE", app)
    assert called(scanned(tmp_path, files)) == {("GET /one", "gpt-4o"), ("GET /two", "gpt-4.1-mini")}


def test_what_one_module_provides_others_are_given(tmp_path: Path) -> None:
    files = {
        "shared/src/main/java/demo/Config.java": BEAN.replace("MODEL", "gpt-4o"),
        "web/src/main/kotlin/demo/Api.java": ROUTE.replace("ROUTE", "web"),
    }
    assert called(scanned(tmp_path, files)) == {("GET /web", "gpt-4o")}


SETTINGS = "langchain4j.open-ai.chat-model.model-name=MODEL\nlangchain4j.open-ai.chat-model.base-url=https://api.groq.com/openai/v1\n"


def test_settings_choose_the_model_of_the_only_application(tmp_path: Path) -> None:
    files = {
        "src/main/java/demo/Api.java": ROUTE.replace("ROUTE", "ask"),
        "src/main/resources/application.properties": SETTINGS.replace("MODEL", "llama-3.3-70b-versatile"),
    }
    report = scanned(tmp_path, files)
    assert called(report) == {("GET /ask", "llama-3.3-70b-versatile")}
    assert {one.name for one in report.assets if one.kind == Kind.PROVIDER} == {"groq"}


def test_settings_of_several_applications_are_not_mixed_up(tmp_path: Path) -> None:
    files = {}
    for app, model in (("one", "gpt-4o"), ("two", "gpt-4.1-mini")):
        files[f"{app}/src/main/resources/application.properties"] = SETTINGS.replace("MODEL", model)
        files[f"{app}/src/main/java/demo/Api.java"] = ROUTE.replace("ROUTE", app)
    assert called(scanned(tmp_path, files)) == set()


def test_names_of_one_package_are_seen_across_languages(tmp_path: Path) -> None:
    files = {
        "src/main/kotlin/demo/Models.kt": 'package demo\n\nobject Models {\n    const val FAST = "gpt-4o-mini"\n}\n',
        "src/main/java/demo/Chat.java": (
            "package demo;\nimport dev.langchain4j.model.openai.OpenAiChatModel;\n"
            "class Chat { Object m = OpenAiChatModel.builder().modelName(Models.FAST).build(); }\n"
        ),
    }
    assert {one.name for one in scanned(tmp_path, files).assets if one.kind == Kind.MODEL} == {"gpt-4o-mini"}
