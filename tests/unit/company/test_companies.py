# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One company over time: who is here, what is due, what is carried out, reviewed, attested and concluded."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.company import closing_reviews, reviewing
from ansible_collections.rollcall.access.plugins.module_utils.company.cancelling import cancel_giving
from ansible_collections.rollcall.access.plugins.module_utils.company.carrying_out import carry_out
from ansible_collections.rollcall.access.plugins.module_utils.company.checking import check_apps, check_feed_of
from ansible_collections.rollcall.access.plugins.module_utils.company.company import Company
from ansible_collections.rollcall.access.plugins.module_utils.company.concluding import conclude
from ansible_collections.rollcall.access.plugins.module_utils.company.correlating import correlate_all
from ansible_collections.rollcall.access.plugins.module_utils.company.deciding import decide
from ansible_collections.rollcall.access.plugins.module_utils.company.discovering import discover, propose_bundles
from ansible_collections.rollcall.access.plugins.module_utils.company.holding_back import hold_against_guard
from ansible_collections.rollcall.access.plugins.module_utils.company.hosts import app_hosts, group_name, person_hosts
from ansible_collections.rollcall.access.plugins.module_utils.company.manual_work import synchronise
from ansible_collections.rollcall.access.plugins.module_utils.company.one_account import plan_one_account
from ansible_collections.rollcall.access.plugins.module_utils.company.plans import Planned, plan_changes
from ansible_collections.rollcall.access.plugins.module_utils.company.population import people_named
from ansible_collections.rollcall.access.plugins.module_utils.company.reading_apps import read_apps
from ansible_collections.rollcall.access.plugins.module_utils.company.recording_readings import record_readings
from ansible_collections.rollcall.access.plugins.module_utils.desks.contract import Answer
from ansible_collections.rollcall.access.plugins.module_utils.errors import (
    AppError,
    FeedError,
    GuardStop,
    PlanMoved,
    Refused,
    ReviewError,
    SourceUnreachable,
    UnknownName,
)
from ansible_collections.rollcall.access.plugins.module_utils.fulfilment.executor import Outcome
from ansible_collections.rollcall.access.plugins.module_utils.fulfilment.looking_up import keys_of, look_up
from ansible_collections.rollcall.access.plugins.module_utils.ledger.verifying import verify_ledger
from ansible_collections.rollcall.access.plugins.module_utils.model import (
    Account,
    AccountKey,
    Lifecycle,
    Person,
    Status,
)
from ansible_collections.rollcall.access.plugins.module_utils.reviews.decision import Decision
from ansible_collections.rollcall.access.tests.unit.company.place import PEOPLE, Place, at
from ansible_collections.rollcall.access.tests.unit.fulfilment.memory import Fault


def step(place: Place, as_of: str = "", *, approved: str = "", guard: bool = True) -> tuple[Planned, Outcome]:
    """One run for everybody: plan, guard, carry out, conclude."""
    company = place.open(as_of=as_of)
    run = place.run(company)
    planned = plan_changes(company)
    record_readings(company, planned, run)
    company.ledger.save_plan(planned.plan, run, company.clock.now())
    if guard:
        hold_against_guard(planned.plan, approved)
    outcome = carry_out(company, planned.plan.changes, run, plan=planned.plan.hash)
    conclude(company, company.people, run)
    return planned, outcome


def lines(planned: Planned) -> list[str]:
    return [f"{c.person} {c.app} {c.kind.value} {c.entitlement}".strip() for c in planned.plan.changes]


def events(company: Company) -> dict[str, str]:
    return {id: event.value for id, event in company.population.events.items()}


def task_of(company: Company, app: str, person: str, state: str = "open") -> t.Any:
    (found,) = company.ledger.tasks(app=app, person=person, states=(state,))
    return found


# who is here


