# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A reviewer's page in Chromium, at a desk and on a phone: decided with the keyboard alone, saved, and read again.

Needs Debian's chromium (/usr/bin/chromium) and the PyPI package playwright; a run without them fails.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import pathlib
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.ledger.store import Ledger
from ansible_collections.rollcall.access.plugins.module_utils.reviews.decisions_file import read_page_file
from ansible_collections.rollcall.access.plugins.module_utils.reviews.packet import Packet, packets
from ansible_collections.rollcall.access.plugins.module_utils.reviews.page import decisions_name, render
from ansible_collections.rollcall.access.plugins.module_utils.reviews.rubber_stamping import pace_of, rubber_stamped
from ansible_collections.rollcall.access.tests.integration.support.company import CompanyDirectory
from ansible_collections.rollcall.access.tests.integration.support.scim import scim_server
from ansible_collections.rollcall.access.tests.integration.support.small import TEMPLATE, prepare
from ansible_collections.rollcall.access.tests.servers.test_report_in_chromium import (
    CHROMIUM,
    CONTRAST,
    DESK,
    SIZES,
    overflow,
)
from ansible_collections.rollcall.access.tests.unit.reports.hostile import HOSTILE
from ansible_collections.rollcall.access.tests.unit.reviews.page_sample import (
    NOW,
    campaign,
    hostile,
    leaders,
    of_nobody,
)
from ansible_collections.rollcall.access.tests.unit.reviews.saving import token_for

#: A day on which the sample's review is open.
TODAY = "2026-04-02T10:00:00Z"


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


class Desk:
    """A reviewer at their screen, with a page that came in the mail."""

    def __init__(self, browser: t.Any, directory: pathlib.Path) -> None:
        self.browser, self.directory = browser, directory
        self.ledger = Ledger.open(f"sqlite:///{directory / 'ledger.db'}")
        self.contexts: list[t.Any] = []
        self.complaints: list[str] = []

    def page_file(self, number: int = 30, *, packet: Packet | None = None) -> pathlib.Path:
        if packet is None:
            review, around, now = campaign(number)
            (packet,) = packets(review, around, now, company="Small & Sons")
        self.packet = packet
        path = self.directory / "gia.vale@corp.example.html"
        path.write_text(render(packet, token_for(self.ledger, packet)), encoding="utf-8")
        return path

    def open(self, number: int = 30, *, packet: Packet | None = None, today: str = TODAY, **options: t.Any) -> t.Any:
        return self.visit(self.page_file(number, packet=packet), today=today, **options)

    def visit(self, path: pathlib.Path, *, today: str = TODAY, script: str = "", **options: t.Any) -> t.Any:
        """The page, opened at `today`; `script` runs in it before its own does."""
        context = self.browser.new_context(**{"viewport": DESK, **options})
        self.contexts.append(context)
        page = context.new_page()
        page.add_init_script(script)
        page.clock.install(time=today)
        self.listen(page, path)
        page.goto(path.as_uri())
        return page

    def listen(self, page: t.Any, path: pathlib.Path) -> None:
        """Nothing may go wrong, and nothing may be asked of any network, but the file that is saved."""
        own = (path.as_uri(), "blob:")
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda sent: None if sent.url.startswith(own) else self.complaints.append(sent.url))

    def save(self, page: t.Any) -> pathlib.Path:
        with page.expect_download() as download:
            page.keyboard.press("s")
        path = self.directory / download.value.suggested_filename
        download.value.save_as(path)
        page.keyboard.press("Escape")
        return path

    def read(self, page: t.Any) -> t.Any:
        return read_page_file(self.save(page), self.ledger)


@pytest.fixture
def desk(browser, tmp_path):
    desk = Desk(browser, tmp_path)
    yield desk
    for context in desk.contexts:
        context.close()
    desk.ledger.close()
    assert desk.complaints == []


def progress(page: t.Any) -> str:
    return page.locator("#progress-text").inner_text()


