# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWS IAM Identity Center through its SCIM endpoint, where an external identity provider is its source."""

from __future__ import annotations

import typing as t

from ..scim import PRODUCT_OPTIONS, ScimConnector
from ..scim_dialect import ScimDialect
from ..scim_places import ONLY_GROUPS


class AwsIdentityCenterScim(ScimConnector):
    """AWS IAM Identity Center through SCIM: users and groups, where an external identity provider is its source.

    Lists go by cursor only. A group never shows its members: who is in it is asked with filters. Every user needs a
    first and a last name, a name to display and one address.

    Source: https://docs.aws.amazon.com/singlesignon/latest/developerguide/what-is-scim.html
    Source: https://docs.aws.amazon.com/singlesignon/latest/developerguide/limitations.html
    """

    name = "aws_identity_center_scim"
    options: t.ClassVar[t.Mapping[str, str]] = {**PRODUCT_OPTIONS, "base_url": "required"}
    dialect = ScimDialect(
        largest_page=100,
        paging="cursor",
        email_filter="",
        members="asked",
        groups_on_user=False,
        required=("userName", "displayName", "name.givenName", "name.familyName", "emails"),
        entitlements=ONLY_GROUPS,
        requests_per_second=10,
    )