def test_everybody_joins_once_and_then_nothing_is_due(place):
    planned, outcome = step(place)
    assert {c.app for c in planned.plan.changes} == {"hub", "wiki", "desk"}
    assert outcome.left == ()
    assert place.shown("hub") == {
        "1": (True, ["admin"]),
        "2": (True, ["code", "user"]),
        "3": (True, ["code", "user"]),
        "4": (True, ["user"]),
    }
    again, nothing = step(place)
    assert (again.plan.changes, nothing.results) == ((), ())
    company = place.open()
    records = company.ledger.people()
    # an open task keeps a joiner a joiner
    assert {id: (r.complete, r.phase) for id, r in records.items()} == {
        "1": (False, "joining"),
        "2": (False, "joining"),
        "3": (False, "joining"),
        "4": (True, ""),
    }
    assert events(company) == {"1": "joiner", "2": "joiner", "3": "joiner"}
    assert verify_ledger(company.ledger).ok


def test_a_mover_a_leaver_and_a_new_address(place):
    step(place)
    place.edit("people.csv", ("Seller,Sales", "Engineer,Engineering"), ("cat@acme.example", "cat.fox@acme.example"))
    place.edit("people.csv", ("2016-01-01,,employee", "2016-01-01,2026-05-31,employee"))
    company = place.open()
    assert {k: v for k, v in events(company).items() if k != "1"} == {"2": "leaver", "3": "joiner", "4": "mover"}
    assert company.people["3"].earlier_emails == ("cat@acme.example",)
    planned, _outcome = step(place)
    assert set(lines(planned)) == {
        *("2 hub end_sessions", "2 hub suspend", "3 hub update"),
        *("4 hub grant code", "4 desk create", "4 desk grant key"),
    }
    shown = place.shown("hub")
    assert (shown["2"], shown["4"]) == ((False, ["code", "user"]), (True, ["code", "user"]))


def test_people_who_are_missing_from_the_feed_stay_as_they_were(place):
    place.edit("rollcall.yml", ("removals:", "feed: {people_lost: 2}\n  removals:"))
    step(place)
    before = place.shown("hub")
    place.edit("people.csv", (PEOPLE.splitlines()[4] + "\n", ""))
    company = place.open()
    assert company.population.missing == {"4"}
    assert [f.code for f in company.population.findings] == ["person_missing"]
    assert "4" not in events(company)
    planned, outcome = step(place)
    assert (planned.plan.changes, outcome.results) == ((), ())
    assert place.shown("hub") == before
    assert place.open().ledger.people()["4"].standing == "present"


def test_a_feed_that_lost_too_many_stops_everything_but_an_emergency(place):
    place.edit("rollcall.yml", ("removals:", "feed: {people_lost: 0}\n  removals:"))
    step(place)
    place.edit("people.csv", (PEOPLE.splitlines()[4] + "\n", ""))
    with pytest.raises(GuardStop, match="stopped by the guard"):
        _population = place.open().population
    emergency = place.open(emergency=True).population
    assert "stopped by the guard" in emergency.stale
    assert emergency.events == {}
    assert set(emergency.people) == {"1", "2", "3", "4"}


def test_hr_that_cannot_be_read_leaves_everybody_from_the_ledger_and_plans_nothing(place):
    (place.path / "people.csv").rename(place.path / "away.csv")
    with pytest.raises(SourceUnreachable, match="the ledger knows nobody yet"):
        _population = place.open().population
    (place.path / "away.csv").rename(place.path / "people.csv")
    step(place)
    (place.path / "people.csv").unlink()
    company = place.open()
    assert company.population.stale
    assert set(company.people) == {"1", "2", "3", "4"}
    assert events(company) == {}
    with pytest.raises(SourceUnreachable, match="nothing is planned"):
        plan_changes(company)
    assert plan_changes(place.open(emergency=True), people=["4"]).plan.changes == ()
    place.write("people.csv", "id,first\n1")
    with pytest.raises(FeedError):
        _population = place.open().population
    assert [f.code for f in check_feed_of(place.open())] == ["feed"]


def test_people_are_found_by_username_id_and_address_and_nothing_else(place):
    company = place.open()
    assert [p.id for p in people_named(company.population, ["ann.lee", "2", "CAT@acme.example"])] == ["1", "2", "3"]
    for name in ("", "Ann", "ann", "ann.le"):
        with pytest.raises(UnknownName, match="there is no person"):
            people_named(company.population, [name])
    assert company.population.named("1") is None
    assert company.population.named("nobody", "DAN@acme.example") == company.people["4"]


