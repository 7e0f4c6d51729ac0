# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Apps that have an admin page and no interface: steps from the catalog, done in a browser and shown in screenshots."""

from __future__ import annotations

import functools
import secrets
import time
import typing as t
import urllib.parse
from concurrent import futures

from ..errors import AppError, NotFound, PolicyError, Refused, Throttled, Transient, Unsupported
from ..protocols.options import Options
from ..protocols.shaping import Problem
from .browser_accounts import Accounts
from .browser_chromium import Settings, is_gone
from .browser_evidence import Evidence
from .browser_list import read_list
from .browser_recipe import Recipe, read_recipe
from .browser_session import Gone, Session, SignedOut, Task
from .browser_steps import KINDS, OF_ACCOUNT, Step
from .contract import OPERATIONS, Account, AccountKey, App, Connector, Entitlement, NewAccount, value_of

#: For so many seconds a list that was read answers look-ups, where ``remember`` does not say otherwise: looking one
#: person up takes several questions, and each would go through all pages. A change, or a failure, ends it at once.
FRESH = 30.0
#: Where screenshots go, below the company's directory.
EVIDENCE = "rollcall-evidence"

T = t.TypeVar("T")


class BrowserConnector(Connector):
    """Any app with an admin page: steps in a browser, each change checked and shown in screenshots."""

    name = "browser"
    options: t.ClassVar[t.Mapping[str, str]] = {
        "base_url": "required",
        "username": "required",
        "password": "secret",
        "sign_in": "required",
        "signed_out": "optional",
        "list": "optional",
        **dict.fromkeys(OPERATIONS, "optional"),
        "hosts": "optional",
        "executable": "optional",
        "sandbox": "optional",
        "timeout": "optional",
        "language": "optional",
        "remember": "optional",
        "evidence": "optional",
    }

    def __init__(self, app: App, connection: t.Mapping[str, t.Any]) -> None:
        super().__init__(app, connection)
        found = self.problems(connection)
        if found:
            path, message, todo = found[0]
            where = ".".join(["connection", *(str(step) for step in path)])
            raise PolicyError(message, where=f"app {app.key}, {where}", todo=todo)
        options = Options(app.key, connection)
        self._recipe: Recipe = read_recipe(connection)[0]
        #: without a list nobody sees who has what: what is known is what was done. It is the entry that says
        #: so and not the class, for which mypy takes no assignment.
        self.reads = self.reads_for(connection)  # type: ignore[misc]
        self._accounts = Accounts(app, self._recipe.listing)
        self._seconds = options.number("timeout", 10.0, least=0.1) or 10.0
        remember = options.number("remember", FRESH)
        self._remember = FRESH if remember is None else remember
        base_url = options.text("base_url").rstrip("/")
        folder = options.path("evidence") or Options(app.key, {**connection, "evidence": EVIDENCE}).path("evidence")
        if folder is None:
            raise AssertionError("there is always a directory for screenshots")
        signed_in_as = {"username": options.text("username"), "password": options.text("password")}
        self._values: t.Mapping[str, t.Any] = {"connection": signed_in_as}
        self._session = Session(
            Settings(
                base_url=base_url,
                hosts=frozenset(str(host).lower() for host in connection.get("hosts") or ()),
                executable=options.text("executable"),
                sandbox=options.flag("sandbox", True),
                seconds=self._seconds,
                language=options.text("language", "en-US"),
            ),
            Evidence(folder, app.key),
            self._recipe.sign_in,
            self._recipe.signed_out,
        )
        # Playwright belongs to one thread; whoever else comes, waits
        self._thread = futures.ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"browser-{app.key}")
        self._read_at: float | None = None
        self._read: list[Account] = []

    @classmethod
    def problems(cls, connection: t.Mapping[str, t.Any]) -> list[Problem]:
        """Return what is wrong with a connection, as far as that shows without a browser: where, what, what to do."""
        found = list(read_recipe(connection)[1])
        base_url = connection.get("base_url")
        if isinstance(base_url, str) and "{{" not in base_url:
            parts = urllib.parse.urlsplit(base_url)
            if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or "@" in parts.netloc:
                todo = "Like https://wiki.example, without a user and a query"
                found.append(Problem(("base_url",), "expected the address of the app", todo))
        hosts = connection.get("hosts")
        if hosts is not None and (
            not isinstance(hosts, list | tuple)
            or not all(isinstance(host, str) and host and "/" not in host for host in hosts)
        ):
            todo = "Those that signing in leads to, like login.example"
            found.append(Problem(("hosts",), "expected a list of host names", todo))
        return found

    @classmethod
    def operations_for(cls, connection: t.Mapping[str, t.Any]) -> frozenset[str]:
        return frozenset(name for name in OPERATIONS if connection.get(name) is not None)

    @classmethod
    def reads_for(cls, connection: t.Mapping[str, t.Any]) -> bool:
        """Return whether an app with this connection is read: whether it has a list."""
        return connection.get("list") is not None

    def can(self, operation: str) -> bool:
        return operation in self._recipe.operations

    def close(self) -> None:
        self._thread.submit(self._session.end).result()
        self._thread.shutdown()

    # reading

    def accounts(self) -> t.Iterator[Account]:
        where = self.where("accounts")
        return iter(self._call(where, lambda again: self._everyone(where, fresh=True)))

    def find(self, key: AccountKey) -> Account | None:
        where = self.where("find", key)
        return self._accounts.found(self._call(where, lambda again: self._everyone(where)), key, where)

    def _everyone(self, where: str, *, fresh: bool = False) -> list[Account]:
        """Return all accounts, in the browser's thread."""
        listing = self._recipe.listing
        if listing is None:
            raise Unsupported("the app is not read: its connection has no list", where=where)
        if fresh or self._read_at is None or time.monotonic() - self._read_at > self._remember:
            self._read_at = None
            task = Task("list", where, evidence=False)
            rows = read_list(self._session, listing, self._values, task, self._seconds)
            self._read = self._accounts.from_rows(rows, where)
            self._read_at = time.monotonic()
        return self._read

    # writing

    def create(self, new: NewAccount, entitlements: t.Collection[Entitlement]) -> Account:
        """Make an account; one that is this person's already is returned as it is."""
        where = self.where("create", new)
        self._steps("create", where)
        values = {field: getattr(new, field) for field in OF_ACCOUNT - {"id"}}
        for kind in KINDS:
            values[kind] = ",".join(value_of(entitlement) for entitlement in entitlements if entitlement.kind == kind)
        values["random_password"] = secrets.token_urlsafe(24)
        task = Task("create", where, new.username or new.email)

        def work(_again: bool) -> Account:
            if self.reads:
                there = self._accounts.of_person(self._everyone(where, fresh=True), new, where)
                if there is not None:
                    return there
            self._perform(values, task)
            if not self.reads:
                return self._accounts.as_asked(new)
            made = self._accounts.of_person(self._everyone(where, fresh=True), new, where)
            if made is None:
                raise self._session.failed(task, "the steps went through, and the list does not show the account", True)
            return made

        return self._call(where, work, repeatable=self.reads)

    def update(self, account: Account, changes: t.Mapping[str, str]) -> bool:
        """Change attributes, each by its own steps."""
        where = self.where("update", account)
        missing = sorted(set(changes) - set(self._steps("update", where)))
        if missing:
            raise Unsupported(f"there are no steps to change {', '.join(missing)}", where=where)

        done = False
        for name, new in changes.items():
            check = functools.partial(_has, name=name, new=new)
            changed = self._change("update", account, check, kind=name, value=new, shown=name in self._fields)
            done = changed or done
        return done

    def grant(self, account: Account, entitlement: Entitlement) -> bool:
        return self._entitle("grant", account, entitlement)

    def revoke(self, account: Account, entitlement: Entitlement) -> bool:
        return self._entitle("revoke", account, entitlement)

    def suspend(self, account: Account) -> bool:
        return self._change(
            "suspend", account, lambda found: found is None or not found.active, shown="state" in self._fields
        )

    def reactivate(self, account: Account) -> bool:
        return self._change(
            "reactivate", account, lambda found: found is not None and found.active, shown="state" in self._fields
        )

    def delete(self, account: Account) -> bool:
        return self._change("delete", account, lambda found: found is None, shown=self.reads)

    def end_sessions(self, account: Account) -> bool:
        """Do what the catalog's steps say; what they end is for the catalog to know."""
        return self._change("end_sessions", account, lambda found: found is None, shown=False)

    def transfer(self, account: Account, to: Account) -> bool:
        """Hand over by the catalog's steps, which see to it that it shows."""
        return self._change("transfer", account, lambda found: False, shown=False, to=to)

    @property
    def _fields(self) -> t.Collection[str]:
        return self._recipe.listing.read if self._recipe.listing else ()

    def _entitle(self, operation: str, account: Account, entitlement: Entitlement) -> bool:
        where = self.where(operation, account)
        steps = self._steps(operation, where)
        kind = entitlement.kind if entitlement.kind in steps else ""
        if kind not in steps:
            raise Unsupported(f"there are no steps to {operation} a {entitlement.kind}", where=where)
        gives = operation == "grant"
        return self._change(
            operation,
            account,
            lambda found: (entitlement.key in found.entitlements) is gives if found else not gives,
            kind=kind,
            value=value_of(entitlement),
            shown=entitlement.kind in self._fields,
        )

    def _change(
        self,
        operation: str,
        account: Account,
        so: t.Callable[[Account | None], bool],
        *,
        shown: bool,
        kind: str = "",
        value: str = "",
        to: Account | None = None,
    ) -> bool:
        """Do the steps of an operation on an account, where it is not ``so`` already, and see that it is so then."""
        where = self.where(operation, account)
        self._steps(operation, where)
        task = Task(operation, where, account.username or account.email or account.id)

        def work(again: bool) -> bool:
            now: Account | None = account
            if self.reads:
                now = self._accounts.found(self._everyone(where, fresh=again), AccountKey(id=account.id), where)
                if shown and so(now):
                    # where the session ended in the middle, the change had been made all the same
                    return again
                if now is None:
                    raise NotFound(f"there is no account {account.id}", where=where)
            values = {field: getattr(now, field) for field in OF_ACCOUNT}
            values["value"] = value
            if to is not None:
                values["to"] = {field: getattr(to, field) for field in OF_ACCOUNT}
            self._perform(values, task, kind)
            if shown and self.reads:
                key = AccountKey(id=account.id)
                if kind in ("username", "email") and operation == "update":
                    # the address or the name may be what the app goes by
                    key = AccountKey(**{"id": account.id, kind: value})
                if not so(self._accounts.found(self._everyone(where, fresh=True), key, where)):
                    raise self._session.failed(
                        task, "the steps went through, and the list does not show the change", True
                    )
            return True

        return self._call(where, work, repeatable=shown and self.reads)

    def _perform(self, values: dict[str, t.Any], task: Task, kind: str = "") -> None:
        self._read_at = None
        self._session.perform(self._steps(task.operation, task.where)[kind], {**values, **self._values}, task)

    def _steps(self, operation: str, where: str) -> t.Mapping[str, tuple[Step, ...]]:
        """Return the steps of an operation, by what they are for. Raises Unsupported where there are none."""
        if operation not in self._recipe.operations:
            raise Unsupported("there are no steps for this in connection", where=where)
        return self._recipe.operations[operation]

    # the thread

    def _call(self, where: str, work: t.Callable[[bool], T], *, repeatable: bool = True) -> T:
        """Run ``work`` in the browser's thread. ``repeatable``: the list shows whether a click was taken."""
        return self._thread.submit(self._signed_in, where, work, repeatable).result()

    def _signed_in(self, where: str, work: t.Callable[[bool], T], repeatable: bool) -> T:
        """Run ``work`` signed in; once more where the session had ended in the middle of it."""
        again = False
        while True:
            try:
                self._session.be_signed_in(self._values, where)
                return work(again)
            except SignedOut as error:
                self._forget()
                self._session.sign_out()
                message = "the app asks to sign in again in the middle of the steps"
                if error.sent and not repeatable:
                    raise _unknown(message, where) from None
                if again:
                    todo = "Look at whether list and steps lead to pages that the account may see"
                    raise Refused(message, where=where, todo=todo) from None
                again = True
            except AppError as error:
                self._forget()
                if repeatable or not error.details.get("sent") or not isinstance(error, Throttled | Transient):
                    raise
                raise _unknown(error.message, where) from None
            except Exception as error:
                self._forget()
                self._session.end()
                if not isinstance(error, Gone) and not is_gone(error):
                    raise
                sent = error.sent if isinstance(error, Gone) else True
                message = "the browser has ended in the middle of the work"
                if sent and not repeatable:
                    raise _unknown(message, where) from None
                raise Transient(message, where=where, sent=sent) from None

    def _forget(self) -> None:
        self._read_at = None


def _has(account: Account | None, *, name: str, new: str) -> bool:
    fold = str.casefold if name == "email" else str
    return account is not None and fold(getattr(account, name)) == fold(new)


def _unknown(message: str, where: str) -> Refused:
    """Return the error where a click may have been taken, and no list shows whether it was: never a second one."""
    todo = "Look into the app, and do by hand what is missing there"
    return Refused(f"{message}; whether it was done is not known", where=where, todo=todo)
