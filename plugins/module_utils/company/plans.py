# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Making a plan for some people or some apps, and holding it against the guard."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import itertools
import types
import typing as t

from ..errors import AppError, GuardStop, PlanMoved, SourceUnreachable, UnknownName
from ..fulfilment.retrying import USUAL, Budget
from ..model import (
    Account,
    AccountRecord,
    App,
    Because,
    Change,
    ChangeKind,
    Finding,
    GrantRecord,
    Person,
    Plan,
    Run,
    Want,
)
from ..planning.asking import want_for
from ..planning.correlation import Correlation, Directory, correlate, correlation_findings
from ..planning.difference import Circumstances, difference
from ..planning.guard import check_plan, check_reading
from ..planning.naming import account_name
from ..planning.ordering import order
from ..planning.plan import make_plan
from ..planning.reading import Reading
from .company import Company
from .deciding import Conflicting, decide
from .duties import duty_findings, record_uses
from .few_people import Records, accounts_of_few, grants_of_few, with_others_where_needed
from .reading_apps import FEW, read_apps
from .reading_whole import read_whole
from .recovering import settle_interrupted, to_do_again
from .seating import seat_findings
from .telling_the_time import clock_findings

#: No app takes longer to be read; what was seen to be there within this time may be newer than what was read.
_LATELY = dt.timedelta(hours=1)
#: Of so many accounts the grants are asked for by their ids.
_FEW_ACCOUNTS = 500


@dataclasses.dataclass(frozen=True)
class Planned:
    """A plan and what it was made from."""

    plan: Plan
    readings: t.Mapping[str, Reading]
    people: tuple[str, ...]
    wants: t.Mapping[tuple[str, str], Want]
    #: whose the accounts of the apps are that were read whole
    correlations: t.Mapping[str, Correlation] = dataclasses.field(default_factory=dict)
    #: what the ledger knew of each app's accounts before the app was read, without those that are settled
    records: t.Mapping[str, t.Sequence[AccountRecord]] = dataclasses.field(default_factory=dict)
    #: what people should have and a duty keeps apart, by person
    clashes: t.Mapping[str, tuple[Conflicting, ...]] = dataclasses.field(default_factory=dict)

    @property
    def deferred(self) -> dict[str, str]:
        """Apps that could not be read, with the reason."""
        return {key: r.error for key, r in self.readings.items() if r.error}


def plan_changes(
    company: Company,
    *,
    people: t.Collection[str] | None = None,
    apps: t.Collection[str] | None = None,
    urgency: str = "normal",
    ignore_tasks: bool = False,
    budget: Budget = USUAL,
    stale_too: bool = False,
) -> Planned:
    """Work out what would change for these people (None: everyone) in these apps (None: all of them).

    Raises SourceUnreachable when HR cannot be read, unless the company is in an emergency, or people as the ledger
    remembers them will do (``stale_too``).
    """
    if company.population.stale and not (company.emergency or stale_too):
        raise SourceUnreachable(
            f"HR cannot be read, so nothing is planned: {company.population.stale}",
            todo="Mend the source and run again; emergency_offboard works meanwhile",
        )
    everyone = sorted(company.people) if people is None else sorted(people)
    keys = sorted(company.apps) if apps is None else sorted(apps)
    decision = decide(company, everyone, None if apps is None else frozenset(keys))
    began = company.clock.now()
    # no limit stops an emergency, so it does not wait until the ledger has told of everybody
    few = urgency == "emergency" and people is not None and len(everyone) <= FEW
    # before the apps: what another run makes from here on must not look as if it had gone
    links = company.ledger.links()
    chosen = [company.apps[key] for key in keys]
    if people is None and urgency != "emergency":
        whole = read_whole(company, chosen, decision.wants, links, budget)
        readings = {key: one.reading for key, one in whole.items()}
        records: Records = {key: one.records for key, one in whole.items()}
    else:
        records = accounts_of_few(company, keys, everyone) if few else _by_app(company, keys)
        readings = read_apps(company, chosen, None if people is None else everyone, budget=budget)
    if few:
        records = with_others_where_needed(company, records, readings, began)
    correlations = _correlated(company, readings, links, records)
    tasks = [] if ignore_tasks else company.ledger.tasks(states=("open",))
    declined = [] if ignore_tasks else company.ledger.tasks(states=("declined",))
    plan = make_plan(
        people=company.people,
        statuses=company.population.statuses,
        wants=decision.wants,
        readings=readings,
        apps={key: company.apps[key] for key in keys},
        accounts=itertools.chain.from_iterable(records.values()),
        grants=_Lately(functools.partial(grants_of_few, company, everyone) if few else company.ledger.grants),
        links=links,
        open_tasks=tasks,
        declined=declined,
        decisions=decision.taken,
        apart=[pairs for duty in company.policy.separation_of_duties for pairs in duty.apart],
        limits=company.settings.limits,
        policy_version=company.policy.version,
        commit=company.commit,
        now=company.clock.now(),
        scope={"people": "everyone" if people is None else everyone, "apps": "all" if apps is None else keys},
        urgency=urgency,
        in_scope=None if people is None else frozenset(everyone),
        findings=(*company.population.findings, *decision.findings, *_ungoverned(company, keys), *_clock(company)),
        ungoverned=company.ungoverned,
        correlations={key: found for key, found in correlations.items() if readings[key].complete},
        settled_names=company.ledger.account_names,
    )
    changes = tuple(c for c in plan.changes if _worth_doing(company, c.kind, c.app, urgency))
    changes += to_do_again(company, changes, readings, everyone)
    seats = () if ignore_tasks else tuple(seat_findings(company, changes, readings))
    # cutting somebody off does not wait for a look at duties
    duties = [] if urgency == "emergency" else duty_findings(company, people, decision.clashes)
    plan = dataclasses.replace(plan, changes=changes, findings=(*plan.findings, *seats, *duties))
    return Planned(plan, readings, tuple(everyone), decision.wants, correlations, records, decision.clashes)


