# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose is this account? Everything known of it is held against everything known of the people."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import types
import typing as t

from ..model import Account, AccountRecord, App, Finding, Person
from .naming import account_name

#: What the ledger knows by its own deed, rather than by having recognised something.
_PROVEN = ("created", "attested")

_NONE: t.Mapping[t.Any, t.Any] = types.MappingProxyType({})


class Directory:
    """People by every key that an account may carry. Made once per run, for all apps.

    Everybody is looked at when an account comes that neither an id nor the ledger says enough of.
    """

    def __init__(self, people: t.Mapping[str, Person]) -> None:
        self.people = people
        self._named: dict[str, dict[str, list[str]]] = {}

    @functools.cached_property
    def emails(self) -> dict[str, list[str]]:
        return _index((id, (person.email,)) for id, person in self.people.items())

    @functools.cached_property
    def earlier_emails(self) -> dict[str, list[str]]:
        return _index((id, person.earlier_emails) for id, person in self.people.items())

    @functools.cached_property
    def usernames(self) -> dict[str, list[str]]:
        return _index((id, (person.username,)) for id, person in self.people.items())

    def named(self, template: str) -> t.Mapping[str, list[str]]:
        """Return the people by the name that their account has under ``template``."""
        if template == "{username}":
            return self.usernames
        if template == "{email}":
            return self.emails
        if template not in self._named:
            self._named[template] = _index(
                (id, (account_name(template, person),)) for id, person in self.people.items()
            )
        return self._named[template]


@dataclasses.dataclass(frozen=True, slots=True)
class Ambiguity:
    """Accounts and people that could not be told apart; nothing is done about them."""

    accounts: tuple[Account, ...]
    people: tuple[str, ...]
    matched_by: str


@dataclasses.dataclass(frozen=True)
class Correlation:
    """Whose the accounts of one app are.

    ``matches`` has, by account id, the person and how that is known: link, external_id, created, attested, email,
    earlier_email or username. ``by_person`` has the accounts of each person: one, unless several were linked by hand.
    ``orphans`` are nobody's that we know; ``set_aside`` are those that somebody declared to be nobody's. Accounts that
    are ambiguous or protected are in none of these; ``protected_of`` says whose a protected account would be.
    """

    app: str
    matches: t.Mapping[str, tuple[str, str]] = dataclasses.field(default_factory=dict)
    by_person: t.Mapping[str, tuple[Account, ...]] = dataclasses.field(default_factory=dict)
    orphans: tuple[Account, ...] = ()
    ambiguous: tuple[Ambiguity, ...] = ()
    protected: tuple[Account, ...] = ()
    protected_of: t.Mapping[str, tuple[Account, ...]] = dataclasses.field(default_factory=dict)
    set_aside: tuple[Account, ...] = ()

    @property
    def unclear(self) -> frozenset[str]:
        """The ids of people for whom nothing can be done in this app until somebody has told the accounts apart."""
        return frozenset(itertools.chain.from_iterable(one.people for one in self.ambiguous))


def correlate(
    app: App,
    accounts: t.Iterable[Account],
    people: t.Mapping[str, Person] | Directory,
    links: t.Mapping[tuple[str, str], str] = _NONE,
    records: t.Iterable[AccountRecord] = (),
) -> Correlation:
    """Say whose the accounts of ``app`` are. The first that says anything decides:

    1. ``links``, made by hand: (app, account id) -> person id, empty for "nobody's";
    2. the account's external id, where it is the id of a person (so an account that carries the id of one person is
       never given to another because of an email address that was handed on);
    3. ``records``, the ledger's: who it was made for, or whose the app's owner said it is;
    4. its email address, without regard to case;
    5. an email address that a person had earlier;
    6. its user name: that of a person, the one that the catalog's ``account_name`` gives them, or their email address;
    7. ``records`` once more: whom it was recognised as before.

    Ambiguous, and never acted on: an account that fits several people at the first place that says anything; one that
    4 to 6 give to another person than the ledger remembers; and several accounts that fit one person, unless one of
    them is linked by hand (then the others are orphans).

    Accounts that the catalog protects (by user name, email or id, without regard to case) take no part.
    """
    directory = people if isinstance(people, Directory) else Directory(people)
    remembered = {record.account.id: record for record in records if record.person and record.account.app == app.key}
    shielded = {one.account.casefold() for one in app.protect}
    fits: dict[str, list[tuple[Account, str]]] = {}
    orphans: list[Account] = []
    set_aside: list[Account] = []
    protected: list[Account] = []
    unclear: list[Ambiguity] = []
    for account in sorted(accounts, key=lambda account: account.id):
        if shielded and names_of(account) & shielded:
            protected.append(account)
            continue
        if links.get((app.key, account.id)) == "":
            set_aside.append(account)
            continue
        found, matched_by = fitting(account, app, directory, links, remembered.get(account.id))
        if len(found) > 1:
            unclear.append(Ambiguity((account,), found, matched_by))
        elif found:
            fits.setdefault(found[0], []).append((account, matched_by))
        else:
            orphans.append(account)
    doubtful = {id for one in unclear for id in one.people}
    matches: dict[str, tuple[str, str]] = {}
    by_person: dict[str, tuple[Account, ...]] = {}
    for id, mine in fits.items():
        linked = [pair for pair in mine if pair[1] == "link"]
        if linked:
            orphans += [account for account, matched_by in mine if matched_by != "link"]
            mine = linked
        elif len(mine) > 1:
            by = ", ".join(dict.fromkeys(matched_by for _account, matched_by in mine))
            unclear.append(Ambiguity(tuple(account for account, _by in mine), (id,), by))
            continue
        elif id in doubtful:
            # another account may be theirs as well: which is the right one is not for us to say
            unclear.append(Ambiguity((mine[0][0],), (id,), mine[0][1]))
            continue
        by_person[id] = tuple(account for account, _by in mine)
        matches.update((account.id, (id, matched_by)) for account, matched_by in mine)
    protected_of: dict[str, tuple[Account, ...]] = {}
    for account in protected:
        found, _by = fitting(account, app, directory, links, remembered.get(account.id))
        for id in found:
            protected_of[id] = (*protected_of.get(id, ()), account)
    return Correlation(
        app.key,
        matches,
        by_person,
        tuple(sorted(orphans, key=lambda account: account.id)),
        tuple(unclear),
        tuple(protected),
        protected_of,
        tuple(set_aside),
    )


