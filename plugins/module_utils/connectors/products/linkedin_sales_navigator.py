# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""LinkedIn Sales Navigator through SCIM 2.0."""

from __future__ import annotations

import typing as t

from ..scim import PRODUCT_OPTIONS, ScimConnector
from ..scim_dialect import ScimDialect
from ..scim_places import NOTHING


class LinkedInSalesNavigator(ScimConnector):
    """LinkedIn Sales Navigator: users through SCIM; licences follow by the rules that are set there.

    Users can be looked up and not listed: what is known of the app is what was done here, and its owner's word.

    Source: https://www.linkedin.com/help/sales-navigator/answer/a1657264
    Source: https://help.trelica.com/hc/en-us/articles/22590993000861-LinkedIn-Sales-Navigator (no listing)
    """

    name = "linkedin_sales_navigator"
    reads = False
    base_url = "https://api.linkedin.com/scim"
    options: t.ClassVar[t.Mapping[str, str]] = PRODUCT_OPTIONS
    dialect = ScimDialect(
        listing=False,
        email_filter="",
        delete_means="deactivate",
        groups=False,
        required=("userName", "emails"),
        entitlements=NOTHING,
    )
