# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Few people looked at are what they are among all: held against a company that reads everybody."""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import pathlib
import random
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.company.company import Company
from ansible_collections.rollcall.access.plugins.module_utils.company.deciding import decide
from ansible_collections.rollcall.access.plugins.module_utils.company.hosts import Host, app_hosts, person_hosts
from ansible_collections.rollcall.access.plugins.module_utils.company.hr_ids import group_of_id
from ansible_collections.rollcall.access.plugins.module_utils.company.narrowing import narrow
from ansible_collections.rollcall.access.plugins.module_utils.company.settings import Settings
from ansible_collections.rollcall.access.plugins.module_utils.errors import FeedError, GuardStop
from ansible_collections.rollcall.access.plugins.module_utils.ledger.store import Ledger
from ansible_collections.rollcall.access.plugins.module_utils.model import (
    Account,
    AccountRecord,
    Person,
    PersonRecord,
    Run,
)
from ansible_collections.rollcall.access.plugins.module_utils.sources.people import read_people

NOW = dt.datetime(2026, 1, 5, 8, tzinfo=dt.timezone.utc)
SETTINGS = """
plugin: rollcall.access.people
sources:
  - {type: csv, path: people.csv}
ledger: sqlite:///ledger.db
rehearsal: true
as_of: 2026-06-01
fallback_owner: it@acme.example
"""
CATALOG = """
apps:
  hub:
    connector: none
    owners: {primary: it@acme.example}
    entitlements: {user: {kind: role, rank: 1}, admin: {kind: role, rank: 2}}
  wiki:
    connector: none
    owners: {primary: it@acme.example}
    entitlements: {reader: {kind: role, rank: 1}}
"""
POLICY = """
version: "1.0"
rules:
  - {id: all, why: all, when: {type: employee}, grant: {hub: [user]}}
  - {id: led, why: led, when: {manager: {under: [ann.lee, "7", bob.ray2]}}, grant: {hub: [admin]}}
  - {id: grade, why: grade, when: {grade: {at_least: 2}, title: Chief}, grant: {wiki: [reader]}}
"""
EXCEPTIONS = """
exceptions:
  - {id: a, person: cat.fox, grant: {wiki: [reader]}, reason: r, requested_by: ann.lee, approved_by: "7",
     from: "2026-01-01", until: "2026-12-01"}
  - {id: b, person: old.0@acme.example, grant: {wiki: [reader]}, reason: r, requested_by: x, approved_by: ann.lee,
     from: "2026-01-01", until: "2026-12-01"}
  - {id: c, person: ann.lee2, grant: {wiki: [reader]}, reason: r, requested_by: x, approved_by: p1@acme.example,
     from: "2026-01-01", until: "2026-12-01"}
cover:
  - {id: d, person: cat.fox, for: p7@acme.example, reason: r, approved_by: ann.lee,
     from: "2026-01-01", until: "2026-12-01"}
  - {id: e, person: p3@acme.example, for: ann.lee, reason: r, approved_by: "5",
     from: "2026-01-01", until: "2026-12-01"}
"""
LOCKS = "locks:\n  - {person: bob.ray, reason: stolen}\n  - {person: p5@acme.example, reason: stolen}\n"
#: names that are cut off, written in other letters, or come out alike
FIRST = ("Ann", "ann", "Bob", "Cat", "Ánn", "Дан", "Ann-Mary", "A", "", "Maximiliana-Theodora-Wilhelmina")
LAST = ("Lee", "Lee2", "Ray", "Fox", "Ray 2", "O'Lee", "", "Featherstonehaugh-Cholmondeley-Marjoribanks", "Lee11")


