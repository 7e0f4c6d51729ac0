# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who stands in for a colleague gets what rules give the colleague: for a time, and not everything."""

from __future__ import annotations

import dataclasses
import datetime as dt
import pathlib
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import PolicyError
from ansible_collections.rollcall.access.plugins.module_utils.model import AccessException, Finding, Person, Status
from ansible_collections.rollcall.access.plugins.module_utils.policy.checking import check
from ansible_collections.rollcall.access.plugins.module_utils.policy.covering import Covered, cover_exceptions
from ansible_collections.rollcall.access.plugins.module_utils.policy.evaluation import evaluate
from ansible_collections.rollcall.access.plugins.module_utils.policy.loading import load_access
from ansible_collections.rollcall.access.plugins.module_utils.policy.organisation import Organisation
from ansible_collections.rollcall.access.plugins.module_utils.policy.preventing import refusals
from ansible_collections.rollcall.access.plugins.module_utils.policy.values import Access

from .conftest import Write

TODAY = dt.date(2026, 3, 15)
NOW = dt.datetime(2026, 3, 15, 9, tzinfo=dt.timezone.utc)
CATALOG = """
apps:
  pay:
    owners: {primary: pay@acme.example}
    entitlements: {prepare: {}, approve: {}, admin: {privileged: true}}
  crm:
    owners: {primary: crm@acme.example}
    entitlements: {user: {}, quota: {}}
"""
POLICY = """
version: "3"
rules:
  - {id: clerks, why: w, when: {title: Clerk}, grant: {pay: [prepare]}}
  - {id: heads, why: w, when: {title: Head}, grant: {pay: [approve, admin], crm: [user]}}
  - {id: sales, why: w, when: {title: Seller}, grant: {crm: [user, quota]}}
separation_of_duties:
  - {id: pay-and-approve, why: nobody pays themselves, never_together: ["pay:prepare", "pay:approve"]}
"""
KIM = Person(id="1", username="kim.wolf", email="kim@acme.example", name="Kim Wolf", title="Clerk", manager="4")
LEE = Person(id="2", username="lee.hart", email="lee@acme.example", name="Lee Hart", title="Head", manager="4")
SAM = Person(id="3", username="sam.cole", email="sam@acme.example", name="Sam Cole", title="Seller", manager="4")
BOSS = Person(id="4", username="bo.boss", email="bo@acme.example", name="Bo Boss", title="Chief")
EVERYBODY = (KIM, LEE, SAM, BOSS)
COVER = {
    "id": "summer",
    "person": "sam.cole",
    "for": "lee.hart",
    "reason": "parental leave",
    "approved_by": "bo@acme.example",
    "from": "2026-03-01",
    "until": "2026-03-31",
}

Company = t.Callable[..., Access]


@pytest.fixture
def company(write: Write, tmp_path: pathlib.Path) -> Company:
    def load(*covers: t.Mapping[str, t.Any]) -> Access:
        write("catalog/c.yml", CATALOG)
        write("policy/p.yml", POLICY)
        lines = "".join(f"  - {_flow(cover)}\n" for cover in covers)
        write("exceptions/e.yml", f"cover:\n{lines}")
        return load_access(*(tmp_path / name for name in ("catalog", "policy", "exceptions", "locks")))

    return load


def _flow(cover: t.Mapping[str, t.Any]) -> str:
    def shown(value: t.Any) -> str:
        if isinstance(value, bool):
            return str(value).lower()
        return f"[{', '.join(value)}]" if isinstance(value, list) else f'"{value}"'

    return "{" + ", ".join(f"{name}: {shown(value)}" for name, value in cover.items() if value is not None) + "}"


def covered(
    access: Access,
    *,
    today: dt.date = TODAY,
    exceptions: t.Sequence[AccessException] = (),
    left: t.Collection[Person] = (),
) -> Covered:
    return cover_exceptions(
        access.covers,
        exceptions=exceptions,
        policy=access.policy,
        catalog=access.catalog,
        organisation=Organisation(EVERYBODY),
        left=lambda person: person in left,
        today=today,
        now=NOW,
    )


def held(access: Access, person: Person, today: dt.date = TODAY) -> dict[tuple[str, str], list[str]]:
    wants = evaluate(
        person,
        status=Status.ACTIVE,
        policy=access.policy,
        catalog=access.catalog,
        exceptions=covered(access, today=today).exceptions,
        organisation=Organisation(EVERYBODY),
        today=today,
        now=NOW,
    )
    return {(grant.app, grant.entitlement): [str(one) for one in grant.because] for w in wants for grant in w.grants}