def press(page: t.Any, keys: str) -> None:
    for key in keys.split():
        page.keyboard.press(key)


def here(page: t.Any) -> str:
    """The name of what has the focus, as a screen reader says it."""
    return page.evaluate("(document.activeElement.getAttribute('aria-label') || document.activeElement.id)")


def decided(page: t.Any, desk: Desk) -> dict[str, str]:
    return {entry.item: entry.decision for entry in desk.read(page).entries if entry.decision}


@SIZES
@pytest.mark.parametrize("colours", ["light", "dark"])
def test_nothing_is_wider_than_the_screen(desk, size, colours):
    page = desk.open(viewport=size, color_scheme=colours)
    assert overflow(page) == 0
    for opener in page.locator(".opener").all()[:3]:
        opener.click()
    page.locator(".item .revoke").nth(1).click()
    page.locator(".item .change").first.click()
    assert overflow(page) == 0
    page.click("#by-app")
    assert overflow(page) == 0


def test_somebody_may_be_quicker_than_the_page(desk):
    """Chromium looks for `autofocus` when it first draws, also in closed dialogs, and complains if it is too late."""
    quick = "new MutationObserver(() => document.getElementById('search')?.focus())"
    page = desk.open(script=f"{quick}.observe(document, {{ childList: true, subtree: true }})")
    assert here(page) == "search"
    page.screenshot()  # so that it has been drawn


@SIZES
def test_a_hundred_decisions_with_the_keyboard_alone(desk, size):
    page = desk.open(100, viewport=size)
    page.keyboard.press("j")
    strokes = 0
    while page.locator("#progress").get_attribute("aria-valuenow") != "100":
        page.keyboard.press("n" if strokes % 10 == 9 else "y")
        page.clock.run_for(2500)
        if page.evaluate("document.activeElement.tagName") == "INPUT":
            page.keyboard.type("still runs the migration")
            page.keyboard.press("Enter")
        strokes += 1
        assert strokes <= 100
    file = desk.read(page)
    assert strokes == 100
    assert [entry.decision for entry in file.entries].count("revoke") == 10
    assert {entry.how for entry in file.entries} == {"one"}
    reasons = {one.item.id for one in desk.packet.items if one.reason_needed}
    kept = {entry.item for entry in file.entries if entry.decision == "keep"}
    assert {entry.item for entry in file.entries if entry.reason} == reasons & kept
    pace = pace_of(file)
    assert pace.last - pace.first < NOW - NOW.replace(hour=NOW.hour - 1)
    assert pace.seconds == pytest.approx(2.5, abs=0.2)
    assert rubber_stamped(pace) == ""


def test_the_keys_do_what_the_help_line_says(desk):
    page = desk.open()
    press(page, "j j")
    second = here(page)
    press(page, "ArrowDown k")
    assert here(page) == second
    press(page, "Space")
    assert page.locator(".item.here .more").is_visible()
    assert page.locator(".item.here .opener").get_attribute("aria-expanded") == "true"
    press(page, "Space n")
    assert progress(page).startswith("1 of 30 items decided, 1 to revoke")
    press(page, "k n")  # the same again is nothing to undo
    assert progress(page).startswith("1 of 30 items decided")
    press(page, "u")
    assert progress(page).startswith("0 of 30 items decided")
    assert here(page) == second
    press(page, "/")
    assert page.evaluate("document.activeElement.id") == "search"
    page.keyboard.type("salesforce")
    page.clock.run_for(200)
    assert page.locator("#found").inner_text().endswith("of 30.")
    press(page, "Escape")
    assert page.locator("#found").inner_text() == ""
    press(page, "?")
    assert page.locator("#help").is_visible()
    assert page.evaluate("document.activeElement.dataset.close") == "help"
    press(page, "y Escape")  # letters are no shortcuts in there
    assert progress(page).startswith("0 of 30 items decided")
    press(page, "b")
    assert page.locator("#by-app").get_attribute("aria-pressed") == "true"


