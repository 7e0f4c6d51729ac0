# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Login roles of a PostgreSQL cluster."""

from __future__ import annotations

import difflib
import typing as t

from ...errors import Conflict, NotFound, PolicyError, Refused, Unsupported
from ...protocols.options import Options
from ..contract import Account, AccountKey, App, Connector, Entitlement, NewAccount, value_of
from ..postgresql_leaving import clear, databases, end_sessions, transaction, would_be_lost
from ..postgresql_roles import IDENTITY, Role, owned, read_roles, run, written_comment
from ..sql import open_database

if t.TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_IN_USE = "2BP01"  # dependent objects still exist
_ROLE = "CREATEROLE and, from PostgreSQL 16 on, the ADMIN option on the role (or to be superuser)"
_GRANT = "CREATEROLE (to PostgreSQL 15) or the ADMIN option on the role that is given or taken (from 16 on)"
_READ = "to read pg_roles, and CONNECT on the database"


class PostgreSql(Connector):
    """PostgreSQL: login roles, what they are members of, their sessions and what they own in every database.

    An account is a role that may sign in. Its id is the role's oid, which a new name does not change. PostgreSQL knows
    no address of a role: the connector keeps it, with HR's id, in the last line of the comment on the role. Suspending
    is NOLOGIN; a role that may not sign in and has no such line is a group. Roles are made without a password.

    Source: https://www.postgresql.org/docs/current/user-manag.html
    Source: https://www.postgresql.org/docs/current/role-removal.html
    """

    name = "postgresql"
    options: t.ClassVar[t.Mapping[str, str]] = {
        "url": "secret",
        "reassign_to": "optional",
        "ca_file": "optional",
        "statement_timeout": "optional",
    }

    def __init__(self, app: App, connection: t.Mapping[str, t.Any]) -> None:
        super().__init__(app, connection)
        options = Options(app.key, connection)
        self._heir = options.text("reassign_to")
        self._database = open_database(app, options)
        if self._database.place.dialect != "postgresql":
            raise options.wrong("url", "postgresql://...")
        self._by_value: dict[str, Entitlement] = {}
        for entitlement in app.entitlements.values():
            other = self._by_value.setdefault(value_of(entitlement), entitlement)
            if other is not entitlement:
                raise PolicyError(
                    f"the entitlements {other.key} and {entitlement.key} are the same role of the database",
                    where=f"app {app.key}, entitlements",
                )

    def close(self) -> None:
        self._database.close()

    # Reading

    def accounts(self) -> t.Iterator[Account]:
        where = self.where("accounts")
        roles, me = self._read(where)
        return iter([self._account(role, me) for role in roles if role.is_account])

    def find(self, key: AccountKey) -> Account | None:
        where = self.where("find", key)
        roles, me = self._read(where)
        if key.id:
            # also one that somebody made a group by hand: it was an account once, and is none that is gone
            found = next((role for role in roles if role.oid == key.id), None)
            if found is not None:
                return self._account(found, me)
        for field in ("external_id", "email", "username"):
            wanted = getattr(key, field)
            named = _named([role for role in roles if role.is_account], field, wanted) if wanted else []
            if len(named) > 1:
                names = ", ".join(role.name for role in named)
                raise Conflict(f"{len(named)} roles have this {field.replace('_', ' ')}: {names}", where=where)
            if named:
                return self._account(named[0], me)
        return None

    def _read(self, where: str) -> tuple[list[Role], str]:
        with self._transaction(where, _READ, write=False) as connection:
            return read_roles(connection, where), _me(connection)

    def _account(self, role: Role, me: str) -> Account:
        known = [self._by_value[name] for name in role.has if name in self._by_value]
        unknown = {f"group:{name}" for name in role.has if name not in self._by_value}
        unknown |= {f"permission:{name}" for name in role.attributes}
        unknown |= {"role:superuser"} if role.superuser else set()
        if role.oid != me:  # whoever makes roles may pass all of them on
            unknown |= {f"permission:admin of {one.role}" for one in role.memberships if one.admin}
        identity = role.identity or {}
        return Account(
            app=self.app.key,
            id=role.oid,
            username=role.name,
            state="active" if role.login else "suspended",
            entitlements=frozenset(entitlement.key for entitlement in known),
            unknown=frozenset(unknown),
            email=identity.get("email", ""),
            external_id=identity.get("external_id", ""),
            given_name=identity.get("given_name", ""),
            family_name=identity.get("family_name", ""),
            name=identity.get("name", ""),
        )

    # Writing

    def create(self, new: NewAccount, entitlements: t.Collection[Entitlement]) -> Account:
        """Create the role, without a password and with its memberships; or return the one that is this person's."""
        where = self.where("create", new)
        with self._transaction(where, _ROLE) as connection:
            roles = read_roles(connection, where)
            role = _own_role(roles, new, where)
            for entitlement in entitlements:
                self._check_there(connection, value_of(entitlement), where)
            if role is None:
                longest = int(connection.exec_driver_sql("SHOW max_identifier_length").scalar_one())
                if not new.username or "\0" in new.username or len(new.username.encode()) > longest:
                    raise Refused(f"a role's name has 1 to {longest} bytes; {new.username!r} has not", where=where)
                comment = written_comment("", {name: getattr(new, name) for name in IDENTITY})
                run(connection, "CREATE ROLE {role} LOGIN", role=new.username)
                run(connection, "COMMENT ON ROLE {role} IS {comment}", role=new.username, comment=comment)
                role = next(one for one in read_roles(connection, where) if one.name == new.username)
            for entitlement in entitlements:
                if value_of(entitlement) not in role.has:
                    run(connection, "GRANT {given} TO {role}", given=value_of(entitlement), role=role.name)
            role = self._role(connection, role.oid, where)
            return self._account(role, _me(connection))

    def update(self, account: Account, changes: t.Mapping[str, str]) -> bool:
        where = self.where("update", account)
        unknown = sorted(set(changes) - {"username", *IDENTITY})
        if unknown:
            raise Unsupported(f"{', '.join(unknown)} cannot be changed in PostgreSQL", where=where)
        with self._transaction(where, _ROLE) as connection:
            role = self._role(connection, account.id, where)
            before = role.identity or {}
            identity = {**before, **{name: changes[name] for name in IDENTITY if name in changes}}
            name = changes.get("username", role.name)
            if name == role.name and all(identity.get(one, "") == before.get(one, "") for one in IDENTITY):
                return False
            if name != role.name:
                run(connection, "ALTER ROLE {role} RENAME TO {name}", role=role.name, name=name)
            comment = written_comment(role.note, identity)
            run(connection, "COMMENT ON ROLE {role} IS {comment}", role=name, comment=comment)
        return True

    def grant(self, account: Account, entitlement: Entitlement) -> bool:
        """Make the role a member. One of kind role takes the place of the others; then the sessions end, too."""
        where = self.where(f"grant {entitlement.key} to", account)
        wanted = value_of(entitlement)
        with self._transaction(where, _GRANT) as connection:
            role = self._role(connection, account.id, where)
            if wanted in role.has:
                return False
            self._check_there(connection, wanted, where)
            run(connection, "GRANT {given} TO {role}", given=wanted, role=role.name)
            others = [self._by_value[name] for name in role.has if name in self._by_value]
            taken = [value_of(one) for one in others if one.kind == entitlement.kind == "role"]
            for name in taken:
                self._take(connection, role, name, where)
        if taken:
            end_sessions(self._database, role, where)
        return True

    def revoke(self, account: Account, entitlement: Entitlement) -> bool:
        """Take the role out of another, then end its sessions: a session keeps what SET ROLE gave it."""
        where = self.where(f"revoke {entitlement.key} from", account)
        with self._transaction(where, _GRANT) as connection:
            role = self._role(connection, account.id, where)
            if value_of(entitlement) not in role.has:
                return False
            self._take(connection, role, value_of(entitlement), where)
        end_sessions(self._database, role, where)
        return True

    def suspend(self, account: Account) -> bool:
        """Take the right to sign in, then end the sessions."""
        where = self.where("suspend", account)
        role, changed = self._lock_out(account.id, where)
        return end_sessions(self._database, role, where) > 0 or changed

    def reactivate(self, account: Account) -> bool:
        where = self.where("reactivate", account)
        with self._transaction(where, _ROLE) as connection:
            role = self._role(connection, account.id, where)
            if role.login:
                return False
            run(connection, "ALTER ROLE {role} LOGIN", role=role.name)
        return True

    def end_sessions(self, account: Account) -> bool:
        """End all sessions of the role, in every database. PostgreSQL knows no tokens or keys; a password stays."""
        where = self.where("end_sessions", account)
        with self._transaction(where, _READ, write=False) as connection:
            role = self._role(connection, account.id, where)
        return end_sessions(self._database, role, where) > 0

    def transfer(self, account: Account, to: Account) -> bool:
        """Hand over everything that the role owns, in every database of the cluster."""
        where = self.where(f"transfer to {to.username} from", account)
        with self._transaction(where, _READ, write=False) as connection:
            leaver = self._role(connection, account.id, where)
            heir = self._role(connection, to.id, where, mine=True)
            if leaver.oid == heir.oid:
                raise Conflict("a role cannot hand over to itself", where=where)
            names = databases(self._database, owned(connection, leaver.oid))
        for name in names:
            clear(self._database, name, leaver, heir, where, drop=False)
        return bool(names)

    def delete(self, account: Account) -> bool:
        """Drop the role: lock it out, hand over what it owns (``reassign_to``), take its rights, in every database.

        Raises Refused, before anything is touched, where it owns something and nobody is to have it.
        """
        where = self.where("delete", account)
        roles, _unused = self._read(where)
        leaver = next((role for role in roles if role.oid == account.id), None)
        if leaver is None:
            return False
        heir = next((role for role in roles if role.name == self._heir), None)
        if self._heir and (heir is None or heir.oid == leaver.oid):
            raise Refused(
                f"connection.reassign_to names {self._heir!r}, which is "
                + ("no role" if heir is None else "the role to be dropped"),
                where=where,
            )
        with self._transaction(where, _READ, write=False) as connection:
            owns = owned(connection, leaver.oid)
        if owns and heir is None:
            raise would_be_lost(owns, where)
        self._lock_out(leaver.oid, where)
        end_sessions(self._database, leaver, where)
        with self._transaction(where, _READ, write=False) as connection:
            names = databases(self._database, owned(connection, leaver.oid, privileges=True))
        for name in names:
            clear(self._database, name, leaver, heir, where, drop=True)
        try:
            with self._transaction(where, _ROLE) as connection:
                run(connection, "DROP ROLE {role}", role=leaver.name)
        except Refused as error:
            if error.details.get("state") == _IN_USE:
                error.todo = (
                    "It has rights to objects of others, which only their owners or a superuser can take: REVOKE them, "
                    "or let Rollcall be superuser. The role cannot sign in any more, and is dropped by the next run"
                )
            raise
        return True

    def _role(self, connection: Connection, id: str, where: str, *, mine: bool = False) -> Role:
        """Return a role as it is now. Raises NotFound, and Refused for the one that Rollcall itself is."""
        role = next((one for one in read_roles(connection, where) if one.oid == id), None)
        if role is None:
            raise NotFound(f"there is no role with the oid {id}", where=where)
        if not mine and role.oid == _me(connection):
            raise Refused(
                "this is the role that Rollcall signs in with", where=where, todo="Protect it: `protect` in the catalog"
            )
        return role

    def _check_there(self, connection: Connection, name: str, where: str) -> None:
        names = list(connection.exec_driver_sql("SELECT rolname FROM pg_roles").scalars())
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            raise NotFound(
                f"there is no role {name!r} in the cluster",
                where=where,
                todo=f"Did you mean {near[0]!r}?" if near else "CREATE ROLE makes it",
            )

    def _take(self, connection: Connection, role: Role, name: str, where: str) -> None:
        several = _version(connection) >= 160000
        for one in role.memberships:
            if one.role != name or not one.usable:
                continue
            if several and one.grantor:  # what one grantor gave, a REVOKE of another leaves with no more than a warning
                text = "REVOKE {taken} FROM {role} GRANTED BY {grantor}"
                run(connection, text, taken=name, role=role.name, grantor=one.grantor)
            else:
                run(connection, "REVOKE {taken} FROM {role}", taken=name, role=role.name)
        if name in self._role(connection, role.oid, where).has:
            raise Refused(f"PostgreSQL took the REVOKE and {role.name} is in {name} still", where=where)

    def _lock_out(self, id: str, where: str) -> tuple[Role, bool]:
        with self._transaction(where, _ROLE) as connection:
            role = self._role(connection, id, where)
            if not role.login:
                return role, False
            run(connection, "ALTER ROLE {role} NOLOGIN", role=role.name)
            if role.identity is None:  # the line tells a suspended person from a group
                comment = written_comment(role.note, {})
                run(connection, "COMMENT ON ROLE {role} IS {comment}", role=role.name, comment=comment)
        return role, True

    def _transaction(self, where: str, needs: str, *, write: bool = True) -> t.ContextManager[Connection]:
        return transaction(self._database, where, needs, write=write)


