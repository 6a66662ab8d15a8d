"""The HTML report as text: self-contained, escaped, honest about what it leaves out."""

import base64
import hashlib
import re
import time
import tomllib
from html.parser import HTMLParser

import msgspec
import pytest

import sample_report
from backstay.exporters.html import html
from backstay.exporters.html_report import words
from backstay.exporters.html_report.description import blocks, section
from backstay.exporters.html_report.findings import findings
from backstay.exporters.html_report.neighbourhood import MOST, Line, Neighbourhood, Node, around, crossings
from backstay.exporters.html_report.picture import NODE_HEIGHT, NODE_WIDTH, draw
from backstay.exporters.html_report.posture import top_risks
from backstay.graph import Graph
from backstay.model import (
    Asset,
    Coverage,
    Evidence,
    Kind,
    Policy,
    Relationship,
    RelationshipKind,
    Report,
    Risk,
    RuleResult,
    State,
)

_VOID = {"meta", "link", "input", "br", "wbr", "img", "hr"}


class Document(HTMLParser):
    """A parsed page; raises AssertionError when its tags are not balanced."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.content: dict[str, list[str]] = {}
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == [], self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._gap(tag)
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), (tag, names)
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        self._gap(tag)
        assert self._open, f"</{tag}> closes nothing"
        assert self._open.pop() == tag, tag

    def handle_data(self, data: str) -> None:
        inside = self._open[-1] if self._open else ""
        self.content.setdefault(inside, []).append(data)
        if inside not in ("script", "style"):
            self.words.append(data)

    def _gap(self, tag: str) -> None:
        if tag != "wbr":
            self.words.append(" ")

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def page(report: Report) -> Document:
    return Document(html.export(report))


def part(report: Report, id: str) -> str:
    """The text of one section."""
    text = html.export(report)
    return Document(text[text.index(f'<section id="{id}"') :].split("</section>")[0] + "</section>").text


@pytest.fixture(scope="module")
def small() -> Report:
    return sample_report.small()


# The page as a whole ------------------------------------------------------------------------------------------------


def test_refers_to_nothing_outside_itself(small: Report) -> None:
    document = page(small)
    for tag, attributes in document.tags:
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            assert name != "style", f"{tag}: the policy forbids style attributes"
            if name in ("src", "href", "action", "data", "poster", "srcset", "xlink:href"):
                assert (value or "").startswith(("#", "data:,")), (tag, name, value)
    assert "@import" not in "".join(document.content["style"])
    assert "url(" not in "".join(document.content["style"])


def test_its_policy_allows_only_its_own_style_and_script(small: Report) -> None:
    document = page(small)
    policy = next(m["content"] or "" for m in document.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert len(document.all("script")) == len(document.all("style")) == 1
    for tag in ("script", "style"):
        digest = base64.b64encode(hashlib.sha256("".join(document.content[tag]).encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_every_id_is_unique_and_every_link_within_leads_somewhere(small: Report) -> None:
    tags = page(small).tags
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {(a["href"] or "")[1:] for tag, a in tags if tag == "a"} <= set(ids)
    labels = {id for _, a in tags for id in (a.get("aria-labelledby") or "").split()}
    assert labels <= set(ids)


def test_sections_stand_in_the_order_of_their_weight(small: Report) -> None:
    order = [attributes["id"] for attributes in page(small).all("section")]
    assert order == ["posture", "risks", "inventory", "findings", "coverage", "about"]


def test_is_the_same_every_time(small: Report) -> None:
    assert html.export(small) == html.export(sample_report.small())


def test_a_report_read_back_from_json_gives_the_same_page(small: Report) -> None:
    again = msgspec.json.decode(msgspec.json.encode(small), type=Report)
    assert html.export(again) == html.export(small)


# Hostile text -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "attack",
    [
        '"><script>alert(1)</script>',
        "<img src=x onerror=alert(1)>",
        "' autofocus onfocus='alert(1)",
        "</title></style></script><b>",
        "<!-- ", "]]>", "`<b>`",
        "{{ report }}{% include 'page.html.j2' %}",
    ],
)  # fmt: skip
def test_markup_in_any_text_stays_text(small: Report, attack: str) -> None:
    plain = [(tag, sorted(attributes)) for tag, attributes in page(_renamed(small, "word")).tags]
    document = page(_renamed(small, attack))
    assert [(tag, sorted(attributes)) for tag, attributes in document.tags if tag not in ("wbr", "code")] == [
        one for one in plain if one[0] not in ("wbr", "code")
    ]


def test_control_and_direction_characters_become_visible(small: Report) -> None:
    text = html.export(_renamed(small, "a\u202eb\x1b[2Jc\x00d\u200be\nf"))
    assert not re.search("[\x00-\x09\x0b-\x1f\u200b\u202a-\u202e\u2066-\u2069]", text)
    assert "\\u202e" in text
    assert "\\x1b" in text


def test_lone_surrogates_and_endless_names_do_no_harm(small: Report) -> None:
    html.export(_renamed(small, "a\ud800b")).encode("utf-8")
    assert len(html.export(_renamed(small, "x" * 100_000))) < 1_000_000


def _renamed(report: Report, text: str) -> Report:
    """The report with a text in every place that a scanned tree fills."""

    def evidence(found: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
        return tuple(msgspec.structs.replace(e, path=f"{e.path}{text}", note=text) for e in found)

    def asset(one: Asset) -> Asset:
        return msgspec.structs.replace(
            one,
            name=f"{one.name}{text}",
            attributes={"framework": text, "placement": text, "variables": [text]},
            evidence=evidence(one.evidence),
        )

    found = tuple(
        msgspec.structs.replace(
            one,
            subject_name=text,
            message=f"{one.message}{text}",
            fix=text,
            owners=(text,),
            evidence=evidence(one.evidence),
        )
        for one in report.findings
    )
    source = msgspec.structs.replace(report.scan.source, id=text, name=text, branch=text, remote=text, commit=text)
    statuses = tuple(msgspec.structs.replace(one, reason=text) for one in report.scan.statuses)
    skips = tuple(msgspec.structs.replace(one, path=text, detail=text) for one in report.scan.skips)
    scan = msgspec.structs.replace(report.scan, source=source, statuses=statuses, skips=skips, notes=(text,))
    return msgspec.structs.replace(report, assets=tuple(map(asset, report.assets)), findings=found, scan=scan)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/x",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://user:pass@example.org/",
        "https://example.org:8443/",
        "https://localhost/",
        "https://exam\u200bple.org/",
        "https://example.org/a b",
        "//example.org",
        "https://[::1",
        "https://xn--\u0430pple.org/",
    ],
)
def test_only_plain_https_addresses_become_links(url: str) -> None:
    assert "<a" not in words.link(url)


def test_a_plain_https_address_becomes_a_link() -> None:
    assert 'href="https://example.org/a?b=1&amp;c=2"' in words.link("https://example.org/a?b=1&c=2")
    assert "noopener noreferrer" in words.link("https://example.org/")


# Posture and top risks ----------------------------------------------------------------------------------------------


def test_posture_tells_what_how_and_how_completely(small: Report) -> None:
    text = part(small, "posture")
    assert "4f1d2c9a7be0 on main, with uncommitted changes" in text
    assert "20 November 2026, 09:14 UTC, in 2.3 s" in text
    assert "1,207 of 1,284 files" in text
    assert "from 61 to 90 because impact and exposure are not known" in text
    assert "79 of 100, high; lower is better" in text
    assert "Scan: partial" in text
    assert "Not read, too large: data/dump.bin and 1 more" in text
    assert "79 → 39 with human approval" in text


def test_nothing_covered_is_no_clean_bill(small: Report) -> None:
    scan = msgspec.structs.replace(small.scan, coverage=Coverage(), state=State.FAILED, reason="no such folder")
    empty = sample_report.report([], [], [], ())
    text = part(msgspec.structs.replace(empty, scan=scan), "posture")
    assert "Risk score none" in text
    assert "not a clean bill of health" in text
    assert "The scan failed: no such folder" in text


def test_an_empty_folder_is_said_to_be_empty() -> None:
    empty = sample_report.report([], [], [], ())
    scan = msgspec.structs.replace(empty.scan, coverage=Coverage(), state=State.COMPLETE, reason="There was nothing.")
    empty = msgspec.structs.replace(empty, scan=scan, score=None)
    assert "There was nothing." in part(empty, "posture")
    assert "Nothing was judged." in part(empty, "risks")
    assert "0 assets." in part(empty, "inventory")


def test_nothing_found_says_of_what(small: Report) -> None:
    clean = msgspec.structs.replace(small, findings=(), asset_risks={}, score=Risk(0, 0, 0))
    assert "Nothing was found in what was looked at" in part(clean, "posture")
    assert "No open findings" in part(clean, "findings")


def test_changes_come_from_findings_when_the_whole_has_none(small: Report) -> None:
    assert small.score is not None
    text = part(
        msgspec.structs.replace(small, score=msgspec.structs.replace(small.score, counterfactuals=())), "posture"
    )
    assert "88 → 44 with human approval , for Concierge" in text.replace("approval,", "approval ,")


def test_a_top_risk_says_where_whose_why_and_what_to_do(small: Report) -> None:
    text = part(small, "risks")
    for said in (
        "sends e-mail ( send_email )",
        "at support/agents.py:52\N{EN DASH}61",
        "owner @acme/support",
        "Why it matters",
        "What to do Ask a person before send_email runs",
        "no owner",
    ):
        assert said.replace(" ", "") in text.replace(" ", ""), said


def test_one_risk_is_told_once_for_a_subject(small: Report) -> None:
    first = small.findings[0]
    again = msgspec.structs.replace(first, fingerprint="fp1:0", discriminator="other")
    text = part(msgspec.structs.replace(small, findings=(first, again, *small.findings[1:])), "risks")
    assert text.count("so a page it visits can make it send customer data out") == 1
    assert "1 more like it here" in text


def test_one_rule_does_not_fill_the_top() -> None:
    report = sample_report.large(40, 30)
    first = report.findings[0]
    many = tuple(
        msgspec.structs.replace(first, subject=f"urn:{number}", fingerprint=f"fp1:{number:032}") for number in range(9)
    )
    rules = [one.finding.rule for one in top_risks(msgspec.structs.replace(report, findings=many), Graph())]
    assert rules == [first.rule] * 2


# Inventory ----------------------------------------------------------------------------------------------------------


def test_an_asset_shows_place_attributes_reach_and_risk(small: Report) -> None:
    text = part(small, "inventory")
    row = text[text.index("Concierge agent, 1 open finding") :][:320]
    assert "support/agents.py:52" in row
    assert "max turns none" in row
    assert "flows to support" in row
    assert "delegated to by Triage" in row
    assert "@acme/support" in row


def test_rows_carry_their_facets(small: Report) -> None:
    rows = [attributes for attributes in page(small).all("tr") if "data-kind" in attributes]
    assert len(rows) == len(small.assets)
    assert {row["data-kind"] for row in rows} == {words.kind(asset.kind) for asset in small.assets}
    owners = {(row["data-kind"], row["data-owner"]) for row in rows}
    assert {("agent", "@acme/support"), ("model", "no owner"), ("package", "from outside")} <= owners


def test_what_is_at_risk_comes_first_and_packages_last(small: Report) -> None:
    kinds = [row["data-kind"] for row in page(small).all("tr") if "data-kind" in row]
    assert kinds[0] == "agent"
    assert set(kinds[-4:]) == {"package", "team"}


# Findings -----------------------------------------------------------------------------------------------------------


def test_a_rule_shows_its_denominator(small: Report) -> None:
    text = part(small, "findings")
    assert "A model answers without authentication unauthenticated-endpoint 1 finding 1 of 2 pass" in text


def test_a_finding_shows_its_factors_and_how_to_accept_it(small: Report) -> None:
    text = part(small, "findings")
    first = small.findings[0]
    assert first.fingerprint in text
    assert "exposure 0.43\N{EN DASH}0.97 Who can reach it is not known." in text
    assert "# backstay: ignore[untrusted-content-with-private-data] -- why" in text
    assert "OWASP-LLM06 The agent acts on its own." in text
    assert "Why 88, and why it may be 73\N{EN DASH}100" in text


def test_accepted_findings_stand_apart(small: Report) -> None:
    text = part(small, "findings")
    accepted = text[text.index("Accepted findings") :]
    assert "GET /health" in accepted
    assert "A health check says nothing worth protecting." in accepted
    assert "GET /health asks nobody" not in text[: text.index("Accepted findings")]


@pytest.mark.parametrize("path", ["app/main.py", 'a"b\\c.py', "new\nline.py", "emoji\U0001f600\u202e.py"])
def test_the_waiver_it_offers_is_a_valid_policy(small: Report, path: str) -> None:
    place = Evidence("python", path, 3)
    finding = msgspec.structs.replace(small.findings[0], evidence=(place,))
    shown = findings(msgspec.structs.replace(small, findings=(finding,))).groups[0].shown[0]
    policy = msgspec.convert(tomllib.loads("\n".join(shown.waiver)), Policy)
    assert policy.waivers[0].path == path
    assert policy.waivers[0].rule == finding.rule
    assert policy.waivers[0].expires is not None
    assert str(policy.waivers[0].expires) > small.scan.started


def test_a_finding_whose_rule_is_not_in_the_report_is_still_shown(small: Report) -> None:
    assert "unpinned-model" in part(msgspec.structs.replace(small, rules=()), "findings")


def test_a_page_of_a_rule_becomes_blocks() -> None:
    text = "One\nparagraph.\n\n## Why it matters\n\nBecause.\n\n- a\n- b\n  more\n\n"
    text += "```python\nx = 1\n\n# no heading\n```\nEnd."
    found = [(block.kind, block.lines) for block in blocks(text)]
    assert found == [
        ("paragraph", ["One paragraph."]),
        ("heading", ["Why it matters"]),
        ("paragraph", ["Because."]),
        ("list", ["a", "b more"]),
        ("code", ["x = 1", "", "# no heading"]),
        ("paragraph", ["End."]),
    ]
    assert section(text, "why it matters") == "Because."
    assert section(text, "Other") == ""


# Coverage -----------------------------------------------------------------------------------------------------------


def test_coverage_groups_what_was_not_read(small: Report) -> None:
    text = part(small, "coverage")
    assert "not clean, it is unknown" in text
    assert "too large 2" in text
    assert "vendored 70" in text
    assert "and 45 more; the JSON report has all" in text
    assert "partial dockerfile 1 file is no valid Dockerfile" in text
    assert "skipped notebook-secret switched off by policy" in text


def test_a_rule_without_subjects_is_not_said_to_pass(small: Report) -> None:
    text = part(small, "coverage")
    passed, idle = text.split("Rules that had nothing to judge")
    assert "debug-share-link 2 of 2 pass" in passed
    assert "notebook-secret notebook" in idle
    assert "pass" not in idle.replace("is not a pass", "")


def test_about_says_where_the_policy_came_from(small: Report) -> None:
    assert "Policy the defaults" in part(small, "about")
    scan = msgspec.structs.replace(small.scan, notes=("policy from backstay.toml: 2 waivers",))
    assert "policy from backstay.toml: 2 waivers" in part(msgspec.structs.replace(small, scan=scan), "about")


# Big estates --------------------------------------------------------------------------------------------------------


def test_a_big_estate_still_opens_and_says_what_is_left_out() -> None:
    report = sample_report.large(20_000, 5_000)
    started = time.process_time()
    text = html.export(report)
    assert time.process_time() - started < 20
    assert len(text) < 4_000_000
    said = Document(text).text
    assert "Showing 1,200 of 20,000" in said
    assert "Showing 300 of 5,000" in said
    assert len([one for one in Document(text).all("details") if one.get("class") == "rule"]) == 10


def test_a_rule_with_few_findings_is_not_crowded_out() -> None:
    many = sample_report.large(50, 4_000)
    lone = sample_report.small().findings[0]
    result = RuleResult(sample_report.TRIFECTA, 1, 1)
    shown = findings(msgspec.structs.replace(many, findings=(*many.findings, lone), rules=(*many.rules, result)))
    assert next(group for group in shown.groups if group.info.id == lone.rule).shown[0].finding == lone
    assert shown.shown <= 300 + 3 * 11


# Pictures -----------------------------------------------------------------------------------------------------------


def _star(number: int) -> tuple[Graph, Asset]:
    agent = sample_report.asset(Kind.AGENT, "hub", "a.py", 1)
    tools = [sample_report.asset(Kind.TOOL, f"tool-{n}", "a.py", n + 2) for n in range(number)]
    stores = [sample_report.asset(Kind.DATA_STORE, f"store-{n}", "a.py", n + 200) for n in range(number)]
    doors = [sample_report.asset(Kind.ENDPOINT, f"door-{n}", "a.py", n + 400) for n in range(number)]
    edges = [sample_report.edge(agent, RelationshipKind.USES, tool) for tool in tools]
    edges += [sample_report.edge(door, RelationshipKind.CALLS, agent) for door in doors]
    edges += [
        sample_report.edge(tool, RelationshipKind.CAN_READ, store)
        for tool, store in zip(tools, reversed(stores), strict=True)
    ]
    return Graph([agent, *tools, *stores, *doors], edges), agent


@pytest.mark.parametrize("number", [1, 3, 5, 9, 60])
def test_a_picture_shows_few_assets_and_counts_the_rest(number: int) -> None:
    graph, agent = _star(number)
    found = around(graph, agent)
    assert len(found.assets) <= MOST
    assert len([node for node in found.columns[1] if node.asset]) == min(number, 5)
    assert found.columns[0][0].asset == agent
    hidden = sum(node.more for node in found.columns[1]) + sum(node.more for node in found.columns[-1])
    assert hidden == 2 * max(0, number - 5)


def test_what_the_finding_names_is_shown_first() -> None:
    graph, agent = _star(60)
    shown = [node.asset.name for node in around(graph, agent, "uses tool-57 and tool-33").columns[1] if node.asset]
    assert {"tool-57", "tool-33"} <= set(shown)


def test_lines_do_not_cross_where_they_need_not() -> None:
    graph, agent = _star(3)
    assert crossings(around(graph, agent)) == 0


def test_crossings_are_counted() -> None:
    a, b, c, d = (sample_report.asset(Kind.TOOL, name, "a.py") for name in "abcd")
    columns = {0: [Node(a.key, 0, a), Node(b.key, 0, b)], 1: [Node(c.key, 1, c), Node(d.key, 1, d)]}
    crossed = [Line(a.key, d.key, ("uses",)), Line(b.key, c.key, ("uses",))]
    straight = [Line(a.key, c.key, ("uses",)), Line(d.key, b.key, ("uses",))]
    assert crossings(Neighbourhood(a, columns, crossed)) == 1
    assert crossings(Neighbourhood(a, columns, straight)) == 0


def test_boxes_do_not_overlap_and_lie_within(small: Report) -> None:
    graph = Graph(small.assets, small.relationships)
    drawn = 0
    for number, asset in enumerate(small.assets):
        picture = draw(graph, asset, number)
        if picture is None:
            continue
        drawn += 1
        boxes = [*picture.boxes, *picture.more]
        for one in boxes:
            assert 0 <= one.x <= picture.width - NODE_WIDTH
            assert 0 <= one.y <= picture.height - NODE_HEIGHT
        for number_, one in enumerate(boxes):
            for other in boxes[:number_]:
                assert abs(one.x - other.x) >= NODE_WIDTH or abs(one.y - other.y) >= NODE_HEIGHT
    assert drawn > 10


def test_the_words_beside_a_picture_name_every_line(small: Report) -> None:
    graph = Graph(small.assets, small.relationships)
    agent = next(asset for asset in small.assets if asset.name == "Concierge")
    picture = draw(graph, agent, 1)
    assert picture is not None
    assert ("Concierge", "uses", "send_email") in picture.sentences
    assert ("POST /ask", "calls", "Triage") in picture.sentences
    assert len(picture.sentences) >= len(picture.curves)
    assert not any("@acme/support" in sentence for sentence in picture.sentences)


def test_an_asset_with_nothing_beside_it_has_no_picture() -> None:
    lonely = sample_report.asset(Kind.MODEL, "m", "a.py")
    assert draw(Graph([lonely], []), lonely, 1) is None


def test_loops_and_mutual_edges_are_drawn_once() -> None:
    a, b = (sample_report.asset(Kind.AGENT, name, "a.py") for name in ("one", "two"))
    edges = [
        Relationship(source.key, RelationshipKind.DELEGATES_TO, target.key)
        for source, target in ((a, b), (b, a))
        for _ in range(2)
    ]
    picture = draw(Graph([a, b], edges), a, 1)
    assert picture is not None
    assert len(picture.boxes) == 2
    assert len(picture.curves) == 2


def test_every_kind_has_a_mark() -> None:
    document = page(sample_report.report([sample_report.asset(kind, f"a {kind}", "a.py") for kind in Kind], [], [], ()))
    marks = {(attributes.get("class") or "").split()[-1] for attributes in document.all("g")}
    assert marks == {"entry", "agent", "model", "data", "text", "secret", "supply"}


# Words --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "columns", "short"),
    [
        ("short", 10, "short"),
        ("support/very/long/path/agents.py", 16, "support/v…nts.py"),
        ("\u6f22\u5b57\u6f22\u5b57\u6f22\u5b57", 7, "\u6f22…\u6f22\u5b57"),
    ],
)
def test_names_lose_their_middle(text: str, columns: int, short: str) -> None:
    assert words.shorten(text, columns) == short
    assert words.width(words.shorten(text, columns)) <= columns


def test_numbers_read_as_a_person_writes_them() -> None:
    assert words.count(1, "file") == "1 file"
    assert words.count(12_000, "repository") == "12,000 repositories"
    assert words.size(640) == "640 B"
    assert words.size(1_234_567) == "1.2 MB"
    assert words.size(18_400_000) == "18 MB"


def test_backticks_become_code_and_an_odd_one_stays() -> None:
    assert words.prose("use `<b>` here") == "use <code>&lt;b&gt;</code> here"
    assert words.prose("it`s <b>") == "it`s &lt;b&gt;"
