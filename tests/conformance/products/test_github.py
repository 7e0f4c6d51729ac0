# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is odd about GitHub: addresses, child teams, owners, limits that come with status 200."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.connectors.products.github import GitHub
from ansible_collections.rollcall.access.plugins.module_utils.errors import Broken, NotFound, Refused, Throttled
from ansible_collections.rollcall.access.plugins.module_utils.model import AccountKey, NewAccount
from ansible_collections.rollcall.access.tests.conformance.products.github import GitHubCase, GitHubFake, Team

CASE = GitHubCase()
NEW = NewAccount("n.ew", "n.ew@acme.example", "e100", "Nora", "Ew", "Nora Ew")


@pytest.fixture
def fake() -> t.Iterator[GitHubFake]:
    with GitHubFake().serving() as fake:
        fake.reset()
        yield fake
        assert not fake.problems, "\n".join(fake.problems)


def connector(fake: GitHubFake, name_id: str = "") -> GitHub:
    return t.cast(GitHub, CASE.build(t.cast(t.Any, fake), fake.port, name_id=name_id, read_attempts=1))


def test_the_address_is_the_name_id_where_the_company_says_so(fake: GitHubFake) -> None:
    fake.add("octo", "", name_id="mona@acme.example")
    fake.add("cat", "cat@acme.example")
    github = connector(fake, "email")
    assert [(a.email, a.external_id) for a in github.accounts()] == [
        ("mona@acme.example", ""),
        ("cat@acme.example", ""),
    ]
    found = github.find(AccountKey(email="Mona@acme.example"))
    assert found is not None
    assert found.username == "octo"


def test_without_saml_nothing_is_asked_of_it(fake: GitHubFake) -> None:
    fake.saml = False
    id = fake.add("cat", "cat@acme.example", name_id="e1")
    github = connector(fake)
    assert not github.can("end_sessions")
    found = github.find(AccountKey(id=id))
    assert found is not None
    assert found.external_id == ""
    with pytest.raises(Broken, match="no SAML identity provider"):
        list(connector(fake, "external_id").accounts())


def test_who_is_in_a_child_team_is_not_in_the_team_itself(fake: GitHubFake) -> None:
    id = fake.add("cat", "cat@acme.example")
    other = fake.add("cat2", "cat2@acme.example")
    fake.teams["child"] = Team(13, "child", "Child", {int(id)}, parent="quota")
    fake.teams["quota"].members = {int(other)}
    fake.roles[8132][1][int(id)] = "indirect"
    github = connector(fake)
    for account in (github.find(AccountKey(id=id)), next(a for a in github.accounts() if a.id == id)):
        assert account is not None
        assert account.entitlements == {"member"}
        assert account.unknown == {"team:Child"}
    one = github.find(AccountKey(id=other))
    assert one is not None
    assert github.revoke(one, CASE.app().entitlements["reader"]) is False
    assert one.entitlements == {"member", "quota"}


def test_the_last_owner_is_not_made_a_member(fake: GitHubFake) -> None:
    id = fake.add("cat", "cat@acme.example", role="admin")
    github = connector(fake)
    account = github.find(AccountKey(id=id))
    assert account is not None
    entitlements = CASE.app().entitlements
    with pytest.raises(Refused, match="last owner"):
        github.grant(account, entitlements["member"])
    with pytest.raises(Refused, match="last owner"):
        github.revoke(account, entitlements["owner"])
    fake.add("dog", "dog@acme.example", role="admin")
    assert github.grant(account, entitlements["member"]) is True


def test_a_renamed_login_is_followed_by_its_id(fake: GitHubFake) -> None:
    id = fake.add("cat", "cat@acme.example")
    github = connector(fake)
    before = github.find(AccountKey(id=id))
    assert before is not None
    fake.users[int(id)].login = "lion"
    squatter = fake.add("cat", "squatter@acme.example")
    assert github.delete(before) is True
    assert set(fake.accounts()) == {squatter}


def test_an_invitation_carries_role_and_teams_and_waits(fake: GitHubFake) -> None:
    entitlements = CASE.app().entitlements
    github = connector(fake)
    made = github.create(NEW, [entitlements["owner"], entitlements["odd"], entitlements["reader"]])
    assert made.state == "invited"
    assert made.entitlements == {"owner", "odd"}
    assert github.grant(made, entitlements["odd"]) is False
    with pytest.raises(Refused, match="not been accepted"):
        github.grant(made, entitlements["reader"])
    with pytest.raises(Refused, match="not been accepted"):
        github.revoke(made, entitlements["odd"])
    assert github.delete(made) is True
    assert fake.accounts() == {}


def test_a_refused_invitation_says_why_and_what_the_limits_are(fake: GitHubFake) -> None:
    fake.limit_seats()
    with pytest.raises(Refused, match=r"at least one more seat.*500"):
        connector(fake).create(NEW, [])


def test_a_rate_limit_with_status_200_is_one(fake: GitHubFake) -> None:
    fake.rate_limited = True
    with pytest.raises(Throttled):
        list(connector(fake).accounts())


def test_a_404_of_what_may_not_be_seen_names_the_permission(fake: GitHubFake) -> None:
    fake.add("cat", "cat@acme.example")
    github = connector(fake)
    fake.hidden = "/orgs/acme/invitations"
    with pytest.raises(Refused, match="admin:org"):
        list(github.accounts())


def test_credentials_that_could_not_be_revoked_are_not_said_to_be(fake: GitHubFake) -> None:
    id = fake.add("cat", "cat@acme.example", name_id="e1")
    fake.sign_in(id)
    github = connector(fake, "external_id")
    account = github.find(AccountKey(id=id))
    assert account is not None
    fake.hidden = "/orgs/acme/credential-authorizations/cat/revoke"
    with pytest.raises(NotFound):
        github.end_sessions(account)
    fake.hidden = ""
    assert github.end_sessions(account) is True
    assert github.end_sessions(account) is False
