# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Intercom, faked from its documentation.

Sources: https://www.intercom.com/help/en/articles/5798401 (deprovisioning deletes),
https://www.intercom.com/help/en/articles/12457965 (groups)
"""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.model import Entitlement
from ansible_collections.rollcall.access.tests.conformance.product_case import ODD, ProductCase
from ansible_collections.rollcall.access.tests.conformance.scim_fake import ScimFake
from ansible_collections.rollcall.access.tests.conformance.scim_profile import Profile


class IntercomFake(ScimFake):
    profile = Profile(user_filters=("userName",), group_filters=(), required=("userName", "emails"), inactive="removed")
    groups = ("Intercom Support", ODD)


class IntercomCase(ProductCase):
    system = "Intercom"
    connector = "intercom"
    tested = "A fake built from intercom.com/help (2026) and RFC 7644, its messages validated by scim2-models"
    options: t.ClassVar[t.Mapping[str, t.Any]] = {"page_size": 3}
    entitlements = (
        Entitlement("support", "group", "Intercom Support"),
        Entitlement("odd", "team", ODD),
        Entitlement("nowhere", "group", "Support"),
    )
    adding = ("support", "odd")
    missing = "nowhere"
    without: t.ClassVar[t.Mapping[str, str]] = {
        "take_scope": "A SCIM token has no scopes",
        "limit_seats": "Seats are given in Intercom; SCIM refuses no teammate",
        "invite": "SCIM does not tell who has not accepted yet",
        "make_sole_owner": "What Intercom answers for an excluded teammate is not documented",
    }

    @contextlib.contextmanager
    def start(self) -> t.Iterator[t.Any]:
        with IntercomFake().serving() as fake:
            yield fake