def correlation_findings(
    correlation: Correlation, people: t.Mapping[str, Person], in_scope: t.Callable[[str], bool] = lambda id: True
) -> tuple[Finding, ...]:
    """Return what somebody should look at: an error per ambiguity, a warning per orphan that can be used."""
    app = correlation.app
    findings = []
    for one in correlation.ambiguous:
        if not any(in_scope(id) for id in one.people):
            continue
        accounts = " and ".join(_shown(account) for account in one.accounts)
        names = " and ".join(people[id].username or people[id].email or id for id in one.people)
        fits = "fit" if len(one.accounts) > 1 else "fits"
        findings.append(
            Finding(
                "ambiguous_account",
                "error",
                f"{app}: {accounts} {fits} {names} (by {one.matched_by}), so nothing is done about them there",
                todo="Say whose each account is with the module rollcall.access.link",
                app=app,
                person=one.people[0] if len(one.people) == 1 else "",
                account=one.accounts[0].id if len(one.accounts) == 1 else "",
            )
        )
    findings += [
        Finding(
            "orphan_account",
            "warning",
            f"{app}: {_shown(account)} belongs to nobody whom HR knows",
            todo="Say whose it is with the module rollcall.access.link, protect it in the catalog, or remove it there",
            app=app,
            account=account.id,
        )
        for account in correlation.orphans
        if account.active
    ]
    return tuple(findings)


def fitting(
    account: Account,
    app: App,
    directory: Directory,
    links: t.Mapping[tuple[str, str], str],
    record: AccountRecord | None,
) -> tuple[tuple[str, ...], str]:
    """Return the ids of those whose this account may be, looked at by itself, and by what."""
    people = directory.people
    linked = links.get((app.key, account.id))
    if linked is not None:
        return ((linked,) if linked in people else ()), "link"
    if account.external_id and account.external_id in people:
        return (account.external_id,), "external_id"
    known = record.person if record and record.person in people else ""
    if record and known and record.matched_by in _PROVEN:
        return (known,), record.matched_by
    found, matched_by = _alike(account, app, directory)
    if not found:
        return ((known,), (record.matched_by if record else "") or "attested") if known else ((), "")
    if known and known not in found:
        # the address or the name was handed on: it used to lead to somebody else, who may still use the account
        return (*found, known), f"{matched_by}, though it was another's before"
    return found, matched_by


def _alike(account: Account, app: App, directory: Directory) -> tuple[tuple[str, ...], str]:
    # lower, not casefold: to that weiß@ and weiss@ are one, and they are two people
    email, username = account.email.lower(), account.username.lower()
    tries: tuple[tuple[str, str, t.Mapping[str, list[str]]], ...] = (
        ("email", email, directory.emails),
        ("earlier_email", email, directory.earlier_emails),
        ("username", username, directory.usernames),
    )
    for matched_by, value, index in tries:
        if value and value in index:
            return tuple(dict.fromkeys(index[value])), matched_by
    if username:
        for index in (directory.named(app.account_name), directory.emails, directory.earlier_emails):
            if username in index:
                return tuple(dict.fromkeys(index[username])), "username"
    return (), ""


def _index(keys: t.Iterable[tuple[str, t.Iterable[str]]]) -> dict[str, list[str]]:
    index: dict[str, list[str]] = {}
    for id, mine in keys:
        for key in mine:
            if key:
                index.setdefault(key.lower(), []).append(id)
    return index


def names_of(account: Account) -> set[str]:
    """Return all that an account may be protected by."""
    return {name.casefold() for name in (account.id, account.username, account.email) if name}


def _shown(account: Account) -> str:
    name = account.username or account.email or account.name
    return f"account {name} (id {account.id})" if name else f"account {account.id}"
