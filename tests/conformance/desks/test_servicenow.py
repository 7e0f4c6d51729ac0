# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ServiceNow's desk does beyond what all desks do."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.desks.contract import Desk, Letter
from ansible_collections.rollcall.access.plugins.module_utils.desks.products.servicenow_rows import number_of
from ansible_collections.rollcall.access.plugins.module_utils.desks.registry import build
from ansible_collections.rollcall.access.plugins.module_utils.errors import Broken, PolicyError, Refused
from ansible_collections.rollcall.access.tests.conformance.desks import servicenow as case
from ansible_collections.rollcall.access.tests.conformance.fake import Request, route
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY

LETTER = Letter(
    "0a1b2c3d4e",
    "Give Jane access to CRM [rollcall 0a1b2c3d4e]",
    "Please",
    "jane@acme.example",
    dt.datetime(2026, 3, 2, 16, tzinfo=dt.timezone.utc),
)


class Odd(case.ServiceNowFake):
    """An instance that can be made odd, and knows OAuth."""

    def reset(self) -> None:
        super().reset()
        self.ignores_queries = self.resets_states = False
        self.grants: list[str] = []

    def matching(self, table: str, query: str) -> list[case.Row]:
        return super().matching(table, "" if self.ignores_queries and table == "task" else query)

    def set_state(self, row: case.Row, state: str, by: str) -> None:
        super().set_state(row, "2" if self.resets_states else state, by)

    def authenticate(self, request: Request) -> None:
        if request.path != "/oauth_token.do" and request.headers.get("Authorization") != f"Bearer token-{CANARY}":
            super().authenticate(request)

    @route("POST", "/oauth_token.do", specified=False)
    def token(self, request: Request) -> t.Any:
        self.grants.append(request.form["grant_type"])
        return 200, {"access_token": f"token-{CANARY}", "expires_in": 1799}


@pytest.fixture(scope="module")
def serving() -> t.Iterator[Odd]:
    with Odd().serving() as fake:
        yield fake


@pytest.fixture
def instance(serving: Odd) -> t.Iterator[Odd]:
    serving.reset()
    yield serving
    assert serving.problems == []


@pytest.fixture
def desk(instance: Odd) -> t.Iterator[Desk]:
    desk = connected(instance.port)
    yield desk
    desk.close_session()


def connected(port: int, connection: t.Mapping[str, t.Any] | None = None, **changed: t.Any) -> Desk:
    settings = dataclasses.replace(case.ServiceNowCase().settings(port), **changed)
    return build(settings, {**settings.connection, **(connection or {})})


# ---- opening


def test_an_incident_says_whose_it_is_for_whom_and_until_when(instance: Odd, desk: Desk) -> None:
    place = {"assignment_group": "Access requests"}
    letter = dataclasses.replace(LETTER, urgency="emergency", requester="omar@acme.example", place=place)
    row = instance.numbered(desk.open(letter).reference)
    assert (row["correlation_id"], row["correlation_display"]) == ("0a1b2c3d4e", "rollcall")
    assert (row["due_date"], row["urgency"]) == ("2026-03-02 16:00:00", "1")
    assert row["caller_id"] == instance.user("omar@acme.example")["sys_id"]
    assert row["assignment_group"] == instance.group


def test_without_a_requester_the_caller_is_rollcalls_own_user(instance: Odd, desk: Desk) -> None:
    row = instance.numbered(desk.open(LETTER).reference)
    assert row["caller_id"] == instance.user("rollcall@acme.example")["sys_id"]
    assert "urgency" not in row


