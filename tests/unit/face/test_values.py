# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plain values on their way to another host and back, and what a task shows of changes."""

from __future__ import annotations

import datetime as dt
import json
import pathlib
import re

from ansible_collections.rollcall.access.plugins.module_utils import fulfilment
from ansible_collections.rollcall.access.plugins.module_utils.face.account_module import NotRecorded, results_from
from ansible_collections.rollcall.access.plugins.module_utils.face.definitions import (
    account_data,
    account_from,
    app_definition,
    app_from,
    joined,
    parted,
    person_definition,
    person_from,
)
from ansible_collections.rollcall.access.plugins.module_utils.face.diffs import diffs_of
from ansible_collections.rollcall.access.plugins.module_utils.face.results import (
    WORDS,
    finding_lines,
    plan_lines,
    result_data,
    result_line,
    what,
)
from ansible_collections.rollcall.access.plugins.module_utils.face.tasks import task_data
from ansible_collections.rollcall.access.plugins.module_utils.ledger.records import SETTLED_STATES, ChangeResult
from ansible_collections.rollcall.access.plugins.module_utils.model import (
    Account,
    AccountRecord,
    Because,
    Change,
    ChangeKind,
    Finding,
    Person,
    Plan,
    Task,
)
from ansible_collections.rollcall.access.tests.unit.planning.world import NOW, app
from hypothesis import given
from hypothesis import strategies as st

ANN = Person("1", "ann@x", "ann.lee", "Ann", "Lee", "Ann Lee", earlier_emails=("a@x", "b@x"))
PEOPLE = {"1": ANN}
texts = st.text(max_size=12)
moments = st.none() | st.datetimes(timezones=st.just(dt.timezone.utc))
accounts = st.builds(
    Account,
    *[texts] * 8,
    state=st.sampled_from(["active", "suspended", "invited"]),
    entitlements=st.frozensets(texts),
    unknown=st.frozensets(texts),
    created=moments,
    last_used=moments,
)


@given(account=st.none() | accounts)
def test_an_account_is_the_same_after_the_way_there_and_back(account):
    assert account_from(json.loads(json.dumps(account_data(account)))) == account


def test_an_app_and_a_person_are_the_same_after_the_way_there_and_back():
    one = app("hub", name="Hub", connector="scim", account_name="{email}", connection={"token": "canary"})
    sent = json.dumps(app_definition(one))
    assert "canary" not in sent
    back = app_from(json.loads(sent))
    assert (back.key, back.name, back.connector, back.account_name) == ("hub", "Hub", "scim", "{email}")
    assert back.entitlements == one.entitlements
    assert person_from(json.loads(json.dumps(person_definition(ANN)))) == ANN


def change(kind=ChangeKind.GRANT, entitlement="", account="a", **details):
    return Change(kind, "1", "hub", account, entitlement, (Because("rule", "r", "why", "1"),), details=details)


def test_a_secret_that_an_app_may_do_without_travels_apart_too():
    connection = {
        "base_url": "https://app.example",
        "token": "t0p-1",
        "session_token": "t0p-2",
        "private_key": "t0p-3",
        "url": "t0p-4",
        "headers": {"X-Key": "t0p-5"},
        "read_timeout": 2,
        "auth": {
            "header": {"X-One": "t0p-6"},
            "basic": {"username": "admin", "password": "t0p-7"},
            "oauth2": {"token_url": "https://app.example/token", "client_id": "c", "client_secret": "t0p-8"},
        },
        "create": {"path": "/users", "body": {"key": "{username}"}},
    }
    plain, secret = parted(connection, {"url": "secret", "token": "optional"})
    assert "t0p" not in json.dumps(plain)
    assert plain["auth"]["basic"] == {"username": "admin"}
    assert plain["create"] == connection["create"]
    assert sorted(re.findall("t0p-.", json.dumps(secret))) == [f"t0p-{number}" for number in range(1, 9)]
    assert joined(plain, secret) == connection


