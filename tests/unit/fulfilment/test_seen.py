# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An account that was read a moment ago is cut off without being read once more, and read back as ever."""

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import NotFound, Refused, Transient
from ansible_collections.rollcall.access.plugins.module_utils.fulfilment.seen import A_MOMENT, Seen
from ansible_collections.rollcall.access.plugins.module_utils.model import Account
from ansible_collections.rollcall.access.tests.unit.fulfilment.bench import ALEX, GITHUB, Bench, states
from ansible_collections.rollcall.access.tests.unit.fulfilment.memory import Fault, app_that_can
from ansible_collections.rollcall.access.tests.unit.planning.world import account

HERS = account("a", ALEX)


class CutsOff(app_that_can("suspend", "revoke", "end_sessions")):
    def suspend(self, one: Account) -> bool:
        if one.id not in self.there:
            raise NotFound("there is no such account", where=self.where("suspend", one))
        return super().suspend(one)


class CutsOffAtOnce(CutsOff):
    """An app of which ``suspend`` reads the account first, and can do without."""

    def suspend(self, one: Account) -> bool:
        self.calls.append("read")
        return self.there[one.id].state == "active" and super().suspend(one)

    def suspend_as_seen(self, one: Account) -> bool:
        if self.there[one.id].state != "active":
            raise Refused("it is suspended already", where=self.where("suspend", one))
        return super().suspend(one)


def seen(*accounts: Account, ago: float = 1.0) -> Seen:
    return Seen({(one.app, one.id): one for one in accounts}, 100.0, lambda: 100.0 + ago)


def cut_off(bench: Bench, app: CutsOff, what: Seen) -> dict[str, str]:
    return states(bench.carry_out(app, bench.due(app, None, urgency="emergency"), seen=what))


def test_what_was_seen_a_moment_ago_is_not_read_before_it_is_cut_off_but_read_back(bench: Bench) -> None:
    app = CutsOff(GITHUB, HERS)
    assert cut_off(bench, app, seen(HERS)) == {"end_sessions": "done", "suspend": "verified"}
    assert app.calls == ["end_sessions", "suspend", "find"]
    bench.assert_evidence(app)


@pytest.mark.parametrize(
    "what",
    [seen(HERS, ago=A_MOMENT + 1), seen(), seen(account("another", ALEX))],
    ids=["long ago", "nothing", "another account"],
)
def test_what_was_not_seen_just_now_is_read_first(bench: Bench, what: Seen) -> None:
    app = CutsOff(GITHUB, HERS)
    cut_off(bench, app, what)
    assert app.calls == ["find", "end_sessions", "suspend", "find"]


def test_more_than_cutting_off_is_held_against_the_account_as_it_is_now(bench: Bench) -> None:
    app = CutsOff(GITHUB, account("a", ALEX, "admin"))
    cut_off(bench, app, seen(account("a", ALEX, "admin")))
    assert app.calls == ["find", "end_sessions", "suspend", "revoke admin", "find"]


def test_what_an_earlier_run_tried_is_read_first(bench: Bench, other_run) -> None:
    app = CutsOff(GITHUB, HERS)
    changes = bench.due(app, None, urgency="emergency")
    app.faults["suspend"] = [Fault(Transient("the answer was lost"), done=True)] * 3
    assert states(bench.carry_out(app, changes, seen=seen(HERS)))["suspend"] != "verified"
    app.calls.clear()
    assert states(bench.carry_out(app, changes, other_run, seen=seen(HERS)))["suspend"] == "already"
    assert app.calls[0] == "find"


def test_an_account_that_has_gone_since_it_was_seen_is_gone_and_that_is_success(bench: Bench) -> None:
    app = CutsOff(GITHUB, HERS)
    changes = bench.due(app, None, urgency="emergency")
    app.there.clear()
    assert states(bench.carry_out(app, changes, seen=seen(HERS)))["suspend"] == "already"
    assert "find" in app.calls
    bench.assert_evidence(app)


def test_what_can_be_cut_off_without_reading_it_is(bench: Bench) -> None:
    app = CutsOffAtOnce(GITHUB, HERS)
    assert cut_off(bench, app, seen(HERS))["suspend"] == "verified"
    assert app.calls == ["end_sessions", "suspend", "find"]
    bench.assert_evidence(app)


def test_what_was_not_seen_is_read_whatever_the_app_could_do_without(bench: Bench) -> None:
    app = CutsOffAtOnce(GITHUB, HERS)
    assert cut_off(bench, app, seen())["suspend"] == "verified"
    assert app.calls == ["find", "end_sessions", "read", "suspend", "find"]


def test_an_answer_that_was_lost_is_followed_by_a_look(bench: Bench) -> None:
    app = CutsOffAtOnce(GITHUB, HERS)
    app.faults["suspend"] = [Fault(Transient("the answer was lost"), done=True)]
    assert cut_off(bench, app, seen(HERS))["suspend"] == "verified"
    assert app.calls == ["end_sessions", "suspend", "read", "find"]
    bench.assert_evidence(app)


def test_what_somebody_else_suspended_since_it_was_seen_is_no_failure(bench: Bench) -> None:
    app = CutsOffAtOnce(GITHUB, HERS)
    changes = bench.due(app, None, urgency="emergency")
    app.there["a"] = dataclasses.replace(HERS, state="suspended")
    assert states(bench.carry_out(app, changes, seen=seen(HERS)))["suspend"] == "already"
    assert app.calls == ["end_sessions", "find"]


def test_a_refusal_stays_one_when_it_was_looked_at_again(bench: Bench) -> None:
    app = CutsOffAtOnce(GITHUB, HERS)
    app.faults["suspend"] = [Fault(Refused("nobody may"))] * 2
    assert cut_off(bench, app, seen(HERS))["suspend"] != "verified"
    assert app.calls.count("suspend") == 2
    assert app.there["a"].state == "active"
