# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import collections
import dataclasses
import hashlib
import html.parser
import json
import os
import pathlib
import re
import subprocess
import sys

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.reports.facts import Facts
from ansible_collections.rollcall.access.plugins.module_utils.reports.numbers import headline
from ansible_collections.rollcall.access.plugins.module_utils.reports.page import render, tasks_by_owner
from ansible_collections.rollcall.access.tests.unit.reports.hostile import HOSTILE, with_every_text
from ansible_collections.rollcall.access.tests.unit.reports.sample import NOW, many, sample


class Parsed(html.parser.HTMLParser):
    """A page taken apart: its elements in order, with the names of their attributes, and what they hold."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.structure: list[tuple[str, ...]] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: dict[str, list[str]] = collections.defaultdict(list)
        self.numbers: dict[str, str] = {}
        self._open: list[str] = []
        self._number = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.structure.append((tag, *(name for name, _value in attrs)))
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        kind = dict(attrs).get("type", "")
        self._open.append(f"{tag}:{kind}" if tag == "script" else tag)
        self._number = dict(attrs).get("data-number", "")

    def handle_endtag(self, tag):
        while self._open and self._open.pop().split(":")[0] != tag:
            pass

    def handle_data(self, data):
        if self._open:
            self.texts[self._open[-1]].append(data)
        if self._number:
            self.numbers[self._number] = data
            self._number = ""

    def handle_comment(self, data):
        self.structure.append(("comment",))

    def text(self, element: str) -> str:
        return "".join(self.texts[element])

    @property
    def words(self) -> str:
        """Everything that is written for a reader."""
        skip = ("script:", "script:application/json", "style")
        return "\n".join("".join(parts) for tag, parts in self.texts.items() if tag not in skip)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_changes_what_the_page_is_made_of(text):
    hostile = Parsed(render(with_every_text(sample(), text), downloads=("access.csv",)))
    harmless = Parsed(render(with_every_text(sample(), "harmless"), downloads=("access.csv",)))
    assert hostile.structure == harmless.structure
    assert text in hostile.words.replace("\u0000", "")


@pytest.mark.parametrize("text", HOSTILE)
def test_the_data_for_the_search_comes_out_as_it_went_in(text):
    data = json.loads(Parsed(render(with_every_text(sample(), text))).text("script:application/json"))
    assert data["reasons"] == [text]
    assert {tuple(person[:6]) for person in data["people"]} == {(text,) * 6}


def test_text_that_is_no_unicode_does_not_stop_the_report():
    page = render(with_every_text(sample(), "half \ud800 of a pair, and \x00"))
    assert page.encode("utf-8", errors="replace")


def test_a_template_in_a_name_is_not_evaluated():
    person = dataclasses.replace(sample().people[0], name="{{ 7 * 191 }}", title="{% raw %}")
    facts = dataclasses.replace(sample(), people=(person,), company="{{ company }}")
    page = render(facts)
    assert "1337" not in page
    assert "{{ company }}" in Parsed(page).words


def test_only_the_pages_own_style_and_script_may_run():
    page = render(sample())
    parsed = Parsed(page)
    policy = next(v for tag, name, v in parsed.attributes if (tag, name) == ("meta", "content") and "default-src" in v)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["base-uri"] == rules["form-action"] == "'none'"
    for element, rule in (("style", "style-src"), ("script:", "script-src")):
        digest = base64.b64encode(hashlib.sha256(parsed.text(element).encode()).digest()).decode()
        assert rules[rule] == f"'sha256-{digest}'"
    assert sum(1 for element in parsed.structure if element[0] == "style") == 1
    assert sum(1 for element in parsed.structure if element[0] == "script") == 2


def test_the_page_needs_nothing_from_anywhere():
    page = render(sample(), downloads=("access.csv", "access.json"))
    parsed = Parsed(page)
    assert not {tag for tag, *_unused in parsed.structure} & {
        "link",
        "img",
        "iframe",
        "object",
        "embed",
        "form",
        "base",
    }
    assert not [a for a in parsed.attributes if a[1] in ("src", "srcset", "style", "action") or a[1].startswith("on")]
    links = {value for _tag, name, value in parsed.attributes if name == "href"}
    # tickets can be followed; nothing is loaded from there
    tickets = {task.link for task in sample().tasks if task.link}
    assert tickets
    assert {link for link in links if not link.startswith("#")} == {"access.csv", "access.json"} | tickets
    assert not re.search(r"url\(|@import|expression\(", parsed.text("style"))
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|fetch\(", parsed.text("script:")
    )


def test_every_link_inside_the_page_leads_somewhere():
    parsed = Parsed(render(sample()))
    ids = {value for _tag, name, value in parsed.attributes if name == "id"}
    targets = {value[1:] for _tag, name, value in parsed.attributes if name == "href" and value.startswith("#")}
    assert {target for target in targets if not target.startswith("person/")} <= ids
    usernames = {person.username for person in sample().people}
    assert {target.removeprefix("person/") for target in targets if target.startswith("person/")} <= usernames
    labelled = {value for _tag, name, value in parsed.attributes if name in ("for", "aria-labelledby")}
    assert labelled <= ids


def test_tables_have_captions_scopes_and_a_label_for_every_cell():
    parsed = Parsed(render(sample()))
    heads = [element for element in parsed.structure if element[0] == "th"]
    assert heads
    assert all("scope" in head for head in heads)
    assert all("data-label" in cell for cell in parsed.structure if cell[0] == "td")
    tables = sum(1 for element in parsed.structure if element[0] == "table")
    assert tables == sum(1 for element in parsed.structure if element[0] == "caption")


def test_the_numbers_at_the_top_are_those_of_the_facts():
    numbers = Parsed(render(sample())).numbers
    counted = dataclasses.asdict(headline(sample()))
    assert {"people", "tasks_open", "tasks_overdue", "revocations", "orphans", "exceptions"} <= numbers.keys()
    assert {name: int(value) for name, value in numbers.items()} == {name: counted[name] for name in numbers}


def test_an_empty_company_gets_kind_words_and_no_number_that_alarms():
    parsed = Parsed(render(Facts(generated_at=NOW)))
    for words in (
        "Nothing needs anybody right now",
        "No apps yet",
        "No open tasks",
        "No reviews yet",
        "Nobody here yet",
    ):
        assert words in parsed.words
    assert set(parsed.numbers.values()) == {"0"}
    assert "None" not in parsed.words
    assert not [value for _tag, name, value in parsed.attributes if name == "class" and "bad" in value.split()]


def test_a_rehearsal_and_a_stale_feed_are_said_at_the_top():
    plain = Parsed(render(sample())).words
    assert "Rehearsal." not in plain
    assert "HR could not be read." not in plain
    marked = Parsed(render(dataclasses.replace(sample(), rehearsal=True, stale=True))).words
    assert "Rehearsal." in marked
    assert "HR could not be read." in marked


@pytest.mark.parametrize(("number", "shown"), [(25, True), (26, False)])
def test_who_has_many_tasks_is_shown_with_their_number_and_opened_by_hand(number, shown):
    one = dataclasses.replace(sample().tasks[0], overdue=True)
    tasks = tuple(dataclasses.replace(one, id=f"t{n:09}") for n in range(number))
    page = Parsed(render(dataclasses.replace(sample(), tasks=tasks)))
    assert (("details", "class", "open") in page.structure) is shown
    assert f"{number} open" in page.words


def test_tasks_are_grouped_by_owner_the_most_overdue_first():
    groups = tasks_by_owner(sample().tasks)
    assert groups[0].owner == "finance.systems@acme.example"
    assert [group.overdue for group in groups] == sorted((group.overdue for group in groups), reverse=True)
    assert sum(len(group.tasks) for group in groups) == len(sample().tasks)
    assert all(group.fresh + group.week + group.older == len(group.tasks) for group in groups)
    first = groups[0].tasks
    assert [task.due for task in first] == sorted(task.due for task in first)


def test_a_long_table_says_where_the_rest_is():
    findings = sample().findings * 3
    words = Parsed(render(dataclasses.replace(sample(), findings=findings), rows_shown=10)).words
    assert re.search(r"The first 10 of 18 are shown", words)
    assert "orphans.csv" in words


_PAGE_HASH = """
import hashlib
from ansible_collections.rollcall.access.plugins.module_utils.reports.page import render
from ansible_collections.rollcall.access.tests.unit.reports.sample import sample
print(hashlib.sha256(render(sample()).encode()).hexdigest())
"""

# Linux counts into ru_maxrss what the process had that started this one (getrusage(2)); VmHWM is this one's own.
_MANY = """
import pathlib
import resource
from ansible_collections.rollcall.access.plugins.module_utils.reports.page import render
from ansible_collections.rollcall.access.tests.unit.reports.sample import many
page = render(many(10_000))
status = pathlib.Path("/proc/self/status")
lines = status.read_text().splitlines() if status.exists() else []
own = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
print(len(page), own[0] if own else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def _python(code: str, **environment: str) -> str:
    paths = os.pathsep.join(path for path in sys.path if path)
    environment = {**os.environ, "PYTHONPATH": paths, **environment}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True
    ).stdout.strip()


