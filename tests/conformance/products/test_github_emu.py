# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is odd about managed users of GitHub: tokens and keys are destroyed by login, which SCIM does not tell."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.connectors.products.github_emu import GitHubEmu
from ansible_collections.rollcall.access.plugins.module_utils.errors import Broken, NotFound
from ansible_collections.rollcall.access.plugins.module_utils.model import AccountKey, Entitlement
from ansible_collections.rollcall.access.tests.conformance.products.github_emu import GitHubEmuCase, GitHubEmuFake

CASE = GitHubEmuCase()


@pytest.fixture
def fake() -> t.Iterator[GitHubEmuFake]:
    with GitHubEmuFake().serving() as fake:
        yield fake
        assert not fake.problems, "\n".join(fake.problems)


def connector(fake: GitHubEmuFake, **more: t.Any) -> GitHubEmu:
    return t.cast(GitHubEmu, CASE.build(t.cast(t.Any, fake), fake.port, page_size=100, **more))


def test_tokens_of_somebody_with_a_longer_name_stay(fake: GitHubEmuFake) -> None:
    ids = fake.fill(11)
    for id in (ids[1], ids[10]):
        fake.sign_in(id)
    emu = connector(fake)
    account = emu.find(AccountKey(username="p1"))
    assert account is not None
    assert emu.end_sessions(account) is True
    assert fake.live_credentials(ids[1]) == 0
    assert fake.live_credentials(ids[10]) == 2


def test_where_there_is_no_saml_the_login_cannot_be_looked_up(fake: GitHubEmuFake) -> None:
    (id,) = fake.fill(1)
    fake.saml = False
    emu = connector(fake)
    account = emu.find(AccountKey(id=id))
    assert account is not None
    with pytest.raises(Broken, match="OpenID Connect"):
        emu.end_sessions(account)


def test_without_the_second_token_nothing_is_revoked(fake: GitHubEmuFake) -> None:
    emu = connector(fake, owner_token="")
    assert not emu.can("end_sessions")
    assert "end_sessions" not in GitHubEmu.operations_for({"enterprise": "octo-corp"})


def test_a_role_that_github_does_not_have_is_not_sent(fake: GitHubEmuFake) -> None:
    (id,) = fake.fill(1)
    emu = connector(fake)
    account = emu.find(AccountKey(id=id))
    assert account is not None
    with pytest.raises(NotFound, match="enterprise_owner"):
        emu.grant(account, Entitlement("boss", "role", "boss"))
