# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an entry of the catalog makes Rollcall see: for whoever is just writing it, before anything is recorded.

An expression that points to nothing gives no error, only accounts without an email, say, which then belong to nobody.
So it is counted, for each field, in how many accounts it found something.
"""

from __future__ import annotations

import collections
import dataclasses
import typing as t

from ..model import Account, App

FIELDS = ("username", "email", "external_id", "given_name", "family_name", "name", "created", "last_used")
SAMPLE = 3
_MOST_UNKNOWN = 10


@dataclasses.dataclass(frozen=True)
class Preview:
    """What was read of one app.

    ``fields``: field -> in how many accounts it is. ``states``, ``entitlements`` (keys of the catalog) and ``unknown``
    (what accounts have besides): each with the number of accounts. ``operations``: what can be done by itself.
    """

    app: str
    accounts: int
    fields: t.Mapping[str, int]
    states: t.Mapping[str, int]
    entitlements: t.Mapping[str, int]
    unknown: t.Mapping[str, int]
    operations: tuple[str, ...]
    by_hand: tuple[str, ...]
    sample: tuple[Account, ...]

    def lines(self) -> list[str]:
        """Return it in words, a line each."""
        lines = [f"{self.app}: would read {self.accounts} accounts ({_counted(self.states)})"]
        lines.append("  fields: " + ", ".join(f"{name} in {number}" for name, number in self.fields.items()))
        nowhere = [name for name in ("email", "username", "external_id") if self.accounts and not self.fields[name]]
        if nowhere:
            lines.append(f"  found in no account: {', '.join(nowhere)}. If the app has it, look at what reads it")
        lines.append(f"  entitlements: {_counted(self.entitlements)}")
        unused = [key for key, number in self.entitlements.items() if not number]
        if unused:
            lines.append(f"  held by nobody: {', '.join(unused)}. If that is wrong, look at their values")
        if self.unknown:
            lines.append(f"  not in the catalog: {_counted(self.unknown)}")
        lines.append(f"  by itself: {', '.join(self.operations) or 'nothing'}")
        lines.append(f"  by hand, as a task: {', '.join(self.by_hand) or 'nothing'}")
        lines += [f"  e.g. {_account(account)}" for account in self.sample]
        return lines

    def to_dict(self) -> dict[str, t.Any]:
        data = dataclasses.asdict(self)
        data["sample"] = [_account(account) for account in self.sample]
        return data


def preview(app: App, accounts: t.Sequence[Account], can: t.Collection[str], operations: t.Sequence[str]) -> Preview:
    """Return what ``accounts`` show of ``app``. ``can``: the operations on offer, of all ``operations``."""
    unknown = collections.Counter(value for account in accounts for value in account.unknown)
    return Preview(
        app.key,
        len(accounts),
        {name: sum(bool(getattr(account, name)) for account in accounts) for name in FIELDS},
        dict(collections.Counter(account.state for account in accounts)),
        {key: sum(key in account.entitlements for account in accounts) for key in app.entitlements},
        dict(unknown.most_common(_MOST_UNKNOWN)),
        tuple(operation for operation in operations if operation in can),
        tuple(operation for operation in operations if operation not in can),
        tuple(accounts[:SAMPLE]),
    )


def _counted(numbers: t.Mapping[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in numbers.items()) or "none"


def _account(account: Account) -> str:
    shown = [f"{name}={getattr(account, name)}" for name in ("id", *FIELDS[:6], "state") if getattr(account, name)]
    has = sorted(account.entitlements | account.unknown)
    return ", ".join([*shown, f"has {', '.join(has) or 'nothing'}"])