def place(folder: pathlib.Path, rows: t.Sequence[t.Mapping[str, t.Any]], settings: str = SETTINGS) -> pathlib.Path:
    for name, text in (("catalog", CATALOG), ("policy", POLICY), ("exceptions", EXCEPTIONS), ("locks", LOCKS)):
        (folder / "access" / name).mkdir(parents=True, exist_ok=True)
        (folder / "access" / name / "all.yml").write_text(text, "utf-8")
    (folder / "rollcall.yml").write_text(settings, "utf-8")
    with (folder / "people.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder


def crowd(chance: random.Random, count: int = 20) -> list[dict[str, t.Any]]:
    with_usernames = chance.random() < 0.3
    by_email = chance.random() < 0.3
    rows = []
    for id in range(1, count + 1):
        first, last = chance.choice(FIRST), chance.choice(LAST)
        boss = chance.choice(["", id, *range(1, id)])
        end = chance.choice(["", "", "2026-03-01", "2027-01-01", "9999-12-31"])
        rows.append(
            {
                "id": id,
                "first": first,
                "last": last,
                "name": chance.choice(["", "Eva Fox", "Lee, Ann"]) if first and last else "Ann Lee",
                "email": chance.choice(["", f"P{id}@acme.example", f" p{id}@acme.example"]),
                "title": chance.choice(["Chief", "Engineer ", ""]),
                "department": chance.choice(["Sales", "sales", "R & D"]),
                "manager": boss if not by_email or not boss else f"p{boss}@ACME.example",
                "start": chance.choice(["2015-01-01", "2016-01-01", "2026-06-02", "2027-01-01", ""]),
                "end": end,
                "type": chance.choice(["employee", "contractor", ""]),
                "grade": chance.choice(["1", "2", " 3", ""]),
                **({"username": chance.choice(["", "", "ann.lee", f"u{id}", "Bob.Ray2"])} if with_usernames else {}),
            }
        )
    if by_email:
        for row in rows:
            row["email"] = f"p{row['id']}@acme.example"
    return rows


def remember(folder: pathlib.Path, people: t.Sequence[Person], chance: random.Random) -> None:
    """Have some of them in the ledger, as they were before, and some whom HR does not name any more."""
    records = []
    for number, person in enumerate(people):
        if chance.random() < 0.5:
            before = dataclasses.replace(
                person,
                title=chance.choice([person.title, "Clerk"]),
                email=chance.choice([person.email, f"old.{number}@acme.example"]),
                earlier_emails=chance.choice([(), (f"older.{number}@acme.example",)]),
            )
            standing = chance.choice(["present", "present", "suspended", "left"])
            records.append(PersonRecord(before, standing, chance.random() < 0.8, NOW, NOW))
    gone = Person(id="gone", username="gone.away", name="Gone Away", manager="2", end=dt.date(2026, 2, 1))
    records.append(PersonRecord(gone, chance.choice(["present", "left"]), True, NOW, NOW))
    with Ledger.open(f"sqlite:///{folder / 'ledger.db'}", rehearsal=True) as ledger:
        run = Run("r", "reconcile", "test", NOW)
        ledger.begin_run(run)
        ledger.record_people(records, run, NOW)
        accounts = [
            AccountRecord(Account("hub", f"a{record.person.id}", state="active"), record.person.id)
            for record in records
            if chance.random() < 0.5
        ]
        ledger.record_accounts(accounts, run, NOW)


def everybody(folder: pathlib.Path) -> tuple[dict[str, Host], dict[str, str]]:
    with Company(Settings.load(folder / "rollcall.yml")) as company:
        usernames = {id: person.username for id, person in company.people.items()}
        return person_hosts(company), usernames


def few(folder: pathlib.Path, *names: str) -> tuple[dict[str, Host], t.Mapping[str, str]] | None:
    with Company(Settings.load(folder / "rollcall.yml")) as company:
        found = narrow(company, frozenset(names))
        if found is None:
            return None
        return {**person_hosts(company, found.people), **app_hosts(company, found.apps)}, found.by_id


@pytest.mark.parametrize("seed", range(16))
def test_a_few_people_are_what_they_are_among_all(tmp_path: pathlib.Path, seed: int) -> None:
    chance = random.Random(seed)
    more = chance.choice(
        [
            "",
            'username: "{last}{first}"\n',
            'username: "u-{id}"\n',
            'username: "{email_local}.{first}"\n',
            "normalise: {department: {sales: Sales, R & D: ''}, grade: {'2': '1'}}\n",
        ]
    )
    rows = crowd(chance)
    settings = SETTINGS + more + "guard: {feed: {people_lost: 100%, attributes_blanked: 100%}}\n"
    if seed % 4 == 3:
        settings = settings.replace("path: people.csv", "path: people.csv, set: {location: Oslo, type: contractor}")
    folder = place(tmp_path, rows, settings)
    if seed % 3:
        with Company(Settings.load(folder / "rollcall.yml")) as company:
            people = list(company.people.values())
        remember(folder, people, chance)
    expected, usernames = everybody(folder)
    assert len(expected) >= len(rows)
    for name in chance.sample(sorted(expected), 8):
        assert few(folder, name) == ({name: expected[name]}, {}), name
    chosen = chance.sample(sorted(usernames), 3)
    groups = {group_of_id(id): usernames[id] for id in chosen}
    found = few(folder, *groups, "app.hub")
    assert found is not None
    assert {name: host for name, host in found[0].items() if name != "app.hub"} == {
        name: expected[name] for name in groups.values()
    }
    assert found[1] == groups
    assert found[0]["app.hub"].variables["key"] == "hub"


def test_who_is_not_there_and_what_is_no_host_means_that_everybody_is_looked_at(tmp_path: pathlib.Path) -> None:
    folder = place(tmp_path, crowd(random.Random(1)))
    name = next(iter(everybody(folder)[0]))
    assert few(folder, name) is not None
    for nobody in ("nobody.here", "people", "app.nothing", "hr_id_4711", "all"):
        assert few(folder, nobody) is None
        assert few(folder, name, nobody) is None


def plain_rows() -> list[dict[str, t.Any]]:
    return [
        {
            "id": id,
            "first": "Ann",
            "last": f"Fox{id}x",
            "email": f"p{id}@acme.example",
            "manager": 1 if id > 1 else "",
            "start": "2015-01-01",
            "title": "Chief",
            "grade": "2",
        }
        for id in range(1, 12)
    ]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("id", ""),
        ("id", "2"),
        ("first", "{{ 7 * 7 }}"),
        ("first", "=1+1"),
        ("last", "Fox\u202e"),
        ("last", "Fox\nFox"),
        ("email", "p2@acme.example"),
        ("email", "P2@ACME.example"),
        ("email", "<p9@acme.example>"),
        ("start", "tomorrow"),
        ("start", "9999-12-31"),
        ("first", " "),
    ],
)
def test_what_is_wrong_with_anybody_is_found_when_somebody_else_is_named(
    tmp_path: pathlib.Path, column: str, value: str
) -> None:
    rows = plain_rows()
    assert few(place(tmp_path, rows), "ann.fox3x") is not None
    rows[8][column] = value
    if (column, value) == ("first", " "):
        rows[8]["last"] = ""
    folder = place(tmp_path, rows)
    assert few(folder, "ann.fox3x") is None
    with pytest.raises(FeedError):
        read_people([{"type": "csv", "path": "people.csv"}], folder)


