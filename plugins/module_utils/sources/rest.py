# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""People from any REST interface, as the settings describe it."""

from __future__ import annotations

import typing as t

from ..errors import PolicyError, SettingsError
from ..http import SignIn
from ..protocols.paging import STYLES
from ..protocols.placeholders import placeholders_in
from ..protocols.rest import search
from ..protocols.rest_auth import sign_in_from
from ..protocols.rest_spec import Listing
from ..protocols.shaping import Problem, shaped
from ..protocols.sign_in import Fixed
from .columns import check_column
from .interface import INTERFACE_OPTIONS, Entry, InterfaceSource
from .mapping import FIELDS


class Rest(InterfaceSource):
    """``base_url``, ``auth`` (bearer, basic, header, oauth2 or jwt) and ``list``: path, method, params, body, headers,
    items (a JMESPath to the list of people) and paging, as for an app with ``connector: rest``.

    ``columns`` maps our fields to places in a record: a key, keys with dots between them, or JMESPath. What a record
    has under one of our names needs no mapping. ``error``: a JMESPath that gives a message where an answer with 2xx is
    an error.
    """

    type: t.ClassVar[str] = "rest"
    options: t.ClassVar[t.Mapping[str, str]] = {
        "list": "required",
        "auth": "optional",
        "headers": "optional",
        "error": "optional",
        **INTERFACE_OPTIONS,
        "base_url": "required",
    }
    fields: t.ClassVar[t.Mapping[str, str]] = {field: field for field in sorted(FIELDS - {"same_as"})}
    expected: t.ClassVar[frozenset[str] | None] = frozenset({"id"})

    def entries(self) -> t.Sequence[Entry]:
        listing = self._listing()
        headers = self.settings.get("headers") or {}
        if not isinstance(headers, t.Mapping) or not all(isinstance(value, str) for value in headers.values()):
            raise SettingsError("`headers` is a mapping of names to texts")
        auth = self.settings.get("auth")
        ca_file = self.file_option("ca_file")
        sign_in: SignIn = sign_in_from(auth, self._where, ca_file) if auth else Fixed({}, [])
        client = self.client(
            "", sign_in, headers={str(k): v for k, v in headers.items()}, error=self.text_option("error")
        )
        client.session.redact.add(headers.values())
        return self.listed(client, listing, self.columns["id"] if self._plain_id() else "")

    def refined(self, values: dict[str, str], entry: Entry) -> None:
        for field in self.fields.keys() - self.mapped.keys():
            value = entry.get(field)
            if isinstance(value, list) or (isinstance(value, t.Mapping) and "id" not in value):
                values.pop(field, None)  # of our name by chance: {"name": {"first": ..., "last": ...}}

    def _listing(self) -> Listing:
        problems: list[Problem] = []
        listing = shaped(Listing, self.settings.get("list"), ("list",), problems)
        if not problems and not listing.path:
            problems.append(Problem(("list",), "`path` is missing: the address of the list of people"))
        if not problems and listing.paging.style not in STYLES:
            problems.append(Problem(("list", "paging", "style"), f"it is one of {', '.join(STYLES)}"))
        parts = (listing.path, dict(listing.params), listing.body, dict(listing.headers))
        unknown = [] if problems else placeholders_in(list(parts))
        if unknown:
            problems.append(Problem(("list",), f"{{{unknown[0][0]}}} has no meaning here"))
        for expression in (listing.items, listing.paging.next, listing.paging.more, listing.paging.total):
            try:
                search(expression or "@", None)
            except PolicyError as error:
                problems.append(Problem(("list",), error.message))
        if problems:
            where = ".".join(str(part) for part in problems[0].path)
            raise SettingsError(problems[0].message, where=f"{self._where}, {where}", todo=problems[0].todo)
        return listing

    def _plain_id(self) -> bool:
        """Return whether the column of the id reads the same as JMESPath: then a page that comes twice is noticed."""
        return all(part.isidentifier() for part in check_column(self.columns["id"], self._where, "id").split("."))
