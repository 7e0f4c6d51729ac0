# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the record of an account, as a REST interface gives it, to an Account. Pure, no I/O."""

from __future__ import annotations

import typing as t

from ..errors import Broken
from ..protocols.rest import finder, search
from ..protocols.rest_spec import AccountFields
from .contract import Account, App, value_of
from .plain_values import moment, text

STATES = ("active", "suspended", "invited", "gone")
_USUAL = {"true": "active", "false": "suspended", **{state: state for state in STATES}}
_TEXTS = ("username", "email", "external_id", "given_name", "family_name", "name")
_TIMES = ("created", "last_used")

#: What an account has of one kind: each by all the names that it goes by (id, name).
Held = t.Mapping[str, t.Sequence[t.Sequence[str]]]


def identity_of(record: t.Any, fields: AccountFields, where: str) -> str:
    """Return the id of a record; one without is Broken."""
    found = search(fields.id, record)
    if not isinstance(found, str | int) or isinstance(found, bool) or found == "":
        raise Broken(f"an entry has no id at {fields.id!r}", where=where)
    return str(found)


def state_of(record: t.Any, fields: AccountFields, where: str) -> str:
    """Return active, suspended, invited or gone. Raises Broken for a word that nothing translates."""
    if not fields.state:
        return "active"
    found = search(fields.state, record)
    word = str(found).lower() if isinstance(found, bool) else text(found)
    state = fields.states.get(word) or _USUAL.get(word.lower())
    if state not in STATES:
        raise Broken(
            f"the account {identity_of(record, fields, where)} has the state {word!r}, whose meaning is not known",
            where=where,
            todo=f"Say in `account.states` whether it means {', '.join(STATES)}",
        )
    return state


class AccountReader:
    """Makes accounts of an app's records. What is the same for all of them is looked up once: there may be many."""

    def __init__(self, app: App, fields: AccountFields) -> None:
        self.app = app
        self.fields = fields
        self._texts = [(name, finder(getattr(fields, name))) for name in _TEXTS if getattr(fields, name)]
        self._times = [(name, finder(getattr(fields, name))) for name in _TIMES if getattr(fields, name)]
        self._entitlements: dict[tuple[str, str], list[str]] = {}
        for one in app.entitlements.values():
            self._entitlements.setdefault((one.kind, value_of(one)), []).append(one.key)

    def account_of(self, record: t.Any, held: Held, where: str) -> Account | None:
        """Return the account that a record is, or None for one that is listed although it is gone."""
        state = state_of(record, self.fields, where)
        if state == "gone":
            return None
        has: set[str] = set()
        unknown: set[str] = set()
        for kind, values in held.items():
            for names in values:
                found = [key for name in names for key in self._entitlements.get((kind, name), ())]
                if found:
                    has.update(found)
                else:
                    unknown.add(f"{kind}:{next((name for name in reversed(names) if name), '')}")
        fields: dict[str, t.Any] = {name: text(find(record)) for name, find in self._texts}
        fields.update((name, moment(find(record))) for name, find in self._times)
        return Account(
            app=self.app.key,
            id=identity_of(record, self.fields, where),
            state=state,
            entitlements=frozenset(has),
            unknown=frozenset(unknown),
            **fields,
        )


def account_of(record: t.Any, app: App, fields: AccountFields, held: Held, where: str) -> Account | None:
    """Return the account that a single record is, or None for one that is listed although it is gone."""
    return AccountReader(app, fields).account_of(record, held, where)


def is_named_by(record: t.Any, fields: AccountFields, field: str, wanted: str) -> bool:
    """Return whether a record really is the one asked for: what a search returned is not believed."""
    expression = getattr(fields, field)
    found = text(search(expression, record)) if expression else ""
    if field in ("id", "external_id"):
        return found == wanted
    return bool(found) and found.lower() == wanted.lower()  # to casefold, weiß@ and weiss@ would be one


def texts_of(found: t.Any) -> list[str]:
    """Return what an expression found as texts: a list of them, one, or none."""
    values = found if isinstance(found, list) else [found]
    return [value for value in map(text, values) if value]