class _Lately:
    """What is asked for when it is first looked at, if it ever is: where all is in step, nobody asks why."""

    def __init__(self, query: t.Callable[[], t.Iterable[GrantRecord]]) -> None:
        self._query = query

    def __iter__(self) -> t.Iterator[GrantRecord]:
        return iter(self._query())


def _by_app(company: Company, keys: t.Sequence[str]) -> dict[str, list[AccountRecord]]:
    """Return what the ledger knows of the accounts of these apps, by app."""
    ledger = company.ledger
    if len(keys) == 1:
        return {keys[0]: ledger.accounts(app=keys[0])}
    found: dict[str, list[AccountRecord]] = {key: [] for key in keys}
    for record in ledger.accounts():
        if record.account.app in found:
            found[record.account.app].append(record)
    return found


def _clock(company: Company) -> tuple[Finding, ...]:
    # another day than today is looked at on purpose
    return () if company.settings.as_of else clock_findings(company.clock.now(), company.ledger.last_written)


def _ungoverned(company: Company, apps: t.Collection[str]) -> list[Finding]:
    return [
        Finding(
            "app_ungoverned",
            "note",
            f"{key}: no rule gives anything in it, so what people who work here have there is left alone",
            where=str(company.apps[key].origin or ""),
            todo="Write a rule once you know who should have what; leavers and locks are carried out all the same",
            app=key,
        )
        for key in sorted(company.ungoverned & set(apps))
    ]


def plan_one_account(
    company: Company,
    app: App,
    person: Person,
    state: str,
    entitlements: t.Sequence[str],
    exclusive: bool,
    reading: Reading | None = None,
) -> tuple[Planned, Account | None]:
    """Plan what a task asks for: one account in one app, whatever the policy says. Return it with the account as it is.

    ``reading`` is what another host read of this person in the app; without it, the app is read here. Raises AppError
    when the app cannot be read, and when the account cannot be told apart, is protected, or would be another's.
    """
    reading = reading or read_apps(company, [app], [person.id])[app.key]
    if reading.error:
        raise AppError(reading.error)
    records = company.ledger.accounts(app=app.key)
    correlation = correlate(app, reading.accounts, company.people, company.ledger.links(), records)
    account = next((a for a in reading.accounts if correlation.matches.get(a.id, ("",))[0] == person.id), None)
    if account is None:
        _nothing_in_the_way(company, app, person, state, reading, correlation)
    want = want_for(app, person, account, state, entitlements, exclusive, "asked for by a playbook")
    now = company.clock.now()
    tasks = company.ledger.tasks(states=("open",), person=person.id, app=app.key)
    waiting = {(item.kind.value, item.entitlement) for task in tasks for item in task.items}
    asked = dict.fromkeys(account.entitlements, want.because[0]) if account else {}
    given = Circumstances(decisions=asked, now=now, policy=company.policy.version, commit=company.commit)
    due = difference(want, account, person, app, given=given, pending=waiting)
    changes = order([c for c in due if _worth_doing(company, c.kind, app.key, "normal")], {app.key: app})
    plan = Plan(tuple(changes), policy=company.policy.version, commit=company.commit, made_at=now)
    return Planned(plan, {app.key: reading}, (person.id,), {(person.id, app.key): want}), account


