# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ZoomInfo through SCIM 2.0."""

from __future__ import annotations

import typing as t

from ..scim import PRODUCT_OPTIONS, ScimConnector
from ..scim_dialect import ScimDialect
from ..scim_places import ONLY_GROUPS


class ZoomInfo(ScimConnector):
    """ZoomInfo: users and subscription groups through SCIM ("auto provisioning").

    Only users that were made through SCIM are seen. Licence, role and credits follow from the subscription group.

    Source: https://help.trelica.com/hc/en-us/articles/17894102023965-ZoomInfo
    """

    name = "zoominfo"
    options: t.ClassVar[t.Mapping[str, str]] = {**PRODUCT_OPTIONS, "base_url": "required"}
    dialect = ScimDialect(
        email_filter="",
        external_id_filter="",
        group_filter="",
        delete_means="deactivate",
        required=("userName", "emails"),
        entitlements=ONLY_GROUPS,
    )
