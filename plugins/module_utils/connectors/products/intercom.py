# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Intercom through SCIM 2.0."""

from __future__ import annotations

import typing as t

from ..scim import PRODUCT_OPTIONS, ScimConnector
from ..scim_dialect import ScimDialect
from ..scim_places import ONLY_GROUPS


class Intercom(ScimConnector):
    """Intercom: teammates and SCIM groups (mapped to roles in Intercom) through SCIM.

    Deprovisioning deletes the teammate for good and gives what it had to whom the workspace's settings say; there is
    no suspended state. Seats are not in SCIM.

    Source: https://www.intercom.com/help/en/articles/5798401
    Source: https://www.intercom.com/help/en/articles/12457965
    """

    name = "intercom"
    options: t.ClassVar[t.Mapping[str, str]] = {**PRODUCT_OPTIONS, "base_url": "required", "groups": "optional"}
    dialect = ScimDialect(
        email_filter="",
        external_id_filter="",
        group_filter="",
        delete_means="purge",
        suspend=False,
        required=("userName", "emails"),
        entitlements=ONLY_GROUPS,
    )
