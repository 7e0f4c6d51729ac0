# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is odd about AWS IAM Identity Center's SCIM: who is in a group is asked for, and the answer is checked."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import Broken, Refused
from ansible_collections.rollcall.access.plugins.module_utils.model import NewAccount
from ansible_collections.rollcall.access.tests.conformance.products.aws_identity_center_scim import (
    AwsIdentityCenterScimCase,
    AwsScimFake,
)


class Believing(AwsScimFake):
    """Answers every filter by group with everybody."""

    def _matches(self, key: str, user: t.Any, name: str, value: str) -> bool:
        return name == "groups.value" or super()._matches(key, user, name, value)


@pytest.fixture
def fake() -> t.Iterator[t.Any]:
    with Believing().serving() as fake:
        fake.fill(3)
        yield fake


def test_a_filter_that_is_not_applied_makes_nobody_a_member(fake: t.Any) -> None:
    connector = AwsIdentityCenterScimCase().build(fake, fake.port)
    with pytest.raises(Broken, match="members of the group 'Administrators' contradict"):
        connector.accounts()


def test_a_user_without_what_aws_demands_is_not_sent(fake: t.Any) -> None:
    connector: t.Any = AwsIdentityCenterScimCase().build(fake, fake.port)
    fake.requests.clear()
    with pytest.raises(Refused, match=r"no account without displayName and name\.givenName and name\.familyName"):
        connector.create(NewAccount("ann", "ann@acme.example"), [])
    assert not fake.requests
