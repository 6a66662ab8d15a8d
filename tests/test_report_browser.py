"""The HTML report in a real browser: it runs without errors or requests, and hostile names stay text."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

import sample_report
from backstay.exporters.html import html
from backstay.model import Asset, Report
from browser import Page, browser

HOSTILE = (
    "<img src=x onerror=\"document.title='pwned'\">",
    "\"><script>document.title='pwned'</script>",
    "</script><script>document.title='pwned'</script>",
    "</style><svg onload=\"document.title='pwned'\">",
    "' onmouseover='document.title=`pwned`' x='",
    "javascript:document.title='pwned'",
    "{{ 7 * 7 }}{% raw %}",
    "a\u202egnp.exe\x1b[31m\nnext",
)


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with browser() as opened:
        yield opened


@pytest.fixture
def sample(page: Page, tmp_path: Path) -> Page:
    return shown(page, sample_report.small(), tmp_path)


def shown(page: Page, report: Report, folder: Path) -> Page:
    path = folder / "report.html"
    path.write_text(html.export(report), encoding="utf-8")
    page.problems.clear()
    page.requests.clear()
    page.show(1280)
    page.open(path)
    return page


def hostile() -> Report:
    """A report in which every text that a scanned tree can choose is an attack."""
    report = sample_report.small()
    count = 0

    def attack(text: str) -> str:
        nonlocal count
        count += 1
        return f"{text}{HOSTILE[count % len(HOSTILE)]}"

    def asset(one: Asset) -> Asset:
        return msgspec.structs.replace(
            one,
            name=attack(one.name),
            attributes={attack(name): attack(str(value)) for name, value in one.attributes.items()},
            evidence=tuple(msgspec.structs.replace(e, path=attack(e.path), note=attack("")) for e in one.evidence),
        )

    findings = tuple(
        msgspec.structs.replace(
            one,
            message=attack(one.message),
            subject_name=attack(one.subject_name),
            owners=(attack(""),),
            evidence=tuple(
                msgspec.structs.replace(e, path=attack(e.path), url=attack("https://")) for e in one.evidence
            ),
        )
        for one in report.findings
    )
    scan = msgspec.structs.replace(
        report.scan,
        source=msgspec.structs.replace(report.scan.source, name=attack("x"), branch=attack("b"), remote=attack("r")),
        skips=tuple(msgspec.structs.replace(skip, path=attack(skip.path)) for skip in report.scan.skips),
        notes=tuple(HOSTILE),
    )
    return msgspec.structs.replace(
        report, assets=tuple(asset(one) for one in report.assets), findings=findings, scan=scan
    )


def test_runs_without_errors_and_asks_for_nothing(sample: Page) -> None:
    assert sample.problems == []
    assert [url for url in sample.requests if not url.startswith(("file:", "data:"))] == []
    assert sample.run("document.querySelectorAll('.facets:not([hidden])').length") == 2


def test_hostile_names_do_nothing(page: Page, tmp_path: Path) -> None:
    shown(page, hostile(), tmp_path)
    page.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    page.run("document.querySelectorAll('*').forEach((one) => one.dispatchEvent(new Event('mouseover')))")
    assert page.run("document.title").endswith("AI security posture")
    assert page.run("document.querySelectorAll('img, iframe, object, script:not(:last-of-type)').length") == 0
    handlers = (
        "[...document.querySelectorAll('*')].filter((e) => [...e.attributes].some((a) => a.name.startsWith('on')))"
    )
    assert page.run(f"{handlers}.length") == 0
    assert page.run("[...document.links].every((a) => a.protocol === 'https:' || a.hash.length > 1)")
    assert "\u202e" not in page.run("document.body.textContent")
    assert "{{ 7 * 7 }}" in page.run("document.body.textContent")
    assert page.problems == []


def test_the_policy_stops_what_escaping_would_miss(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    attack = "<script>document.title='pwned'</script><img src=x onerror=\"document.title='pwned'\">"
    path.write_text(html.export(sample_report.small()).replace("<main>", f"<main>{attack}"), encoding="utf-8")
    page.open(path)
    assert page.run("document.title") == "assistant: AI security posture"
    assert any("Content Security Policy" in problem for problem in page.problems)


def test_facets_narrow_the_inventory(sample: Page) -> None:
    rows = "[...document.querySelectorAll('#assets tbody tr')].filter((row) => !row.hidden)"
    total = sample.run(f"{rows}.length")
    sample.run("[...document.querySelectorAll('.chips button')].find((b) => b.textContent.startsWith('tool')).click()")
    assert sample.run(f"{rows}.map((row) => row.dataset.kind)") == ["tool"] * 3
    assert sample.run("document.querySelector('.facets output').textContent") == f"3 of {total} assets"
    sample.run(
        "(() => { const box = document.querySelector('.facets input'); box.value = 'send'; "
        "box.dispatchEvent(new Event('input')); return new Promise((done) => setTimeout(done, 300)); })()"
    )
    assert sample.run(f"{rows}.length") == 1
    sample.run("document.querySelector('.chips button[aria-pressed=true]').click()")
    assert sample.run(f"{rows}.every((row) => row.textContent.includes('send'))")


def test_columns_sort(sample: Page) -> None:
    names = "[...document.querySelectorAll('#assets tbody tr .asset b')].map((b) => b.textContent.toLowerCase())"
    sample.run("document.querySelector('#assets th:nth-child(2) button').click()")
    assert sample.run(names) == sorted(sample.run(names))
    sample.run("document.querySelector('#assets th:nth-child(2) button').click()")
    assert sample.run("document.querySelector('#assets th:nth-child(2)').getAttribute('aria-sort')") == "descending"
    assert sample.run(names) == sorted(sample.run(names), reverse=True)


def test_a_link_opens_what_it_leads_to(sample: Page) -> None:
    sample.run("document.querySelector('#risks .meta a').click()")
    sample.run("new Promise((done) => setTimeout(done, 200))")
    assert sample.run("document.querySelector('article:target').closest('details').open") is True


def test_follows_the_system_and_the_reader(sample: Page) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    light = sample.run(background)
    sample.show(1280, dark=True)
    dark = sample.run(background)
    assert light == "rgb(255, 255, 255)" != dark
    sample.run("document.querySelector('.tools button').click()")
    assert sample.run(background) == light
    sample.run("localStorage.clear()")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_stands_out(sample: Page, dark: bool) -> None:
    sample.show(1280, dark=dark)
    sample.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    worst = sample.run(CONTRAST)
    assert worst["ratio"] >= 4.5, worst


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_fits_the_screen(sample: Page, width: int) -> None:
    sample.show(width)
    sample.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert sample.run("document.documentElement.scrollWidth") <= width


def test_printing_opens_everything(sample: Page) -> None:
    sample.run("dispatchEvent(new Event('beforeprint'))")
    assert sample.run("document.querySelectorAll('details:not([open])').length") == 0
    sample.run("dispatchEvent(new Event('afterprint'))")
    assert sample.run("document.querySelectorAll('details:not([open])').length") > 0
    sample.show(1280, media="print")
    assert sample.run("getComputedStyle(document.querySelector('.bar')).display") == "none"
    sample.show(700, media="print")  # about a sheet of paper: nothing scrolls there
    assert sample.run("document.querySelector('#assets').getBoundingClientRect().right") <= 700


def test_reads_without_script(page: Page, tmp_path: Path) -> None:
    page.send("Emulation.setScriptExecutionDisabled", value=True)
    try:
        shown(page, sample_report.small(), tmp_path)
        # The page's own script is off; the test still may look.
        assert page.run("document.querySelectorAll('#assets tbody tr').length") > 10
        assert page.run("document.querySelectorAll('.facets:not([hidden])').length") == 0
        assert page.run("document.querySelector('.kinds').hidden") is False
    finally:
        page.send("Emulation.setScriptExecutionDisabled", value=False)


def test_labels_of_pictures_stay_in_their_boxes(sample: Page) -> None:
    sample.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    outside = sample.run(
        "[...document.querySelectorAll('.picture .node')].filter((node) => { "
        "const box = node.querySelector(':scope > rect').getBoundingClientRect(); "
        "return [...node.querySelectorAll('text')].some((t) => t.getBoundingClientRect().right > box.right); "
        "}).map((node) => node.textContent)"
    )
    assert outside == []


# The lowest contrast of any text with what is behind it (WCAG 2 formula), and which text it is.
CONTRAST = """(() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => {
    const part = (v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = rgba(getComputedStyle(at).backgroundColor);
      if (color[3] === 255) return color;
    }
    return [255, 255, 255, 255];
  };
  let worst = { ratio: 99 };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || element.closest('script, svg, .zero, .skip')) continue;
    const [a, b] = [light(rgba(getComputedStyle(element).color)), light(behind(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < worst.ratio) worst = { ratio, text: walker.currentNode.textContent.trim().slice(0, 40) };
  }
  return worst;
})()"""
