# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Jira's desks do beyond what all desks do."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.desks.contract import Desk, Letter
from ansible_collections.rollcall.access.plugins.module_utils.desks.products import jira_text
from ansible_collections.rollcall.access.plugins.module_utils.desks.registry import build
from ansible_collections.rollcall.access.plugins.module_utils.errors import PolicyError, Refused
from ansible_collections.rollcall.access.tests.conformance.desks import jira as case
from ansible_collections.rollcall.access.tests.conformance.desks import jira_service_management as requests
from ansible_collections.rollcall.access.tests.conformance.fake import route

LETTER = Letter(
    "0a1b2c3d4e",
    "Give Jane access to CRM [rollcall 0a1b2c3d4e]",
    "Please",
    "jane@acme.example",
    dt.datetime(2026, 3, 2, 16, tzinfo=dt.timezone.utc),
)


class Odd(case.JiraFake):
    """A Jira that can be made odd."""

    def reset(self) -> None:
        super().reset()
        self.shy: set[str] = set()
        self.failing: set[str] = set()
        self.ways: tuple[str, ...] = tuple(self.categories)
        self.asked: dict[str, t.Any] = {}

    def person(self, address: str) -> case.Body | None:
        found = super().person(address)
        if found and address in self.shy:
            del found["emailAddress"]
            found["displayName"] = "ceo@acme.example"  # as anybody may call oneself
        return found

    def transition(self, number: int, name: str) -> case.Body:
        found = super().transition(number, name)
        return {**found, "isAvailable": name in self.ways, "fields": {**found["fields"], **self.asked}}

    @route("POST", "/rest/api/3/issue/bulkfetch")
    def bulk_fetch(self, request: t.Any) -> t.Any:
        status, body = super().bulk_fetch(request)
        failed = [one for one in body["issues"] if one["key"] in self.failing]
        body["issues"] = [one for one in body["issues"] if one not in failed]
        body["issueErrors"] = [{"id": one["id"], "errorMessage": "Try again"} for one in failed]
        return status, body


@pytest.fixture(scope="module")
def serving() -> t.Iterator[Odd]:
    with Odd().serving() as fake:
        yield fake


@pytest.fixture
def jira(serving: Odd) -> t.Iterator[Odd]:
    serving.reset()
    yield serving
    assert serving.problems == []


@pytest.fixture
def desk(jira: Odd) -> t.Iterator[Desk]:
    desk = connected(case.JiraCase(), jira.port)
    yield desk
    desk.close_session()


def connected(of: case.JiraCase, port: int, **changed: t.Any) -> Desk:
    settings = dataclasses.replace(of.settings(port), **changed)
    return build(settings, settings.connection)


def issue(fake: case.JiraFake, reference: str) -> case.Body:
    found = fake.by_key(reference)
    assert found is not None
    return found


# ---- opening


def test_an_issue_has_label_due_date_and_the_priority_of_an_emergency(jira: Odd, desk: Desk) -> None:
    calm = issue(jira, desk.open(LETTER).reference)
    urgent = issue(jira, desk.open(dataclasses.replace(LETTER, task="f" * 10, urgency="emergency")).reference)
    assert (calm["labels"], calm["duedate"], calm["priority"]) == (["rollcall-0a1b2c3d4e"], "2026-03-02", "Medium")
    assert urgent["priority"] == "Highest"


def test_a_long_title_keeps_the_id_at_its_end(desk: Desk) -> None:
    made = desk.open(dataclasses.replace(LETTER, title=f"{'long ' * 80}[rollcall 0a1b2c3d4e]"))
    assert len(made.title) == 255
    assert made.title.endswith("[rollcall 0a1b2c3d4e]")


def test_what_is_missing_to_open_an_issue_is_named(jira: Odd, desk: Desk) -> None:
    jira.lacking.add("CREATE_ISSUES")
    with pytest.raises(Refused, match="the permission Create issues is missing"):
        desk.open(LETTER)
    jira.lacking.clear()
    with pytest.raises(Refused, match="no issue type 'Story'; it has Bug, Task"):
        desk.open(dataclasses.replace(LETTER, place={"issue_type": "Story"}))
    with pytest.raises(Refused, match='the project "GONE" is not there'):
        desk.open(dataclasses.replace(LETTER, place={"project": "GONE"}))


