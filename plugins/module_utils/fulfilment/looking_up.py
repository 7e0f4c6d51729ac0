# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finding what one person has in one app, without reading the whole app."""

from __future__ import annotations

import functools
import time
import typing as t

from ..connectors.contract import Connector
from ..model import Account, AccountKey, App, Person
from ..planning.naming import account_name
from .asking_again import find_patiently
from .retrying import USUAL, Budget, with_retries


def look_up(
    connector: Connector,
    person: Person,
    app: App,
    known: t.Collection[str] = (),
    *,
    fresh: t.Collection[str] = (),
    budget: Budget = USUAL,
    sleep: t.Callable[[float], None] = time.sleep,
) -> tuple[Account, ...]:
    """Return the accounts that may be this person's: those with the ``known`` ids, else whatever any key finds.

    Every key is looked up by itself: two ways that find two accounts must not hide one another. Those of the ``known``
    that are ``fresh`` were made a moment ago and are looked for patiently. Raises Conflict when one key names several
    accounts, and every other AppError of a read.
    """

    def found_by(keys: t.Iterable[AccountKey]) -> dict[str, Account]:
        answers = (with_retries(functools.partial(connector.find, key), budget, sleep=sleep)[0] for key in keys)
        return {account.id: account for account in answers if account}

    hits = found_by(AccountKey(id=id) for id in known)
    missing = (AccountKey(id=id) for id in known if id in fresh and id not in hits)
    again = (find_patiently(connector, key, budget, sleep=sleep) for key in missing)
    hits.update((account.id, account) for account in again if account)
    return tuple((hits or found_by(keys_of(person, app))).values())


def keys_of(person: Person, app: App) -> list[AccountKey]:
    """Return every key that correlation goes by, one field at a time."""
    emails = dict.fromkeys(email for email in (person.email, *person.earlier_emails) if email)
    names = (person.username, account_name(app.account_name, person), person.email)
    usernames = dict.fromkeys(name for name in names if name)
    return [
        AccountKey(external_id=person.id),
        *(AccountKey(email=email) for email in emails),
        *(AccountKey(username=name) for name in usernames),
    ]
