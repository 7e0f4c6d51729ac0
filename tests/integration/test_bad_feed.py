# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HR data that cannot be used: one clear message, an exit code, nothing changed and nothing lost."""

from __future__ import annotations

import dataclasses
import pathlib

import pytest

from .support.company import CompanyDirectory
from .support.running import Outcome
from .support.scim import ScimServer
from .support.small import (
    NEXT,
    PEOPLE,
    TEMPLATE,
    edited,
    everything,
    onboarded,
    prepare,
    refused,
    rows,
    without_ansible_cfg,
)

_LINES = NEXT.splitlines(keepends=True)
_LAST = _LINES[-1]


@dataclasses.dataclass(frozen=True)
class Bad:
    """A feed, and what the message about it says: where, and what is wrong."""

    name: str
    content: str | bytes
    where: str
    says: str


def _last(**fields: str) -> str:
    """Return the feed with other values in Mia's line, the last one."""
    names = _LINES[0].strip().split(",")
    values = dict(zip(names, _LAST.strip().split(","), strict=True)) | fields
    quoted = ('"' + value.replace('"', '""') + '"' for value in values.values())
    return "".join(_LINES[:-1]) + ",".join(quoted) + "\n"


BAD = [
    Bad("empty", "", "hr/people.csv", "the file is empty"),
    Bad("only a header", _LINES[0], "hr/people.csv:1", "there is nobody in it"),
    Bad("cut off", NEXT[:-30], "hr/people.csv:14", "the file is cut off"),
    Bad("cut off in quotes", NEXT[:-40] + '"Mia', "hr/people.csv:14", "the file is cut off"),
    Bad("Latin-1", edited(NEXT, ("Elin,Berg", "Élin,Berg")).encode("latin-1"), "hr/people.csv:6", "0xc9 is not utf-8"),
    Bad("a BOM", b"\xef\xbb\xbf" + NEXT.encode(), "hr/people.csv:1", "byte order mark"),
    Bad("UTF-16", NEXT.encode("utf-16"), "hr/people.csv:1", "UTF-16"),
    Bad("a duplicate id", _last(id="7"), "hr/people.csv:14", 'the id "7" is there twice, first at hr/people.csv:8'),
    Bad(
        "one email twice",
        _last(email="kim.wolf@small.example"),
        "hr/people.csv:14",
        "which 11 has too (hr/people.csv:12)",
    ),
    Bad("a date that is none", _last(start="2026-02-30"), "hr/people.csv:14", '"2026-02-30" is no date'),
    Bad("a date of another kind", _last(end="12/01/2026"), "hr/people.csv:14", '"12/01/2026" is no date'),
    Bad("no column for the id", edited(NEXT, ("id,first", "number,first")), "hr/people.csv:1", "no column `id`"),
    Bad(
        "a circle of managers",
        edited(NEXT, ("Management,Utrecht,,2015", "Management,Utrecht,3,2015")),
        "hr/people.csv:2",
        "a circle of managers",
    ),
    Bad(
        "a template as a name",
        _last(first="{{ lookup('pipe', 'id') }}"),
        "hr/people.csv:14",
        "{{ lookup('pipe', 'id') }}",
    ),
    Bad("a formula as a name", _last(last="=cmd|' /C calc'!A0"), "hr/people.csv:14", "=cmd|' /C calc'!A0"),
    Bad("a tag as a name", _last(first="<script>alert(1)</script>"), "hr/people.csv:14", "<script>alert(1)</script>"),
    Bad("a template as an id", _last(id="{{ 7 * 7 }}"), "hr/people.csv:14", "{{ 7 * 7 }}"),
    Bad(
        "a fifth of the people gone",
        "".join(_LINES[:-4]),
        "rollcall.yml",
        "so many of the people that we know are not in the HR feed",
    ),
    Bad(
        "half of the departments blank",
        PEOPLE.replace("Engineering,Utrecht", ",Utrecht").replace(",Sales,", ",,"),
        "rollcall.yml",
        "department",
    ),
    Bad("no column for the departments", NEXT.replace(",department,", ",unit,"), "rollcall.yml", "department"),
]
STOPPED_BY_THE_GUARD = BAD[-3:]


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory, scim: ScimServer) -> CompanyDirectory:
    return onboarded(tmp_path_factory.mktemp("feeds"), scim)


@pytest.mark.parametrize(
    ("bad", "playbook"),
    [pytest.param(bad, ("onboard", "offboard", "move", "plan")[n % 4], id=bad.name) for n, bad in enumerate(BAD)],
)
def test_a_bad_feed_is_refused_and_nothing_changes(bad: Bad, playbook: str, company: CompanyDirectory) -> None:
    before = everything(company)
    company.write("hr/people.csv", bad.content)
    refused(company.playbook("reconcile"), bad.where, bad.says)
    with without_ansible_cfg(company):
        refused(company.playbook(playbook), bad.where, bad.says)
    assert everything(company) == before


