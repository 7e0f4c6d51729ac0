# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a plan says to people: the findings that explain what is not done, and what somebody should look at."""

from __future__ import annotations

import collections
import types
import typing as t

from ..model import Account, App, Change, ChangeKind, Finding, Person, Task


def app_deferred(app: App, error: str) -> Finding:
    return Finding(
        "app_deferred",
        "error",
        f"{app.key} could not be read, so nothing is planned there: {error}",
        todo="Mend the connection and run again",
        app=app.key,
    )


def list_contradicted(app: App, ids: t.Sequence[str]) -> Finding:
    shown = ", ".join(ids[:5]) + (f" and {len(ids) - 5} more" if len(ids) > 5 else "")
    return Finding(
        "list_contradicted",
        "warning",
        f"{app.key}: its list is not right about {len(ids)} account{'s' if len(ids) > 1 else ''}: what the app says "
        f"when it is asked for them by their ids counts ({shown})",
        todo="A list that lags behind is right again later. If it stays so, see what the list leaves out",
        app=app.key,
    )


def declined(app: App, person: Person, change: Change, task: Task) -> Finding:
    what = f"{change.kind.value} {change.entitlement}".strip().replace("_", " ")
    by = f"was declined by {task.ended_by or 'the owner'}{': ' + task.note if task.note else ''}"
    return Finding(
        "declined",
        "warning" if change.kind in (ChangeKind.SUSPEND, ChangeKind.DELETE) else "note",
        f"{app.key}: {what} for {named(person)} {by}",
        todo="It is asked for again when the reason for it changes",
        app=app.key,
        person=person.id,
        account=change.account,
    )


def protected_account(app: App, person: Person, account: Account, changes: t.Iterable[Change]) -> Finding:
    what = ", ".join(f"{change.kind.value} {change.entitlement}".strip() for change in changes)
    return Finding(
        "protected_account",
        "warning",
        f"{app.key}: account {account.username or account.id} of {named(person)} is protected: not done: {what}",
        todo="Do it by hand if it is right, or take the account off the catalog's protect list",
        app=app.key,
        person=person.id,
        account=account.id,
    )


def account_name_taken(app: App, person: Person, name: str, other: str) -> Finding:
    return Finding(
        "account_name_taken",
        "error",
        f"{app.key}: no account is made for {named(person)}: {name} is the name or address of another one ({other})",
        todo="Say whose that account is with the module rollcall.access.link, or rename it in the app",
        app=app.key,
        person=person.id,
    )


def nobody_takes_over(app: App, person: Person, account: Account) -> Finding:
    kept = ". It is suspended, and not deleted until somebody is" if app.leave.then == "delete" else ""
    return Finding(
        "nobody_takes_over",
        "warning",
        f"{app.key}: nobody above {named(person)} is here to take over what the account owns{kept}",
        todo="Give them a manager in HR who is here, or hand it over by hand",
        app=app.key,
        person=person.id,
        account=account.id,
    )


def unknown_entitlements(
    app: App, accounts: t.Iterable[Account], others: t.Mapping[str, int] = types.MappingProxyType({})
) -> list[Finding]:
    """Return one finding for each thing that accounts have and the catalog does not name; ``others`` have it too."""
    counts = collections.Counter(name for account in accounts if account.active for name in account.unknown)
    counts.update(others)
    return [
        Finding(
            "unknown_entitlement",
            "note",
            f"{app.key}: {number} account{'s have' if number > 1 else ' has'} {name}, which the catalog does not name",
            todo="It is not touched; add it to the catalog to have it managed",
            app=app.key,
        )
        for name, number in sorted(counts.items())
    ]


def named(person: Person) -> str:
    """Return what to call somebody in a message."""
    return person.username or person.email or person.id
