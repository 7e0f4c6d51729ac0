# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Users of a MySQL or MariaDB server."""

from __future__ import annotations

import difflib
import secrets
import time
import typing as t

from ...errors import Conflict, NotFound, PolicyError, Refused, Transient
from ...libraries import library
from ...protocols.options import Options
from ..contract import Account, AccountKey, App, Connector, Entitlement, NewAccount, value_of
from ..mysql_accounts import Host, User, defined_by, is_address, is_mariadb, me, privileges, read_users
from ..sql import open_database

if t.TYPE_CHECKING:
    from sqlalchemy.engine import Connection

sa_exc = library("sqlalchemy.exc")

_END_WITHIN = 10.0  # seconds for connections to end after they were killed
_NO_SUCH_CONNECTION = 1094
# A definer is seen only with these rights on everything.
_TO_SEE_DEFINERS = ("SELECT", "SHOW VIEW", "TRIGGER", "EVENT")
_READ = "SELECT on mysql.*"
_USERS = "CREATE USER on *.*"
_ROLES = "the ADMIN option on the role (GRANT role TO rollcall WITH ADMIN OPTION; MySQL: or ROLE_ADMIN), and UPDATE on "
_ROLES += "mysql.* to make it the default role (MariaDB; or connection.default_role: false)"
_KILL = "CONNECTION ADMIN on *.* (MySQL: CONNECTION_ADMIN and PROCESS)"


