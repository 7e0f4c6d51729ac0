# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a connector is: an app turned into accounts, and back.

A connector must be able to read (``accounts``, ``find``). Everything else is optional and found by what its class
implements; nothing is declared twice. An operation that it lacks becomes a manual task.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import typing as t
from concurrent import futures

from ..errors import AppError, RollcallError
from ..model import Account, AccountKey, App, Entitlement, NewAccount
from ..protocols.shaping import Problem

# Every operation that a class may implement, by the name of its method.
OPERATIONS = (
    "create",
    "update",
    "grant",
    "revoke",
    "suspend",
    "reactivate",
    "delete",
    "end_sessions",
    "transfer",
)


@contextlib.contextmanager
def once_made() -> t.Iterator[None]:
    """For what ``create`` does when the account is there: its errors have ``details["sent"]``.

    Whoever tries again knows by that to look for the account with patience before a second one is made.
    """
    try:
        yield
    except AppError as error:
        error.details["sent"] = True
        raise


class Connector:
    """The base of all connectors.

    An operation returns True when it changed something and False when it was so already. It raises one of the AppErrors
    of ``errors.py`` otherwise: Throttled and Transient are tried again by the caller, the others are final.

    ``create`` may be repeated: an account that is there already as this person's is returned as it is. What fails when
    the account is made already does so with ``details["sent"]`` (``once_made``).
    One instance serves several threads at a time.

    Optional operations, with their signatures::

        create(self, new: NewAccount, entitlements: Collection[Entitlement]) -> Account
        update(self, account: Account, changes: Mapping[str, str]) -> bool      # email, username, given_name, ...
        grant(self, account: Account, entitlement: Entitlement) -> bool
        revoke(self, account: Account, entitlement: Entitlement) -> bool
        suspend(self, account: Account) -> bool
        reactivate(self, account: Account) -> bool
        delete(self, account: Account) -> bool
        end_sessions(self, account: Account) -> bool
        transfer(self, account: Account, to: Account) -> bool

    Where ``suspend`` reads the account first, ``suspend_as_seen(self, account: Account) -> bool`` may spare that in an
    emergency, for an account that was read a moment ago. Whatever it raises may also mean that the account is not as it
    was seen any more: who calls reads it again then, and calls ``suspend``.
    """

    #: The word for ``connector:`` in the catalog.
    name: t.ClassVar[str] = ""
    #: Whether ``accounts`` shows what the app has. False: what is known comes from the ledger (attested).
    reads: t.ClassVar[bool] = True
    #: Whether ``accounts`` may be asked of a copy of the connector in a forked process: nothing is open before it is
    #: first used, and nothing that it learns there is needed here.
    forks: t.ClassVar[bool] = False
    #: The options of ``connection``: name -> "required", "optional" or "secret" (required and never shown).
    options: t.ClassVar[t.Mapping[str, str]] = {}

    def __init__(self, app: App, connection: t.Mapping[str, t.Any]) -> None:
        """``connection`` is the app's connection with its templates resolved: it may hold secrets."""
        self.app = app
        self.connection = connection

    def accounts(self) -> t.Iterator[Account]:
        """Return every account, complete, or raise: a read that is refused, short or odd is never "nobody there"."""
        raise NotImplementedError

    def accounts_at_once(self, pool: futures.Executor) -> t.Iterator[Account]:
        """Return what ``accounts`` does, with requests that need not wait for one another in the threads of ``pool``.

        For who waits for the list of one app, and sends nothing else to it meanwhile.
        """
        return self.accounts()

    def find(self, key: AccountKey) -> Account | None:
        """Return the one account that ``key`` names (id, then external id, email, username), or None.

        Raises Conflict when one field of the key names more than one account.
        """
        raise NotImplementedError

    @property
    def finds(self) -> bool:
        """Whether ``find`` answers: where there is a list, and where the app tells of one person when it is asked."""
        return self.reads

    @property
    def asks_by_id(self) -> bool:
        """Whether ``find`` asks the app for one account by its id, so that it can be right where the list is not.

        False where it reads the same list once more, and where reading is one transaction and so never half of it.
        """
        return False

    def can(self, operation: str) -> bool:
        """Return whether this app has the operation.

        The class has the method, and nothing about this app takes it away: where deleting only deactivates, ``delete``
        is not on offer although the class implements it.
        """
        return operation in self.operations()

    @classmethod
    def problems(cls, connection: t.Mapping[str, t.Any]) -> list[Problem]:
        """Return what is wrong with a ``connection`` beyond unknown and missing options, without asking the app.

        Its values may be templates that nothing has resolved yet.
        """
        return []

    def taken_at(self) -> dt.datetime | None:
        """Return when what ``accounts`` shows was so, where that is earlier than now (an exported list); else None."""
        return None

    def close(self) -> None:
        """Give back connections. Called once, at the end."""

    @classmethod
    def operations(cls) -> frozenset[str]:
        """Return the names of the optional operations that this class implements."""
        return frozenset(name for name in OPERATIONS if callable(getattr(cls, name, None)))

    @classmethod
    def operations_for(cls, connection: t.Mapping[str, t.Any]) -> frozenset[str]:
        """Return the operations of an app with this ``connection``, whose templates nothing has resolved yet.

        Asked of an instance that is made for it and never used. Where none can be made without knowing what is behind
        a template, what the class implements is returned.
        """
        for url in _STANDING:
            try:
                connector = cls(App("example", connector=cls.name), _without_templates(connection, url))
            except RollcallError:
                continue
            try:
                return frozenset(operation for operation in cls.operations() if connector.can(operation))
            finally:
                connector.close()
        return cls.operations()

    def where(self, operation: str, account: Account | AccountKey | NewAccount | None = None) -> str:
        """Return what every error begins with: the app, the operation and, where there is one, the account."""
        fields = ("username", "email", "external_id", "id")
        who = next((text for text in (getattr(account, field, "") for field in fields) if text), "")
        who = "".join(c if c.isprintable() else "?" for c in who)
        return f"app {self.app.key}, {operation} {who}".rstrip()


#: What stands for an address of which only the template is known: one of a kind that the connector takes.
_STANDING = (
    "https://unknown.example",
    "ldaps://unknown.example",
    "postgresql+psycopg://unknown.example/x",
    "mysql+pymysql://unknown.example/x",
)
_FILES = ("ca_file",)  # may be on the machine that carries out, and not here


def _without_templates(connection: t.Mapping[str, t.Any], url: str) -> dict[str, t.Any]:
    known = {name: value for name, value in connection.items() if name not in _FILES}
    for name, value in known.items():
        if isinstance(value, str) and "{{" in value:
            known[name] = url if name.endswith("url") else "x"
    return known


def value_of(entitlement: Entitlement) -> str:
    """Return what the app itself calls an entitlement: its value, or its key where the catalog gives none."""
    return entitlement.value or entitlement.key


__all__ = ["OPERATIONS", "Account", "AccountKey", "App", "Connector", "Entitlement", "NewAccount", "value_of"]
