# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""People from HiBob, by its search for employees."""

from __future__ import annotations

import typing as t

from ..protocols.rest_spec import Listing
from ..protocols.sign_in import basic
from .columns import at, has
from .interface import INTERFACE_OPTIONS, Entry, InterfaceSource

# Lists (departments, sites, titles) are ids in Bob; their words are in a part of the record of their own. Dates in that
# part are written as the calling user has it in their settings, so they are taken from the record itself.
_AS_WORDS = "humanReadable"
_AS_WRITTEN = frozenset({"id", "email", "start", "end", "manager"})


class HiBob(InterfaceSource):
    """``service_user`` (its id) and ``token``.

    Everybody comes in one answer, leavers included. Bob leaves out what the service user may not see, field by field,
    and everybody outside its access scope: neither is an error of Bob's.

    Source: https://apidocs.hibob.com/docs/people-read-api-contract
    Source: https://apidocs.hibob.com/docs/how-to-work-with-lists-public-api
    """

    type: t.ClassVar[str] = "hibob"
    options: t.ClassVar[t.Mapping[str, str]] = {"service_user": "required", "token": "secret", **INTERFACE_OPTIONS}
    fields: t.ClassVar[t.Mapping[str, str]] = {
        "id": "id",
        "email": "email",
        "given_name": "firstName",
        "family_name": "surname",
        "title": "work.title",
        "department": "work.department",
        "location": "work.site",
        "manager": "work.reportsTo",
        "start": "work.startDate",
        "end": "internal.terminationDate",
        "type": "employment.type",
        "hr_status": "internal.lifecycleStatus",
    }
    permission: t.ClassVar[str] = (
        "Give the service user's permission group the right to view the field, of everybody "
        "(People's data, People's fields)"
    )

    def entries(self) -> t.Sequence[Entry]:
        sign_in = basic(self.text_option("service_user"), self.text_option("token"))
        client = self.client("https://api.hibob.com/v1", sign_in)
        ways = {column: _field(column) for column in [*self.used, "id"]}
        values = {"fields": sorted(set(ways.values()))}
        search = Listing(
            path="/people/search",
            method="POST",
            body={"fields": "{fields}", "showInactive": True, "humanReadable": "APPEND"},
            items="employees",
            scope="the right to view people's data",
        )
        return [_with_ways(entry, ways) for entry in self.listed(client, search, values=values)]

    def absent(self, column: str, entries: t.Sequence[Entry]) -> bool:
        if column == self.fields["end"]:
            # The one field that a company may have for nobody: when nobody has left yet.
            left = [e for e in entries if "terminated" in str(at(e, "internal.lifecycleStatus") or "").casefold()]
            return bool(left) and super().absent(column, left)
        return super().absent(column, entries)

    def refined(self, values: dict[str, str], entry: Entry) -> None:
        as_words = entry.get(_AS_WORDS)
        for name, column in [*self.columns.items(), *self.attributes.items()]:
            if name not in _AS_WRITTEN and isinstance(as_words, t.Mapping):
                word = at(as_words, column)
                if isinstance(word, str) and word:
                    values[name] = word
        self.as_type(values)
        status = values.get("hr_status", "")
        if status.casefold().startswith("hired"):  # Bob's word for whoever has not started
            values["hr_status"] = "Future hire"


def _field(column: str) -> str:
    """Return the id of a field: what stands at the top of a record is below ``root`` there."""
    return column if "." in column else f"root.{column}"


def _with_ways(entry: Entry, ways: t.Mapping[str, str]) -> Entry:
    """Return a record with every field at its column, also where Bob has it only as {"/work/site": {"value": ...}}."""
    found = dict(entry)
    for column, field in ways.items():
        boxed = entry.get("/" + field.replace(".", "/"))
        if not has(entry, column) and isinstance(boxed, t.Mapping) and "value" in boxed:
            found[column] = boxed["value"]
    return found
