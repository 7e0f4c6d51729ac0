# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gong, whose SCIM is documented by its features: create, update, deactivate, reactivate, groups.

Sources: https://help.gong.io/docs/provision-team-members-from-a-custom-source-scim,
https://help.gong.io/v1/docs/about-provisioning-team-members (first and last name are mandatory)
"""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.model import Entitlement
from ansible_collections.rollcall.access.tests.conformance.product_case import ODD, ProductCase
from ansible_collections.rollcall.access.tests.conformance.scim_fake import ScimFake
from ansible_collections.rollcall.access.tests.conformance.scim_profile import Profile


class GongFake(ScimFake):
    profile = Profile(
        user_filters=("userName",),
        group_filters=(),
        required=("userName", "emails", "name.givenName", "name.familyName"),
        delete="deactivate",
    )
    groups = ("Account Executives", ODD)


class GongCase(ProductCase):
    system = "Gong"
    connector = "gong"
    tested = "A fake built from the features on help.gong.io (2026) and RFC 7644, validated by scim2-models"
    options: t.ClassVar[t.Mapping[str, t.Any]] = {"page_size": 3, "requests_per_second": 1000}
    entitlements = (
        Entitlement("executives", "group", "Account Executives"),
        Entitlement("odd", "team", ODD),
        Entitlement("nowhere", "group", "Account Executive"),
    )
    adding = ("executives", "odd")
    missing = "nowhere"
    without: t.ClassVar[t.Mapping[str, str]] = {
        "take_scope": "A SCIM token has no scopes",
        "limit_seats": "Seats are given by assignments; SCIM refuses no team member",
        "invite": "SCIM does not tell who has not accepted yet",
        "make_sole_owner": "No account that SCIM does not let go is documented",
    }

    @contextlib.contextmanager
    def start(self) -> t.Iterator[t.Any]:
        with GongFake().serving() as fake:
            yield fake
