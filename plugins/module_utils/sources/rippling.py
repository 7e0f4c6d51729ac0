# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""People from Rippling: its workers."""

from __future__ import annotations

import typing as t

from ..errors import FeedError
from ..http import Answer
from ..protocols.paging import Paging, read_pages
from ..protocols.sign_in import bearer
from .columns import at
from .interface import INTERFACE_OPTIONS, Entry, InterfaceSource

_EXPANDED = ("user", "department", "employment_type")
_LOCATIONS = "/work-locations"


class Rippling(InterfaceSource):
    """``token``: an API token with the scopes for workers, users, departments and employment types.

    Without a filter Rippling lists workers of every status. It says in ``__meta.redacted_fields`` what the token may
    not see; a field of ours among them is an error.

    Source: https://developer.rippling.com/documentation/rest-api/reference/list-workers
    """

    type: t.ClassVar[str] = "rippling"
    options: t.ClassVar[t.Mapping[str, str]] = {"token": "secret", "api_version": "optional", **INTERFACE_OPTIONS}
    fields: t.ClassVar[t.Mapping[str, str]] = {
        "id": "id",
        "email": "work_email",
        "given_name": "user.name.given_name",
        "family_name": "user.name.family_name",
        "title": "title",
        "department": "department.name",
        "location": "location.name",
        "manager": "manager_id",
        "start": "start_date",
        "end": "end_date",
        "type": "employment_type.label",
        "hr_status": "status",
    }
    permission: t.ClassVar[str] = (
        "Give the API token the read scope for it (workers, users, departments, employment types, work locations)"
    )

    def entries(self) -> t.Sequence[Entry]:
        version = self.text_option("api_version")
        headers = {"Rippling-Api-Version": version} if version else {}
        client = self.client("https://rest.ripplingapis.com", bearer(self.text_option("token")), headers=headers)
        workers = self._all(client.session.get, "/workers", {"expand": ",".join(_EXPANDED)}, self.used)
        places: dict[str, t.Any] = {}
        if "location" in self.columns and "location" not in self.mapped:
            listed = self._all(client.session.get, _LOCATIONS, {}, ["name"])
            places = {at(place, "id"): at(place, "name") for place in listed}
        return [_placed(worker, places) for worker in workers]

    def _all(self, get: t.Any, path: str, params: t.Mapping[str, str], used: t.Sequence[str]) -> list[t.Any]:
        def fetch(url: str, page: t.Mapping[str, t.Any]) -> Answer:
            answer: Answer = get(url or path, where=self.name, params=None if url else {**params, **page})
            self._check_redacted(answer.body, used)
            return answer

        def items(body: t.Any) -> t.Any:
            return body.get("results") if isinstance(body, t.Mapping) else None

        def identity(entry: t.Any) -> str:
            return str(entry.get("id") or "") if isinstance(entry, t.Mapping) else ""

        return read_pages(fetch, Paging(style="next_url", next="next_link"), items, identity, self.name)

    def _check_redacted(self, body: t.Any, used: t.Sequence[str]) -> None:
        """Raise FeedError where the answer says that something was left out which is read here."""
        marks = at(body, "__meta.redacted_fields") or [] if isinstance(body, t.Mapping) else []
        hidden = {str(mark.get("name")): str(mark.get("reason") or "") for mark in marks if isinstance(mark, t.Mapping)}
        for name, reason in hidden.items():
            if any(column == name or column.startswith(f"{name}.") for column in used):
                why = f" ({reason})" if reason else ""
                raise FeedError(f"Rippling leaves out the field {name!r}{why}", where=self.name, todo=self.permission)

    def absent(self, column: str, entries: t.Sequence[Entry]) -> bool:
        if column == self.fields["end"]:  # nobody has left yet
            left = [entry for entry in entries if at(entry, "status") == "TERMINATED"]
            return bool(left) and super().absent(column, left)
        return super().absent(column, entries)

    def refined(self, values: dict[str, str], entry: Entry) -> None:
        self.as_type(values)


def _placed(worker: t.Any, places: t.Mapping[str, t.Any]) -> t.Any:
    """Return a worker whose location has its name; who works elsewhere has the kind of place (REMOTE)."""
    location = worker.get("location") if isinstance(worker, t.Mapping) else None
    if not isinstance(location, t.Mapping):
        return worker
    name = places.get(location.get("work_location_id") or "") or location.get("type")
    return {**worker, "location": {**location, "name": name}}