def test_who_left_is_forgotten_and_comes_back_as_new(place):
    place.edit("access/policy/rules.yml", (", desk: [key]", ""))
    step(place)
    place.edit("people.csv", ("2018-01-01,,employee,Active", "2018-01-01,2026-05-31,employee,Terminated"))
    step(place)
    company = place.open()
    assert company.ledger.people()["4"].standing == "left"
    assert "4" not in events(company)
    first_seen = company.ledger.people()["4"].first_seen
    place.edit("people.csv", ("2018-01-01,2026-05-31,employee,Terminated", "2026-07-01,,employee,Active"))
    assert "4" not in events(place.open(as_of="2026-06-20"))
    assert events(place.open(as_of="2026-06-29"))["4"] == "joiner"
    step(place, "2026-06-29")
    record = place.open().ledger.people()["4"]
    assert (record.standing, record.complete) == ("present", True)
    assert record.first_seen is not None
    assert first_seen is not None
    assert record.first_seen > first_seen
    assert len(place.shown("hub")) == 4


# plans and the guard


def test_too_many_removals_stop_with_a_plan_that_can_be_approved(place):
    step(place)
    place.write("people.csv", PEOPLE.replace(",,employee,Active", ",2026-05-31,employee,Terminated"))
    before = place.shown("hub")
    with pytest.raises(GuardStop) as caught:
        step(place)
    hash = caught.value.details["plan"]
    codes = {breach["code"] for breach in caught.value.details["breaches"]}
    assert codes == {"removals_per_run", "removals_per_app", "last_administrator"}
    assert f"-e rollcall_plan={hash}" in str(caught.value)
    assert place.shown("hub") == before
    kept = place.open().ledger.plan(hash)
    assert kept is not None
    assert {c.person for c in kept.changes} == {"1", "2", "3", "4"}
    # somebody else's plan does not open the door to this one
    with pytest.raises(PlanMoved):
        step(place, approved="0123456789abcdef")
    assert place.shown("hub") == before
    _planned, outcome = step(place, approved=hash)
    assert outcome.left == ()
    assert not any(active for active, _e in place.shown("hub").values())


def test_an_approved_plan_of_another_world_is_refused(place):
    step(place)
    place.edit("people.csv", ("Seller,Sales", "Engineer,Engineering"))
    hash = plan_changes(place.open()).plan.hash
    place.edit("people.csv", ("2016-01-01,,", "2016-01-01,2026-05-31,"))
    with pytest.raises(PlanMoved) as caught:
        step(place, approved=hash)
    assert caught.value.details["approved"] == hash
    assert place.shown("hub")["2"] == (True, ["code", "user"])


def test_a_plans_hash_says_what_it_is_about_and_not_when(place):
    one = plan_changes(place.open()).plan
    assert plan_changes(place.open(as_of="2026-06-02")).plan.hash == one.hash
    narrower = plan_changes(place.open(), people=["4"])
    same_changes = plan_changes(place.open(), people=["4"], apps=["hub"])
    assert len({one.hash, narrower.plan.hash, same_changes.plan.hash}) == 3
    assert lines(narrower) == lines(same_changes)
    place.edit("access/policy/rules.yml", ('"1.0"', '"1.1"'))
    assert plan_changes(place.open()).plan.hash != one.hash


def test_an_app_that_cannot_be_read_is_put_off_and_forgets_nothing(place):
    step(place)
    known = place.open().ledger.accounts(app="hub")
    place.app("hub").faults["find"] = [Fault(Refused("401"))] * 99
    place.edit("people.csv", ("Seller,Sales", "Engineer,Engineering"))
    planned = plan_changes(place.open(), people=["4"])
    assert planned.deferred == {"hub": "401"}
    assert lines(planned) == ["4 desk create", "4 desk grant key"]
    assert [f.code for f in planned.plan.findings if f.severity == "error"] == ["app_deferred"]
    company = place.open()
    record_readings(company, planned, place.run(company))
    assert company.ledger.accounts(app="hub") == known
    assert company.ledger.readings()["hub"]["complete"] is False


