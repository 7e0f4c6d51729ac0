# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calendly through SCIM 2.0."""

from __future__ import annotations

import typing as t

from ..scim import PRODUCT_OPTIONS, ScimConnector
from ..scim_dialect import ScimDialect
from ..scim_places import ONLY_GROUPS


class Calendly(ScimConnector):
    """Calendly: users and groups through SCIM.

    It takes ``displayName``, ``userName`` (the address), ``active`` and ``externalId``, and refuses everything else.
    A new user has to accept an invitation. Removing somebody wholly is left to people.

    Source: https://help.calendly.com/hc/en-us/articles/4403422473751
    Source: https://help.calendly.com/hc/en-us/articles/4403420585623
    """

    name = "calendly"
    options: t.ClassVar[t.Mapping[str, str]] = {**PRODUCT_OPTIONS, "base_url": "required"}
    dialect = ScimDialect(
        email_filter="userName",
        external_id_filter="",
        group_filter="",
        delete_means="deactivate",
        email_is_username=True,
        required=("userName", "displayName"),
        forbidden=("name", "emails"),
        entitlements=ONLY_GROUPS,
    )
