# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What it takes to bring one account of one person to what it should be."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from ..model import Account, App, Because, Change, ChangeKind, GrantRecord, Person, Status, Want
from .because import no_longer_given, no_longer_needed
from .covered import without_covered
from .naming import account_name, details_of, display_name, new_account


@dataclasses.dataclass(frozen=True, slots=True)
class Circumstances:
    """What else is known where a difference is worked out.

    ``status``: where the person stands today. ``grants``: what the ledger remembers of the account, by entitlement: it
    says why something was there that is now to go. ``decisions``: reasons, by entitlement, that took something away
    (a review). ``suspended_at``: since when the account is suspended, None where nobody knows. ``heir``: who takes over
    what a leaver owns, None where there is nobody. ``now``: the time, for what is deleted later. ``linked``: somebody
    said by hand that the account is this person's. ``policy`` and ``commit``: which version of the policy spoke.
    ``exclusive``: what is not wanted goes. ``rename``: the account's user name follows the person's.
    """

    status: Status = Status.ACTIVE
    grants: t.Mapping[str, GrantRecord] = dataclasses.field(default_factory=dict)
    decisions: t.Mapping[str, Because] = dataclasses.field(default_factory=dict)
    suspended_at: dt.datetime | None = None
    heir: Person | None = None
    now: dt.datetime | None = None
    linked: bool = False
    policy: str = ""
    commit: str = ""
    exclusive: bool = True
    rename: bool = False


def difference(
    want: Want | None,
    account: Account | None,
    person: Person,
    app: App,
    *,
    given: Circumstances = Circumstances(),
    pending: t.Collection[tuple[str, str]] = (),
    urgency: str = "normal",
) -> tuple[Change, ...]:
    """Return the changes that lead from ``account`` (None: there is none) to ``want`` (None: no access to this app).

    ``pending`` are the (kind of change, entitlement) that somebody is doing by hand already. What the catalog does not
    name (``Account.unknown``) is never touched. The changes come in no particular order; see ``ordering``.

    - Present: created with what is wanted; or reactivated, brought up to date, given what is missing, relieved of what
      is not wanted.
    - On leave, locked, or not started yet: suspended; everything else stays as it is. A thing rather than an account
      (``App.stays_on_leave``) is left with who is on leave.
    - Left, or no longer to have this app: what ``app.leave`` says. Groups and roles stay with a suspended account, for
      a quick return and for evidence; privileged ones go, so that reactivating it by hand gives no power back. A want
      that is absent deletes in any case.
    """
    kind = intention(want, given.status)
    if kind == "present":
        if want is None:
            raise AssertionError("without a want nothing is intended to be there")
        changes = _present(want, account, person, app, given, urgency)
    elif account is None:
        return ()
    elif kind == "paused":
        changes = _paused(want, account, person, app, given, urgency)
    else:
        changes = _ended(want, account, person, app, given, urgency)
    if pending and changes:
        covered = frozenset(pending)
        changes = without_covered(changes, lambda change: (change.kind.value, change.entitlement) in covered)
    return tuple(changes)


def intention(want: Want | None, status: Status) -> str:
    """Return what the account is to be: present, paused (suspended, else kept) or ended (what ``leave`` says)."""
    if status is Status.LEFT:
        return "ended"
    if want is None:
        # somebody who is on leave or has yet to start will be (back) here: nothing of theirs is given up meanwhile
        return "paused" if status in (Status.LEAVE, Status.FUTURE) else "ended"
    return {"present": "present", "suspended": "paused"}.get(want.state, "ended")


def heir_of(person: Person, people: t.Mapping[str, Person], statuses: t.Mapping[str, Status]) -> Person | None:
    """Return who takes over what ``person`` owns: the manager, or the nearest one above who is still here."""
    seen = {person.id}
    above = person.manager
    while above and above in people and above not in seen:
        if statuses.get(above) is Status.ACTIVE:
            return people[above]
        seen.add(above)
        above = people[above].manager
    return None


def _present(
    want: Want, account: Account | None, person: Person, app: App, given: Circumstances, urgency: str
) -> list[Change]:
    wanted = _one_role({grant.entitlement: grant.because for grant in want.grants}, app)

    def change(kind: ChangeKind, because: tuple[Because, ...], entitlement: str = "", **details: t.Any) -> Change:
        id = account.id if account else ""
        return Change(kind, want.person, want.app, id, entitlement, because, urgency, (), details)

    why = want.because or tuple(dict.fromkeys(reason for reasons in wanted.values() for reason in reasons))
    if account is None:
        new = details_of(new_account(app.account_name, person))
        return [
            change(ChangeKind.CREATE, why, **new),
            *(change(ChangeKind.GRANT, reasons, entitlement) for entitlement, reasons in wanted.items()),
        ]
    changes = [] if account.active else [change(ChangeKind.REACTIVATE, why)]
    if updates := out_of_date(account, person, app, linked=given.linked, rename=given.rename):
        because = Because("rename", ", ".join(updates), "HR has it differently", given.policy, given.commit)
        changes.append(change(ChangeKind.UPDATE, (because,), "", **updates))
    has = account.entitlements
    if has == wanted.keys():
        return changes
    changes += [
        change(ChangeKind.GRANT, reasons, entitlement)
        for entitlement, reasons in wanted.items()
        if entitlement not in has
    ]
    if given.exclusive:
        surplus = has - wanted.keys()
    else:
        # a role is one of a set: what a new one takes the place of goes in any case
        role = any(_is_role(app, entitlement) for entitlement in wanted)
        surplus = frozenset(e for e in has - wanted.keys() if role and _is_role(app, e))
    changes += [
        change(ChangeKind.REVOKE, _why_not(entitlement, given), entitlement)
        for entitlement in sorted(surplus)
        if entitlement in app.entitlements
    ]
    return changes


