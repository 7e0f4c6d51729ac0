# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calendly, faked from its documentation. Source: https://help.calendly.com/hc/en-us/articles/4403422473751"""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.model import Entitlement
from ansible_collections.rollcall.access.tests.conformance.product_case import ODD, ProductCase
from ansible_collections.rollcall.access.tests.conformance.scim_fake import ScimFake
from ansible_collections.rollcall.access.tests.conformance.scim_profile import Body, Profile, WithSeats


class CalendlyFake(WithSeats, ScimFake):
    #: "Only use the attributes listed. Extra attributes will cause errors": displayName, userName, active, externalId.
    #: "If all seats are occupied at the time of provisioning, you'll receive an error message":
    #: https://help.calendly.com/hc/en-us/articles/4403420585623
    profile = Profile(
        user_filters=("userName",),
        group_filters=(),
        required=("userName", "displayName"),
        attributes=("displayName", "userName", "active", "externalId"),
        delete="deactivate",
    )
    groups = ("Sales", ODD)

    def person(self, n: int) -> Body:
        person = super().person(n)
        return {
            "userName": f"p{n}@acme.example",
            **{name: person[name] for name in ("externalId", "displayName", "active")},
        }


class CalendlyCase(ProductCase):
    system = "Calendly"
    connector = "calendly"
    tested = "A fake built from help.calendly.com (March 2026) and RFC 7644, its messages validated by scim2-models"
    options: t.ClassVar[t.Mapping[str, t.Any]] = {"page_size": 3}
    entitlements = (
        Entitlement("sales", "group", "Sales"),
        Entitlement("odd", "team", ODD),
        Entitlement("nowhere", "group", "Sale"),
    )
    adding = ("sales", "odd")
    missing = "nowhere"
    without: t.ClassVar[t.Mapping[str, str]] = {
        "username": "The address is the user name",
        "take_scope": "A SCIM token has no scopes",
        "invite": "SCIM does not tell who has not accepted yet",
        "make_sole_owner": "Calendly documents no account that SCIM does not let go",
    }

    @contextlib.contextmanager
    def start(self) -> t.Iterator[t.Any]:
        with CalendlyFake().serving() as fake:
            yield fake
