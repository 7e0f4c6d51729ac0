# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A review decided on its page, by playbooks: opened, saved, taken in once, in part, twice and wrongly, and closed."""

from __future__ import annotations

import datetime as dt
import html.parser
import json
import pathlib
import typing as t

import pytest
from ansible_collections.rollcall.access.tests.integration.support.company import NOTHING, CompanyDirectory
from ansible_collections.rollcall.access.tests.integration.support.running import Outcome
from ansible_collections.rollcall.access.tests.integration.support.scim import ScimServer
from ansible_collections.rollcall.access.tests.integration.support.small import TEMPLATE, everything, prepare
from ansible_collections.rollcall.access.tests.unit.reviews.saving import sealed

OPENED = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.timezone.utc)
GIA = "gia.vale@small.example"
PAGE = f"review/{GIA}.html"
SAVED = f"sent/decisions-2026-q1-{GIA}.json"


@pytest.fixture
def company(tmp_path: pathlib.Path, scim: ScimServer) -> CompanyDirectory:
    company = prepare(CompanyDirectory(TEMPLATE, tmp_path, scim))
    company.replace("rollcall.yml", "lead_time: 3d\n", "lead_time: 3d\nrehearsal: true\n")
    company.env["ROLLCALL_AS_OF"] = "2026-03-01"
    company.playbook("onboard").succeeded()
    return company


class _Data(html.parser.HTMLParser):
    """Finds the data block of a page."""

    text = ""
    _inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag == "script" and dict(attrs).get("id") == "data"

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.text += data

    def handle_endtag(self, tag: str) -> None:
        self._inside = False


def data_of(page: str) -> dict[str, t.Any]:
    found = _Data()
    found.feed(page)
    return json.loads(found.text)


def saved(data: dict[str, t.Any], answer: t.Callable[[str, str, int], dict[str, str]], pace: float) -> str:
    """What the page saves when each item of (person, entitlement, number) is answered, one every ``pace`` seconds."""
    rows = []
    for number, item in enumerate(data["items"], start=1):
        given = answer(data["people"][item[2]][0], data["things"][item[3]][1], number)
        at = OPENED + dt.timedelta(seconds=pace * number)
        row = {"item_id": item[0], "shown": item[1], "decision": "", "change_to": "", "reason": "", "how": "one"}
        row |= {"at": at.isoformat() if given.get("decision") else "", "looked": False, **given}
        rows.append(row)
    made = {key: data[key] for key in ("format", "version", "token")}
    made |= {"opened_at": OPENED.isoformat(), "saved_at": at.isoformat(), "decisions": rows}
    return json.dumps(sealed(made))


def opened(company: CompanyDirectory) -> Outcome:
    return company.playbook(
        "open_review",
        *("-e", "rollcall_review=2026-q1", "-e", '{"rollcall_scope": {"departments": ["Sales"]}}'),
        *("-e", "rollcall_directory=review", "-e", "rollcall_due=2026-03-10", "-e", "rollcall_undecided=keep"),
    ).succeeded()


def take_in(company: CompanyDirectory, name: str, *more: str, env: t.Mapping[str, str] = NOTHING) -> Outcome:
    given = ("-e", "rollcall_review=2026-q1", "-e", f"rollcall_decisions={name}")
    return company.playbook("decide_review", *given, *more, env=env)


def codes(outcome: Outcome) -> list[str]:
    return [finding["code"] for one in outcome.of("review") for finding in one.result.get("findings", ())]


def keep(_person: str, _what: str, _number: int) -> dict[str, str]:
    return {"decision": "keep"}


def test_a_review_is_decided_on_its_page_taken_in_and_closed(company: CompanyDirectory) -> None:
    outcome = opened(company)
    (result,) = (one.result for one in outcome.of("review"))
    assert [pathlib.Path(name).name for name in result["files"] if name.endswith(".html")].count(f"{GIA}.html") == 1
    page = company.read(PAGE)
    assert opened(company).changed == 0
    assert company.read(PAGE) == page
    data = data_of(page)
    assert len(data["items"]) > 10

    def answer(person: str, what: str, number: int) -> dict[str, str]:
        if (person, what) == ("Hugo Lind", "Sales"):
            return {"decision": "revoke", "reason": "no longer sells"}
        return {"decision": "keep"} if number % 4 else {}

    # half of it first, then the same file once more
    company.write(SAVED, saved(data, answer, pace=20.0))
    first = take_in(company, "sent").succeeded()
    assert first.changed == 1
    assert codes(first) == ["decisions_half_filled"]
    state = everything(company)
    assert take_in(company, "sent").succeeded().changed == 0
    assert everything(company) == state

    closed = company.playbook(
        "close_review", "-e", "rollcall_review=2026-q1", "-e", "rollcall_directory=evidence",
        env={"ROLLCALL_AS_OF": "2026-03-11"},
    ).succeeded()  # fmt: skip
    (result,) = [one.result for one in closed.of("review") if "review" in one.result]
    assert [(c["person"], c["kind"], c["entitlement"], c["state"]) for c in result["changes"]] == [
        ("hugo.lind", "revoke", "sales", "verified")
    ]
    record = json.loads(company.read("evidence/2026-q1.json"))
    (handed_in,) = record["handed_in"]
    assert (handed_in["reviewer"], handed_in["rubber_stamped"]) == (GIA, "")
    assert handed_in["pace"]["seconds"] == pytest.approx(20.0, abs=7)
    assert company.playbook("verify_ledger").succeeded().of("verify_ledger")[0].result["problems"] == []


def test_what_is_wrong_late_or_only_tried_changes_nothing(company: CompanyDirectory) -> None:
    opened(company)
    data = data_of(company.read(PAGE))
    whole = saved(data, keep, pace=0.2)
    company.write(SAVED, whole)
    state = everything(company)
    assert take_in(company, SAVED, "--check").succeeded().changed == 1
    late = take_in(company, SAVED, env={"ROLLCALL_AS_OF": "2026-03-11"})
    assert late.rc == 2
    assert "after the deadline" in late.output
    assert everything(company) == state

    company.write("sent/decisions-cut.json", whole[:-200])
    company.write("sent/decisions-altered.json", whole.replace('"keep"', '"revoke"', 1))
    company.write("sent/notes.txt", "not looked at")
    outcome = take_in(company, "sent")
    assert outcome.rc == 2
    for words in ("2 of 3 files were not taken", "decisions-cut.json", "cut off or altered", "altered after the page"):
        assert words in outcome.output
    # what was right is in, and that nobody can have read it is said
    again = take_in(company, SAVED).succeeded()
    assert again.changed == 0
    assert codes(again) == ["rubber_stamped"]

    company.write(SAVED, saved(data, lambda *_what: {"decision": "revoke"}, pace=9.0))
    late = take_in(company, SAVED, "-e", "rollcall_late=true", env={"ROLLCALL_AS_OF": "2026-03-11"}).succeeded()
    assert late.changed == 1
    assert codes(late) == ["decisions_late"]
