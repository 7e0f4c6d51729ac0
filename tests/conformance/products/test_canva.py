# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is odd about Canva: a role that it does not know becomes Member without a word."""

from __future__ import annotations

import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.model import AccountKey, Entitlement
from ansible_collections.rollcall.access.tests.conformance.products.canva import CanvaCase, CanvaFake


class WithWrongRole(CanvaCase):
    system = ""
    entitlements: t.ClassVar[t.Any] = (*CanvaCase.entitlements, Entitlement("wrong", "role", "Designer of Brands"))


def test_the_read_back_shows_that_a_role_was_not_taken() -> None:
    with CanvaFake().serving() as fake:
        (key,) = fake.fill(1)
        connector: t.Any = WithWrongRole().build(fake, fake.port)
        account = connector.find(AccountKey(id=key))
        connector.grant(account, connector.app.entitlements["designer"])
        connector.grant(account, connector.app.entitlements["wrong"])
        assert connector.find(AccountKey(id=key)).entitlements == {"member"}
