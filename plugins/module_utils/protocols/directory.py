# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A directory that speaks LDAP: searched completely or with an error, changed one entry at a time.

Sources: https://www.rfc-editor.org/rfc/rfc4511, https://www.rfc-editor.org/rfc/rfc2696 (pages), and for values that
Active Directory hands out in ranges
https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-adts/e27b48db-6f82-44cd-9038-2e54f790cc1f
"""

from __future__ import annotations

import threading
import typing as t

from ..errors import Broken
from ..libraries import library
from . import directory_answers as answers
from .directory_connection import DirectoryAddress, close_connection, connection_error, open_connection
from .directory_entry import Entry
from .directory_names import below, normal

ldap3 = library("ldap3")
ldap3_exceptions = library("ldap3.core.exceptions")

_PAGED_RESULTS = "1.2.840.113556.1.4.319"
_MOST_EMPTY_PAGES = 100  # in a row; RFC 2696 allows a page to be empty
_MOST_RANGES = 100_000
_EVERYTHING = "(objectClass=*)"

#: One change of one attribute: add, delete or replace, the attribute, the values.
Modification = t.Tuple[str, str, t.Sequence[t.Union[str, bytes]]]  # noqa: UP006 (Python 3.8, see libraries)


class Directory:
    """One directory. Each thread has a connection of its own, since pages belong to a connection.

    ``controls`` go with every search, as (OID, critical, value).
    """

    def __init__(
        self, address: DirectoryAddress, *, page_size: int = 500, controls: t.Sequence[tuple[str, bool, t.Any]] = ()
    ) -> None:
        self.address = address
        self._page_size = page_size
        self._controls = list(controls)
        self._here = threading.local()
        self._lock = threading.Lock()
        self._open: list[t.Any] = []

    def close(self) -> None:
        with self._lock:
            connections, self._open = self._open, []
        for connection in connections:
            close_connection(connection)
        self._here = threading.local()

    # Reading

    def search(
        self, base: str, filter: str, attributes: t.Sequence[str], *, where: str, scope: str = "SUBTREE"
    ) -> list[Entry]:
        """Return every entry below ``base`` that ``filter`` lets through, with these attributes, complete.

        Raises Broken where the base is not there, where the server gives only a part, or refers to another server.
        """
        found: dict[str, Entry] = {}
        cookie, empty, cookies = b"", 0, set()
        while True:
            page, cookie = self._page(base, filter, attributes, scope, cookie, where)
            for entry in page:
                key = normal(entry.dn)
                if key in found:
                    raise Broken(f"the directory sent {entry.dn} twice", where=where)
                found[key] = entry
            if not cookie:
                return [self._whole(entry, where) for entry in found.values()]
            # A server may give the same cookie with every page (Samba does), so it says nothing where entries come.
            empty = 0 if page else empty + 1
            if empty and (cookie in cookies or empty > _MOST_EMPTY_PAGES):
                raise Broken(f"the pages below {base} do not come to an end (a cookie came back)", where=where)
            cookies.add(cookie)

    def read(self, dn: str, attributes: t.Sequence[str], *, where: str, filter: str = _EVERYTHING) -> Entry | None:
        """Return one entry, or None where it is not there (or ``filter`` does not let it through)."""
        responses, result = self._search(dn, filter, attributes, "BASE", {}, where)
        if result["result"] == answers.NO_SUCH_OBJECT:
            return None
        self._check(result, what="read", dn=dn, where=where)
        entries = self._entries(responses, dn, where)
        if len(entries) > 1:
            raise Broken(f"the directory sent {len(entries)} entries for {dn}", where=where)
        return self._whole(entries[0], where) if entries else None

    def _page(
        self, base: str, filter: str, attributes: t.Sequence[str], scope: str, cookie: bytes, where: str
    ) -> tuple[list[Entry], bytes]:
        paging = {"paged_size": self._page_size, "paged_criticality": True, "paged_cookie": cookie or None}
        responses, result = self._search(base, filter, attributes, scope, paging, where, again=not cookie)
        if result["result"] == answers.NO_SUCH_OBJECT:
            raise Broken(
                f"the base {base} is not there, or bind_dn may not see it",
                where=where,
                todo="Correct the base, or let bind_dn read it",
                ldap=answers.NO_SUCH_OBJECT,
            )
        self._check(result, what="read", dn=base, where=where)
        control = (result.get("controls") or {}).get(_PAGED_RESULTS)
        if control is None:
            raise Broken("the directory did not page its answer, so nobody knows whether it is complete", where=where)
        return self._entries(responses, base, where), bytes(control["value"]["cookie"] or b"")

    def _search(
        self,
        base: str,
        filter: str,
        attributes: t.Sequence[str],
        scope: str,
        paging: t.Mapping[str, t.Any],
        where: str,
        *,
        again: bool = True,
    ) -> tuple[list[dict[str, t.Any]], dict[str, t.Any]]:
        def ask(connection: t.Any) -> t.Any:
            connection.search(
                base, filter, scope, attributes=list(attributes), controls=self._controls or None, **paging
            )
            return connection.response or []

        return self._do(ask, where, again=again)

    def _entries(self, responses: t.Sequence[t.Mapping[str, t.Any]], base: str, where: str) -> list[Entry]:
        entries = []
        for response in responses:
            if response["type"] == "searchResRef":
                to = ", ".join(str(uri) for uri in response.get("uri", ()))
                raise Broken(
                    f"a part of what is below {base} is on another server ({to})",
                    where=where,
                    todo="Take a base that one server holds as a whole; several are several apps",
                )
            if response["type"] == "searchResEntry":
                entries.append(Entry(str(response["dn"]), response["raw_attributes"]))
        return entries

    def _whole(self, entry: Entry, where: str) -> Entry:
        """Return an entry with all values of the attributes of which the server sent a range."""
        for name, values, last in entry.ranges():
            complete, rounds = list(values), 0
            while last != "*":
                rounds += 1
                start = int(last) + 1
                if start != len(complete) or rounds > _MOST_RANGES:
                    raise Broken(f"expected the values of {name} up to {last}, found {len(complete)}", where=where)
                part = self._range(entry.dn, name, start, where)
                complete += part[0]
                last = part[1]
            entry = entry.with_values(name, complete)
        return entry

    def _range(self, dn: str, name: str, start: int, where: str) -> tuple[t.Sequence[bytes], str]:
        responses, result = self._search(dn, _EVERYTHING, [f"{name};range={start}-*"], "BASE", {}, where)
        self._check(result, what=f"read {name} of", dn=dn, where=where)
        for entry in self._entries(responses, dn, where):
            for found, values, last in entry.ranges():
                if found == name and entry.first_of_range(name) == start and values:
                    return values, last
        raise Broken(f"the values of {name} of {dn} from {start} on are missing", where=where)

    # Writing

    def add(self, dn: str, attributes: t.Mapping[str, t.Sequence[str | bytes]], *, where: str) -> None:
        """Make an entry. Raises Conflict where one of this name is there."""
        values = {name: [_raw(value) for value in several] for name, several in attributes.items()}
        self._write(lambda connection: connection.add(dn, attributes=values), "create", dn, where)

    def modify(self, dn: str, changes: t.Sequence[Modification], *, where: str) -> None:
        """Change an entry: all of the changes or none."""
        asked: dict[str, list[tuple[str, list[bytes]]]] = {}
        for operation, attribute, values in changes:
            asked.setdefault(attribute, []).append((f"MODIFY_{operation.upper()}", [_raw(value) for value in values]))
        what = f"write {', '.join(asked)} of"
        self._write(lambda connection: connection.modify(dn, asked), what, dn, where)

    def move(self, dn: str, relative: str, parent: str, *, where: str) -> str:
        """Give an entry another name or place; returns its new DN."""
        new = below(relative, parent)
        self._write(
            lambda connection: connection.modify_dn(dn, relative, delete_old_dn=True, new_superior=parent),
            f"move to {parent} the entry",
            dn,
            where,
        )
        return new

    def delete(self, dn: str, *, where: str) -> None:
        self._write(lambda connection: connection.delete(dn), "delete", dn, where)

    def _write(self, what: t.Callable[[t.Any], t.Any], right: str, dn: str, where: str) -> None:
        _responses, result = self._do(lambda connection: [what(connection)], where, again=False)
        self._check(result, what=right, dn=dn, where=where)

    # Asking

    def _do(
        self, ask: t.Callable[[t.Any], t.Any], where: str, *, again: bool
    ) -> tuple[list[dict[str, t.Any]], dict[str, t.Any]]:
        """Ask over this thread's connection; a read over one that was open for a while is asked once more."""
        connection, old = self._connection(where)
        try:
            responses = ask(connection)
            return list(responses), dict(connection.result)
        except (ldap3_exceptions.LDAPInvalidFilterError, ldap3_exceptions.LDAPInvalidScopeError) as error:
            raise Broken(f"the filter cannot be understood ({error})", where=where) from None
        except (ldap3_exceptions.LDAPExceptionError, OSError) as error:
            self._drop(connection)
            if old and again:
                return self._do(ask, where, again=False)
            raise connection_error(error, self.address, where, sent=True) from None
        except (UnicodeError, KeyError, IndexError, TypeError, ValueError) as error:
            self._drop(connection)
            raise Broken(f"an answer that is no LDAP ({type(error).__name__})", where=where) from error

    def _connection(self, where: str) -> tuple[t.Any, bool]:
        connection = getattr(self._here, "connection", None)
        if connection is not None and not connection.closed:
            return connection, True
        connection = open_connection(self.address, where)
        self._here.connection = connection
        with self._lock:
            self._open.append(connection)
        return connection, False

    def _drop(self, connection: t.Any) -> None:
        self._here.connection = None
        with self._lock:
            self._open = [one for one in self._open if one is not connection]
        close_connection(connection)

    def _check(self, result: t.Mapping[str, t.Any], *, what: str, dn: str, where: str) -> None:
        code = int(result["result"])
        if code != answers.SUCCESS:
            message = self.address.without_secrets(str(result.get("message") or ""))
            referrals = [str(uri) for uri in result.get("referrals") or ()]
            raise answers.error_for(code, message, what=what, dn=dn, where=where, referrals=referrals)


def _raw(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value