def _nothing_in_the_way(
    company: Company, app: App, person: Person, state: str, reading: Reading, correlation: Correlation
) -> None:
    where = f"app {app.key}"
    for finding in correlation_findings(correlation, company.people, lambda id: id == person.id):
        if person.id in correlation.unclear:
            raise AppError(finding.message, where=where, todo=finding.todo)
    for account in correlation.protected_of.get(person.id, ()):
        raise AppError(
            f"account {account.username or account.id} of {person.username} is protected, so nothing is done with it",
            where=where,
            todo="Do it by hand if it is right, or take the account off the catalog's protect list",
        )
    if state != "present":
        return
    names = {name.casefold() for name in (account_name(app.account_name, person), person.email) if name}
    for account in reading.accounts:
        if names & {account.username.casefold(), account.email.casefold()}:
            raise AppError(
                f"no account is made for {person.username}: account {account.username or account.id}, which is not "
                "theirs as far as we know, has their name or address",
                where=where,
                todo="Say whose that account is with the module rollcall.access.link, or rename it in the app",
            )


def _worth_doing(company: Company, kind: ChangeKind, app: str, urgency: str) -> bool:
    """Ending sessions is planned where it can be done by itself, and by hand where minutes count.

    Suspending the account ends what it can do in nearly every product; a task per app and leaver "and end the sessions"
    would bury the tasks that matter.
    """
    if kind is not ChangeKind.END_SESSIONS:
        return True
    return "end_sessions" in company.operations([app])[app] or (
        urgency == "emergency" and company.apps[app].tier == "critical"
    )


def hold_against_guard(plan: Plan, approved: str = "") -> None:
    """Stop a plan that passes a limit, unless it is the one that somebody approved.

    Raises GuardStop, or PlanMoved when the plan of now is not the approved one.
    """
    if approved:
        if plan.hash != approved:
            raise PlanMoved(
                f"plan {approved} was approved, but what would change now is plan {plan.hash} "
                f"({len(plan.changes)} changes)",
                todo="Run plan again, look at it and approve the new one. Nothing was changed",
                approved=approved,
                now=plan.hash,
            )
        return
    if plan.breaches:
        raise GuardStop(
            "; ".join(breach.message for breach in plan.breaches),
            todo=(
                f"Nothing was changed; the plan is kept as {plan.hash}. If it is right, carry out exactly this plan "
                f"with -e rollcall_plan={plan.hash}"
            ),
            plan=plan.hash,
            breaches=[breach.to_dict() for breach in plan.breaches],
        )


def guard_breaches(company: Company, changes: t.Sequence[Change]) -> tuple[Finding, ...]:
    """Hold changes that no plan was made for against the limits, by what the ledger knows."""
    population: dict[str, int] = dict.fromkeys(company.apps, 0)
    accounts: dict[str, list[Account]] = {key: [] for key in company.apps}
    for record in company.ledger.accounts():
        if record.account.app in accounts:
            accounts[record.account.app].append(record.account)
            population[record.account.app] += bool(record.person and record.account.active)
    return check_plan(
        changes, population=population, limits=company.settings.limits, apps=company.apps, accounts=accounts
    )


def accounts_seen(planned: Planned) -> dict[tuple[str, str], Account]:
    """Return the accounts that apps showed while a plan was made, by app and id; none that somebody attested."""
    return {
        (key, account.id): account
        for key, reading in planned.readings.items()
        if not (reading.error or reading.attested)
        for account in reading.accounts
    }


