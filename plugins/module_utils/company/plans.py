# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Making a plan for some people or some apps."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import typing as t

from ..errors import SourceUnreachable
from ..fulfilment.retrying import USUAL, Budget
from ..model import Account, AccountRecord, ChangeKind, Finding, GrantRecord, Plan, Want
from ..planning.correlation import Correlation
from ..planning.plan import make_plan
from ..planning.reading import Reading
from .company import Company
from .correlating import correlate_with
from .deciding import Conflicting, decide
from .duties import duty_findings
from .few_people import Records, accounts_of_few, grants_of_few, with_others_where_needed
from .reading_apps import FEW, read_apps
from .reading_whole import read_whole
from .recovering import to_do_again
from .seating import seat_findings
from .telling_the_time import clock_findings


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
    correlations = correlate_with(company, readings, links, records)
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
    changes = tuple(c for c in plan.changes if worth_doing(company, c.kind, c.app, urgency))
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


def worth_doing(company: Company, kind: ChangeKind, app: str, urgency: str) -> bool:
    """Ending sessions is planned where it can be done by itself, and by hand where minutes count.

    Suspending the account ends what it can do in nearly every product; a task per app and leaver "and end the sessions"
    would bury the tasks that matter.
    """
    if kind is not ChangeKind.END_SESSIONS:
        return True
    return "end_sessions" in company.operations([app])[app] or (
        urgency == "emergency" and company.apps[app].tier == "critical"
    )


def accounts_seen(planned: Planned) -> dict[tuple[str, str], Account]:
    """Return the accounts that apps showed while a plan was made, by app and id; none that somebody attested."""
    return {
        (key, account.id): account
        for key, reading in planned.readings.items()
        if not (reading.error or reading.attested)
        for account in reading.accounts
    }
