# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Work is divided over processes; what one of them cannot do is said, and the rest is done."""

# pylint: disable=dangerous-default-value
from __future__ import annotations

import os
import signal

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.company import reading_whole
from ansible_collections.rollcall.access.plugins.module_utils.company.carrying_out import carry_out
from ansible_collections.rollcall.access.plugins.module_utils.company.plans import plan_changes
from ansible_collections.rollcall.access.plugins.module_utils.company.processes import Processes, shared_out
from ansible_collections.rollcall.access.plugins.module_utils.company.recording_readings import record_readings
from ansible_collections.rollcall.access.plugins.module_utils.errors import LedgerError, MissingLibrary, RollcallError
from ansible_collections.rollcall.access.tests.unit.company.place import Everything, Shelf

MANY = [["a", "b"], ["c"], ["d", "e"]]


def finished(work, parts=MANY):
    with Processes(parts, work) as processes:
        while processes.working:
            processes.wait(1)
        return processes


def test_each_part_is_done_by_a_process_of_its_own():
    def work(part, send):
        for key in part:
            send(key, (key.upper() * 3_000_000, os.getpid()))

    done = finished(work)
    assert {key: text for key, (text, _pid) in done.results.items()} == {
        key: key.upper() * 3_000_000 for key in "abcde"
    }
    assert len({pid for _text, pid in done.results.values()} | {os.getpid()}) == 4
    assert done.lost == {}


def test_what_a_killed_process_had_left_is_lost_and_nothing_else():
    def work(part, send):
        send(part[0], 1)
        if "a" in part:
            os.kill(os.getpid(), signal.SIGKILL)
        send(part[-1], 1)

    done = finished(work)
    assert done.results == dict.fromkeys("acde", 1)
    assert done.lost == {"b": "the process that was at it was ended by signal 9"}


@pytest.mark.parametrize(
    "error",
    [
        LedgerError("the disk is full", where="ledger.db", todo="Make room"),
        MissingLibrary("x", "not there"),
        OSError(5),
    ],
)
def test_what_goes_wrong_in_a_process_is_raised_where_it_is_waited_for(error):
    def work(part, send):
        raise error

    with pytest.raises(RollcallError if isinstance(error, RollcallError) else OSError) as raised:
        finished(work)
    assert str(raised.value) == str(error)


def test_nothing_is_left_running_when_the_waiting_ends_early():
    def work(part, send):
        send(part[0], os.getpid())
        signal.pause()

    with Processes([["a"], ["b"]], work) as processes:
        while len(processes.results) < 2:
            processes.wait(1)
    for number in processes.results.values():
        with pytest.raises(ProcessLookupError):
            os.kill(number, 0)


def test_what_weighs_most_is_begun_first_and_all_have_about_as_much():
    assert shared_out({"a": 10, "b": 70, "c": 30, "d": 40}, 2) == [["b", "a"], ["d", "c"]]
    assert shared_out({"a": 1}, 4) == [["a"]]
    assert shared_out({}, 4) == []


# a company whose apps are read in other processes


@pytest.fixture
def divided(place, monkeypatch):
    for one in (Everything, Shelf):
        monkeypatch.setattr(one, "forks", True)
    monkeypatch.setattr(reading_whole, "MANY_ACCOUNTS", 0)
    monkeypatch.setattr(reading_whole, "usable_processors", lambda: 2)
    return place


def test_a_company_is_planned_the_same_in_several_processes(divided, monkeypatch):
    for days in range(3):
        company = divided.open()
        there = plan_changes(company)
        with monkeypatch.context() as patched:
            patched.setattr(reading_whole, "usable_processors", lambda: 1)
            here = plan_changes(company)
        assert (there.plan, there.readings, there.records) == (here.plan, here.readings, here.records)
        assert bool(there.plan.changes) == (days == 0)
        run = divided.run(company)
        record_readings(company, there, run)
        carry_out(company, there.plan.changes, run, plan=there.plan.hash)


def test_an_app_whose_process_died_is_deferred_and_its_accounts_are_not_taken_for_gone(divided, monkeypatch):
    # in this process, where nothing happens to it
    monkeypatch.setattr(Shelf, "forks", False)
    company = divided.open()
    monkeypatch.setattr(Everything, "accounts", lambda self: os.kill(os.getpid(), signal.SIGKILL))
    planned = plan_changes(company)
    assert set(planned.deferred) == {"hub", "lab"}
    assert "signal 9" in planned.deferred["hub"]
    assert planned.readings["wiki"].complete
    assert {change.app for change in planned.plan.changes}.isdisjoint(planned.deferred)