def correlate_all(company: Company, readings: t.Mapping[str, Reading]) -> dict[str, Correlation]:
    """Say whose the accounts of every app are that was read."""
    records = {key: company.ledger.accounts(app=key) for key, reading in readings.items() if not reading.error}
    return _correlated(company, readings, company.ledger.links(), records)


def _correlated(
    company: Company,
    readings: t.Mapping[str, Reading],
    links: t.Mapping[tuple[str, str], str],
    records: t.Mapping[str, t.Iterable[AccountRecord]],
) -> dict[str, Correlation]:
    directory = Directory(company.people)
    return {
        key: correlate(company.apps[key], reading.accounts, directory, links, records[key])
        for key, reading in readings.items()
        if not reading.error
    }


def record_readings(company: Company, planned: Planned, run: Run, *, approved: str = "") -> None:
    """Write down what the apps showed while a plan was made.

    A list from which too many accounts have vanished is believed once somebody has ``approved`` this very plan.
    """
    record_uses(company, run, itertools.chain.from_iterable(planned.clashes.values()))
    believed = bool(approved) and approved == planned.plan.hash
    correlations = planned.correlations or correlate_all(company, planned.readings)
    record_accounts(
        company, planned.readings, correlations, planned.wants, run, believed=believed, records=planned.records
    )


def record_accounts(
    company: Company,
    readings: t.Mapping[str, Reading],
    correlations: t.Mapping[str, Correlation],
    wants: t.Mapping[tuple[str, str], Want],
    run: Run,
    *,
    believed: bool = False,
    records: t.Mapping[str, t.Sequence[AccountRecord]] = types.MappingProxyType({}),
) -> None:
    """Write down the accounts that apps showed, whose they are, what they give and why, and which are gone.

    Only what differs from what the ledger knows is written. Of an app whose list has lost too much of what it had,
    nothing is, unless it is ``believed``. ``records`` are what the ledger knew of each app before it was read, where
    somebody has asked already.
    """
    interrupted = settle_interrupted(company, readings, correlations, run)
    now = company.clock.now()
    accounts: list[AccountRecord] = []
    found: list[GrantRecord] = []
    whole: dict[str, dict[str, t.Any]] = {}
    for key, reading in readings.items():
        if reading.error:
            company.ledger.record_reading(key, {"complete": False, "error": reading.error}, run, now)
        if reading.error or reading.attested:
            continue
        earlier = records.get(key)
        before_now = earlier or ()
        if earlier is None or interrupted or _differs(reading, correlations[key].matches, earlier):
            # before anything is written: what another run wrote down meanwhile is newer than what this one read
            before_now = company.ledger.accounts(app=key)
        vanished = check_reading(reading, [record.account for record in before_now], company.settings.limits)
        if vanished and not believed:
            # half a list must not make the ledger forget the other half; the guard says so
            continue
        # what is settled is on record, with what it gives
        known = {r.account.id: r for r in before_now if r.account.id not in reading.settled}
        newer = _newer(known, earlier) if earlier is not None else frozenset()
        matches = correlations[key].matches
        # of whom nothing was read, nothing is compared
        mine = {matches.get(account.id, ("", ""))[0] for account in reading.accounts}
        mine.update(known[account.id].person for account in reading.accounts if account.id in known)
        granted = _granted(company, reading, mine, known)
        ended: list[tuple[str, str, str, str]] = []
        seen: set[tuple[str, str, str, str]] = set()
        for account in reading.accounts:
            person, matched_by = matches.get(account.id, ("", ""))
            before = known.get(account.id)
            changed = before is None or before.account != account or before.person != person
            if changed and account.id not in newer:
                at = before.suspended_at if before else None
                at = (at or now) if not account.active else None
                accounts.append(
                    AccountRecord(account, person, matched_by, first_seen=now, last_seen=now, suspended_at=at)
                )
            if person and account.active:
                for entitlement in account.entitlements:
                    grant = (person, key, account.id, entitlement)
                    seen.add(grant)
                    if grant not in granted:
                        reasons = _reasons(wants.get((person, key)), entitlement)
                        found.append(GrantRecord(*grant, reasons, now, "found", now))
        shown = {account.id for account in reading.accounts}
        ended = [grant for grant in granted - seen if grant[2] in shown]
        if reading.complete:
            gone = known.keys() - shown - newer
            ended += [grant for grant in granted if grant[2] in gone]
            if gone:
                company.ledger.forget_accounts(key, sorted(gone), run, now)
            also, orphans = len(reading.settled), len(correlations[key].orphans)
            whole[key] = {"accounts": len(shown) + also, "matched": len(matches) + also, "orphans": orphans}
        ended = _without_newer(company, key, [grant for grant in ended if grant[2] not in newer], known, now)
        if ended:
            reason = Because("unexplained", text="no longer there when the app was read")
            company.ledger.end_grants(sorted(ended), reason, run, now)
    if accounts:
        company.ledger.record_accounts(accounts, run, now)
    if found:
        company.ledger.record_grants(found, run, now)
    # last of all: what an app showed counts as read when all of it is on record, and the counts can be compared
    for key, counts in whole.items():
        company.ledger.record_reading(key, {"complete": True, **counts}, run, now)


