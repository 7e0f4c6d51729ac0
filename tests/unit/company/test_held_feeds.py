# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A feed that was found good is not held against the same ledger again; anything else is."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.company import narrowing
from ansible_collections.rollcall.access.plugins.module_utils.company.company import Company
from ansible_collections.rollcall.access.plugins.module_utils.company.held_feeds import note_good_feed
from ansible_collections.rollcall.access.plugins.module_utils.company.settings import Settings
from ansible_collections.rollcall.access.plugins.module_utils.ledger.verifying import verify_ledger
from ansible_collections.rollcall.access.plugins.module_utils.model import PersonRecord, Run
from ansible_collections.rollcall.access.tests.unit.company.test_narrowing import (
    NOW,
    SETTINGS,
    everybody,
    few,
    place,
    plain_rows,
)

RUN = Run("r", "reconcile", "test", NOW)
ROWS = [
    {**row, "id": id, "email": f"p{id}@acme.example", "last": f"Fox{id}x"} for id, row in enumerate(plain_rows() * 3, 1)
]


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    """Everybody is in the ledger, and a run over everybody has ended well."""
    place(tmp_path, ROWS)
    end_run(tmp_path, record=True)
    return tmp_path


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How often a feed was held against the ledger for a few people."""
    times: list[int] = []
    check_feed = narrowing.check_feed

    def counted(*arguments: t.Any) -> t.Any:
        times.append(1)
        return check_feed(*arguments)

    monkeypatch.setattr(narrowing, "check_feed", counted)
    return times


def end_run(folder: pathlib.Path, *, record: bool = False) -> None:
    """Have a run over everybody end, as far as the feed goes; ``record`` writes them down as they are in HR."""
    with Company(Settings.load(folder / "rollcall.yml"), writes=True) as company:
        company.ledger.begin_run(RUN)
        if record:
            records = [PersonRecord(person, "present", True, NOW, NOW) for person in company.people.values()]
            company.ledger.record_people(records, RUN, NOW)
        assert company.people
        note_good_feed(company, RUN)


def test_the_same_file_and_the_same_ledger_are_not_held_against_each_other_again(
    folder: pathlib.Path, held: list[int]
) -> None:
    found = few(folder, "ann.fox3x")
    assert held == []
    assert found is not None
    people, _usernames = everybody(folder)
    assert found[0]["ann.fox3x"] == people["ann.fox3x"]


@pytest.mark.parametrize(
    "bad",
    [ROWS[:20], [{**row, "title": "" if row["id"] > 15 else row["title"]} for row in ROWS]],
    ids=["half", "blank"],
)
def test_half_a_file_stops_a_run_for_one_person_and_the_whole_one_is_good_again(
    folder: pathlib.Path, held: list[int], bad: list[dict[str, t.Any]]
) -> None:
    place(folder, bad)
    assert few(folder, "ann.fox3x") is None
    assert held == [1]
    place(folder, ROWS)
    assert few(folder, "ann.fox3x") is not None
    assert held == [1]


def test_a_feed_with_a_finding_is_noted_by_no_run(folder: pathlib.Path, held: list[int]) -> None:
    place(folder, ROWS[:-1])
    end_run(folder)
    assert few(folder, "ann.fox3x") is not None
    assert held == [1]


def test_other_limits_and_another_ledger_are_others(folder: pathlib.Path, held: list[int]) -> None:
    place(folder, ROWS, SETTINGS + "guard: {feed: {people_lost: 1%}}\n")
    assert few(folder, "ann.fox3x") is not None
    assert held == [1]
    place(folder, ROWS)
    with Company(Settings.load(folder / "rollcall.yml"), writes=True) as company:
        record = company.ledger.people(["3"])["3"]
        changed = PersonRecord(record.person, "suspended", True, NOW, NOW)
        company.ledger.begin_run(RUN)
        company.ledger.record_people([changed], RUN, NOW)
    assert few(folder, "ann.fox3x") is not None
    assert held == [1, 1]
    end_run(folder)
    assert few(folder, "ann.fox3x") is not None
    assert held == [1, 1]


def test_it_is_noted_once_and_the_ledger_stays_whole(folder: pathlib.Path) -> None:
    end_run(folder)
    end_run(folder)
    with Company(Settings.load(folder / "rollcall.yml")) as company:
        assert [event.kind for event in company.ledger.events()].count("notice.given") == 1
        assert verify_ledger(company.ledger).ok


def test_who_is_asked_for_after_the_ledger_was_closed_is_read_from_it_again(folder: pathlib.Path) -> None:
    with Company(Settings.load(folder / "rollcall.yml")) as company:
        roll = company.roll()
        known = company.ledger.people()
    assert dict(roll) == known
    assert roll.get("nobody") is None
    assert set(roll.present()) == known.keys()
    assert roll.usernames() == {id: record.person.username for id, record in known.items()}