def test_half_a_list_makes_the_ledger_forget_nothing(place):
    step(place)
    app = place.app("hub")
    kept = dict(app.there)
    for id in list(app.there)[:3]:
        del app.there[id]
    with pytest.raises(GuardStop, match="are not in its list any more"):
        step(place)
    assert {record.account.id for record in place.open().ledger.accounts(app="hub")} == kept.keys()


def test_an_app_that_the_policy_has_not_got_round_to_is_left_alone(place):
    lab = place.app("lab")
    lab.there["x"] = Account("lab", "x", "dan", "dan@acme.example", entitlements=frozenset({"user"}))
    step(place)
    assert lab.there["x"].active
    place.edit("people.csv", ("2018-01-01,,employee,Active", "2018-01-01,2026-05-31,employee,Terminated"))
    step(place)
    assert not lab.there["x"].active


# one account, as a task asks for it


def one(place: Place, state: str = "present", *entitlements: str, exclusive: bool = False, person: str = "4") -> t.Any:
    company = place.open()
    return plan_one_account(company, company.apps["hub"], company.people[person], state, entitlements, exclusive)


def test_one_account_is_planned_whatever_the_policy_says(place):
    planned, account = one(place, "present", "code")
    assert account is None
    assert lines(planned) == ["4 hub create", "4 hub grant code"]
    step(place)
    planned, account = one(place, "present", "code")
    assert account is not None
    assert lines(planned) == ["4 hub grant code"]
    assert set(lines(one(place, "present", "code", exclusive=True)[0])) == {"4 hub grant code", "4 hub revoke user"}
    assert set(lines(one(place, "present", "admin")[0])) == {"4 hub grant admin", "4 hub revoke user"}
    assert lines(one(place, "suspended")[0]) == ["4 hub end_sessions", "4 hub suspend"]
    assert lines(one(place, "absent")[0])[-1] == "4 hub delete"
    with pytest.raises(AppError, match="no entitlement 'owner'"):
        one(place, "present", "owner")


@pytest.mark.parametrize("state", ["present", "suspended", "absent"])
def test_a_protected_account_is_not_touched_by_a_task_either(place, state):
    place.edit(
        "access/catalog/apps.yml",
        ("    tags: [soc2]\n", "    protect: [{account: root, owner: it@acme.example, why: x}]\n"),
    )
    place.app("hub").there["r"] = Account("hub", "r", "root", "dan@acme.example")
    with pytest.raises(AppError, match=r"root of dan\.orr is protected"):
        one(place, state, *(["user"] if state == "present" else []))


def test_no_account_is_made_over_that_of_somebody_else(place):
    place.app("hub").there["x"] = Account("hub", "x", "ann.lee", "dan@acme.example", external_id="1")
    with pytest.raises(AppError, match=r"no account is made for dan\.orr"):
        one(place, "present", "user")
    assert one(place, "absent")[0].plan.changes == ()


def test_an_account_that_cannot_be_told_apart_is_not_touched(place):
    place.app("hub").there.update({id: Account("hub", id, id, "dan@acme.example") for id in ("x", "y")})
    with pytest.raises(AppError, match="so nothing is done about them there"):
        one(place, "present", "user")


def test_a_person_is_looked_up_by_every_key_that_correlation_goes_by(place):
    company = place.open()
    app = dataclasses.replace(company.apps["hub"], account_name="{last}.{first}")
    person = Person("9", "new@x", "u.n", "U", "N", earlier_emails=("old@x",))
    assert keys_of(person, app) == [
        AccountKey(external_id="9"),
        AccountKey(email="new@x"),
        AccountKey(email="old@x"),
        AccountKey(username="u.n"),
        AccountKey(username="n.u"),
        AccountKey(username="new@x"),
    ]
    hub = place.app("hub")
    for n, fields in enumerate(({"external_id": "9"}, {"email": "old@x"}, {"username": "n.u"}, {"username": "new@x"})):
        hub.there = {"x": Account("hub", "x", **fields)}
        assert [a.id for a in look_up(hub, person, app)] == ["x"], n
    # what is known by its id needs no other key, and what finds two finds both
    hub.there = {"x": Account("hub", "x", email="new@x"), "y": Account("hub", "y", email="old@x")}
    assert {a.id for a in look_up(hub, person, app)} == {"x", "y"}
    assert [a.id for a in look_up(hub, person, app, ["y"])] == ["y"]
    assert {a.id for a in look_up(hub, person, app, ["gone"])} == {"x", "y"}