def _differs(reading: Reading, matches: t.Mapping[str, tuple[str, str]], records: t.Collection[AccountRecord]) -> bool:
    """Say whether what was read is anything else than what is on record of these accounts."""
    known = {record.account.id: (record.account, record.person) for record in records}
    shown = {account.id: (account, matches.get(account.id, ("", ""))[0]) for account in reading.accounts}
    if any(known.get(id) != one for id, one in shown.items()):
        return True
    return reading.complete and not known.keys() <= shown.keys() | reading.settled


def _newer(known: t.Mapping[str, AccountRecord], earlier: t.Iterable[AccountRecord]) -> frozenset[str]:
    """Return the ids of accounts that were written down after ``earlier`` was read: the app's list may be older."""
    before = {record.account.id: (record.account, record.person) for record in earlier}
    return frozenset(
        id for id, record in known.items() if id not in before or before[id] != (record.account, record.person)
    )


def _without_newer(
    company: Company,
    app: str,
    ended: t.Collection[tuple[str, str, str, str]],
    known: t.Mapping[str, AccountRecord],
    now: dt.datetime,
) -> list[tuple[str, str, str, str]]:
    """Leave out the grants that another run made and saw after this one had read the app: what was read is older.

    ``known`` is what was on record before the app was read; a grant that was not is looked at more closely.
    """
    doubtful = {
        grant for grant in ended if grant[2] not in known or grant[3] not in known[grant[2]].account.entitlements
    }
    if not doubtful:
        return list(ended)
    newer = {
        (grant.person, grant.app, grant.account, grant.entitlement)
        for grant in company.ledger.grants(app=app)
        if grant.since is not None and now - (grant.verified_at or grant.since) < _LATELY
    }
    return [grant for grant in ended if grant not in doubtful or grant not in newer]


def _granted(
    company: Company, reading: Reading, people: t.Collection[str], known: t.Collection[str]
) -> set[tuple[str, str, str, str]]:
    """Return the grants on record that a reading says something about, and is not in step with for certain."""
    if not reading.settled:
        return company.ledger.grant_keys(reading.app, None if reading.complete else people)
    accounts = {account.id for account in reading.accounts}.union(known)
    if len(accounts) <= _FEW_ACCOUNTS:
        return company.ledger.grant_keys(reading.app, accounts=accounts) if accounts else set()
    return {grant for grant in company.ledger.grant_keys(reading.app) if grant[2] not in reading.settled}


def _reasons(want: Want | None, entitlement: str) -> tuple[Because, ...]:
    return next((grant.because for grant in want.grants if grant.entitlement == entitlement), ()) if want else ()


def people_named(company: Company, names: t.Iterable[str]) -> list[Person]:
    """Return the people with these usernames, ids or emails. Raises UnknownName when there is no such person."""
    found = []
    for name in names:
        person = company.population.find(name)
        if person is None:
            raise UnknownName(
                f"there is no person {name!r} in HR or in the ledger",
                todo="Use the username (the inventory's host name), the HR id or the email address",
            )
        found.append(person)
    return found