def _paused(
    want: Want | None, account: Account, person: Person, app: App, given: Circumstances, urgency: str
) -> list[Change]:
    if not account.active:
        return []
    because = want.because if want else ()
    away = given.status in (Status.LEAVE, Status.FUTURE) and not any(reason.kind == "lock" for reason in because)
    if app.stays_on_leave and away:
        return []
    if not because:
        if given.status is Status.LEAVE:
            because = (Because("leave", "", "on leave of absence: suspended and kept", given.policy, given.commit),)
        elif given.status is Status.FUTURE:
            start = f"starts on {person.start}" if person.start else "has yet to start"
            because = (Because("leave", "", f"{start}: suspended until then", given.policy, given.commit),)
        else:
            because = (Because("request", "", "asked to be suspended", given.policy, given.commit),)
    return [
        Change(kind, person.id, account.app, account.id, "", because, urgency)
        for kind in (ChangeKind.END_SESSIONS, ChangeKind.SUSPEND)
    ]


def _ended(
    want: Want | None, account: Account, person: Person, app: App, given: Circumstances, urgency: str
) -> list[Change]:
    leave = app.leave
    because = want.because if want and want.because else _why_ended(account, person, given)
    # What could not be undone is left alone in an emergency and under a lock (it is evidence), and as long as nobody is
    # there to take over what would be lost.
    asked = any(reason.kind == "request" for reason in because)
    may_delete = (
        urgency != "emergency"
        and not any(reason.kind == "lock" for reason in because)
        and (not leave.transfer or given.heir is not None or asked)
    )
    overdue = (
        leave.delete_after is not None
        and not account.active
        and given.suspended_at is not None
        and given.now is not None
        and given.now >= given.suspended_at + leave.delete_after
    )
    absent = want.state == "absent" if want else leave.then == "delete"
    deleting = may_delete and (absent or overdue)

    def change(kind: ChangeKind, **details: t.Any) -> Change:
        return Change(kind, person.id, app.key, account.id, "", because, urgency, (), details)

    changes = [change(ChangeKind.END_SESSIONS)] if account.active else []
    if leave.transfer and given.heir and (account.active or deleting):
        # again before a deletion, even if it was done on suspending: handing over nothing costs nothing
        changes.append(change(ChangeKind.TRANSFER, to=given.heir.id))
    if account.active and (leave.transfer or not deleting):
        # where a deletion has to wait for something to be handed over, nobody signs in meanwhile
        changes.append(change(ChangeKind.SUSPEND))
    if deleting:
        return [*changes, change(ChangeKind.DELETE)]
    changes += [
        Change(ChangeKind.REVOKE, person.id, app.key, account.id, entitlement, because, urgency)
        for entitlement in sorted(account.entitlements)
        if entitlement in app.entitlements and app.entitlements[entitlement].privileged
    ]
    return changes


def out_of_date(
    account: Account, person: Person, app: App, *, linked: bool = False, rename: bool = False
) -> dict[str, list[str]]:
    """Return what ``account`` shows differently from what HR says: attribute -> [shown, right].

    Only what the app shows is compared: an app that shows no first name would be sent one in every run. Nothing is ever
    made blank. The name to display goes along with first or last name; alone it counts only where an app shows neither
    of the two and other words, not merely another order of them. An external id that is no person's here belongs to
    another system and stays, unless the account was linked by hand. The user name stays unless ``rename`` asks for it.
    """
    found: dict[str, list[str]] = {}
    if account.email and person.email and account.email.casefold() != person.email.casefold():
        found["email"] = [account.email, person.email]
    if account.given_name and person.given_name and account.given_name != person.given_name:
        found["given_name"] = [account.given_name, person.given_name]
    if account.family_name and person.family_name and account.family_name != person.family_name:
        found["family_name"] = [account.family_name, person.family_name]
    if account.name:
        name = display_name(person)
        renamed = "given_name" in found or "family_name" in found
        nameless = not account.given_name and not account.family_name
        if name and account.name != name and (renamed or (nameless and _words(account.name) != _words(name))):
            found["name"] = [account.name, name]
    if linked and account.external_id and account.external_id != person.id:
        found["external_id"] = [account.external_id, person.id]
    if rename and account.username:
        username = account_name(app.account_name, person)
        if username and account.username != username:
            found["username"] = [account.username, username]
    return found


def _one_role(wanted: dict[str, tuple[Because, ...]], app: App) -> dict[str, tuple[Because, ...]]:
    roles = [entitlement for entitlement in wanted if _is_role(app, entitlement)]
    if len(roles) < 2:
        return wanted
    best = min(roles, key=lambda role: (-app.entitlements[role].rank, role))
    return {entitlement: why for entitlement, why in wanted.items() if entitlement == best or entitlement not in roles}


def _is_role(app: App, entitlement: str) -> bool:
    return entitlement in app.entitlements and app.entitlements[entitlement].kind == "role"


def _why_not(entitlement: str, given: Circumstances) -> tuple[Because, ...]:
    if entitlement in given.decisions:
        return (given.decisions[entitlement],)
    record = given.grants.get(entitlement)
    return no_longer_given(record.because if record else (), given.policy, given.commit)


def _why_ended(account: Account, person: Person, given: Circumstances) -> tuple[Because, ...]:
    if given.status is Status.LEFT:
        text = f"the last day was {person.end.isoformat()}" if person.end else "HR says that the person has left"
        return (Because("leaving", "", text, given.policy, given.commit),)
    reasons = [reason for key in sorted(given.grants) for reason in given.grants[key].because]
    return no_longer_needed(reasons, given.policy, given.commit)


def _words(name: str) -> list[str]:
    return sorted(name.replace(",", " ").casefold().split())
