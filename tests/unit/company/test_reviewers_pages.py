# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reviewers' pages over the time of a campaign: by mail, for each stage, and taken in by the daily run."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
import json
import re
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.company import about_reviews, closing_reviews
from ansible_collections.rollcall.access.plugins.module_utils.company.following_reviews import (
    Followed,
    follow_reviews,
)
from ansible_collections.rollcall.access.plugins.module_utils.company.reviewers_pages import around, handed_in
from ansible_collections.rollcall.access.plugins.module_utils.company.telling import tell
from ansible_collections.rollcall.access.plugins.module_utils.desks.digests import Happenings
from ansible_collections.rollcall.access.plugins.module_utils.reviews.packet import Packet, packets
from ansible_collections.rollcall.access.tests.unit.company.campaigns import (
    ANN,
    EVE,
    HUB,
    PEOPLE,
    TWO,
    opened,
    reconcile,
    review,
    settings,
)
from ansible_collections.rollcall.access.tests.unit.company.place import Place
from ansible_collections.rollcall.access.tests.unit.desks.post_office import mail_server
from ansible_collections.rollcall.access.tests.unit.reviews.saving import document, token_for

NOON = dt.datetime(2026, 6, 3, 12, 0, tzinfo=dt.timezone.utc)


@pytest.fixture
def place(place: Place) -> Place:
    more = "".join(f"{n},Gus,Ito{n},g{n}@acme.example,Seller,Sales,5,2018-01-01,,employee,Active\n" for n in (7, 8))
    place.write("people.csv", PEOPLE + more)
    reconcile(place, "2026-06-01")
    return place


@pytest.fixture
def mail():
    with mail_server() as server:
        yield server


def packet(place: Place, reviewer: str, stage: int = 0) -> Packet:
    company = place.open(as_of="2026-06-03")
    known = about_reviews.reviewers_of(company)
    found = packets(review(place), around(company), NOON, reviewers=known)
    return next(one for one in found if (one.reviewer, one.stage) == (reviewer, stage))


def saved(place: Place, reviewer: str, *, pace: float = 9.0, stage: int = 0, only: int = 0, **answer: str) -> str:
    """What the page of a reviewer saves when every item, or the first ``only``, has the same answer."""
    one = packet(place, reviewer, stage)
    answers = {
        shown.item.id: {"decision": "keep", "reason": "seen", "after": pace * number, **answer}
        for number, shown in enumerate(one.items[: only or None], start=1)
    }
    made = document(one, token_for(place.open().ledger, one), answers, NOON)
    return json.dumps(made)


def follow(place: Place, day: str) -> Followed:
    company = place.open(as_of=day)
    return follow_reviews(company, place.run(company), decisions=place.path / "decisions")


def told(place: Place, day: str) -> t.Any:
    company = place.open(as_of=day)
    run = place.run(company)
    return tell(company, run, Happenings(reviews=follow_reviews(company, run).news()))


def pages_in(mail) -> dict[str, list[tuple[str, str]]]:
    """The attachments of each recipient's mails: names and texts."""
    found: dict[str, list[tuple[str, str]]] = {}
    for one in mail.envelopes:
        parsed = email.message_from_bytes(one.content, policy=email.policy.default)
        for part in parsed.iter_attachments():
            text = part.get_payload(decode=True).decode()
            found.setdefault(",".join(one.rcpt_tos), []).append((part.get_filename(), text))
    return found


def test_a_mail_to_a_reviewer_brings_their_page_where_the_settings_say_so(place, mail):
    settings(place, f"\nnotifications:\n  review_pages: true\n  routes:\n    owner: {mail.url()!r}\n")
    opened(place)
    assert told(place, "2026-06-03").findings == ()
    found = pages_in(mail)
    assert set(found) == {ANN, EVE, HUB}
    ((name, page),) = found[EVE]
    assert name == "q2-eve@acme.example.html"
    assert "Bob Ray" in page
    assert '"reviewer":"eve@acme.example"' in page
    # what the page saves is taken in like any other's
    token = json.loads(re.search(r'"token":(\{.*?\})', page)[1])
    assert token == packet_token(place, EVE)
    assert not any("Ann Lee" in text for _name, text in found[EVE])


def test_a_mail_of_the_daily_run_brings_the_page_of_the_next_stage(place, mail):
    settings(place, f"\nnotifications:\n  review_pages: true\n  routes:\n    owner: {mail.url()!r}\n")
    opened(place, stages=TWO)
    told(place, "2026-06-03")
    before = len(pages_in(mail)[HUB])
    place.write("decisions/q2/eve.json", saved(place, EVE))
    place.write("decisions/q2/ann.json", saved(place, ANN))
    place.write("decisions/q2/hub.json", saved(place, HUB))
    follow(place, "2026-06-04")
    assert told(place, "2026-06-04").findings == ()
    name, page = pages_in(mail)[HUB][before:][0]
    assert name == f"q2-{HUB}-stage-2.html"
    assert "Bob Ray" in page


