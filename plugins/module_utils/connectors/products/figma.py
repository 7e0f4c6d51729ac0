# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Figma through SCIM 2.0."""

from __future__ import annotations

import typing as t

from ..scim import PRODUCT_OPTIONS, ScimConnector
from ..scim_dialect import ScimDialect
from ..scim_places import Flags, Groups, Values

_FIGMA = "urn:ietf:params:scim:schemas:extension:figma:enterprise:2.0:User"
_SEATS = ("Full", "Dev", "Collab", "View")


class Figma(ScimConnector):
    """Figma: members, seats, organization administrators, and workspace or billing groups through SCIM.

    The address is the user name. A suspended member is out of the organization; DELETE erases the Figma user for good.
    Only members that were provisioned through SCIM are listed. Seats come in either case.

    Source: https://developers.figma.com/docs/rest-api/scim-endpoints
    Source: https://developers.figma.com/docs/rest-api/scim-supported-schemas
    """

    name = "figma"
    options: t.ClassVar[t.Mapping[str, str]] = {**PRODUCT_OPTIONS, "base_url": "required", "role_default": "optional"}
    dialect = ScimDialect(
        patch="value_object",
        page_size=200,
        largest_page=3000,
        email_filter="userName",
        delete_means="purge",
        member_change="whole",
        email_is_username=True,
        forbidden=("emails", "name.formatted"),
        media_type="application/json",
        entitlements={
            "group": Groups(),
            "team": Groups(),
            "role": Values("roles", single=True, type="seatType", default="View", ignore_case=True, known=_SEATS),
            "permission": Flags(("figmaAdmin",), schema=_FIGMA),
        },
    )