def _me(connection: Connection) -> str:
    return str(connection.exec_driver_sql("SELECT oid::text FROM pg_roles WHERE rolname = current_user").scalar_one())


def _version(connection: Connection) -> int:
    return int(connection.exec_driver_sql("SHOW server_version_num").scalar_one())


def _named(roles: t.Sequence[Role], field: str, wanted: str) -> list[Role]:
    """Return the roles of a name, an address or an id of HR. "Ann" is another name than "ann" where both are there."""
    if field == "username":
        exact = [role for role in roles if role.name == wanted]
        return exact or [role for role in roles if role.name.casefold() == wanted.casefold()]
    fold = str.casefold if field == "email" else str
    return [role for role in roles if fold((role.identity or {}).get(field, "")) == fold(wanted)]


def _own_role(roles: t.Sequence[Role], new: NewAccount, where: str) -> Role | None:
    """Return the role that is ``new``'s already. Raises Conflict where its name or address is somebody else's."""
    for field in ("external_id", "email", "username"):
        wanted = getattr(new, field)
        for role in _named(roles, field, wanted) if wanted else ():
            identity = role.identity or {}
            external_id, email = identity.get("external_id", ""), identity.get("email", "")
            same_email = bool(new.email) and email.casefold() == new.email.casefold()
            if (external_id and external_id == new.external_id) or (
                same_email and not (external_id and new.external_id)
            ):
                return role
            raise Conflict(
                f"the {field.replace('_', ' ')} is taken by the role {role.name}, which is not known as this person's",
                where=where,
                todo="Find out whose role that is; link it to the person, or give the person another name",
                account=role.oid,
            )
    return None