def test_a_circle_of_managers_a_cut_file_and_an_open_quote_are_found_as_well(tmp_path: pathlib.Path) -> None:
    rows = plain_rows()
    rows[0]["manager"] = 3
    assert few(place(tmp_path, rows), "ann.fox5x") is None
    rows[0]["manager"] = ""
    folder = place(tmp_path, rows)
    text = (folder / "people.csv").read_text("utf-8")
    for wrong in (text[:-20], text.replace("Ann,Fox8x", '"Ann,Fox8x'), text.replace("first", "id"), text + "\0"):
        (folder / "people.csv").write_text(wrong, "utf-8")
        assert few(folder, "ann.fox5x") is None
        with pytest.raises(FeedError):
            read_people([{"type": "csv", "path": "people.csv"}], folder)


def test_the_guard_holds_the_whole_feed_against_the_ledger_when_one_person_is_named(tmp_path: pathlib.Path) -> None:
    rows = plain_rows() * 3
    rows = [{**row, "id": id, "email": f"p{id}@acme.example", "last": f"Fox{id}x"} for id, row in enumerate(rows, 1)]
    folder = place(tmp_path, rows)
    with Company(Settings.load(folder / "rollcall.yml")) as company:
        people = list(company.people.values())
    with Ledger.open(f"sqlite:///{folder / 'ledger.db'}", rehearsal=True) as ledger:
        run = Run("r", "reconcile", "test", NOW)
        ledger.begin_run(run)
        ledger.record_people([PersonRecord(person, "present", True, NOW, NOW) for person in people], run, NOW)
    assert few(folder, "ann.fox3x") is not None
    blanked = [{**row, "title": "" if row["id"] > 15 else row["title"]} for row in rows]
    for bad in (rows[:20], blanked):
        place(folder, bad)
        assert few(folder, "ann.fox3x") is None
        with pytest.raises(GuardStop):
            everybody(folder)


def test_who_covers_for_somebody_gets_the_same_when_looked_at_alone(tmp_path: pathlib.Path) -> None:
    # the rule about the people of number 7 gives number 9 something, whom number 3 stands in for
    rows = [{**row, "manager": 7 if row["id"] == 9 else row["manager"]} for row in plain_rows()]
    folder = place(tmp_path, rows)
    cover = '{id: f, person: "3", for: "9", reason: r, approved_by: "5", from: "2026-01-01", until: "2026-12-01"}'
    (folder / "access/exceptions/all.yml").write_text(f"cover:\n  - {cover}\n", "utf-8")
    with Company(Settings.load(folder / "rollcall.yml")) as company:
        expected = decide(company, ["3"]).wants
        name = company.people["3"].username
    assert [because.kind for because in expected["3", "hub"].grants[0].because] == ["cover"]
    with Company(Settings.load(folder / "rollcall.yml")) as company:
        assert narrow(company, frozenset({name})) is not None
        assert len(company.people) < len(rows)
        assert decide(company, ["3"]).wants == expected