def packet_token(place: Place, reviewer: str) -> dict[str, t.Any]:
    return token_for(place.open().ledger, packet(place, reviewer)).to_dict()


def test_without_the_setting_a_mail_brings_nothing(place, mail):
    settings(place, f"\nnotifications:\n  routes:\n    owner: {mail.url()!r}\n")
    opened(place)
    assert told(place, "2026-06-03").sent == 3
    assert pages_in(mail) == {}


def test_a_channel_of_many_gets_no_page(place, mail):
    url = mail.url().replace("{address}", "all@acme.example")
    settings(place, f"\nnotifications:\n  review_pages: true\n  routes:\n    owner: {url!r}\n")
    opened(place)
    assert told(place, "2026-06-03").sent == 3
    assert pages_in(mail) == {}


def test_the_daily_run_takes_in_what_a_page_saved_once(place):
    opened(place)
    place.write("decisions/q2/decisions-q2-eve.json", saved(place, EVE))
    first = follow(place, "2026-06-04")
    assert first.problems == []
    assert first.decided == {"q2": len(packet(place, EVE).items)}
    assert {item.decided_by for item in review(place).items if item.decision} == {EVE}
    assert follow(place, "2026-06-05").taken_in == []
    assert [one["reviewer"] for one in handed_in(place.open(), "q2")] == [EVE]


def test_what_is_wrong_is_said_every_day_and_decides_nothing(place):
    opened(place)
    place.write("decisions/q2/decisions-q2-eve.json", saved(place, EVE).replace('"seen"', '"unseen"', 1))
    for day in ("2026-06-04", "2026-06-05"):
        found = follow(place, day)
        assert any("altered after the page saved it" in problem for problem in found.problems)
    assert not any(item.decision for item in review(place).items)
    assert handed_in(place.open(), "q2") == ()


def test_somebody_elses_page_decides_on_nothing_of_ours(place):
    opened(place)
    before = saved(place, EVE)
    company = place.open(as_of="2026-06-03")
    moved = [item.id for item in review(place).items if item.reviewer == EVE]
    # all that was Eve's is Ann's now
    items = tuple(
        item if item.id not in moved else type(item)(**{**fields(item), "reviewer": HUB})
        for item in review(place).items
    )
    changed = type(review(place))(**{**fields(review(place)), "items": items})
    company.ledger.save_review(changed, "review.handed_over", place.run(company), company.clock.now())
    place.write("decisions/q2/eve.json", before)
    found = follow(place, "2026-06-04")
    assert any("none of its items is eve@acme.example's to decide any more" in problem for problem in found.problems)


def fields(value: t.Any) -> dict[str, t.Any]:
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


def test_each_stage_has_its_pages_when_the_review_is_opened_again(place):
    opened(place, stages=TWO, directory=place.path / "sheets")
    files = {path.name for path in (place.path / "sheets").glob("*.html")}
    assert "eve@acme.example-stage-1.html" in files
    assert {path.stat().st_mode & 0o777 for path in (place.path / "sheets").iterdir()} == {0o640}
    for reviewer in (EVE, ANN, HUB):
        place.write(f"decisions/q2/{reviewer}.json", saved(place, reviewer))
    assert follow(place, "2026-06-04").problems == []
    opened(place, "2026-06-04", stages=TWO, directory=place.path / "sheets")
    files = {path.name for path in (place.path / "sheets").glob("*.html")}
    assert "hub@acme.example-stage-2.html" in files
    # a sheet of the first stage may be being filled in; the second one has its own, of what has come so far
    sheets = {path.name: path for path in (place.path / "sheets").glob("*.csv")}
    assert {path.stat().st_mode & 0o777 for path in sheets.values()} == {0o640}
    waiting = [item.id for item in review(place).items if (item.reviewer, item.stage) == (HUB, 1)]
    there = sheets["hub@acme.example-stage-2.csv"].read_text().splitlines()[1:]
    assert sorted(line.partition(",")[0] for line in there) == sorted(waiting)
    assert "hub@acme.example-stage-2.csv" in (place.path / "sheets/hub@acme.example-stage-2.html").read_text()
    second = packet(place, HUB, stage=1)
    assert all(one.stages[0].startswith("stage 1: keep, decided by") for one in second.items)


def test_rubber_stamping_is_a_finding_and_stands_in_the_record(place):
    opened(place, reviewer=HUB)
    place.write("decisions/q2/hub.json", saved(place, HUB, pace=0.2))
    found = follow(place, "2026-06-04")
    assert "rubber_stamped" in [finding.code for finding in found.findings]
    (one,) = handed_in(place.open(), "q2")
    assert one["rubber_stamped"].endswith("most of them in less than 1 second each")
    company = place.open(as_of="2026-06-12")
    done = closing_reviews.close(company, place.run(company), "q2", directory=place.path / "record")
    assert done.review.state == "closed"
    assert {path.stat().st_mode & 0o777 for path in (place.path / "record").iterdir()} == {0o640}
    record = json.loads((place.path / "record/q2.json").read_text())
    assert record["handed_in"][0]["rubber_stamped"] == one["rubber_stamped"]
