# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What it takes to let somebody go from a PostgreSQL cluster: sessions ended, objects handed over, rights taken.

Roles belong to the whole cluster, objects to one database each, and a role cannot be dropped while any database has
something of it. Source: https://www.postgresql.org/docs/current/role-removal.html
"""

from __future__ import annotations

import contextlib
import time
import typing as t

from ..errors import Refused, Transient
from ..libraries import library
from ..protocols.transactions import Database
from .postgresql_roles import Role, owned, run

if t.TYPE_CHECKING:
    from sqlalchemy.engine import Connection

sa = library("sqlalchemy")

_END_WITHIN = 10.0  # seconds for sessions to end after they were told to
_SIGNAL = "to be a member of pg_signal_backend; sessions of superusers can be ended by superusers only"
_OWNER = (
    "the privileges of both roles (CREATEROLE and, from PostgreSQL 16 on, the ADMIN option on them), and CREATE on the "
    "database where a schema changes hands"
)


@contextlib.contextmanager
def transaction(database: Database, where: str, needs: str, *, write: bool = True) -> t.Iterator[Connection]:
    """Return a connection in which a name means what it means to PostgreSQL, whatever people made in their schemas."""
    with database.transaction(where, write=write, needs=needs) as connection:
        connection.exec_driver_sql("SET LOCAL search_path = pg_catalog")
        yield connection


def end_sessions(database: Database, role: Role, where: str) -> int:
    """End the sessions of a role and wait until they have ended. Returns how many there were."""
    ended: set[int] = set()
    until = time.monotonic() + _END_WITHIN
    text = (
        "SELECT pid, pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity "
        "WHERE usesysid = CAST(:oid AS oid) AND pid <> pg_catalog.pg_backend_pid()"
    )
    statement = sa.text(text).bindparams(sa.bindparam("oid", role.oid, type_=sa.types.NULLTYPE))
    with database.transaction(where, write=True, needs=_SIGNAL, alone=True) as connection:
        while True:
            there = {row.pid for row in connection.execute(statement)}
            if not there:
                return len(ended)
            ended |= there
            if time.monotonic() > until:
                raise Transient(
                    f"{len(there)} sessions of {role.name} were told to end and have not", where=where, sent=True
                )
            time.sleep(0.05)


def databases(database: Database, found: t.Mapping[str, int]) -> list[str]:
    """Return the databases to work in; what belongs to the whole cluster is done in our own, which comes last."""
    own = database.place.url.database or ""
    names = sorted(name for name in found if name and name != own)
    return [*names, own] if {"", own} & set(found) else names


def clear(main: Database, name: str, leaver: Role, heir: Role | None, where: str, *, drop: bool) -> None:
    """Hand over what a role owns in one database and, to ``drop`` it, take its rights there; all or nothing."""
    own = name == (main.place.url.database or "")
    work = main if own else main.other(name)
    place = f"{where}, database {name}"
    try:
        with transaction(work, place, _OWNER) as connection:
            lent = _borrow(connection, [role for role in (leaver, heir) if role is not None])
            if heir is not None:
                run(connection, "REASSIGN OWNED BY {role} TO {heir}", role=leaver.name, heir=heir.name)
            if drop:
                left = owned(connection, leaver.oid)
                left = {one: count for one, count in left.items() if one in ("", name)}
                if left:
                    raise would_be_lost(left, place)
                run(connection, "DROP OWNED BY {role}", role=leaver.name)
            for role in lent:
                run(connection, "REVOKE {role} FROM CURRENT_USER", role=role.name)
    finally:
        if not own:
            work.close()


def would_be_lost(owns: t.Mapping[str, int], where: str) -> Refused:
    shown = ", ".join(f"{count} in {name or 'the whole cluster'}" for name, count in owns.items())
    return Refused(
        f"the role owns objects, which would be dropped with it: {shown}",
        where=where,
        todo="Say who gets them: leave: {transfer: manager}, or connection.reassign_to with the name of a role",
    )


def _borrow(connection: Connection, roles: t.Iterable[Role]) -> list[Role]:
    """Make us a member of roles whose privileges we have not; a superuser has all. Returns those to be given back."""
    lent = []
    for role in roles:
        text = sa.text("SELECT pg_has_role(current_user, CAST(:oid AS oid), 'USAGE')")
        has = connection.execute(text.bindparams(sa.bindparam("oid", role.oid, type_=sa.types.NULLTYPE))).scalar_one()
        if not has:
            run(connection, "GRANT {role} TO CURRENT_USER", role=role.name)
            lent.append(role)
    return lent