def test_a_group_is_decided_with_one_stroke_but_for_what_takes_a_reason(desk):
    page = desk.open()
    press(page, "j g")
    assert page.locator(".head.here h2").inner_text() == "Ada Berg"
    press(page, "y")
    plain = [one for one in desk.packet.items[:6] if not one.reason_needed]
    assert len(plain) == 5
    assert "1 item needs a reason, one by one." in page.locator("#said").inner_text()
    assert progress(page).startswith("5 of 30")
    # the one that is left is next
    assert "System Administrator" in here(page)
    press(page, "]")
    assert page.locator(".head.here h2").inner_text() == "Ben Cole"
    press(page, "Shift+J Shift+K")
    assert page.locator(".head.here h2").inner_text() == "Ben Cole"
    press(page, "n")
    assert progress(page).startswith("11 of 30 items decided, 6 to revoke")
    press(page, "u u")
    assert progress(page).startswith("0 of 30")
    press(page, "g y")
    file = desk.read(page)
    assert {entry.how for entry in file.entries if entry.decision} == {"group"}


def test_what_is_privileged_or_unexplained_is_kept_with_a_reason_only(desk):
    page = desk.open()
    page.select_option("#filter", "privileged")
    row = page.locator(".item").first
    row.locator(".keep").click()
    assert progress(page) == "0 of 30 items decided, 1 to complete"
    assert "It is privileged" in row.locator(".hint").inner_text()
    page.keyboard.press("Enter")
    assert "a reason is missing" in page.locator("#said").inner_text()
    page.keyboard.type("   ")
    assert progress(page).startswith("0 of 30")
    page.keyboard.type("runs the migration")
    assert progress(page) == "1 of 30 items decided"
    page.select_option("#filter", "unexplained")
    row = page.locator(".item").first
    row.locator(".keep").click()
    assert "needs a rule or an exception" in row.locator(".hint").inner_text()
    row.locator(".revoke").click()
    assert progress(page) == "2 of 30 items decided, 1 to revoke"


def test_a_role_is_changed_to_another_one_of_the_same_app(desk):
    page = desk.open()
    page.fill("#search", "standard user")
    page.clock.run_for(200)
    press(page, "Escape")
    page.locator(".item", has_text="Standard User").first.locator(".change").click()
    assert progress(page) == "0 of 30 items decided, 1 to complete"
    choices = page.locator(".item select option").all_inner_texts()
    assert choices[0] == "Choose a role"
    assert [choice.split(" \N{EN DASH} ")[0] for choice in choices[1:]] == [
        "Sales Manager",
        "System Administrator (privileged)",
    ]
    page.locator(".item select").select_option("manager")
    assert progress(page) == "1 of 30 items decided, 1 to change"
    press(page, "Escape")
    (entry,) = [entry for entry in desk.read(page).entries if entry.decision]
    assert (entry.decision, entry.change_to) == ("change", "manager")


@SIZES
def test_what_comes_in_the_place_of_a_role_is_said_where_it_is_decided(desk, size):
    review, around = leaders()
    (packet,) = packets(review, around, NOW)
    page = desk.open(packet=packet, viewport=size)
    assert overflow(page) == 0
    comes = "If revoked, then gets: Standard User (rule everybody-in-sales-and-in-customer-success)"
    assert page.locator(".then").all_inner_texts() == [comes, comes]
    rows = page.locator(".item")
    assert rows.nth(0).locator(".then").is_visible()
    assert rows.nth(2).locator(".then").count() == 0
    press(page, "j")
    assert "if revoked, then gets Standard User (rule everybody" in here(page)
    press(page, "Space")
    details = rows.nth(0).locator(".more")
    assert "with the next run they get Standard User" in details.inner_text()
    assert overflow(page) == 0
    press(page, "n")
    assert rows.nth(0).locator(".then").is_visible()
    assert overflow(page) == 0
    assert page.evaluate(CONTRAST.replace("main *, nav *", "main *, .bar *, .bottom *")) == []