def test_an_app_whose_secret_is_missing_concerns_that_app_alone(place):
    def resolve(value: t.Any) -> t.Any:
        if isinstance(value, dict) and "token" in value:
            raise ValueError("'vault_hub' is undefined")
        return value

    place.edit("access/catalog/apps.yml", ("    tags: [soc2]\n", "    connection: {token: '{{ vault_hub }}'}\n"))
    company = place.open(writes=False, resolve=resolve)
    readings = read_apps(company, list(company.apps.values()))
    assert "connection settings cannot be filled in" in readings["hub"].error
    assert "app hub" in readings["hub"].error
    assert not readings["wiki"].error
    assert [(f.code, f.app) for f in check_apps(company)] == [
        ("app_unreadable", "hub"),
        ("app_read", "lab"),
        ("app_read", "wiki"),
    ]


# discovering


def test_what_a_look_at_the_apps_shows(place):
    used, unused = at("2026-05-20"), at("2026-01-01")
    place.app("hub").there.update(
        {
            "a": Account("hub", "a", "ann.lee", "ann@acme.example", entitlements=frozenset({"admin"}), last_used=used),
            "d": Account("hub", "d", "dan.orr", "dan@acme.example", last_used=unused),
            "s": Account("hub", "s", "scanner"),
            "o": Account("hub", "o", "off", state="suspended", entitlements=frozenset({"admin"}), last_used=unused),
        }
    )
    place.app("wiki").there["b"] = Account("wiki", "b", "bob.ray", "bob@acme.example")
    company = place.open(writes=False)
    readings = read_apps(company, [company.apps[key] for key in ("hub", "wiki")])
    correlations = correlate_all(company, readings)
    wants = decide(company, company.people).wants
    found = discover(
        readings, correlations, company.apps, company.people, wants, company.clock.now(), dt.timedelta(days=90)
    )
    assert found.counts["hub"] == {
        **{"accounts": 4, "matched": 2, "orphans": 2, "protected": 0, "ambiguous": 0},
        **{"suspended": 1, "unused": 1, "privileged": 1},
    }
    assert {(o.account.username, o.why) for o in found.orphans} == {
        ("off", "belongs to nobody in HR"),
        ("scanner", "belongs to nobody in HR"),
    }
    assert [(o.app, o.to_dict()["person"]) for o in found.unmanaged] == [("wiki", "bob.ray")]
    assert [o.account.id for o in found.unused] == ["d"]
    assert [(o.account.id, o.why) for o in found.privileged] == [("a", "admin")]


def test_bundles_are_proposed_for_what_nearly_everyone_of_a_title_has(place):
    people = "".join(f"1{n},P{n},Q{n},p{n}@acme.example,Tester,QA,1,2020-01-01,,employee,Active\n" for n in range(5))
    place.write("people.csv", PEOPLE + people)
    have = [{"user", "code"}, {"user", "code"}, {"user", "code"}, {"user", "code"}, {"user", "admin"}]
    for n, keys in enumerate(have):
        place.app("hub").there[f"p{n}"] = Account(
            "hub", f"p{n}", f"p{n}", f"p{n}@acme.example", entitlements=frozenset(keys)
        )
    company = place.open(writes=False)
    readings = read_apps(company, [company.apps["hub"]])
    assert propose_bundles(correlate_all(company, readings), readings, company.people) == [
        {"title": "Tester", "people": 5, "grant": {"hub": ["code", "user"]}}
    ]


# tasks


def test_a_task_closes_itself_when_the_app_shows_it_and_completes_the_person(place):
    step(place)
    place.app("wiki").there["a"] = Account(
        "wiki", "a", "ann.lee", "ann@acme.example", entitlements=frozenset({"reader"})
    )
    looking = place.open(writes=False)
    dry = synchronise(looking, place.run(place.open()), ())
    assert len(dry.ended) == 1
    assert task_of(looking, "wiki", "1").state == "open"
    company = place.open()
    done = synchronise(company, place.run(company), ())
    assert list(done.ended.values()) == ["verified"]
    assert company.ledger.people()["1"].complete is True
    assert [(g.app, g.entitlement, g.source) for g in company.ledger.grants(person="1") if g.app == "wiki"] == [
        ("wiki", "reader", "verified")
    ]
    assert not synchronise(place.open(), place.run(place.open()), ()).changed


