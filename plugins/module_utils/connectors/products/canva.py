# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Canva through SCIM 2.0."""

from __future__ import annotations

import typing as t

from ..scim import PRODUCT_OPTIONS, ScimConnector
from ..scim_dialect import ScimDialect
from ..scim_places import Attribute

_ROLES = (
    "Member", "Teacher", "Staff", "Admin", "Template-designer", "Aide", "Administrator", "School administrator",
    "School", "Tenant", "Faculty",
)  # fmt: skip


class Canva(ScimConnector):
    """Canva: members of a team and their role through SCIM.

    Pages hold ten at most. The members of a group can be written and not read, so groups are left to people. Every role
    but Member is Canva's Brand Designer, and one that is not known becomes Member without a word: it is not sent.
    Removing a user for good is not documented.

    Source: https://www.canva.dev/docs/scim/get-user
    """

    name = "canva"
    base_url = "https://www.canva.com/_scim/v2"
    options: t.ClassVar[t.Mapping[str, str]] = PRODUCT_OPTIONS
    dialect = ScimDialect(
        page_size=10,
        largest_page=10,
        email_filter="",
        delete_means="deactivate",
        groups=False,
        required=("userName", "emails"),
        forbidden=("name.formatted",),
        entitlements={"role": Attribute("role", default="Member", known=_ROLES)},
    )