def test_an_account_that_belongs_to_nobody_is_assigned_or_answered_for(desk):
    review, around = of_nobody()
    (packet,) = packets(review, around, NOW)
    page = desk.open(packet=packet)
    row = page.locator(".item", has_text="belongs to nobody")
    assert "old.admin" in row.inner_text()
    row.locator(".keep").click()
    assert progress(page) == "0 of 2 items decided, 1 to complete"
    page.keyboard.type("ada.berg")
    row.locator(".say input").nth(1).fill("batch jobs")
    assert progress(page) == "1 of 2 items decided"
    press(page, "Escape c")
    assert "Whose is it?" in row.inner_text()
    assert progress(page) == "1 of 2 items decided, 1 to change"
    press(page, "Escape")
    (entry,) = [entry for entry in desk.read(page).entries if entry.decision]
    assert (entry.decision, entry.change_to) == ("change", "ada.berg")


def test_decisions_survive_a_reload(desk):
    page = desk.open()
    press(page, "j y y n")
    page.locator(".item .keep").nth(4).click()
    before = progress(page)
    page.reload()
    assert progress(page) == before
    assert page.locator("#notice").is_hidden()
    press(page, "j")
    assert len(decided(page, desk)) == 4
    # a page that shows other words of an item has no decision on it yet
    item = desk.packet.items[0]
    changed = dataclasses.replace(
        desk.packet, items=(dataclasses.replace(item, words="0" * 16), *desk.packet.items[1:])
    )
    desk.page_file(packet=changed)
    page.reload()
    assert progress(page).startswith("3 of 30"), page.evaluate("JSON.stringify(localStorage)")


def test_what_was_decided_before_is_shown_and_is_no_decision_of_the_page_until_somebody_touches_it(desk):
    review, around, now = campaign(30)
    said = {"decision": "keep", "decided_by": "ben.cole", "reason": "on holiday"}
    items = tuple(dataclasses.replace(item, **said) if place < 6 else item for place, item in enumerate(review.items))
    (packet,) = packets(dataclasses.replace(review, items=items), around, now)
    page = desk.open(packet=packet)
    assert progress(page) == "6 of 30 items decided"
    press(page, "j n")
    page.reload()
    assert progress(page) == "6 of 30 items decided, 1 to revoke"
    press(page, "j")
    file = desk.read(page)
    assert [entry.decision for entry in file.entries if entry.how == "one" and entry.decision] == ["revoke"]
    assert len([entry for entry in file.entries if entry.how == "before"]) == 5
    assert pace_of(file).decided == 1


def test_where_the_browser_keeps_nothing_the_page_says_so_and_works(desk):
    page = desk.open()
    page.add_init_script("Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no') } })")
    page.reload()
    assert page.locator("#notice").inner_text().startswith("This browser keeps nothing for this page. Save before")
    press(page, "j y y")
    assert len(decided(page, desk)) == 2


def test_what_lies_in_the_browser_and_is_not_ours_is_no_decision(desk):
    page = desk.open()
    press(page, "j y y")
    key = page.evaluate("Object.keys(localStorage)[0]")
    for found in ("{", "[]", "7", '{"items": {"x": 1}}', '{"items": 7}'):
        page.evaluate("([key, value]) => localStorage.setItem(key, value)", [key, found])
        page.reload()
        assert progress(page) == "0 of 30 items decided"


def test_a_saved_file_is_gone_on_with_on_another_machine(desk):
    page = desk.open()
    press(page, "j y y n")
    saved = desk.save(page)
    assert saved.name == "decisions-2026-q1-gia.vale@corp.example.json"
    other = desk.open()
    assert progress(other).startswith("0 of 30")
    other.set_input_files("#load", str(saved))
    other.wait_for_function("() => document.getElementById('notice').textContent.includes('taken from the file')")
    assert progress(other) == "3 of 30 items decided, 1 to revoke"
    assert decided(other, desk) == decided(page, desk)


