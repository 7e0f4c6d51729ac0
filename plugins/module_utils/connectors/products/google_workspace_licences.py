# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Licences of Google Workspace: by product and SKU, and by the person's address.

Google lists neither the products that a company has nor the licences of one person: what the catalog names is asked
for. Source: https://developers.google.com/workspace/admin/licensing/v1/how-tos/using
"""

from __future__ import annotations

import typing as t

from ...errors import NotFound, Refused
from ...protocols.rest import RestClient, search
from . import google_workspace_spec as spec


class Licences:
    """``values`` are the catalog's: ``product/sku``, such as ``Google-Apps/1010020027``."""

    def __init__(self, client: RestClient, values: t.Iterable[str]) -> None:
        self._client = client
        self._values = sorted(values)

    def of(self, email: str, where: str) -> list[str]:
        """Return which of them somebody has."""
        found = []
        for value in self._values:
            try:
                answers = self._client.read(spec.LICENCE_OF, {**_parts(value, where), "email": email}, where)
            except NotFound:
                continue
            if any(str(search("userId", one) or "").casefold() == email.casefold() for one in answers):
                found.append(value)
        return found

    def everybody(self, customer: str, where: str) -> dict[str, list[str]]:
        """Return who has which of them, by address in lower case."""
        found: dict[str, list[str]] = {}
        for value in self._values:
            values = {**_parts(value, where), "customer": customer}
            for one in self._client.read(spec.LICENCES, values, where, "userId"):
                found.setdefault(str(search("userId", one) or "").casefold(), []).append(value)
        return found

    def give(self, email: str, value: str, where: str) -> bool:
        """Assign; or change the SKU, where somebody has another of that product that the catalog names too."""
        has = self.of(email, where)
        if value in has:
            return False
        values = {**_parts(value, where), "email": email}
        before = next((one for one in has if _parts(one, where)["product"] == values["product"]), "")
        if before:
            return self._client.send([spec.CHANGE_LICENCE], {**values, "before": _parts(before, where)["sku"]}, where)[
                0
            ]
        return self._client.send([spec.ADD_LICENCE], values, where)[0]

    def take(self, email: str, value: str, where: str) -> bool:
        if value not in self.of(email, where):
            return False
        return self._client.send([spec.REMOVE_LICENCE], {**_parts(value, where), "email": email}, where)[0]


def _parts(value: str, where: str) -> dict[str, str]:
    product, slash, sku = value.partition("/")
    if not (product and slash and sku) or "/" in sku:
        raise Refused(
            f"{value!r} names no licence",
            where=where,
            todo="Expected product/SKU, such as Google-Apps/1010020027; Google lists them under Products and SKUs",
        )
    return {"product": product, "sku": sku}
