# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gong through SCIM 2.0."""

from __future__ import annotations

import typing as t

from ..scim import PRODUCT_OPTIONS, ScimConnector
from ..scim_dialect import ScimDialect
from ..scim_places import ONLY_GROUPS


class Gong(ScimConnector):
    """Gong: team members and provisioning groups through SCIM ("custom source").

    Seats, permission profiles and data capture follow from the group, by the assignments that are made in Gong.

    Source: https://help.gong.io/docs/provision-team-members-from-a-custom-source-scim
    Source: https://help.gong.io/v1/docs/about-provisioning-team-members
    """

    name = "gong"
    options: t.ClassVar[t.Mapping[str, str]] = {**PRODUCT_OPTIONS, "base_url": "required"}
    dialect = ScimDialect(
        email_filter="",
        external_id_filter="",
        group_filter="",
        delete_means="deactivate",
        required=("userName", "emails", "name.givenName", "name.familyName"),
        entitlements=ONLY_GROUPS,
        requests_per_second=3,
    )