def test_a_file_from_another_review_is_not_gone_on_with(desk, tmp_path):
    page = desk.open()
    press(page, "j y")
    made = json.loads(desk.save(page).read_text())
    made["token"]["campaign"] = "2026-q2"
    other = tmp_path / "other.json"
    other.write_text(json.dumps(made))
    for file, words in (
        (other, "from another review"),
        (tmp_path / "gia.vale@corp.example.html", "no file that the page"),
    ):
        page.set_input_files("#load", str(file))
        page.wait_for_function("words => document.getElementById('notice').textContent.includes(words)", arg=words)
        assert progress(page).startswith("1 of 30")


def test_what_is_saved_is_what_the_page_promises(desk):
    page = desk.open()
    press(page, "j y n")
    press(page, "s")
    assert page.locator("#saved-text").inner_text() == (
        "2 decisions: 1 to keep, 1 to revoke. 28 items are left: what nobody decides is taken away after 14 Apr 2026."
    )
    assert page.locator("#saved-name").inner_text() == decisions_name(desk.packet)
    page.locator("#saved summary").click()
    copied = page.locator("#saved-copy").input_value()
    assert len(json.loads(copied)["decisions"]) == 30


def test_texts_of_any_alphabet_fit_the_seal(desk):
    page = desk.open()
    texts = ('Zoë 日本 \U0001f600 "q" \\ / \u2028x', "\ud800 half", "\x7f\x01 <b>")
    for row, words in zip(page.locator(".item").all(), texts, strict=False):
        row.locator(".revoke").click()
        row.locator(".say input").evaluate("(field, words) => { field.value = words; }", words)
        row.locator(".say input").dispatch_event("input")
    press(page, "Escape")
    reasons = {entry.reason for entry in desk.read(page).entries if entry.decision}
    assert reasons == {texts[0], "\ufffd half", texts[2]}


def test_the_page_says_that_the_deadline_has_passed(desk):
    page = desk.open(today="2026-04-15T10:00:00Z")
    assert page.locator("#notice").inner_text().startswith("The deadline has passed.")


def test_everything_has_a_name_a_place_and_a_visible_focus(desk):
    page = desk.open()
    press(page, "j y")
    page.locator(".item .revoke").nth(2).click()
    nameless = page.evaluate(
        """() => [...document.querySelectorAll(
            'button, input, select, textarea, a, summary, [role=group], [role=progressbar]'
        )].filter(each => !(each.textContent.trim() || each.getAttribute('aria-label')
            || each.getAttribute('aria-labelledby') || (each.labels && each.labels.length)
        )).map(each => each.outerHTML)"""
    )
    assert nameless == []
    levels = page.evaluate("[...document.querySelectorAll('h1, main h2')].map(each => Number(each.tagName[1]))")
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    # one stop for all items: the arrows do the rest
    assert page.locator(".item[tabindex='0'], .head[tabindex='0']").count() == 1
    press(page, "k j")
    outline = (
        "getComputedStyle(document.activeElement).outlineStyle + getComputedStyle(document.activeElement).outlineWidth"
    )
    assert page.evaluate(outline) == "solid3px"
    assert page.locator(".item.here").get_attribute("aria-label").count("; ") >= 3


def test_everything_is_reached_with_tab_and_letters_can_be_switched_off(desk):
    page = desk.open()
    seen = set()
    for _unused in range(60):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("document.activeElement.id || document.activeElement.className"))
    assert {"by-person", "by-app", "search", "filter", "keys", "save", "keep", "revoke", "opener"} <= seen
    page.click("#keys")
    page.uncheck("#keys-on")
    press(page, "Escape")
    page.locator(".item").first.focus()
    press(page, "y n")
    assert progress(page).startswith("0 of 30")
    press(page, "ArrowDown ArrowDown")
    assert page.locator(".item.here").count() == 1