def test_somebody_who_hides_the_address_owns_a_ticket_only_where_nobody_else_is_found(jira: Odd, desk: Desk) -> None:
    jira.shy = {"omar@acme.example"}
    made = desk.open(dataclasses.replace(LETTER, owner="omar@acme.example"))
    assert issue(jira, made.reference)["assignee"] == "omar@acme.example"
    assert made.assignee == "ceo@acme.example (5b10-2)"
    # two people begin with this address, and neither says which is which
    jira.shy = {"jane@acme.example", "jane@acme.example.org"}
    assert desk.reassign(made.reference, "jane@acme.example") is False


def test_a_name_that_is_an_address_is_not_taken_for_one(jira: Odd, desk: Desk) -> None:
    made = desk.open(LETTER)
    jira.shy = {"omar@acme.example"}
    jira.people_reply(made.reference, "done", "omar@acme.example")
    asked = jira.people_ask("Access", "app: crm", "omar@acme.example")
    assert [reply.by for reply in desk.replies(made.reference)] == ["ceo@acme.example (5b10-2)"]
    assert [(one.reference, one.requester) for one in desk.requested()] == [(asked, "")]


# ---- finding and reading


def test_a_clone_with_our_label_is_not_ours(jira: Odd, desk: Desk) -> None:
    made = desk.open(LETTER)
    clone = jira.people_open(f"CLONE - {LETTER.title}", "Please", "jane@acme.example")
    issue(jira, clone)["labels"] = ["rollcall-0a1b2c3d4e"]
    jira.touched(issue(jira, clone), known=True)
    assert [ticket.reference for ticket in desk.find([LETTER.task])] == [made.reference]


def test_an_issue_that_cannot_be_returned_now_is_asked_for_by_itself(jira: Odd, desk: Desk) -> None:
    made, other = desk.open(LETTER), desk.open(dataclasses.replace(LETTER, task="f" * 10))
    jira.failing = {made.reference}
    assert set(desk.read([made.reference, other.reference])) == {made.reference, other.reference}


