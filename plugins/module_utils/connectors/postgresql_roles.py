# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The roles of a PostgreSQL cluster: reading them, and statements about them with names as names.

Sources: https://www.postgresql.org/docs/current/view-pg-roles.html,
https://www.postgresql.org/docs/current/catalog-pg-auth-members.html,
https://www.postgresql.org/docs/current/catalog-pg-shdepend.html
"""

from __future__ import annotations

import dataclasses
import json
import typing as t

from ..errors import Broken
from ..libraries import library

if t.TYPE_CHECKING:
    from sqlalchemy.engine import Connection

sa = library("sqlalchemy")
psycopg_sql = library("psycopg.sql")

#: What is kept of a person in the comment on their role, in a line of its own.
IDENTITY = ("email", "external_id", "given_name", "family_name", "name")
_LINE = "rollcall: "
# What a role may beyond the roles that it is in.
_ATTRIBUTES = ("createrole", "createdb", "replication", "bypassrls")

_ROLES = """
SELECT r.oid::text AS oid, r.rolname AS name, r.rolcanlogin AS login, r.rolsuper AS superuser,
       r.rolcreaterole AS createrole, r.rolcreatedb AS createdb, r.rolreplication AS replication,
       r.rolbypassrls AS bypassrls, shobj_description(r.oid, 'pg_authid') AS comment
FROM pg_roles r WHERE left(r.rolname, 3) <> 'pg_' ORDER BY r.oid
"""
# Since 16 a membership may give no more than the right to pass it on, and several may have given it.
_MEMBERSHIPS = """
SELECT m.member::text AS member, g.rolname AS role, by.rolname AS grantor, m.admin_option AS admin, {usable} AS usable
FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid LEFT JOIN pg_roles by ON by.oid = m.grantor
"""
_OWNED = """
SELECT COALESCE(d.datname, '') AS database, count(*) AS objects
FROM pg_shdepend s LEFT JOIN pg_database d ON d.oid = s.dbid
WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = CAST(:oid AS oid) AND s.deptype = ANY (:kinds)
  AND (s.classid NOT IN ('pg_default_acl'::regclass, 'pg_user_mapping'::regclass) OR 'a' = ANY (:kinds))
GROUP BY 1 ORDER BY 1
"""


class Membership(t.NamedTuple):
    """That a role is in another: by whom, and whether it is of use or only allows passing it on."""

    role: str
    grantor: str
    admin: bool
    usable: bool


@dataclasses.dataclass(frozen=True)
class Role:
    """One role. ``note`` is what people wrote into its comment; ``identity`` what we did, None where we did not."""

    oid: str
    name: str
    login: bool
    superuser: bool
    attributes: tuple[str, ...] = ()
    memberships: tuple[Membership, ...] = ()
    note: str = ""
    identity: t.Mapping[str, str] | None = None

    @property
    def is_account(self) -> bool:
        """A role that may sign in, or that could until we suspended it; others are groups."""
        return self.login or self.identity is not None

    @property
    def has(self) -> frozenset[str]:
        return frozenset(one.role for one in self.memberships if one.usable)


def read_roles(connection: Connection, where: str) -> list[Role]:
    """Return all roles but the system's own (pg_*)."""
    version = connection.exec_driver_sql("SHOW server_version_num").scalar_one()
    usable = "(m.inherit_option OR m.set_option)" if int(version) >= 160000 else "true"
    memberships: dict[str, list[Membership]] = {}
    for row in connection.exec_driver_sql(_MEMBERSHIPS.format(usable=usable)):
        membership = Membership(row.role, row.grantor or "", row.admin, row.usable)
        memberships.setdefault(row.member, []).append(membership)
    roles = []
    for one in connection.exec_driver_sql(_ROLES):
        note, identity = _read_comment(one.comment or "", one.name, where)
        attributes = tuple(name for name in _ATTRIBUTES if getattr(one, name))
        mine = tuple(memberships.get(one.oid, ()))
        roles.append(Role(one.oid, one.name, one.login, one.superuser, attributes, mine, note, identity))
    return roles


def owned(connection: Connection, oid: str, *, privileges: bool = False) -> dict[str, int]:
    """Return how many objects a role owns, by database; "" is for those of the whole cluster.

    Its own default privileges and user mappings are no objects: they go with it. ``privileges``: count them too, and
    what it has rights to, or what a policy names it for.
    """
    bound = sa.text(_OWNED).bindparams(
        sa.bindparam("oid", oid, type_=sa.types.NULLTYPE),
        sa.bindparam("kinds", ["o", "a", "r", "i"] if privileges else ["o"], type_=sa.types.NULLTYPE),
    )
    return {row.database: row.objects for row in connection.execute(bound)}


def run(connection: Connection, statement: str, **names: str) -> None:
    """Run a statement; each ``{name}`` in it becomes an identifier, ``{comment}`` a literal, quoted by the driver."""
    parts = {
        name: psycopg_sql.Literal(value) if name == "comment" else psycopg_sql.Identifier(value)
        for name, value in names.items()
    }
    text = psycopg_sql.SQL(statement).format(**parts).as_string(connection.connection.driver_connection)
    # Without parameters a % is itself.
    connection.exec_driver_sql(text, execution_options={"no_parameters": True})


def written_comment(note: str, identity: t.Mapping[str, str]) -> str:
    """Return a comment that keeps what people wrote and says who the role is of."""
    kept = {name: identity[name] for name in IDENTITY if identity.get(name)}
    line = _LINE + json.dumps(kept, ensure_ascii=False)
    return f"{note}\n{line}" if note else line


def _read_comment(comment: str, role: str, where: str) -> tuple[str, t.Mapping[str, str] | None]:
    note, _separator, last = comment.rpartition("\n")
    if not last.startswith(_LINE):
        return comment, None
    try:
        found = json.loads(last.removeprefix(_LINE))
        if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
            raise ValueError
    except ValueError:
        raise Broken(
            f"the last line of the comment on the role {role} cannot be read",
            where=where,
            todo=f'It looks like {_LINE}{{"email": "ann@acme.example"}}. COMMENT ON ROLE sets it right',
        ) from None
    return note, found
