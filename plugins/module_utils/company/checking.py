# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that can be checked before anything is done."""

from __future__ import annotations

import typing as t

from ..connectors import registry
from ..desks.registry import desk_problems
from ..errors import AppError, PolicyError, RollcallError
from ..model import App, Finding, is_module_name
from ..policy import checking
from ..policy.loading import load_access
from ..policy.values import Policy
from ..working_time import check_country
from .company import Company
from .contracts import check_contracts
from .owning import unowned
from .reading_apps import read_apps
from .request_intake import check_requests
from .telling import check_notifications


def check_policy(company: Company) -> tuple[Finding, ...]:
    """Check catalog, policy, exceptions and locks, all at once; people are looked at too where HR can be read."""
    settings = company.settings
    feed = company.feed
    attributes = None
    if not isinstance(feed, RollcallError):
        attributes = frozenset(name for person in feed.people for name in person.attributes)
    try:
        access = load_access(
            settings.catalog,
            settings.policy,
            settings.exceptions,
            settings.locks,
            known_connectors=registry.known(),
            connection_options=registry.connection_options(),
            connection_problems=registry.connection_problems,
            desk_problems=desk_problems,
            known_attributes=attributes,
        )
    except PolicyError as error:
        return tuple(error.findings) or (_error("policy", error),)
    today = settings.working_day.today(company.clock.now())
    found = _own_modules(company, access.catalog.apps) + check_notifications(company) + _deadlines(company)
    found += check_requests(company) + _untold(company, access.policy)
    if _known(company):
        # of an app that names nobody, the check of the catalog tells
        found += tuple(one for one in unowned(company) if access.catalog.apps[one.app].owner)
    # as they are in force: with what the ledger has, and as managers have extended them
    exceptions, covers = company.written
    return found + checking.check(
        access.catalog,
        access.policy,
        exceptions,
        access.locks,
        list(company.people.values()) if attributes is not None and _known(company) else None,
        today=today,
        covers=covers,
        now=company.clock.now(),
    )


def check_feed_of(company: Company) -> tuple[Finding, ...]:
    """Check what HR says, against the ledger and the guard's limits."""
    feed = company.feed
    if isinstance(feed, RollcallError):
        return (_error("feed", feed),)
    try:
        return company.population.findings + check_contracts(company)
    except PolicyError:
        return tuple(feed.findings)
    except RollcallError as error:
        return (_error("feed", error),)


def check_apps(company: Company) -> tuple[Finding, ...]:
    """Read every app once, to see that it answers and takes the credentials."""
    findings = []
    for key, reading in sorted(read_apps(company, list(company.apps.values())).items()):
        if reading.error:
            findings.append(Finding("app_unreadable", "error", reading.error, app=key))
        elif not reading.attested:
            findings.append(Finding("app_read", "note", f"{key}: {len(reading.accounts)} accounts read", app=key))
    return tuple(findings)


def check_desks(company: Company) -> tuple[Finding, ...]:
    """Look at every desk for a ticket that nobody has, to see that it answers and takes the credentials."""
    findings = []
    for key, settings in sorted(company.catalog.desks.items()):
        try:
            for _ticket in company.desk(key).find((_NOBODYS,)):
                pass
        except AppError as error:
            where = str(settings.origin or f"desk {key}")
            message = f"{error.where or f'desk {key}'}: {error.message}"
            findings.append(Finding("desk_failed", "error", message, where=where, todo=error.todo))
        else:
            findings.append(Finding("desk_read", "note", f"desk {key}: it answers"))
    return tuple(findings)


def _own_modules(company: Company, apps: t.Mapping[str, App]) -> tuple[Finding, ...]:
    """Report what is wrong with apps whose connector is a module: it is not installed here, or could not tell apart."""
    modules = company.modules
    findings = []
    for key, app in apps.items():
        if not is_module_name(app.connector):
            continue
        where = str(app.origin or "")
        if modules is not None and not modules.exists(app.connector):
            todo = "Install its collection where Ansible runs (requirements.yml, collections path), or correct the name"
            findings.append(
                Finding(
                    "unknown_module", "error", f"there is no module {app.connector}", where=where, todo=todo, app=key
                )
            )
        try:
            registry.build(app, app.connection)  # nothing is contacted
        except PolicyError as error:
            findings.append(Finding("wrong_value", "error", error.message, where=where, todo=error.todo, app=key))
    return tuple(findings)


def _deadlines(company: Company) -> tuple[Finding, ...]:
    """Report a country whose public holidays are not known, or the missing library that knows them."""
    try:
        check_country(company.settings.working_day.country)
    except RollcallError as error:
        return (Finding(error.code, "error", error.message, where=str(company.settings.path), todo=error.todo),)
    return ()


def _untold(company: Company, policy: Policy) -> tuple[Finding, ...]:
    """Report break-glass access of which the app's owner, or the manager, would not be told."""
    routes = company.settings.notifications.get("routes") or {}
    missing = [route for route in ("owner", "manager") if route not in routes]
    if not policy.break_glass or not missing:
        return ()
    message = f"break-glass access is told to nobody on the route {' or '.join(missing)}: there is no such route"
    todo = "Add it under notifications.routes"
    return (Finding("break_glass_untold", "warning", message, where=str(company.settings.path), todo=todo),)


def _known(company: Company) -> bool:
    try:
        return bool(company.people)
    except RollcallError:
        # the feed's own check tells
        return False


def _error(code: str, error: RollcallError) -> Finding:
    return Finding(code, "error", error.message, where=error.where, todo=error.todo)


#: A task that does not exist.
_NOBODYS = "0000000000"

CHECKS: t.Mapping[str, t.Callable[[Company], tuple[Finding, ...]]] = {
    "policy": check_policy,
    "feed": check_feed_of,
    "apps": check_apps,
    "desks": check_desks,
}
