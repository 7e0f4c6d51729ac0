# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The groups, roles and the like of a REST interface: which there are, and who has them."""

from __future__ import annotations

import collections
import threading
import typing as t

from ..errors import Broken, Conflict, NotFound, Unsupported
from ..protocols.placeholders import Values
from ..protocols.rest import RestClient, finder, search
from ..protocols.rest_spec import Kind
from .contract import App, Entitlement, value_of
from .missing_entitlement import no_such
from .rest_accounts import text, texts_of

Names = tuple[str, str]  # id and name of something in a directory


class EntitlementDirectory:
    """What there is of each kind. Directories are read once and kept while the connector lives; who has what never is:
    a read-back must be fresh."""

    def __init__(self, client: RestClient, app: App, kinds: t.Mapping[str, Kind], values: Values) -> None:
        self._client = client
        self._app = app
        self._kinds = kinds
        self._values = values
        self._entries: dict[str, list[Names]] = {}
        self._lock = threading.RLock()
        self._known = {kind: {value_of(e) for e in app.entitlements.values() if e.kind == kind} for kind in kinds}

    @property
    def in_records(self) -> bool:
        """Whether the accounts' own records say all that they have."""
        return all(kind.values for kind in self._kinds.values())

    def kind_of(self, entitlement: Entitlement, where: str) -> Kind:
        kind = self._kinds.get(entitlement.kind)
        if kind is None:
            raise Unsupported(f"the app's interface has nothing that is a {entitlement.kind}", where=where)
        return kind

    def entries(self, name: str, where: str, *, fresh: bool = False) -> list[Names]:
        """Return (id, name) of all that the app has of a kind; nothing for a kind without a directory."""
        kind = self._kinds[name]
        if kind.directory is None:
            return []
        with self._lock:
            if fresh or name not in self._entries:
                found = self._client.read(kind.directory, self._values, where, kind.id)
                self._entries[name] = [(text(search(kind.id, e)), text(search(kind.name, e))) for e in found]
            return self._entries[name]

    def id_of(self, entitlement: Entitlement, where: str) -> str:
        """Return the id of what an entitlement's value names, exactly, by id or by name; the value itself where the
        kind has no directory. Raises NotFound with what there is, Conflict where several have the name."""
        value = value_of(entitlement)
        if self.kind_of(entitlement, where).directory is None:
            return value
        for fresh in (False, True):  # it may have been made since the directory was read
            entries = self.entries(entitlement.kind, where, fresh=fresh)
            found = {key for key, _name in entries if key == value} or {key for key, name in entries if name == value}
            if len(found) == 1:
                return found.pop()
            if found:
                raise Conflict(
                    f"{len(found)} of kind {entitlement.kind} are named {value!r}: ids {', '.join(sorted(found))}",
                    where=where,
                    todo="Give the id of the right one as the entitlement's value",
                )
        raise no_such(entitlement.kind, value, [name or key for key, name in entries], where)

    def held(self, records: t.Mapping[str, t.Any], keys: t.Mapping[str, t.Mapping[str, str]], where: str) -> t.Any:
        """Return what accounts have: id -> kind -> names of each.

        ``records``: the accounts' records by id. ``keys``: by id, what else a list of members may call the account
        (field -> value). One account is asked for by itself where the interface can do that.
        """
        found: dict[str, dict[str, list[list[str]]]] = {key: collections.defaultdict(list) for key in records}
        for name, kind in self._kinds.items():
            if kind.values:
                find = finder(kind.values)
                for key, record in records.items():
                    for value in texts_of(find(record)):
                        found[key][name].append(self._names(name, value, where))
            elif kind.assignments is not None and (len(records) != 1 or kind.of_account is None):
                self._from_assignments(name, kind, found, keys, where)
            elif kind.of_account is not None and (len(records) == 1 or kind.members is None):
                for key, record in records.items():
                    values = {**self._values, "id": key, "record": record, **keys[key]}
                    for entry in self._client.read(kind.of_account, values, where):
                        for value in texts_of(search(kind.value, entry)):
                            found[key][name].append(self._names(name, value, where))
            elif kind.members is not None:
                self._from_members(name, kind, found, keys, where)
        return found

    def _from_assignments(
        self, name: str, kind: Kind, found: t.Any, keys: t.Mapping[str, t.Mapping[str, str]], where: str
    ) -> None:
        by_field = _by_field(kind, keys)
        for entry in self._client.read(t.cast(t.Any, kind.assignments), self._values, where):
            who = text(search(kind.member, entry))
            key = by_field.get(who if kind.member_is == "id" else who.casefold())
            if key is not None:
                found[key][name].extend(
                    self._names(name, value, where) for value in texts_of(search(kind.value, entry))
                )

    def _from_members(
        self, name: str, kind: Kind, found: t.Any, keys: t.Mapping[str, t.Mapping[str, str]], where: str
    ) -> None:
        by_field = _by_field(kind, keys)
        for group in self._looked_into(name, kind, where):
            values = {**self._values, "value_id": group[0], "value": group[1] or group[0]}
            try:
                members = self._client.read(t.cast(t.Any, kind.members), values, where, kind.member)
            except NotFound as error:
                if kind.directory is not None and group not in self.entries(name, where, fresh=True):
                    continue  # deleted since the directory was read: nobody is in it
                todo = f"Look at `kinds.{name}.members.path`, and at whether the {name} is there"
                message = f"the members of the {name} {group[1] or group[0]!r} cannot be read ({error.message})"
                raise Broken(message, where=where, todo=todo) from None
            for member in members:
                who = text(search(kind.member, member))
                key = by_field.get(who if kind.member_is == "id" else who.casefold())
                if key is not None:
                    found[key][name].append([part for part in group if part])

    def _looked_into(self, name: str, kind: Kind, where: str) -> list[Names]:
        """Return those whose members are read: what the catalog names, or everything."""
        wanted = {value_of(e) for e in self._app.entitlements.values() if e.kind == name}
        if kind.directory is None:
            return [(value, "") for value in sorted(wanted)]
        entries = self.entries(name, where, fresh=True)
        return entries if kind.all_members else [entry for entry in entries if wanted & set(entry)]

    def _names(self, kind: str, value: str, where: str) -> list[str]:
        """Return all that a value goes by: itself, and what the directory knows of it."""
        known = self._known[kind]
        if value in known or self._kinds[kind].directory is None:
            return [value]
        for key, name in self.entries(kind, where):
            if value == key:
                return [key, name]
            if value == name:
                return [name, key] if key in known else [key, name]
        return [value]


def _by_field(kind: Kind, keys: t.Mapping[str, t.Mapping[str, str]]) -> dict[str, str]:
    """Return accounts' ids by what a list of members calls them."""
    by_field = {k if kind.member_is == "id" else keys[k].get(kind.member_is, "").casefold(): k for k in keys}
    by_field.pop("", None)
    return by_field