def test_two_active_users_of_one_address_own_nothing(instance: Odd, desk: Desk) -> None:
    instance.put("sys_user", "system", user_name="jane2", email="jane@acme.example", active="true")
    assert desk.open(LETTER).assignee == ""


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ({"assignment_group": "Access request"}, "expected one active group 'Access request', found 0"),
        ({"assignment_group": "a^active=false"}, "cannot be looked for"),
        ({"table": "incident?x=1"}, "expected the name of a table"),
        ({"table": "../sys_user"}, "expected the name of a table"),
    ],
)
def test_a_place_that_is_none_is_refused(desk: Desk, place: dict[str, str], said: str) -> None:
    with pytest.raises(Refused, match=said.replace("?", r"\?")):
        desk.open(dataclasses.replace(LETTER, place=place))


def test_a_long_title_keeps_the_id_at_its_end(desk: Desk) -> None:
    made = desk.open(dataclasses.replace(LETTER, title=f"{'long ' * 80}[rollcall 0a1b2c3d4e]"))
    assert len(made.title) == 160
    assert made.title.endswith("[rollcall 0a1b2c3d4e]")


# ---- reading


def test_a_query_that_the_instance_left_out_is_noticed(instance: Odd, desk: Desk) -> None:
    made = desk.open(LETTER)
    instance.fill(2)
    instance.ignores_queries = True
    attempts: list[t.Callable[[], t.Any]] = [
        lambda: list(desk.find([LETTER.task])),
        lambda: desk.read([made.reference]),
        lambda: desk.comment(made.reference, "Hello"),
    ]
    for attempt in attempts:
        with pytest.raises(Broken, match="not asked for"):
            attempt()


def test_a_copy_of_a_task_with_its_correlation_is_not_ours(instance: Odd, desk: Desk) -> None:
    made = desk.open(LETTER)
    copy = instance.people_open(LETTER.title, "Please", "jane@acme.example")
    instance.numbered(copy).update(correlation_id=LETTER.task, correlation_display="rollcall")
    assert [ticket.reference for ticket in desk.find([LETTER.task])] == [made.reference]
    assert desk.read([copy])[copy].task == ""


def test_journals_and_files_that_are_hidden_are_refused(instance: Odd, desk: Desk, monkeypatch: t.Any) -> None:
    made = desk.open(LETTER)
    instance.people_reply(made.reference, "done", "jane@acme.example")
    bean = instance.bean

    def list_rows(request: Request, table: str) -> t.Any:
        rows = instance.matching(table, request.args["sysparm_query"])
        shown = [] if table == "sys_journal_field" else [bean(row, request) for row in rows]
        return 200, {"result": shown}, {"X-Total-Count": str(len(rows))}

    monkeypatch.setattr(instance, "list_rows", list_rows)
    with pytest.raises(Refused, match=r"0 of 1 rows of sys_journal_field .* read access to sys_journal_field"):
        desk.replies(made.reference)


def test_html_and_mentions_in_a_reply_are_read_as_text(instance: Odd, desk: Desk) -> None:
    made = desk.open(LETTER)
    text = f"[code]<p>account: <b>jane</b></p>[/code]\r\nthanks @[{'a' * 32}:Omar]"
    instance.people_reply(made.reference, text, "jane@acme.example")
    (reply,) = desk.replies(made.reference)
    assert reply.text.split("\n") == ["account: jane", "thanks @Omar"]


def test_who_asks_for_access_is_who_opened_the_task(instance: Odd, desk: Desk) -> None:
    asked = instance.people_ask("Access", "app: crm", "omar@acme.example")
    instance.numbered(asked)["caller_id"] = instance.user("jane@acme.example")["sys_id"]
    assert [(one.reference, one.requester) for one in desk.requested()] == [(asked, "omar@acme.example")]


def test_requests_need_a_group(instance: Odd) -> None:
    desk = connected(instance.port, requests={"table": "incident"})
    with pytest.raises(Refused, match="Name the assignment_group"):
        list(desk.requested())
    desk.close_session()


# ---- writing


def test_what_would_be_html_or_a_mention_in_a_journal_is_text(instance: Odd, desk: Desk) -> None:
    made = desk.open(LETTER)
    text = f"[code]<b>x</b>[/code] [CODE]y[/CODE] @omar @[{'a' * 32}:Omar] jane@acme.example"
    desk.comment(made.reference, text)
    assert instance.reached(made.reference) == []
    assert text in instance.shown(made.reference)
    assert "jane@acme.example" in instance.journal(made.reference)[0]