class MySql(Connector):
    """MySQL and MariaDB: users, their roles and their connections.

    An account is a user name with all its rows: ann@localhost and ann@10.% are one person's, and whatever is done is
    done to each. The servers know no address and no other name for a user: people are known by the user name alone,
    which is an address where it looks like one. A role of kind ``role`` is the default role of the user.

    Source: https://mariadb.com/kb/en/account-management-sql-commands/
    Source: https://dev.mysql.com/doc/refman/8.4/en/account-management-statements.html
    """

    name = "mysql"
    options: t.ClassVar[t.Mapping[str, str]] = {
        "url": "secret",
        "host": "optional",
        "authentication": "optional",
        "default_role": "optional",
        "ca_file": "optional",
        "statement_timeout": "optional",
    }

    def __init__(self, app: App, connection: t.Mapping[str, t.Any]) -> None:
        super().__init__(app, connection)
        options = Options(app.key, connection)
        self._host = options.text("host", "%")
        self._plugin = options.text("authentication")
        if self._plugin and not self._plugin.replace("_", "").isalnum():
            raise options.wrong("authentication", "the name of an authentication plugin, such as pam")
        self._default_role = options.flag("default_role", True)
        self._database = open_database(app, options)
        if self._database.place.dialect not in ("mysql", "mariadb"):
            raise options.wrong("url", "mysql://... or mariadb://...")
        self._by_value: dict[str, Entitlement] = {}
        for entitlement in app.entitlements.values():
            other = self._by_value.setdefault(value_of(entitlement), entitlement)
            if other is not entitlement:
                raise PolicyError(
                    f"the entitlements {other.key} and {entitlement.key} are the same role of the server",
                    where=f"app {app.key}, entitlements",
                )

    def close(self) -> None:
        self._database.close()

    # Reading

    def accounts(self) -> t.Iterator[Account]:
        where = self.where("accounts")
        with self._connected(where, _READ) as connection:
            users, _roles = read_users(connection)
        return iter([self._account(user) for user in users.values()])

    def find(self, key: AccountKey) -> Account | None:
        where = self.where("find", key)
        with self._connected(where, _READ) as connection:
            users, _roles = read_users(connection)
        if key.id in users:
            return self._account(users[key.id])
        accounts = [self._account(user) for user in users.values()]
        for field in ("email", "username"):
            wanted = getattr(key, field)
            if not wanted:
                continue
            found = [one for one in accounts if getattr(one, field).casefold() == wanted.casefold()]
            found = [one for one in found if getattr(one, field) == wanted] or found
            if len(found) > 1:
                names = ", ".join(sorted(one.id for one in found))
                raise Conflict(f"{len(found)} users have this {field}: {names}", where=where)
            if found:
                return found[0]
        return None

    def _account(self, user: User) -> Account:
        known = {self._by_value[name].key for name in user.has if name in self._by_value}
        unknown = {f"group:{name}" for name in user.has if name not in self._by_value}
        return Account(
            app=self.app.key,
            id=user.name,
            username=user.name,
            email=user.name if is_address(user.name) else "",
            state="suspended" if user.locked else "active",
            entitlements=frozenset(known),
            unknown=frozenset(unknown | user.powers),
        )

    # Writing. Nothing here can be undone as a whole: each statement stands for itself, and a repeat does what is left.

    def create(self, new: NewAccount, entitlements: t.Collection[Entitlement]) -> Account:
        """Create the user with its roles, signed in by a plugin or with a password that nobody knows.

        A user of the name is the person's own, since nothing else of a person is kept here.
        """
        where = self.where("create", new)
        with self._connected(where, _USERS) as connection:
            users, roles = read_users(connection)
            user = _own_user(users, roles, new, where)
            for entitlement in entitlements:
                _check_there(value_of(entitlement), roles, where)
            if user is None:
                self._make(connection, new.username, where)
                user = self._user(connection, new.username, where)
        for entitlement in entitlements:
            with self._connected(where, _ROLES) as connection:
                user = self._user(connection, user.name, where)
                self._give(connection, user, entitlement)
        with self._connected(where, _READ) as connection:
            return self._account(self._user(connection, user.name, where))

    def grant(self, account: Account, entitlement: Entitlement) -> bool:
        """Give a role to every row. One of kind role takes the place of the others, and connections end."""
        where = self.where(f"grant {entitlement.key} to", account)
        with self._connected(where, _ROLES) as connection:
            user = self._user(connection, account.id, where)
            _check_there(value_of(entitlement), read_users(connection)[1], where)
            changed, taken = self._give(connection, user, entitlement)
        if taken:
            self._end_connections(user, where)
        return changed

    def revoke(self, account: Account, entitlement: Entitlement) -> bool:
        """Take a role from every row of the user, then end its connections: they keep the role that is set."""
        where = self.where(f"revoke {entitlement.key} from", account)
        with self._connected(where, _ROLES) as connection:
            user = self._user(connection, account.id, where)
            taken = self._take(connection, user, value_of(entitlement))
        if taken:
            self._end_connections(user, where)
        return taken

    def suspend(self, account: Account) -> bool:
        """Lock every row of the user, then end its connections, which a lock leaves alone."""
        where = self.where("suspend", account)
        with self._connected(where, _USERS) as connection:
            user = self._user(connection, account.id, where)
            changed = self._lock(connection, user)
        return self._end_connections(user, where) > 0 or changed

    def reactivate(self, account: Account) -> bool:
        """Unlock every row of the user."""
        where = self.where("reactivate", account)
        with self._connected(where, _USERS) as connection:
            locked = [host for host in self._user(connection, account.id, where).hosts if host.locked]
            for host in locked:
                connection.exec_driver_sql("ALTER USER %s@%s ACCOUNT UNLOCK", (account.id, host.host))
        return bool(locked)

    def end_sessions(self, account: Account) -> bool:
        """End all connections of the user. The servers know no tokens or keys; a password stays."""
        where = self.where("end_sessions", account)
        with self._connected(where, _READ) as connection:
            user = self._user(connection, account.id, where)
        return self._end_connections(user, where) > 0

    def delete(self, account: Account) -> bool:
        """Drop every row of the user, after its connections.

        Raises Refused, before anything is touched, where views, routines, triggers or events work with its rights: they
        would stop working, and under whose rights they shall go on is not for a program to say.
        """
        where = self.where("delete", account)
        with self._connected(where, _USERS) as connection:
            users, _roles = read_users(connection)
            if account.id not in users:
                return False
            user = self._user(connection, account.id, where)
            _check_privileges(connection, _TO_SEE_DEFINERS, "to see what works with the user's rights", where)
            defined = defined_by(connection, user)
            if defined:
                shown = ", ".join(defined[:10]) + (f" and {len(defined) - 10} more" if len(defined) > 10 else "")
                raise Refused(
                    f"{len(defined)} objects work with this user's rights (DEFINER) and would stop: {shown}",
                    where=where,
                    todo="Define them anew for a user that stays, then delete again",
                )
            self._lock(connection, user)
        self._end_connections(user, where)
        with self._connected(where, _USERS) as connection:
            for host in user.hosts:
                connection.exec_driver_sql("DROP USER %s@%s", (user.name, host.host))
        return True

    def _connected(self, where: str, needs: str) -> t.ContextManager[Connection]:
        return self._database.transaction(where, write=needs != _READ, needs=f"{needs}, and {_READ}", alone=True)

    def _user(self, connection: Connection, name: str, where: str) -> User:
        """Return a user as it is now. Raises NotFound, and Refused for the one that Rollcall itself is."""
        user = read_users(connection)[0].get(name)
        if user is None:
            raise NotFound(f"there is no user {name!r}", where=where)
        if name == me(connection)[0]:
            raise Refused(
                "this is the user that Rollcall signs in with", where=where, todo="Protect it: `protect` in the catalog"
            )
        return user

    def _make(self, connection: Connection, name: str, where: str) -> None:
        if not name:
            raise Refused("a user without a name would be everybody", where=where)
        if self._plugin:
            word = "VIA" if is_mariadb(connection) else "WITH"
            connection.exec_driver_sql(f"CREATE USER %s@%s IDENTIFIED {word} `{self._plugin}`", (name, self._host))
            return
        # Without a password anybody could sign in. The ending satisfies rules that want every kind of character.
        password = secrets.token_urlsafe(30) + "aA1!"
        connection.exec_driver_sql("CREATE USER %s@%s IDENTIFIED BY %s", (name, self._host, password))

    def _give(self, connection: Connection, user: User, entitlement: Entitlement) -> tuple[bool, bool]:
        """Return whether anything was changed, and whether something was taken for it."""
        wanted, changed, taken = value_of(entitlement), False, False
        single = entitlement.kind == "role"
        for host in user.hosts:
            row = (user.name, host.host)
            lacking = wanted not in host.has
            if lacking:
                connection.exec_driver_sql("GRANT %s TO %s@%s", (wanted, *row))
            if not is_mariadb(connection):
                if lacking:  # without it a role is there and has no effect until SET ROLE
                    connection.exec_driver_sql("SET DEFAULT ROLE ALL TO %s@%s", row)
            elif single and self._default_role and host.default_role != wanted:
                connection.exec_driver_sql("SET DEFAULT ROLE %s FOR %s@%s", (wanted, *row))
                lacking = True
            changed = changed or lacking
        known = [self._by_value[name] for name in user.has if name in self._by_value]
        for other in known if single else ():
            if other.kind == "role" and value_of(other) != wanted:
                taken = self._take(connection, user, value_of(other), keep_default=True) or taken
        return changed or taken, taken

    def _take(self, connection: Connection, user: User, role: str, *, keep_default: bool = False) -> bool:
        hosts: list[Host] = [host for host in user.hosts if role in host.has]
        for host in hosts:
            row = (user.name, host.host)
            connection.exec_driver_sql("REVOKE %s FROM %s@%s", (role, *row))
            if host.default_role == role and self._default_role and not keep_default:
                connection.exec_driver_sql("SET DEFAULT ROLE NONE FOR %s@%s", row)
        return bool(hosts)

    def _lock(self, connection: Connection, user: User) -> bool:
        open_ = [host for host in user.hosts if not host.locked]
        for host in open_:
            connection.exec_driver_sql("ALTER USER %s@%s ACCOUNT LOCK", (user.name, host.host))
        return bool(open_)

    def _end_connections(self, user: User, where: str) -> int:
        """End the connections of a user and wait until they have ended. Returns how many there were."""
        ended = 0
        until = time.monotonic() + _END_WITHIN
        with self._connected(where, _KILL) as connection:
            kill = _kill_mariadb if is_mariadb(connection) else _kill_mysql
            while True:
                there = kill(connection, user, where)
                if not there:
                    return ended
                ended = max(ended, there)
                if time.monotonic() > until:
                    raise Transient(f"{there} connections of {user.name} were killed and have not ended", where=where)
                time.sleep(0.05)


