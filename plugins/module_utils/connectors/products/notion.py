# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Notion through SCIM 2.0."""

from __future__ import annotations

import typing as t

from ..scim import PRODUCT_OPTIONS, ScimConnector
from ..scim_dialect import ScimDialect
from ..scim_places import Attribute, Groups

_NOTION = "urn:ietf:params:scim:schemas:extension:notion:2.0:User"
_ROLES = ("owner", "membership_admin", "member", "restricted_member")


class Notion(ScimConnector):
    """Notion: workspace members, their role, and groups through SCIM.

    The address is the user name, and lists are filtered by ``email``. There is no suspended state: ``active: false``
    and DELETE both remove the member from the workspace and end its sessions there; the Notion account itself stays.

    Source: https://www.notion.com/help/provision-users-and-groups-with-scim
    """

    name = "notion"
    base_url = "https://api.notion.com/scim/v2"
    options: t.ClassVar[t.Mapping[str, str]] = PRODUCT_OPTIONS
    dialect = ScimDialect(
        largest_page=100,
        email_filter="email",
        username_filter="",
        suspend=False,
        external_ids=False,
        email_is_username=True,
        forbidden=("displayName", "externalId"),
        entitlements={
            "group": Groups(),
            "team": Groups(),
            "role": Attribute(
                "role", schema="urn:ietf:params:scim:schemas:extension:notion:2.0:User", default="member", known=_ROLES
            ),
        },
    )