@pytest.mark.parametrize("bad", [BAD[0], BAD[7], *STOPPED_BY_THE_GUARD], ids=lambda bad: bad.name)
def test_the_inventory_by_itself_refuses_it_as_well(bad: Bad, company: CompanyDirectory) -> None:
    company.write("hr/people.csv", bad.content)
    refused(company.command("ansible-inventory", "-i", "rollcall.yml", "--list"), bad.where, bad.says)
    with without_ansible_cfg(company):
        refused(company.command("ansible-inventory", "-i", "rollcall.yml", "--graph"), bad.where, bad.says)
        refused(company.command("ansible", "all", "-i", "rollcall.yml", "-m", "debug"), bad.where, bad.says)


def test_what_is_wrong_is_told_all_at_once(company: CompanyDirectory) -> None:
    bad = edited(_last(first="<b>", start="soon"), ("8,Hugo", "7,Hugo"))
    company.write("hr/people.csv", bad)
    outcome = company.command("ansible-inventory", "-i", "rollcall.yml", "--list")
    refused(outcome, "hr/people.csv:9: ", "hr/people.csv:14: ", '"soon" is no date', '"<b>" is no name')


def test_a_column_that_rollcall_yml_names_and_the_file_lacks_is_told_with_its_line(company: CompanyDirectory) -> None:
    company.write("hr/people.csv", NEXT)
    settings = company.read("rollcall.yml")
    company.replace("rollcall.yml", "path: hr/people.csv", "path: hr/people.csv\n    columns: {email: work_email}")
    try:
        refused(company.playbook("reconcile"), "hr/people.csv:1", "work_email", '"email"')
    finally:
        company.write("rollcall.yml", settings)


def test_when_the_feed_is_mended_the_next_run_finds_exactly_what_was_due(
    tmp_path: pathlib.Path, scim: ScimServer
) -> None:
    company = onboarded(tmp_path, scim)
    planned = company.playbook("plan").succeeded().of("plan")[0].result
    assert len(planned["changes"]) > 10
    for bad in (STOPPED_BY_THE_GUARD[0], BAD[2]):
        company.write("hr/people.csv", bad.content)
        assert company.playbook("reconcile").rc == 4
    company.write("hr/people.csv", NEXT)
    done = company.playbook("reconcile").succeeded()
    assert done.of("plan")[0].result["hash"] == planned["hash"]
    mail = {holder.username: holder for holder in company.tenant("mail").holders()}
    chat = {holder.username: holder for holder in company.tenant("chat").holders()}
    assert len(mail) == 13
    assert [name for name, holder in mail.items() if not holder.active] == ["lou.ash"]
    assert mail["cleo.marsh"].groups == {"Everyone", "Sales"}
    assert chat["cleo.marsh"].groups == set()
    assert (mail["mia.hale"].roles, mail["mia.hale"].groups) == ({"member"}, {"Everyone"})
    assert chat["mia.hale"].groups == {"Engineering"}
    again = company.playbook("reconcile").succeeded()
    assert again.changed == 0


def test_while_the_guard_stops_the_feed_an_emergency_works(tmp_path: pathlib.Path, scim: ScimServer) -> None:
    company = onboarded(tmp_path, scim)
    _cut_off(company, "cleo.marsh", STOPPED_BY_THE_GUARD[0].content)
    with without_ansible_cfg(company):
        _cut_off(company, "gia.vale", STOPPED_BY_THE_GUARD[1].content)
    _cut_off(company, "finn.oak", BAD[0].content)
    # nobody but the three lost anything, and the next good feed does not give it back to them
    company.write("hr/people.csv", NEXT)
    company.playbook("reconcile").succeeded()
    assert _off(company, "mail") == {"cleo.marsh", "gia.vale", "finn.oak", "lou.ash"}
    assert {holder.username for holder in company.tenant("chat").holders() if holder.active} & _CUT == set()


_CUT = {"cleo.marsh", "gia.vale", "finn.oak"}


def _cut_off(company: CompanyDirectory, name: str, feed: str | bytes) -> None:
    company.write("hr/people.csv", feed)
    company.playbook("emergency_offboard", "--limit", name, "-e", "rollcall_reason=stolen").succeeded()
    assert name in _off(company, "mail")


def _off(company: CompanyDirectory, app: str) -> set[str]:
    return {holder.username for holder in company.tenant(app).holders() if not holder.active}