def _kill_mariadb(connection: Connection, user: User, where: str) -> int:
    """Kill by user. Without the right to, MariaDB kills nobody and says nothing. Source: https://mariadb.com/kb/en/kill/"""
    if "SUPER" not in privileges(connection):
        _check_privileges(connection, ("CONNECTION ADMIN",), "to end the connections of others", where)
    text = "KILL HARD CONNECTION USER %s@%s"
    return sum(max(connection.exec_driver_sql(text, (user.name, host.host)).rowcount, 0) for host in user.hosts)


def _kill_mysql(connection: Connection, user: User, where: str) -> int:
    """Kill one by one. Source: https://dev.mysql.com/doc/refman/8.4/en/kill.html"""
    _check_privileges(connection, ("PROCESS",), "to see the connections of others", where)
    text = "SELECT ID FROM information_schema.PROCESSLIST WHERE USER = %s AND ID <> CONNECTION_ID()"
    numbers = list(connection.exec_driver_sql(text, (user.name,)).scalars())
    for number in numbers:
        try:
            connection.exec_driver_sql("KILL CONNECTION %s", (number,))
        except sa_exc.DBAPIError as error:
            if getattr(error.orig, "args", (0,))[0] != _NO_SUCH_CONNECTION:  # it ended by itself
                raise
    return len(numbers)


def _check_privileges(connection: Connection, wanted: t.Sequence[str], why: str, where: str) -> None:
    missing = [name for name in wanted if name not in privileges(connection)]
    if missing:
        raise Refused(
            f"the database user of connection.url lacks {', '.join(missing)} on *.*, {why}",
            where=where,
            todo=f"GRANT {', '.join(missing)} ON *.* to it, not through a role",
        )


def _check_there(name: str, roles: t.Collection[str], where: str) -> None:
    if name not in roles:
        near = difflib.get_close_matches(name, roles, n=1)
        todo = f"Did you mean {near[0]!r}?" if near else "CREATE ROLE makes it"
        raise NotFound(f"there is no role {name!r} on the server", where=where, todo=todo)


def _own_user(users: t.Mapping[str, User], roles: t.Collection[str], new: NewAccount, where: str) -> User | None:
    """Return the user that is ``new``'s already. Raises Conflict where the name is somebody else's."""
    for name in dict.fromkeys((new.email, new.username)):
        same = [user for key, user in users.items() if name and key.casefold() == name.casefold()]
        exact = next((user for user in same if user.name == name), None)
        address = is_address(name) and new.email and name.casefold() != new.email.casefold()
        if exact is not None and not address:
            return exact
        if same or (name and name in roles):
            raise Conflict(
                f"the username is taken by the {'user ' + same[0].name if same else 'role ' + name}",
                where=where,
                todo="Find out whose that is; link it to the person, or give the person another name",
                account=same[0].name if same else "",
            )
    return None
