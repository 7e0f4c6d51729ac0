# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The accounts of a MySQL or MariaDB server: reading them, and what the two do differently.

Sources: https://mariadb.com/kb/en/mysqlglobal_priv-table/, https://mariadb.com/kb/en/mysqlroles_mapping-table/,
https://dev.mysql.com/doc/refman/8.4/en/grant-tables.html, https://dev.mysql.com/doc/refman/8.4/en/create-role.html
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

if t.TYPE_CHECKING:
    from sqlalchemy.engine import Connection

#: Accounts that a server makes for itself, and the anonymous one, which is nobody's.
_SERVERS_OWN = ("mysql.sys", "mysql.session", "mysql.infoschema", "mariadb.sys", "PUBLIC", "")

_POWERS = "u.Super_priv = 'Y' AS superuser, u.Create_user_priv = 'Y' AS create_user, u.Grant_priv = 'Y' AS grant_option"
_MARIADB_ACCOUNTS = f"""
SELECT g.User AS user, g.Host AS host, COALESCE(JSON_VALUE(g.Priv, '$.is_role'), '0') = '1' AS is_role,
       COALESCE(JSON_VALUE(g.Priv, '$.account_locked'), '0') = '1' AS locked,
       COALESCE(JSON_VALUE(g.Priv, '$.default_role'), '') AS default_role, {_POWERS}
FROM mysql.global_priv g JOIN mysql.user u ON u.User = g.User AND u.Host = g.Host
"""
_MARIADB_ROLES = "SELECT User AS user, Host AS host, Role AS role, '%%' AS role_host FROM mysql.roles_mapping"
# A role of MySQL is an account that is locked, has no password, and whose password has expired.
_MYSQL_ACCOUNTS = f"""
SELECT u.User AS user, u.Host AS host,
       u.account_locked = 'Y' AND u.password_expired = 'Y' AND u.authentication_string = '' AS is_role,
       u.account_locked = 'Y' AS locked, '' AS default_role, {_POWERS}
FROM mysql.user u
"""
_MYSQL_ROLES = (
    "SELECT TO_USER AS user, TO_HOST AS host, FROM_USER AS role, FROM_HOST AS role_host FROM mysql.role_edges"
)
_DEFINED = {
    "view": "SELECT TABLE_SCHEMA, TABLE_NAME, DEFINER FROM information_schema.VIEWS",
    "routine": "SELECT ROUTINE_SCHEMA, ROUTINE_NAME, DEFINER FROM information_schema.ROUTINES",
    "trigger": "SELECT TRIGGER_SCHEMA, TRIGGER_NAME, DEFINER FROM information_schema.TRIGGERS",
    "event": "SELECT EVENT_SCHEMA, EVENT_NAME, DEFINER FROM information_schema.EVENTS",
}


@dataclasses.dataclass(frozen=True)
class Host:
    """One row of a user: where it may come from."""

    host: str
    locked: bool
    has: frozenset[str]
    default_role: str
    powers: frozenset[str]


@dataclasses.dataclass(frozen=True)
class User:
    """A user name with all its rows: one person, who may come from several hosts."""

    name: str
    hosts: tuple[Host, ...]

    @property
    def has(self) -> frozenset[str]:
        """The roles that any of the rows has: what one row has, the person has."""
        return frozenset().union(*(host.has for host in self.hosts))

    @property
    def powers(self) -> frozenset[str]:
        return frozenset().union(*(host.powers for host in self.hosts))

    @property
    def locked(self) -> bool:
        return all(host.locked for host in self.hosts)


def read_users(connection: Connection) -> tuple[dict[str, User], frozenset[str]]:
    """Return the users by name, without the server's own, and the names of the roles that there are."""
    mariadb = is_mariadb(connection)
    has: dict[tuple[str, str], set[str]] = {}
    for row in connection.exec_driver_sql(_MARIADB_ROLES if mariadb else _MYSQL_ROLES):
        has.setdefault((row.user, row.host), set()).add(role_name(row.role, row.role_host))
    rows: dict[str, list[Host]] = {}
    roles = set()
    for row in connection.exec_driver_sql(_MARIADB_ACCOUNTS if mariadb else _MYSQL_ACCOUNTS):
        if row.is_role:
            roles.add(role_name(row.user, row.host or "%"))
        elif row.user not in _SERVERS_OWN:
            words = {"role:superuser": row.superuser, "permission:create user": row.create_user}
            words["permission:grant option"] = row.grant_option
            powers = frozenset(word for word, there in words.items() if there)
            mine = frozenset(has.get((row.user, row.host), ()))
            rows.setdefault(row.user, []).append(Host(row.host, bool(row.locked), mine, row.default_role, powers))
    return {name: User(name, tuple(hosts)) for name, hosts in rows.items()}, frozenset(roles)


def is_mariadb(connection: Connection) -> bool:
    return "mariadb" in str(connection.exec_driver_sql("SELECT VERSION()").scalar_one()).lower()


def is_address(name: str) -> bool:
    """Return whether a user name is an email address."""
    return bool(re.fullmatch(r"[^@\s]+@[^@\s]+", name))


def role_name(name: str, host: str) -> str:
    """Return what the catalog calls a role. MySQL's have a host, which is % unless somebody says otherwise."""
    return name if host == "%" else f"{name}@{host}"


def me(connection: Connection) -> tuple[str, str]:
    """Return the user and the host of the row that we are signed in as."""
    user, _at, host = str(connection.exec_driver_sql("SELECT CURRENT_USER()").scalar_one()).rpartition("@")
    return user, host


def privileges(connection: Connection) -> frozenset[str]:
    """Return the global privileges that were given to us ourselves (not through a role)."""
    user, host = me(connection)
    text = "SELECT PRIVILEGE_TYPE FROM information_schema.USER_PRIVILEGES WHERE GRANTEE = %s"
    return frozenset(connection.exec_driver_sql(text, (f"'{user}'@'{host}'",)).scalars())


def defined_by(connection: Connection, user: User) -> list[str]:
    """Return what works with the rights of a user (DEFINER), as "view shop.totals"."""
    definers = {f"{user.name}@{host.host}" for host in user.hosts}
    found = []
    for kind, query in _DEFINED.items():
        for schema, name, definer in connection.exec_driver_sql(query):
            if definer in definers:
                found.append(f"{kind} {schema}.{name}")
    return sorted(found)
