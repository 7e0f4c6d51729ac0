# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""People and apps as an inventory sees them: a name, one variable, groups."""

from __future__ import annotations

import dataclasses
import functools
import re
import typing as t

from ..model import PERSON_FIELDS, App, Lifecycle, Person, Status
from .company import Company
from .deciding import decide

_FIELDS = sorted(PERSON_FIELDS)
EVENT_GROUPS = {Lifecycle.JOINER: "joiners", Lifecycle.MOVER: "movers", Lifecycle.LEAVER: "leavers"}


@dataclasses.dataclass(frozen=True)
class Host:
    variables: dict[str, t.Any]
    groups: tuple[str, ...]


@functools.lru_cache(maxsize=50_000)
def group_name(prefix: str, value: str) -> str:
    """Return a group's name that Ansible takes: ``department_customer_service``."""
    return f"{prefix}_" + (re.sub(r"[^a-z0-9]+", "_", value.casefold()).strip("_") or "none")


def nobody(company: Company) -> dict[str, Host]:
    """Make no host of anybody; a mistake in what people are given ends the run all the same, before anything begins."""
    for read in ("policy", "exceptions", "locks", "population"):
        getattr(company, read)
    return {}


def person_hosts(company: Company, ids: t.Collection[str] | None = None) -> dict[str, Host]:
    """Return these people (None: everyone), by username."""
    population = company.population
    chosen = population.people.keys() if ids is None else ids
    access: dict[str, dict[str, list[str]]] = {}
    if not population.stale:
        for want in decide(company, chosen).wants.values():
            if want.state == "present":
                access.setdefault(want.person, {})[want.app] = sorted(want.entitlements)
    hosts = {}
    for id in chosen:
        person = population.people[id]
        mine = access.get(id, {})
        is_locked = company.lock_on(person) is not None
        hosts[person.username] = Host(
            _person_variables(company, person, mine), tuple(_person_groups(company, person, mine, is_locked))
        )
    return hosts


def _person_variables(company: Company, person: Person, access: dict[str, list[str]]) -> dict[str, t.Any]:
    population = company.population
    manager = population.people.get(person.manager)
    event = population.events.get(person.id)
    values = {name: getattr(person, name) for name in _FIELDS}
    return {
        **values,
        "start": person.start.isoformat() if person.start else None,
        "end": person.end.isoformat() if person.end else None,
        "earlier_emails": list(person.earlier_emails),
        "attributes": dict(person.attributes),
        "manager_name": manager.name if manager else "",
        "manager_email": manager.email if manager else "",
        "manager_username": manager.username if manager else "",
        "status": population.statuses[person.id].value,
        "event": event.value if event else None,
        "access": access,
        "stale": bool(population.stale),
        "missing_from_feed": person.id in population.missing,
    }


def _person_groups(company: Company, person: Person, access: t.Mapping[str, t.Any], locked: bool) -> t.Iterator[str]:
    population = company.population
    yield "people"
    event = population.events.get(person.id)
    if event:
        yield EVENT_GROUPS[event]
    if population.statuses[person.id] is Status.ACTIVE:
        yield "active"
    if person.type == "contractor":
        yield "contractors"
    if locked:
        yield "locked"
    for prefix, value in (("department", person.department), ("title", person.title), ("location", person.location)):
        if value:
            yield group_name(prefix, value)
    manager = population.people.get(person.manager)
    if manager:
        yield group_name("manager", manager.username)
    for app in access:
        yield group_name("entitled", app)


def app_hosts(company: Company, keys: t.Collection[str] | None = None) -> dict[str, Host]:
    """Return these apps (None: every app), as ``app.<key>``. Their credentials are not among the variables."""
    chosen = company.apps.keys() if keys is None else keys
    operations, reads = company.operations(chosen), company.reads(chosen)
    return {
        f"app.{key}": Host(
            _app_variables(app, sorted(operations[key]), reads[key]),
            ("apps", group_name("connector", app.connector), group_name("tier", app.tier)),
        )
        for key, app in company.apps.items()
        if key in chosen
    }


def _app_variables(app: App, operations: list[str], reads: bool) -> dict[str, t.Any]:
    return {
        "key": app.key,
        "name": app.name,
        "connector": app.connector,
        "tier": app.tier,
        "owners": dict(app.owners),
        "tags": list(app.tags),
        "behind": app.behind,
        "operations": operations,
        "reads": reads,
        "entitlements": {
            key: {
                "kind": e.kind,
                "value": e.value,
                "rank": e.rank,
                "privileged": e.privileged,
                "description": e.description,
            }
            for key, e in app.entitlements.items()
        },
    }