def checks(access: Access) -> list[str]:
    found: tuple[Finding, ...] = check(
        access.catalog, access.policy, (), (), EVERYBODY, today=TODAY, covers=access.covers
    )
    # what there is to say of this little policy without any cover
    return [
        f"{one.severity} {one.code}: {one.message}" for one in found if one.code not in ("not_given", "matches_nobody")
    ]


def test_cover_gives_what_rules_give_the_colleague_and_says_so(company: Company) -> None:
    access = company(COVER)
    assert held(access, SAM) == {
        ("crm", "user"): ["rule sales (policy 3): w", WHY],
        ("crm", "quota"): ["rule sales (policy 3): w"],
        ("pay", "approve"): [WHY],
    }
    assert held(access, LEE).keys() == {("pay", "approve"), ("pay", "admin"), ("crm", "user")}


WHY = "cover summer (policy 3): cover for Lee Hart until 2026-03-31: parental leave"


@pytest.mark.parametrize("day", ["2026-02-28", "2026-04-01"])
def test_it_begins_and_ends_by_itself(company: Company, day: str) -> None:
    assert ("pay", "approve") not in held(company(COVER), SAM, dt.date.fromisoformat(day))


@pytest.mark.parametrize("day", ["2026-03-01", "2026-03-31"])
def test_both_days_are_included(company: Company, day: str) -> None:
    assert ("pay", "approve") in held(company(COVER), SAM, dt.date.fromisoformat(day))


def test_privileged_access_is_covered_only_where_that_is_said(company: Company) -> None:
    assert "does not give sam.cole pay: admin, which is privileged" in covered(company(COVER)).findings[0].message
    access = company({**COVER, "privileged": True})
    assert held(access, SAM)["pay", "admin"] == [WHY]
    assert covered(access).findings == ()


def test_cover_for_some_apps(company: Company) -> None:
    assert held(company({**COVER, "apps": ["crm"]}), SAM).keys() == {("crm", "user"), ("crm", "quota")}


def test_what_a_duty_keeps_apart_is_not_covered(company: Company) -> None:
    access = company({**COVER, "person": "kim.wolf"})
    # a clerk who prepares stays one, and does not approve
    assert held(access, KIM).keys() == {("pay", "prepare"), ("crm", "user")}
    assert any("pay: approve, which a duty keeps apart" in one.message for one in covered(access).findings)


def test_nor_is_what_two_covers_would_bring_together(company: Company) -> None:
    access = company(COVER, {**COVER, "id": "winter", "for": "kim.wolf"})
    assert {pair for pair in held(access, SAM) if pair[0] == "pay"} == {("pay", "approve")}


def test_nor_what_an_exception_has_given_already(company: Company) -> None:
    had = AccessException("e", "3", (("pay", "prepare"),), "r", "3", "4", dt.date(2026, 3, 1), dt.date(2026, 3, 20))
    found = covered(company(COVER), exceptions=[had])
    assert found.exceptions[0].grants == (("crm", "user"),)
    over = dataclasses.replace(had, until=dt.date(2026, 3, 10))
    assert ("pay", "approve") in covered(company(COVER), exceptions=[over]).exceptions[0].grants


RISK = """
accepted_risks:
  - {id: small-team, duty: pay-and-approve, person: kim.wolf, owner: bo.boss, reason: two people in finance,
     from: "2026-03-10", until: "2026-03-20"}
"""


@pytest.mark.parametrize(
    ("day", "given"), [("2026-03-09", False), ("2026-03-10", True), ("2026-03-20", True), ("2026-03-21", False)]
)
def test_with_an_accepted_risk_it_is_covered_as_long_as_that_lasts(
    company: Company, monkeypatch: pytest.MonkeyPatch, day: str, given: bool
) -> None:
    monkeypatch.setitem(globals(), "POLICY", POLICY + RISK)
    access = company({**COVER, "person": "kim.wolf"})
    mine = held(access, KIM, dt.date.fromisoformat(day))
    assert (("pay", "approve") in mine) is given
    # the rest of the cover goes on, and so does what is Kim's own
    assert mine.keys() >= {("pay", "prepare"), ("crm", "user")}