def test_results_come_back_in_the_order_of_the_changes_whatever_order_they_were_sent_in():
    changes = [change(entitlement="a"), change(entitlement="b")]
    rows = [
        {"change": one.id, "state": "verified", "detail": "", "account": "x", "attempts": n}
        for n, one in enumerate(reversed(changes))
    ]
    results, account = results_from({"results": rows, "account": None}, changes)
    assert account is None
    assert [(r.change.entitlement, r.attempts, r.account) for r in results] == [("a", 1, "x"), ("b", 0, "x")]


def test_what_stands_in_for_the_ledger_keeps_the_account_as_it_was_read_back():
    stand_in = NotRecorded()
    assert list(stand_in.claim_many([("1", "hub")])) == [("1", "hub")]
    assert stand_in.account is None
    account = Account("hub", "x")
    stand_in.record_accounts([AccountRecord(account, "1")], None, NOW)
    assert stand_in.account is account


def test_what_stands_in_for_the_ledger_answers_whatever_carrying_out_asks_it():
    folder = pathlib.Path(fulfilment.__file__).parent
    texts = [path.read_text(encoding="utf-8") for path in folder.glob("*.py")]
    asked = {name for text in texts for name in re.findall(r"\bledger\.(\w+)\(", text)}
    assert {"intend", "grants", "settle"} <= asked
    assert [name for name in sorted(asked) if not callable(getattr(NotRecorded, name, None))] == []


def test_every_kind_of_change_shows_in_a_diff_and_has_words():
    for kind in ChangeKind:
        details = {"username": "ann.lee"} if kind is ChangeKind.CREATE else {}
        details = {"email": ["old@x", "new@x"]} if kind is ChangeKind.UPDATE else details
        details = {"to": "2"} if kind is ChangeKind.TRANSFER else details
        one = change(kind, "reader" if kind in (ChangeKind.GRANT, ChangeKind.REVOKE) else "", **details)
        (diff,) = diffs_of([one], PEOPLE)
        assert diff["before"] != diff["after"], kind
        assert diff["before_header"] == "ann.lee in hub"
        assert what(one)
    assert what(change(ChangeKind.UPDATE, email=["old@x", "new@x"])) == "update email to new@x"
    assert what(change(ChangeKind.CREATE, username="ann.lee")) == "create the account ann.lee"
    assert what(change(ChangeKind.SUSPEND)) == "suspend the account"
    assert what(change(ChangeKind.END_SESSIONS)) == "end sessions"


def test_a_diff_is_one_per_account_with_all_of_its_lines():
    diffs = diffs_of([change(entitlement="a"), change(ChangeKind.REVOKE, "b"), change(ChangeKind.SUSPEND)], {})
    assert diffs == [
        {
            "before_header": "1 in hub",
            "after_header": "1 in hub",
            "before": "entitlement: b\nstate: active\n",
            "after": "entitlement: a\nstate: suspended\n",
        }
    ]


def test_every_end_of_a_change_has_words():
    assert set(WORDS) == set(SETTLED_STATES)
    line = result_line(ChangeResult(change(entitlement="a"), "deferred", "timed out"), PEOPLE)
    assert line == "ann.lee, hub: grant a - left for the next run (timed out)"
    line = result_line(ChangeResult(change(entitlement="a"), "task", "no seats", task="T1"), PEOPLE)
    assert line == "ann.lee, hub: grant a - opened as a task T1"


def test_a_result_names_the_account_that_was_made():
    data = result_data(ChangeResult(change(ChangeKind.CREATE, account=""), "verified", account="x"), PEOPLE)
    assert (data["person"], data["account"], data["because"]) == ("ann.lee", "x", ["rule r (policy 1): why"])
    json.dumps(data)


def test_a_plan_reads_line_by_line_with_its_reasons():
    assert plan_lines(Plan((change(entitlement="a"),)), PEOPLE) == ["ann.lee, hub: grant a - rule r (policy 1): why"]
    assert finding_lines([Finding("x", "warning", "it is odd", todo="Look")]) == ["warning: it is odd. Look"]


def test_a_task_is_plain_values():
    task = Task("T1", "1", "hub", (change(entitlement="a"),), "o@x", "Title", "Do it", NOW, NOW, state="open")
    data = task_data(task, PEOPLE)
    assert json.loads(json.dumps(data)) == data
    assert (data["person"], data["ended_at"], data["items"][0]["kind"]) == ("ann.lee", None, "grant")
