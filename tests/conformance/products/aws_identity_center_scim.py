# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWS IAM Identity Center's SCIM, faked from its documentation.

Source: https://docs.aws.amazon.com/singlesignon/latest/developerguide/what-is-scim.html
"""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.model import Entitlement
from ansible_collections.rollcall.access.tests.conformance.product_case import ODD, ProductCase
from ansible_collections.rollcall.access.tests.conformance.scim_fake import ScimFake
from ansible_collections.rollcall.access.tests.conformance.scim_profile import Body, Profile, refusal


class AwsScimFake(ScimFake):
    #: "startIndex, attributes, and excludedAttributes" are not supported, "count: maximum value of 100", "supported
    #: filter combinations: (userName), (externalId), (groups.value), (id and manager)": listusers.html;
    #: "GetGroup and ListGroups return an empty member list", "(displayName), (externalId), (id and member)":
    #: listgroups.html; members by add and remove only: patchgroup.html
    profile = Profile(
        member_patches=frozenset({"add", "filter"}),
        user_filters=("userName", "externalId", "groups.value"),
        group_filters=("displayName", "externalId", "id+member"),
        largest_page=100,
        too_large=400,
        paging="cursor",
        required=("userName", "displayName", "name.givenName", "name.familyName", "emails"),
        members_shown=False,
        groups_on_user=False,
    )
    groups = ("Administrators", ODD)
    base = "/Ksx1/scim/v2"

    def check(self, before: Body | None, after: Body) -> None:
        """ "Multi-valued attributes … multiple emails" are not supported: limitations.html"""
        if len(after.get("emails") or []) != 1:
            raise refusal(400, "Request is unparsable, syntactically incorrect, or violates schema")


class AwsIdentityCenterScimCase(ProductCase):
    system = "AWS IAM Identity Center (SCIM)"
    connector = "aws_identity_center_scim"
    tested = "A fake built from docs.aws.amazon.com (2026), its SCIM messages validated by scim2-models"
    options: t.ClassVar[t.Mapping[str, t.Any]] = {"page_size": 3, "requests_per_second": 1000}
    entitlements = (
        Entitlement("administrators", "group", "Administrators", privileged=True),
        Entitlement("odd", "team", ODD),
        Entitlement("nowhere", "group", "Administrator"),
    )
    adding = ("administrators", "odd")
    missing = "nowhere"
    without: t.ClassVar[t.Mapping[str, str]] = {
        "take_scope": "A SCIM token has no scopes",
        "limit_seats": "Identity Center has no seats to run out of",
        "invite": "Through SCIM a user is there at once",
        "make_sole_owner": "No user that SCIM does not let go is documented",
    }

    @contextlib.contextmanager
    def start(self) -> t.Iterator[t.Any]:
        with AwsScimFake().serving() as fake:
            yield fake