def test_cover_to_come_is_judged_by_the_risk_of_its_first_day(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(globals(), "POLICY", POLICY + RISK)
    access = company({**COVER, "person": "kim.wolf", "from": "2026-03-20"})
    assert ("pay", "approve") in covered(access, today=dt.date(2026, 3, 9)).exceptions[0].grants
    access = company({**COVER, "person": "kim.wolf", "from": "2026-03-21"})
    assert ("pay", "approve") not in covered(access).exceptions[0].grants


def test_check_says_what_cover_will_not_give_once_the_risk_has_ended(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(globals(), "POLICY", POLICY + RISK)
    (said,) = [one for one in checks(company({**COVER, "person": "kim.wolf"})) if "exception_refused" in one]
    assert said.startswith(
        'warning exception_refused: the cover "summer" gives kim.wolf no pay: approve from 2026-03-21 on because of '
        "separation of duties: pay:prepare (rule clerks) and pay:approve (cover summer) together"
    )
    assert "the risk was accepted until 2026-03-20 (small-team)" in said


def test_an_exception_that_began_later_takes_nothing_from_the_cover(company: Company) -> None:
    later = AccessException("e", "3", (("pay", "prepare"),), "r", "3", "4", dt.date(2026, 3, 2), dt.date(2026, 3, 20))
    access = company(COVER)
    found = covered(access, exceptions=[later])
    assert found.exceptions[0].grants == (("crm", "user"), ("pay", "approve"))
    (refused,) = refusals(
        [(SAM, Status.ACTIVE)],
        policy=access.policy,
        catalog=access.catalog,
        exceptions=[later, *found.exceptions],
        organisation=Organisation(EVERYBODY),
        today=TODAY,
        now=NOW,
    )
    assert refused.exception is later


@pytest.mark.parametrize("start", ["2026-03-01", "2026-03-15"])
def test_what_was_taken_for_hours_takes_nothing_from_the_cover(company: Company, start: str) -> None:
    first = dt.date.fromisoformat(start)
    glass = AccessException(
        "a", "3", (("pay", "prepare"),), "r", "3", "policy", first, TODAY, kind="break_glass",
        ends_at=NOW + dt.timedelta(hours=2),
    )  # fmt: skip
    access = company({**COVER, "from": start})
    found = covered(access, exceptions=[glass])
    assert ("pay", "approve") in found.exceptions[0].grants
    assert not refusals(
        [(SAM, Status.ACTIVE)],
        policy=access.policy,
        catalog=access.catalog,
        exceptions=[glass, *found.exceptions],
        organisation=Organisation(EVERYBODY),
        today=TODAY,
        now=NOW,
    )


def test_nobody_stands_in_for_somebody_who_has_left(company: Company) -> None:
    found = covered(company(COVER), left=[LEE])
    assert found.exceptions[0].grants == ()
    assert [one.code for one in found.findings] == ["cover_empty"]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"approved_by": "sam.cole"}, "error self_approved"),
        ({"approved_by": "lee.hart", "requested_by": "bo.boss"}, "error self_approved"),
        ({"approved_by": "bo.boss", "requested_by": "bo@acme.example"}, "error self_approved"),
        ({"for": "sam@acme.example"}, "error cover_self"),
        ({"person": "sam.coel"}, "error unknown_person"),
        ({"for": "nobody"}, "error unknown_person"),
        ({"until": "2026-02-01"}, "error until_before_from"),
    ],
)
def test_what_is_wrong_gives_nothing_and_is_found(company: Company, changed: dict[str, str], expected: str) -> None:
    access = company({**COVER, **changed})
    assert ("pay", "approve") not in held(access, SAM)
    assert any(one.startswith(expected) for one in checks(access)), checks(access)


def test_what_is_over_is_a_note(company: Company) -> None:
    assert checks(company({**COVER, "until": "2026-03-10", "approved_by": "sam.cole"})) == [
        'note cover_ended: the cover "summer" ended on 2026-03-10',
        'note self_approved: the cover "summer" is approved by sam.cole, who asks for it, gets it or is covered',
    ]


@pytest.mark.parametrize(
    ("changed", "line", "message"),
    [
        ({"apps": ["cmr"]}, 2, 'the catalog has no app "cmr". Did you mean "crm"?'),
        ({"until": None}, 2, 'the key "until" is missing'),
        ({"until": "2026-02-30"}, 2, "there is no day 2026-02-30"),
        ({"colleague": "kim"}, 2, 'unknown key "colleague"'),
        ({"approved_by": " "}, 2, '"approved_by"'),
    ],
)
def test_a_mistake_is_told_with_file_and_line(
    company: Company, changed: dict[str, t.Any], line: int, message: str
) -> None:
    with pytest.raises(PolicyError) as raised:
        company({**COVER, **changed})
    (finding,) = raised.value.findings
    assert f"e.yml:{line}" in finding.where
    assert message in str(finding)


def test_an_id_is_there_once(company: Company) -> None:
    with pytest.raises(PolicyError, match='the cover "summer" is defined twice'):
        company(COVER, COVER)