def test_what_an_owner_says_is_done_and_the_app_does_not_show_is_open_again(place):
    step(place)
    company = place.open()
    task = task_of(company, "wiki", "1")
    answer = Answer(task.id, "yes", "ann.lee", "", "wiki@acme.example", None, "answers.csv:2")
    done = synchronise(company, place.run(company), [answer])
    assert (done.reopened, done.ended) == ([task.id], {})
    assert [f.code for f in done.findings] == ["attested_not_so"]
    assert task.id in {one.id for one in done.open}
    assert "wiki does not show the account, the access reader" in task_of(company, "wiki", "1").note
    assert [g for g in company.ledger.grants(person="1", app="wiki") if g.source == "verified"] == []


def test_a_task_that_is_no_longer_due_is_cancelled_and_one_that_is_late_is_told(place):
    step(place)
    place.edit("people.csv", ("Engineer,Engineering,1,2016", "Seller,Sales,1,2016"))
    company = place.open(as_of="2026-06-20")
    done = synchronise(company, place.run(company), ())
    assert list(done.ended.values()) == ["cancelled"]
    assert company.ledger.tasks(person="2", app="desk")[0].state == "cancelled"
    assert [f.code for f in done.findings] == ["task_overdue", "task_overdue"]
    assert {task.person for task in done.open} == {"1", "3"}


def test_nothing_is_handed_to_somebody_who_has_left_meanwhile(place):
    step(place)
    place.edit("people.csv", ("2016-01-01,,employee,Active", "2016-01-01,2026-05-31,employee,Terminated"))
    company = place.open()
    task = task_of(company, "desk", "2")
    assert cancel_giving(company, place.run(company), company.people) == (task.id,)
    assert company.ledger.task(task.id).state == "cancelled"


# reviews


def reviewed(place: Place, day: str, what: t.Callable[[Company, t.Any], t.Any]) -> t.Any:
    company = place.open(as_of=day)
    return what(company, place.run(company))


def opened(place: Place, scope: dict[str, t.Any], undecided: str = "keep") -> t.Any:
    return reviewed(
        place,
        "2026-06-02",
        lambda company, run: reviewing.open_review(
            company,
            run,
            id="q2",
            title="",
            scope=scope,
            reviewer="manager",
            due=dt.date(2026, 6, 10),
            undecided=undecided,
            directory=place.path / "review",
        ),
    )


def closed(place: Place, day: str = "2026-06-11") -> t.Any:
    return reviewed(
        place, day, lambda company, run: closing_reviews.close(company, run, "q2", directory=place.path / "evidence")
    )


def test_a_review_from_the_sheet_to_the_record(place):
    step(place)
    first = opened(place, {"apps": ["hub"]})
    assert (first.changed, first.review.state) == (True, "open")
    assert {path.name for path in first.files} == {
        f"{reviewer}@acme.example.{kind}" for reviewer in ("ann", "hub") for kind in ("csv", "html")
    }
    (place.path / "review/ann@acme.example.csv").write_text("being filled in")
    again = opened(place, {"apps": ["hub"]})
    assert (again.changed, again.review.id) == (False, "q2")
    assert (place.path / "review/ann@acme.example.csv").read_text() == "being filled in"
    mine = {(item.person, item.entitlement): item for item in first.review.items}
    assert mine["1", "admin"].reviewer == "hub@acme.example"
    code = mine["2", "code"]
    assert code.because[0].id == "code"
    own = Decision(code.id, "revoke", reason="x", by="bob@acme.example", where="decisions.csv:2")
    with pytest.raises(ReviewError):
        reviewed(place, "2026-06-03", lambda company, run: reviewing.decide(company, run, "q2", [own]))
    right = dataclasses.replace(own, by="ann@acme.example")
    decided = reviewed(place, "2026-06-03", lambda company, run: reviewing.decide(company, run, "q2", [right]))
    assert decided.changed
    with pytest.raises(ReviewError, match="undecided"):
        closed(place, "2026-06-04")
    done = closed(place)
    assert [(r.change.person, r.change.entitlement, r.state) for r in done.outcome.results] == [
        ("2", "code", "verified")
    ]
    assert place.shown("hub")["2"] == (True, ["user"])
    assert {i.outcome for i in done.review.items} == {"kept", "verified"}
    assert not closed(place, "2026-06-12").changed
    # the policy gives it, the review took it: it stays away
    planned, _outcome = step(place, "2026-06-13")
    assert lines(planned) == []
    record = (place.path / "evidence/q2.csv").read_text()
    assert "ann@acme.example" in record
    assert verify_ledger(place.open().ledger).ok


