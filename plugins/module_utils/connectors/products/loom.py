# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Loom through SCIM 2.0."""

from __future__ import annotations

import typing as t

from ..scim import PRODUCT_OPTIONS, ScimConnector
from ..scim_dialect import ScimDialect
from ..scim_places import Attribute


class Loom(ScimConnector):
    """Loom: members and their role (viewer, creator, admin) through SCIM.

    Its directory sync is run by WorkOS. What deactivating does is a setting of the workspace: keep it on "Deactivate".
    The role has to be mapped to ``loomMemberRole`` there.

    Source: https://support.loom.com/hc/en-us/articles/4405130750749-How-to-configure-SSO-and-Directory-Sync-SCIM
    Source: https://docs.nango.dev/integrations/all/loom-scim/connect
    """

    name = "loom"
    options: t.ClassVar[t.Mapping[str, str]] = {
        **PRODUCT_OPTIONS,
        "base_url": "required",
        "role_attribute": "optional",
        "role_default": "optional",
    }
    dialect = ScimDialect(
        email_filter="",
        external_id_filter="",
        delete_means="deactivate",
        groups=False,
        required=("userName", "emails"),
        entitlements={
            "role": Attribute(
                "loomMemberRole",
                schema="urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
                default="viewer",
                ignore_case=True,
            )
        },
    )
