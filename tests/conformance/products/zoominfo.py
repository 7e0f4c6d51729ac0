# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ZoomInfo, whose SCIM is not documented in public: RFC 7644 with what integrators say of it.

Source: https://help.trelica.com/hc/en-us/articles/17894102023965-ZoomInfo
"""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.model import Entitlement
from ansible_collections.rollcall.access.tests.conformance.product_case import ODD, ProductCase
from ansible_collections.rollcall.access.tests.conformance.scim_fake import ScimFake
from ansible_collections.rollcall.access.tests.conformance.scim_profile import Profile


class ZoomInfoFake(ScimFake):
    profile = Profile(
        user_filters=("userName",), group_filters=(), required=("userName", "emails"), delete="deactivate"
    )
    groups = ("ZoomInfo Users", ODD)


class ZoomInfoCase(ProductCase):
    system = "ZoomInfo"
    connector = "zoominfo"
    tested = "A fake built from RFC 7644 and what integrators document, its messages validated by scim2-models"
    options: t.ClassVar[t.Mapping[str, t.Any]] = {"page_size": 3}
    entitlements = (
        Entitlement("users", "group", "ZoomInfo Users"),
        Entitlement("odd", "team", ODD),
        Entitlement("nowhere", "group", "ZoomInfo"),
    )
    adding = ("users", "odd")
    missing = "nowhere"
    without: t.ClassVar[t.Mapping[str, str]] = {
        "take_scope": "A SCIM token has no scopes",
        "limit_seats": "What ZoomInfo answers when licences run out is not documented",
        "invite": "SCIM does not tell who has not accepted yet",
        "make_sole_owner": "No account that SCIM does not let go is documented",
    }

    @contextlib.contextmanager
    def start(self) -> t.Iterator[t.Any]:
        with ZoomInfoFake().serving() as fake:
            yield fake