def test_a_review_that_takes_too_much_stays_open(place):
    step(place)
    opened(place, {"apps": ["hub"]}, undecided="revoke")
    before = place.shown("hub")
    with pytest.raises(GuardStop) as caught:
        closed(place)
    assert place.shown("hub") == before
    review = place.open().ledger.review("q2")
    assert review is not None
    assert review.state == "open"
    done = reviewed(
        place,
        "2026-06-11",
        lambda company, run: closing_reviews.close(
            company, run, "q2", directory=None, approved=caught.value.details["plan"]
        ),
    )
    assert done.review.state == "closed"
    assert {e for _active, e in place.shown("hub").values() for e in e} == set()
    assert [row["by"] for row in place.open().ledger.approvals(caught.value.details["plan"])] == ["tests"]


def test_a_review_that_is_looked_at_is_not_touched(place):
    step(place)
    company = place.open(writes=False)
    arguments: dict[str, t.Any] = {"title": "", "scope": {}, "reviewer": "manager", "due": None, "undecided": "keep"}
    looked = reviewing.open_review(company, None, id="q2", directory=place.path / "review", **arguments)
    assert looked.changed
    assert looked.files == ()
    assert not (place.path / "review").exists()
    assert company.ledger.reviews() == []
    with pytest.raises(UnknownName, match="there is no review 'q9'"):
        closing_reviews.close(company, None, "q9", directory=None)


# hosts


def test_hosts_and_groups_of_people_and_apps(place):
    place.edit("people.csv", ("Bob,Ray", "Böb,O'Ray"), ("Seller,Sales", '"Seller, Sr.",Sales & Service'))
    place.write("access/locks/now.yml", "locks:\n  - {person: cat.fox, reason: stolen, by: it@acme.example}\n")
    company = place.open()
    hosts = person_hosts(company)
    assert set(hosts) == {"ann.lee", company.people["2"].username, "cat.fox", "dan.orr"}
    dan = hosts["dan.orr"]
    assert set(dan.groups) == {
        *("people", "joiners", "active", "department_sales_service", "title_seller_sr"),
        *("manager_ann_lee", "entitled_hub"),
    }
    assert dan.variables["access"] == {"hub": ["user"]}
    assert "locked" in hosts["cat.fox"].groups
    assert hosts["cat.fox"].variables["access"] == {}
    assert {name.isidentifier() for host in hosts.values() for name in host.groups} == {True}
    apps = app_hosts(company)
    assert set(apps) == {"app.hub", "app.wiki", "app.desk", "app.lab"}
    assert apps["app.wiki"].variables["operations"] == []
    assert apps["app.wiki"].variables["reads"] is True
    assert "connection" not in apps["app.hub"].variables


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("Customer Service", "department_customer_service"),
        ("R&D / Labs", "department_r_d_labs"),
        ("  ", "department_none"),
        ("{{ 7*7 }}", "department_7_7"),
        ("STRASSE", "department_strasse"),
        ("日本", "department_none"),
    ],
)
def test_a_groups_name_is_one_that_ansible_takes(value, name):
    assert group_name("department", value) == name
    assert name.isidentifier()


def test_events_are_those_of_the_lifecycle(place):
    company = place.open()
    assert set(company.population.events.values()) == {Lifecycle.JOINER}
    assert set(company.population.statuses.values()) == {Status.ACTIVE}
