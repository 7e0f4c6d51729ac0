# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""monday.com through SCIM 2.0."""

from __future__ import annotations

import typing as t

from ..scim import PRODUCT_OPTIONS, ScimConnector
from ..scim_dialect import ScimDialect
from ..scim_places import ONLY_GROUPS


class Monday(ScimConnector):
    """monday.com: users and teams through SCIM.

    The address is the user name. Nobody is deleted, only deactivated. What kind of user somebody is (admin, member,
    viewer) is told and not changed. Without ``scim_provisioned_only=false`` lists hold only what SCIM itself made.

    Source: https://support.monday.com/hc/en-us/articles/360021893619-SCIM-Provisioning-API
    """

    name = "monday"
    options: t.ClassVar[t.Mapping[str, str]] = {**PRODUCT_OPTIONS, "base_url": "required"}
    dialect = ScimDialect(
        email_filter="userName",
        external_id_filter="",
        group_filter="",
        list_parameters={"scim_provisioned_only": "false"},
        delete_means="deactivate",
        email_is_username=True,
        entitlements=ONLY_GROUPS,
        shows=(("user type", ("userType",)),),
    )