def test_while_hr_cannot_be_reached_nothing_is_planned_and_an_emergency_works(
    tmp_path: pathlib.Path, scim: ScimServer
) -> None:
    company = onboarded(tmp_path, scim)
    (company.path / "hr/people.csv").unlink()
    before = everything(company)
    for playbook in ("plan", "reconcile", "onboard"):
        _says_that_hr_is_gone(company.playbook(playbook))
    with without_ansible_cfg(company):
        for playbook in ("move", "offboard"):
            _says_that_hr_is_gone(company.playbook(playbook))
        _says_that_hr_is_gone(company.playbook("check"))
    assert everything(company) == before

    listed = company.inventory()
    assert not {"joiners", "movers", "leavers"} & listed.keys()
    ada = listed["_meta"]["hostvars"]["ada.stone"]["person"]
    assert (ada["name"], ada["stale"]) == ("Ada Stone", True)

    company.playbook("emergency_offboard", "--limit", "hugo.lind").succeeded()
    assert _off(company, "mail") == {"hugo.lind"}
    assert [lock["person"] for lock in rows(company, "locks")] == ["8"]
    company.write("hr/people.csv", NEXT)
    company.playbook("reconcile").succeeded()
    assert _off(company, "mail") == {"hugo.lind", "lou.ash"}


def _says_that_hr_is_gone(outcome: Outcome) -> None:
    assert outcome.rc == 2, outcome.output
    assert "hr/people.csv: the file cannot be read" in outcome.output
    assert outcome.changed == 0


def test_where_hr_was_never_read_nobody_is_not_taken_for_a_quiet_day(tmp_path: pathlib.Path, scim: ScimServer) -> None:
    company = prepare(CompanyDirectory(TEMPLATE, tmp_path, scim))
    (company.path / "hr/people.csv").unlink()
    for playbook in ("onboard", "reconcile"):
        refused(company.playbook(playbook), "hr/people.csv: the file cannot be read", "the ledger knows nobody yet")
    company.write("hr/people.csv", PEOPLE)
    company.playbook("plan", "--limit", "ada.stone").succeeded()


TEMPLATE_TEXT = "{{ lookup('pipe', 'touch evaluated') }}"
FORMULA = "=cmd|' /C calc'!A0"
TAG = "<script>alert(1)</script>"
ASKING_FOR_IT = """
compose:
  shown: person.title
  twice: person.title ~ ' / ' ~ person.department
keyed_groups:
  - {key: person.title, prefix: kind}
  - {key: person.location, prefix: place}
groups:
  odd: "'lookup' in person.title"
"""
SHOW = """---
- name: Use what HR says
  hosts: ada.stone
  gather_facts: false
  tasks:
    - name: Remember it
      ansible.builtin.set_fact:
        kept: "{{ person.title }}"
    - name: Show it
      ansible.builtin.debug:
        msg: "{{ [person.title, person.department, shown, twice, kept, hostvars['ada.stone'].person.location] }}"
"""


def test_odd_texts_where_no_name_is_are_data_all_the_way(tmp_path: pathlib.Path, scim: ScimServer) -> None:
    company = prepare(CompanyDirectory(TEMPLATE, tmp_path, scim))
    lines = PEOPLE.splitlines(keepends=True)
    lines[1] = f'1,Ada,Stone,ada.stone@small.example,"{TEMPLATE_TEXT}","{FORMULA}","{TAG}",,2015-01-05,,employee\n'
    company.write("hr/people.csv", "".join(lines[:3]))
    company.write("rollcall.yml", company.read("rollcall.yml") + ASKING_FOR_IT)
    company.write("show.yml", SHOW)

    listed = company.inventory()
    ada = listed["_meta"]["hostvars"]["ada.stone"]
    assert ada["person"]["title"] == ada["shown"] == TEMPLATE_TEXT
    assert ada["twice"] == f"{TEMPLATE_TEXT} / {FORMULA}"
    assert listed["odd"]["hosts"] == ["ada.stone"]
    assert [name for name in listed if name.startswith(("kind_", "place_", "title_"))]
    assert not [name for name in listed if set(name) & set("{}<>|'=")]

    shown = company.playbook("show.yml").succeeded().tasks[-1].result["msg"]
    assert shown == [TEMPLATE_TEXT, FORMULA, TEMPLATE_TEXT, f"{TEMPLATE_TEXT} / {FORMULA}", TEMPLATE_TEXT, TAG]

    company.playbook("onboard").succeeded()
    company.playbook("tasks", "-e", "rollcall_sheet=tasks.csv").succeeded()
    company.playbook("report").succeeded()
    tasks = [row["instructions"] for row in rows(company, "tasks") if row["person"] == "1"]
    assert tasks
    assert all(TEMPLATE_TEXT in text and FORMULA in text for text in tasks)
    for name in ("people", "access"):
        table = company.read(f"report/{name}.csv")
        assert TEMPLATE_TEXT in table
        assert f"'{FORMULA}" in table
        assert f",{FORMULA}" not in table
        assert f'"{FORMULA}' not in table
    page = company.read("report/index.html")
    assert TEMPLATE_TEXT in page
    assert TAG not in page
    assert list(tmp_path.rglob("evaluated")) == []