def test_comments_go_where_the_catalog_says(instance: Odd) -> None:
    desk = connected(instance.port, {"journal": "comments"})
    desk.comment(desk.open(LETTER).reference, "Hello")
    assert [row["element"] for row in instance.tables["sys_journal_field"].values()] == ["comments"]
    desk.close_session()
    with pytest.raises(PolicyError, match="expected one of work_notes, comments"):
        connected(instance.port, {"journal": "description"})


@pytest.mark.parametrize(
    ("meaning", "state", "code"), [("done", "6", "Solution provided"), ("declined", "8", "No resolution provided")]
)
def test_an_incident_is_closed_with_code_and_notes(
    instance: Odd, desk: Desk, meaning: str, state: str, code: str
) -> None:
    made = desk.open(LETTER)
    desk.close(made.reference, meaning, "So it is")
    row = instance.numbered(made.reference)
    assert (row["state"], row["close_code"], row["close_notes"]) == (state, code, "So it is")


def test_a_resolution_code_of_the_catalog_resolves_an_incident(instance: Odd) -> None:
    desk = connected(instance.port, states={"declined": ("Known error",)})
    made = desk.open(LETTER)
    desk.close(made.reference, "declined", "No")
    assert instance.numbered(made.reference)["state"] == "6"
    assert desk.read([made.reference])[made.reference].state == "Known error"
    desk.close_session()


@pytest.mark.parametrize(("meaning", "state"), [("done", "3"), ("declined", "4"), ("cancelled", "4")])
def test_a_catalog_task_has_states_of_its_own(instance: Odd, desk: Desk, meaning: str, state: str) -> None:
    made = desk.open(dataclasses.replace(LETTER, place={"table": "sc_task"}))
    desk.close(made.reference, meaning, "So it is")
    desk.close(made.reference, meaning, "Again")
    assert instance.numbered(made.reference)["state"] == state
    assert "Again" not in instance.shown(made.reference)
    desk.reopen(made.reference, "Not yet")
    assert instance.numbered(made.reference)["state"] == "2"


def test_a_state_that_was_not_taken_is_an_error(instance: Odd, desk: Desk) -> None:
    made = desk.open(LETTER)
    instance.resets_states = True
    with pytest.raises(Refused, match="the state is 'In Progress' now, not '6'"):
        desk.close(made.reference, "done", "So")


def test_a_data_policy_is_no_missing_role(instance: Odd, desk: Desk) -> None:
    made = desk.open(LETTER)
    with pytest.raises(Refused, match="Data Policy Exception") as caught:
        desk.close(made.reference, "done", "")
    assert "itil" not in str(caught.value)
    assert "data policies" in str(caught.value)


def test_names_of_states_are_those_of_the_table() -> None:
    assert [number_of("incident", word) for word in ("Resolved", "resolved", "12", "Open", "Duplicate", "Odd")] == [
        "6",
        "6",
        "12",
        "",
        "",
        None,
    ]
    assert [number_of("u_task", word) for word in ("Open", "Resolved")] == ["1", ""]


# ---- signing in


def test_oauth_signs_in_by_either_grant(instance: Odd) -> None:
    client = {"client_id": "client", "client_secret": CANARY}
    for connection in ({**client, "username": "", "password": ""}, client):
        desk = connected(instance.port, connection)
        assert desk.read(["INC9999999"]) == {}
        desk.close_session()
    assert instance.grants == ["client_credentials", "password"]


@pytest.mark.parametrize("missing", [{"password": ""}, {"username": ""}, {"username": "", "password": ""}])
def test_half_a_credential_is_none(missing: dict[str, str]) -> None:
    with pytest.raises(PolicyError, match="username"):
        connected(1, missing)
