# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Any app with a REST interface. A product is a subclass with a specification, or a few lines in the catalog."""

from __future__ import annotations

import contextlib
import time
import typing as t

from ..errors import Conflict, Refused, Throttled, Transient, Unsupported
from ..protocols.placeholders import Values
from ..protocols.rest import one_record, search
from ..protocols.rest_spec import RestSpec
from ..protocols.shaping import Problem
from .contract import OPERATIONS, Account, AccountKey, Entitlement, NewAccount, once_made, value_of
from .rest_accounts import identity_of
from .rest_changing import RestChanging
from .rest_options import REST_OPTIONS, rest_problems, shaped_spec
from .rest_reading import FIELDS, INVITED

T = t.TypeVar("T")
_FOUND_AFTER = 3  # looks for an account whose id the answer to its creation did not tell


class RestConnector(RestChanging):
    """Any app with a REST interface, described in the catalog.

    A product sets ``spec`` and, where it signs in in a way of its own, overrides ``session``. What a product's
    interface does differently is a method overridden.
    """

    name = "rest"
    options: t.ClassVar[t.Mapping[str, str]] = REST_OPTIONS

    @classmethod
    def problems(cls, connection: t.Mapping[str, t.Any]) -> list[Problem]:
        """Return what is wrong with a ``connection``, as far as it can be known without asking the app."""
        return rest_problems(connection) if cls.spec is None and cls is RestConnector else []

    @classmethod
    def operations(cls) -> frozenset[str]:
        if cls.spec is None:
            return super().operations()
        spec = cls.spec
        own = {name for name in OPERATIONS if getattr(cls, name, None) is not getattr(RestConnector, name, None)}
        return frozenset(own | {name for name in OPERATIONS if _has(spec, name)})

    @classmethod
    def operations_for(cls, connection: t.Mapping[str, t.Any]) -> frozenset[str]:
        if cls is not RestConnector:
            return cls.operations()
        spec = shaped_spec(connection, [])
        return frozenset(name for name in OPERATIONS if _has(spec, name))

    def can(self, operation: str) -> bool:
        own = getattr(type(self), operation, None) is not getattr(RestConnector, operation, None)
        return own or _has(self.rest, operation)

    # Creating

    def create(self, new: NewAccount, entitlements: t.Collection[Entitlement]) -> Account:
        """Create the account with its entitlements, or return the one that is there already as this person's.

        Raises Conflict where the name is somebody else's, NotFound before anything is made where a group is missing.
        """
        where = self.where("create", new)
        self._need("create", where)
        ids = {e.key: self.directory.id_of(e, where) for e in entitlements}
        # an invitation is sent as often as it is asked for, and PUT changes whoever has the name: they are looked for
        by_put = any(call.method == "PUT" for call in self.rest.create)
        look = new in self._uncertain or self.rest.invitations is not None or by_put
        account = self.own_account(new, where) if look else None
        if account is None and by_put:
            self._check_free(new, where)
        if account is None:
            account = self._made(new, entitlements, ids, where)
        with once_made():
            return self._with_all(account, entitlements)

    def _with_all(self, account: Account, entitlements: t.Collection[Entitlement]) -> Account:
        """Give an account that was just made what it has not got with that. Return it as it is then."""
        missing = [e for e in entitlements if e.key not in account.entitlements]
        if account.state == "invited" and account.id.startswith(INVITED):
            return account  # there is nothing yet that could be given anything: the next run goes on
        for entitlement in missing:
            # what is refused, the account has not: whoever asked sees that, asks for it by itself, and is told why
            with contextlib.suppress(Refused, Unsupported):
                self.grant(account, entitlement)
        if not missing:
            return account
        return self.find(AccountKey(id=account.id)) or account

    def _made(
        self, new: NewAccount, entitlements: t.Collection[Entitlement], ids: t.Mapping[str, str], where: str
    ) -> Account:
        role = next((e for e in entitlements if e.kind == "role"), None)
        fallback = self.rest.kinds["role"].default if "role" in self.rest.kinds else ""
        values = {
            **self.values,
            **{name: getattr(new, name) for name in ("username", *FIELDS[:2], "given_name", "family_name", "name")},
            "role": value_of(role) if role else fallback,
            "role_id": ids[role.key] if role else fallback,
            **self.for_creation(new, entitlements, ids, where),
        }
        try:
            changed, body = self.client.send(self.rest.create, values, where)
        except (Throttled, Transient) as error:
            if error.details.get("sent"):  # it may be there: the next try looks before it makes a second one
                self._uncertain.add(new)
            raise
        except (Conflict, Refused) as error:
            # many answer 400 or 422 for a name that is taken, as for everything else that they do not like
            if error.details.get("status") not in (400, 409, 422):
                raise
            found = self.own_account(new, where)
            if found is None and isinstance(error, Refused):
                raise
            if found is None:
                todo = "An account that cannot be listed has this name: ask the app's owner who has it"
                raise Conflict(f"{error.message}, and no such account can be found", where=where, todo=todo) from None
            return found
        with once_made():
            record = one_record(body, self.rest.create[-1].answer, where) if changed and body is not None else None
            if record is not None and search(self.rest.account.id, record) not in (None, "") and self._whole(record):
                accounts = self.accounts_from([record], where)
                if accounts:
                    return accounts[0]
            return self._found_after(new, where)

    def for_creation(
        self, new: NewAccount, entitlements: t.Collection[Entitlement], ids: t.Mapping[str, str], where: str
    ) -> Values:
        """Return what else a product's ``create`` has placeholders for. ``ids``: entitlements' ids by their keys."""
        return {}

    def _check_free(self, new: NewAccount, where: str) -> None:
        """Raise Conflict where the name is that of an account that is gone, and was another person's."""
        for record in self._named("username", new.username, where) if new.username else []:
            external_id = search(self.rest.account.external_id, record) if self.rest.account.external_id else None
            if not new.external_id or external_id != new.external_id:
                id = identity_of(record, self.rest.account, where)
                todo = "Give the person another name, or bring the old account back by hand if it is theirs"
                raise Conflict(
                    f"the username is that of the account {id}, which was deleted", where=where, todo=todo, account=id
                )

    def _whole(self, record: t.Any) -> bool:
        """Whether the answer to a creation shows enough of the account; else it is read."""
        fields = self.rest.account
        return not fields.email or bool(search(fields.email, record))

    @once_made()
    def _found_after(self, new: NewAccount, where: str) -> Account:
        self._uncertain.add(new)
        for _unused in range(_FOUND_AFTER):
            found = self.own_account(new, where)
            if found is not None:
                self._uncertain.discard(new)
                return found
        raise Transient("it was created, and is not shown yet", where=where, sent=True)

    def own_account(self, new: NewAccount, where: str) -> Account | None:
        """Return the account that is ``new``'s already; Conflict where its name or address is somebody else's."""
        for field in FIELDS:
            wanted = getattr(new, field)
            found = self.find(AccountKey(**{field: wanted})) if wanted else None
            if found is None:
                continue
            same_id = bool(found.external_id) and found.external_id == new.external_id
            same_email = bool(new.email) and found.email.casefold() == new.email.casefold()
            if same_id or (not found.external_id and same_email):
                return found
            whose = f"with the external id {found.external_id!r}" if found.external_id else "with another email"
            raise Conflict(
                f"the {field.replace('_', ' ')} is taken by the account {found.id}, {whose}",
                where=where,
                todo="Find out whose account that is; link it to the person, or give the person another name",
                account=found.id,
            )
        return None


def with_patience(send: t.Callable[[], T], tries: int = 3) -> T:
    """Do something that may be repeated without harm, again after a fault that may pass. Raises the last one's
    error."""
    for attempt in range(1, tries + 1):
        try:
            return send()
        except (Throttled, Transient) as error:
            if attempt == tries:
                raise
            asked = error.retry_after if isinstance(error, Throttled) else None
            time.sleep(min(asked if asked is not None else 0.5 * 2**attempt, 10.0))
    raise AssertionError("unreachable")


def _has(spec: RestSpec, operation: str) -> bool:
    if operation == "grant":
        return any(kind.grant for kind in spec.kinds.values())
    if operation == "revoke":
        return any(kind.revoke or (kind.default and kind.grant) for kind in spec.kinds.values())
    return bool(getattr(spec, operation, ()))