def test_words_can_be_read_on_their_ground(desk):
    """The contrast of text, light and dark, is at least that of WCAG 2.1 AA."""
    for colours in ("light", "dark"):
        page = desk.open(color_scheme=colours)
        press(page, "j y n y y")
        page.locator(".opener").nth(3).click()
        page.locator(".item .change").first.click()
        assert page.evaluate(CONTRAST.replace("main *, nav *", "main *, .bar *, .bottom *")) == []


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(desk, text):
    page = desk.open(packet=hostile(text))
    press(page, "j Space y b")
    page.locator(".opener").first.click()
    assert page.evaluate("window.hacked") is None
    assert page.locator("img, iframe, base, script[src]").count() == 0
    assert page.locator(".item .place bdi").first.evaluate("each => each.textContent") is not None
    assert text in page.evaluate("document.querySelector('main').textContent")


def test_of_two_thousand_items_every_one_can_be_reached_and_decided(desk):
    page = desk.open(2000)
    page.wait_for_function("() => document.getElementById('list').getAttribute('aria-busy') === 'false'")
    assert page.locator(".item").count() == 2000
    press(page, "k")
    assert page.locator(".item.here").count() == 1
    press(page, "n")
    assert progress(page).startswith("1 of 2,000 items decided")
    page.fill("#search", "tara")
    page.clock.run_for(200)
    assert 0 < page.locator(".item").count() < 200


def test_without_scripts_the_page_says_where_to_decide(desk):
    page = desk.open(java_script_enabled=False)
    assert "gia.vale@corp.example.csv" in page.locator("noscript").inner_text()


def test_a_review_is_opened_decided_in_chromium_and_closed_by_playbooks(desk, tmp_path):
    """From HR to the app: the page that the playbook wrote, in a browser, and the file that it saved, taken in."""
    with scim_server() as server:
        company = prepare(CompanyDirectory(TEMPLATE, tmp_path, server))
        company.replace("rollcall.yml", "lead_time: 3d\n", "lead_time: 3d\nrehearsal: true\n")
        company.env["ROLLCALL_AS_OF"] = "2026-03-01"
        company.playbook("onboard").succeeded()
        company.playbook(
            "open_review",
            *("-e", "rollcall_review=2026-q1", "-e", '{"rollcall_scope": {"departments": ["Sales"]}}'),
            *("-e", "rollcall_directory=review", "-e", "rollcall_due=2026-03-10"),
        ).succeeded()
        page = desk.visit(company.path / "review/gia.vale@small.example.html", today="2026-03-02T09:00:00Z")
        assert page.locator("h1").inner_text() == "2026-q1"
        page.keyboard.press("j")
        while page.locator(".counted.done").count() < page.locator(".head").count():
            sells = "Hugo Lind" in page.locator(".group:has(.here) h2").inner_text() and "Sales in" in here(page)
            page.clock.run_for(3000)
            page.keyboard.press("n" if sells else "y")
        saved = desk.save(page)
        company.write(f"sent/{saved.name}", saved.read_bytes())
        taken = company.playbook(
            "decide_review", "-e", "rollcall_review=2026-q1", "-e", "rollcall_decisions=sent"
        ).succeeded()
        assert taken.changed == 1
        closed = company.playbook(
            "close_review",
            *("-e", "rollcall_review=2026-q1", "-e", "rollcall_directory=record", "-e", "rollcall_early=true"),
        ).succeeded()
        changes = [change for one in closed.of("review") for change in one.result.get("changes", ())]
        assert ("hugo.lind", "revoke", "sales", "verified") in {
            (change["person"], change["kind"], change["entitlement"], change["state"]) for change in changes
        }
        (hugo,) = (one for one in company.tenant("mail").holders() if one.external_id == "8")
        assert hugo.groups == {"Everyone"}
        record = json.loads(company.read("record/2026-q1.json"))
        (handed_in,) = record["handed_in"]
        assert (handed_in["reviewer"], handed_in["rubber_stamped"]) == ("gia.vale@small.example", "")
        decided = [item for item in record["items"] if item["decided_by"] == "gia.vale@small.example"]
        assert len(decided) == handed_in["items"] == handed_in["pace"]["decided"]