def test_the_same_facts_give_the_same_page_in_any_process_and_time_zone():
    one = _python(_PAGE_HASH, PYTHONHASHSEED="1", TZ="UTC", LC_ALL="C")
    other = _python(_PAGE_HASH, PYTHONHASHSEED="2", TZ="Asia/Tokyo", LC_ALL="C.UTF-8")
    assert one == other == hashlib.sha256(render(sample()).encode()).hexdigest()


def test_ten_thousand_people_with_ten_grants_each_fit():
    size, peak = map(int, _python(_MANY).split())
    assert size < 15_000_000
    # kilobytes; the facts themselves are in it
    assert peak < 400_000


def test_the_template_stands_beside_the_code_that_reads_it():
    folder = pathlib.Path(sys.modules[render.__module__].__file__).parent
    assert {"page.html.j2", "page.css", "page.js"} <= {path.name for path in folder.iterdir()}


def test_all_of_many_people_are_in_the_data():
    data = json.loads(Parsed(render(many(300))).text("script:application/json"))
    assert len(data["people"]) == 300
    assert sum(len(person[-1]) for person in data["people"]) == headline(many(300)).grants == 3000


def test_accounts_that_cannot_be_told_apart_are_no_calm_day():
    facts = Facts(generated_at=NOW, findings=tuple(f for f in sample().findings if f.code == "ambiguous"))
    words = Parsed(render(facts)).words
    assert "Nothing needs anybody" not in words
    assert "1 account finding is serious" in words


def test_a_ticket_whose_link_is_no_web_page_is_text():
    facts = sample()
    task = dataclasses.replace(facts.tasks[0], reference="17", desk="helpdesk", link="javascript:alert(1)")
    page = render(dataclasses.replace(facts, tasks=(task,)))
    assert "helpdesk 17" in page
    assert "javascript:alert" not in page
