# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as people see it: in Chromium, at a desk and on a phone.

Needs Debian's chromium (/usr/bin/chromium) and the PyPI package playwright; a run without them fails.
"""

from __future__ import annotations

import dataclasses
import itertools
import pathlib
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.reports.evidence.document import Document, Section
from ansible_collections.rollcall.access.plugins.module_utils.reports.evidence.page import render as pack_page
from ansible_collections.rollcall.access.plugins.module_utils.reports.exports import write_report
from ansible_collections.rollcall.access.plugins.module_utils.reports.facts import Facts
from ansible_collections.rollcall.access.tests.unit.reports.hostile import HOSTILE, with_every_text
from ansible_collections.rollcall.access.tests.unit.reports.sample import NOW, many, sample

CHROMIUM = pathlib.Path("/usr/bin/chromium")
DESK = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
SIZES = pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])


@pytest.fixture(scope="module")
def browser():
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        pytest.fail(f"this test needs the PyPI package playwright (pip install playwright): {error}", pytrace=False)
    if not CHROMIUM.exists():
        pytest.fail(f"this test needs {CHROMIUM} (apt-get install chromium)", pytrace=False)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()


@pytest.fixture
def show(browser, tmp_path):
    """Open the report of some facts; afterwards nothing may have gone wrong in it or been asked of any network."""
    pages = []
    complaints: list[str] = []

    def show(facts: Facts, size: dict[str, int] | None = None, **options: t.Any) -> t.Any:
        index = write_report(facts, tmp_path / str(len(pages)))[0]
        page = browser.new_page(viewport=size or DESK, **options)
        pages.append(page)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.on("request", lambda request: None if request.url == index.as_uri() else complaints.append(request.url))
        page.goto(index.as_uri())
        return page

    yield show
    for page in pages:
        page.close()
    assert complaints == []


def overflow(page: t.Any) -> int:
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def names(page: t.Any) -> list[str]:
    return page.locator("#who-list .name > bdi").all_inner_texts()


def search(page: t.Any, text: str, found: str) -> None:
    page.fill("#who-search", text)
    page.wait_for_function("found => document.getElementById('who-count').textContent === found", arg=found)


@SIZES
@pytest.mark.parametrize("colours", ["light", "dark"])
def test_nothing_is_wider_than_the_screen(show, size, colours):
    page = show(sample(), size, color_scheme=colours)
    assert overflow(page) == 0
    page.locator("#who-list .row").nth(3).click()
    page.click("#by-app")
    for row in page.locator("#who-list .row").all():
        row.click()
    assert overflow(page) == 0


@SIZES
def test_words_without_a_space_do_not_widen_the_page(show, size):
    page = show(with_every_text(sample(), "an-endless-word" * 40), size)
    assert overflow(page) == 0


def test_on_a_phone_a_row_of_a_table_is_a_card(show):
    page = show(sample(), PHONE)
    cell = page.locator("#revocations td").first
    assert cell.evaluate("cell => getComputedStyle(cell).display") == "grid"
    assert cell.evaluate("cell => getComputedStyle(cell, '::before').content") == '"App"'
    assert page.locator("#revocations thead").evaluate("head => head.offsetWidth") <= 1


def test_a_person_is_found_by_a_part_of_the_name_without_accents(show):
    page = show(sample())
    assert len(names(page)) == 24
    search(page, "lea mull", "1 person")
    assert names(page) == ["Léa Müller"]
    table = page.locator("#who-list .body table")
    assert "NetSuite" in table.inner_text()
    assert "rule finance-tools" in table.inner_text()


def test_people_are_found_by_what_they_have(show):
    page = show(sample())
    search(page, "figma editor", "2 people")
    assert names(page) == ["Dana White", "Ken Sato"]


def test_an_app_shows_who_has_what_in_it(show):
    page = show(sample())
    page.click("#by-app")
    assert names(page) == [app.name for app in sample().apps]
    search(page, "engineering github platform-team", "1 app")
    rows = page.locator("#who-list .body tbody tr").all_inner_texts()
    having = [p.name for p in sample().people if p.department == "Engineering" and p.access and p.status != "left"]
    held = [p.name for p in sample().people if any(a.entitlement == "platform-team" for a in p.access)]
    assert sorted(row.split("\n")[0] for row in rows) == sorted(held)
    assert set(having) <= set(held)


def test_a_search_without_result_says_so(show):
    page = show(sample())
    search(page, "zzz", "Nothing matches. Try part of a name, or another filter.")
    assert names(page) == []


def test_filters_show_those_whom_somebody_looks_for(show):
    page = show(sample())
    for value, expected in (
        ("joiner", {"Alex Chen", "Ana Costa"}),
        ("locked", {"Ben Okafor"}),
        ("still", {"Mark O'Neil", "Ben Okafor"}),
        ("none", {"Ana Costa"}),
    ):
        page.select_option("#who-filter", value)
        assert set(names(page)) == expected


def test_a_name_in_a_table_leads_to_that_persons_access(show):
    page = show(sample())
    page.locator("#revocations a", has_text="Sarah Jones").click()
    page.wait_for_function("document.querySelectorAll('#who-list > li').length === 1")
    assert names(page) == ["Sarah Jones"]
    assert "Salesforce" in page.locator("#who-list .body").inner_text()


def test_everything_works_from_the_keyboard(show):
    page = show(sample())
    page.focus("#who-search")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    row = page.locator("#who-list .row").first
    assert row.evaluate("row => row === document.activeElement")
    page.keyboard.press("Enter")
    assert row.get_attribute("aria-expanded") == "true"
    assert page.locator("#who-list .body").first.is_visible()
    page.keyboard.press("Enter")
    assert page.locator("#who-list .body").first.is_hidden()


def test_every_control_has_a_name_and_every_heading_its_place(show):
    page = show(sample())
    page.locator("#who-list .row").first.click()
    nameless = page.evaluate(
        """() => [...document.querySelectorAll('button, input, select, a, summary')].filter(each => !(
            each.textContent.trim() || each.getAttribute('aria-label') || (each.labels && each.labels.length)
        )).map(each => each.outerHTML)"""
    )
    assert nameless == []
    levels = page.evaluate("[...document.querySelectorAll('h1, h2, h3')].map(each => Number(each.tagName[1]))")
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(show, text):
    page = show(with_every_text(sample(), text))
    page.wait_for_selector("#who-list .row")
    page.locator("#who-list .row").first.click()
    page.click("#by-app")
    page.locator("#who-list .row").first.click()
    assert page.evaluate("window.hacked") is None
    assert page.locator("img, iframe, base").count() == 0
    shown = page.locator("#who-list .name > bdi").first.evaluate("each => each.textContent")
    assert shown == text


def test_of_ten_thousand_people_only_those_on_the_screen_are_drawn(show):
    page = show(many(10_000))
    assert page.locator("#who-count").inner_text() == "10,000 people"
    assert page.locator("#who-list > li").count() == 40
    page.click("#who-more")
    assert page.locator("#who-list > li").count() >= 80
    search(page, "koblick9993", "1 person")
    assert page.locator("#who-list .body tbody tr").count() == 10
    page.click("#by-app")
    search(page, "app-7", "1 app")
    assert page.locator("#who-list .body tbody tr").count() == 40


def test_without_scripts_the_page_says_where_the_list_is(show):
    page = show(sample(), java_script_enabled=False)
    assert "access.csv" in page.locator("#who noscript").inner_text()
    assert page.locator("#revocations tbody tr").count() == len(sample().revocations)


def test_on_paper_there_is_everything_but_the_controls(show):
    page = show(sample())
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.locator(".nav").is_hidden()
    assert page.locator("#who-tools").is_hidden()
    assert page.locator("#tasks tbody tr").first.is_visible()
    assert page.locator("#tasks details:not([open])").count() == 0


@SIZES
@pytest.mark.parametrize(("section", "name"), [("duties", "Tomáš Novák"), ("gaps", "Ben Okafor")])
def test_conflicts_and_gaps_lead_to_the_person(show, size, section, name):
    page = show(sample(), size)
    page.locator(f"#{section} a.who-link").first.click()
    page.wait_for_function("() => document.querySelectorAll('#who-list .name').length === 1")
    assert names(page) == [name]


@SIZES
def test_an_empty_company_looks_whole(show, size):
    page = show(Facts(generated_at=NOW), size)
    assert overflow(page) == 0
    assert "Nothing needs anybody right now." in page.locator("#overview").inner_text()
    assert page.locator(".empty").count() == 16


def test_words_can_be_read_on_their_ground(show):
    """The contrast of text, light and dark, is at least that of WCAG 2.1 AA."""
    for colours in ("light", "dark"):
        page = show(dataclasses.replace(sample(), rehearsal=True), color_scheme=colours)
        weak = page.evaluate(CONTRAST)
        assert weak == []


# Returns the texts whose colour is too close to that of what is behind them: less than 4.5 to 1.
CONTRAST = """() => {
  const parse = (colour) => (colour.match(/[\\d.]+/g) || []).map(Number);
  const light = (c) => { c /= 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
  const luminance = ([r, g, b]) => 0.2126 * light(r) + 0.7152 * light(g) + 0.0722 * light(b);
  const weak = [];
  for (const each of document.querySelectorAll('main *, nav *')) {
    const own = [...each.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || !each.getClientRects().length || each.closest('.hidden')) continue;
    let behind = each, ground = null;
    while (behind) {
      const colour = parse(getComputedStyle(behind).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) { ground = colour; break; }
      behind = behind.parentElement;
    }
    if (!ground) continue;
    const [a, b] = [luminance(parse(getComputedStyle(each).color)), luminance(ground)].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) weak.push(each.className + ': ' + each.textContent.trim().slice(0, 40));
  }
  return [...new Set(weak)];
}"""


def test_on_paper_no_table_is_wider_than_its_place(show):
    # A4 less its margins, in CSS pixels
    page = show(sample(), {"width": 720, "height": 1040})
    page.emulate_media(media="print")
    assert overflow(page) == 0
    wide = "t => t.getBoundingClientRect().right > t.parentElement.getBoundingClientRect().right + 1"
    assert page.evaluate(f"[...document.querySelectorAll('table')].filter({wide}).length") == 0


def test_at_a_desk_the_way_to_every_section_is_seen(show):
    page = show(sample())
    edges = page.evaluate("[...document.querySelectorAll('.nav a')].map(link => link.getBoundingClientRect().right)")
    assert max(edges) <= DESK["width"]
    page.locator(".nav a").last.click()
    under = page.evaluate("document.querySelector('.nav').getBoundingClientRect().bottom")
    assert page.locator("section").last.bounding_box()["y"] >= under


@SIZES
def test_an_evidence_pack_can_be_read(browser, tmp_path, size):
    words = "what is known of it was attested by its owner, and nobody else"
    section = Section("people", "People", "Everybody", ("person", "what is known"), (("Ann Lee", words),) * 3, 3)
    (tmp_path / "index.html").write_text(
        pack_page(Document("Evidence", "Acme", (("Scope", "all"),), (("3", "people", "people"),), (section,))),
        encoding="utf-8",
    )
    page = browser.new_page(viewport=size)
    page.goto((tmp_path / "index.html").as_uri())
    assert overflow(page) == 0
    cell = page.locator("td", has_text=words).first
    # no column of single letters: each line holds some words
    assert cell.bounding_box()["height"] < 90
    shown = cell.evaluate("cell => getComputedStyle(cell, '::before').content")
    assert shown == ('"what is known"' if size == PHONE else "none")
    page.close()