def test_a_status_in_an_open_category_is_open_and_another_unknown_one_means_nothing(
    jira: Odd, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = desk.open(LETTER)
    assert desk.settings.states == {}
    for category, meaning in (("indeterminate", "open"), ("done", "")):
        monkeypatch.setattr(jira, "categories", {**case.CATEGORIES, "Being looked at": category})
        issue(jira, made.reference)["status"] = "Being looked at"
        fresh = connected(case.JiraCase(), jira.port)
        assert fresh.meaning(fresh.read([made.reference])[made.reference]) == meaning
        fresh.close_session()


def test_a_field_must_be_named_so_that_it_is_one(jira: Odd) -> None:
    desk = connected(case.JiraCase(), jira.port, fields={"note": "Notes"})
    with pytest.raises(Refused, match="no field is called 'Notes'"):
        desk.read(["OPS-1"])
    desk.close_session()


# ---- closing


def test_a_workflow_with_one_end_takes_every_end(jira: Odd, desk: Desk) -> None:
    jira.ways = ("To Do", "In Progress", "Released")
    desk = connected(case.JiraCase(), jira.port, states={"done": ("Released",)})
    made = desk.open(LETTER)
    desk.close(made.reference, "declined", "Declined: she leaves")
    assert issue(jira, made.reference)["status"] == "Released"
    assert "Declined: she leaves" in jira.shown(made.reference)
    desk.close_session()


def test_where_no_transition_leads_nothing_is_written_and_the_error_says_which_there_are(jira: Odd, desk: Desk) -> None:
    made = desk.open(LETTER)
    jira.asked = {"customfield_10060": {"name": "Cost centre", "required": True, "hasDefaultValue": False}}
    with pytest.raises(Refused, match=r"there are: .*Done \(asks for Cost centre\)"):
        desk.close(made.reference, "done", "Done")
    assert "Done" not in jira.shown(made.reference)


# ---- signing in


def test_a_token_without_an_address_is_that_of_data_center() -> None:
    settings = case.JiraCase().settings(1)
    plain = {name: value for name, value in settings.connection.items() if name != "email"}
    for connection, version in ((settings.connection, "3"), (plain, "2"), ({**plain, "api_version": "3"}, "3")):
        assert build(settings, connection).api.version == version  # type: ignore[attr-defined]
    with pytest.raises(PolicyError, match="expected one of 2, 3"):
        build(settings, {**plain, "api_version": "4"})


# ---- Service Management


@pytest.fixture
def service() -> t.Iterator[requests.ServiceManagementFake]:
    with requests.ServiceManagementFake().serving() as fake:
        fake.reset()
        yield fake
        assert fake.problems == []


def test_a_request_is_raised_on_behalf_of_whom_it_is_for(service: requests.ServiceManagementFake) -> None:
    desk = connected(requests.JiraServiceManagementCase(), service.port)
    known = desk.open(dataclasses.replace(LETTER, requester="omar@acme.example"))
    unknown = desk.open(dataclasses.replace(LETTER, task="f" * 10, requester="new@acme.example"))
    stranger = desk.open(dataclasses.replace(LETTER, task="e" * 10, requester="jane@acme.example"))
    assert service.customers() == {
        known.reference: "omar@acme.example",
        unknown.reference: case.ROLLCALL,
        stranger.reference: case.ROLLCALL,
    }
    assert issue(service, known.reference)["labels"] == ["rollcall-0a1b2c3d4e"]
    assert [ticket.reference for ticket in desk.find([LETTER.task])] == [known.reference]
    desk.close_session()


def test_a_request_without_its_label_is_found_by_the_end_of_its_title(service: requests.ServiceManagementFake) -> None:
    desk = connected(requests.JiraServiceManagementCase(), service.port)
    made = desk.open(LETTER)
    issue(service, made.reference)["labels"] = []
    service.touched(issue(service, made.reference), known=True)
    service.fill(200)
    assert [ticket.reference for ticket in desk.find([LETTER.task])] == [made.reference]
    desk.close_session()


def test_a_request_type_that_is_not_there_is_named(service: requests.ServiceManagementFake) -> None:
    desk = connected(requests.JiraServiceManagementCase(), service.port)
    with pytest.raises(Refused, match="it has Access to an app, Manual work"):
        desk.open(dataclasses.replace(LETTER, place={"request_type": "Manuel work"}))
    desk.close_session()


# ---- texts


@pytest.mark.parametrize(
    ("node", "text"),
    [
        ({"type": "mention", "attrs": {"id": "5b10", "text": "@Jane"}}, "@Jane"),
        ({"type": "emoji", "attrs": {"shortName": ":ok:"}}, ":ok:"),
        ({"type": "inlineCard", "attrs": {"url": "https://a.example"}}, "https://a.example"),
        ({"type": "date", "attrs": {"timestamp": "1772409600000"}}, "2026-03-02"),
        ({"type": "status", "attrs": {"text": "DONE"}}, "DONE"),
        ({"type": "text", "text": "done", "marks": [{"type": "strong"}]}, "done"),
    ],
)
def test_what_stands_in_a_document_is_read_as_text(node: t.Any, text: str) -> None:
    assert jira_text.plain({"type": "doc", "content": [{"type": "paragraph", "content": [node]}]}) == text


def test_lists_tables_and_quotations_are_read_line_by_line() -> None:
    def said(text: str) -> t.Any:
        return {"type": "paragraph", "content": [{"type": "text", "text": text}]}

    rows = [{"type": "tableRow", "content": [{"type": "tableCell", "content": [said(one)]} for one in "ab"]}]
    document = {
        "type": "doc",
        "content": [
            {"type": "blockquote", "content": [said("When it is done, reply so.")]},
            {"type": "bulletList", "content": [{"type": "listItem", "content": [said("account: jane")]}]},
            {"type": "table", "content": rows},
            {"type": "mediaSingle", "content": [{"type": "media", "attrs": {"id": "1"}}]},
            {"type": "paragraph"},
            said("done"),
        ],
    }
    assert jira_text.plain(document) == "> When it is done, reply so.\naccount: jane\na | b\ndone"


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("{quote}one\ntwo{quote}\ndone", "> one\n> two\n\ndone"),
        ("bq. one\ndone", "> one\ndone"),
        (r"account: jane\_doe", "account: jane_doe"),
        ("account: {{jane_doe}}", "account: jane_doe"),
        ("*done* [~omar], see [the page|https://a.example]", "done @omar, see the page"),
        ("{color:red}done{color}", "done"),
        ("&#91;~omar&#93;", "[~omar]"),
        ("[mailto:jane@acme.example]", "jane@acme.example"),
    ],
)
def test_wiki_markup_is_read_as_what_it_shows(markup: str, text: str) -> None:
    assert jira_text.plain_wiki(markup) == text


@pytest.mark.parametrize("text", ["2026-03-02 16:00", "jane.doe@acme.example", "Reply (empty: as asked above) so."])
def test_dates_names_and_sentences_stay_legible_in_wiki_markup(text: str) -> None:
    assert jira_text.wiki(text) == text
