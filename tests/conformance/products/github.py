# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A GitHub organization in memory, over REST and GraphQL.

REST answers have the form of GitHub's own specification; GraphQL queries are validated against the needed part of
GitHub's public schema and carried out by graphql-core. What it does is told in the text of these pages:
https://docs.github.com/en/enterprise-cloud@latest/rest/orgs/members,
https://docs.github.com/en/enterprise-cloud@latest/rest/teams/members,
https://docs.github.com/en/enterprise-cloud@latest/rest/orgs/organization-roles
"""

from __future__ import annotations

import dataclasses
import pathlib
import typing as t

import graphql
from ansible_collections.rollcall.access.plugins.module_utils.model import Entitlement
from ansible_collections.rollcall.access.tests.conformance import specs
from ansible_collections.rollcall.access.tests.conformance.fake import Answer, Fake, Request, route
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY, ODD, ProductCase, Seen

SCHEMA = graphql.build_schema(pathlib.Path(specs.__file__).with_name("github.graphql").read_text(encoding="utf-8"))
SOME_TIME = "2026-01-05T08:00:00Z"
DOCUMENTATION = "https://docs.github.com/rest"
_LINKS = (
    "avatar_url", "events_url", "followers_url", "following_url", "gists_url", "html_url", "organizations_url",
    "received_events_url", "repos_url", "starred_url", "subscriptions_url", "url",
)  # fmt: skip
_ORG_LINKS = (
    "url",
    "repos_url",
    "events_url",
    "hooks_url",
    "issues_url",
    "members_url",
    "public_members_url",
    "avatar_url",
)
ORG = "/orgs/acme"


@dataclasses.dataclass
class User:
    id: int
    login: str
    name: str
    emails: list[str]
    name_id: str = ""
    role: str = "member"
    credentials: int = 0


@dataclasses.dataclass
class Team:
    id: int
    slug: str
    name: str
    members: set[int] = dataclasses.field(default_factory=set)
    parent: str = ""


def failed(status: int, message: str, errors: t.Sequence[t.Any] = ()) -> Answer:
    more = {"errors": list(errors)} if errors else {"status": str(status)}
    return Answer(status, {"message": message, "documentation_url": DOCUMENTATION, **more})


class GitHubFake(Fake):
    specifications = ("github",)
    port = 0

    def connection(self, port: int) -> dict[str, t.Any]:
        return {"base_url": f"http://127.0.0.1:{port}", "organization": "acme", "token": CANARY}

    def reset(self) -> None:
        self.problems.clear()
        self.users: dict[int, User] = {}
        self.teams = {"quota": Team(11, "quota", "Quota Tracking"), "odd": Team(12, "odd", ODD)}
        self.roles: dict[int, tuple[str, dict[int, str]]] = {8132: ("all_repo_read", {}), 8136: (ODD + "!", {})}
        self.invitations: dict[int, dict[str, t.Any]] = {}
        self.expired, self.full, self.saml = False, False, True
        self.lost = self.hidden = ""
        self.rate_limited = False

    def add(self, login: str, email: str, name: str = "", name_id: str = "", role: str = "member") -> str:
        id = 583231 + len(self.users)
        self.users[id] = User(id, login, name, [email] if email else [], name_id, role)
        return str(id)

    def fill(self, people: int) -> list[str]:
        self.boss = int(self.add("boss", "boss@acme.example", role="admin"))  # an organization always has an owner
        return [self.add(f"p{n}", f"p{n}@acme.example", f"Given{n} Family{n}", f"e{n}") for n in range(people)]

    def accounts(self) -> dict[str, Seen]:
        found = {}
        for id, user in self.users.items():
            teams = {team.name for team in self.teams.values() if id in team.members}
            roles = {name for name, users in self.roles.values() if users.get(id) == "direct"}
            found[str(id)] = Seen(
                (user.emails or [""])[0], user.login, "active", frozenset({user.role} | teams | roles)
            )
        for id, one in self.invitations.items():
            role = {"direct_member": "member"}.get(one["role"], one["role"])
            teams = {team.name for team in self.teams.values() if team.id in one["team_ids"]}
            found[f"invitation:{id}"] = Seen(one["email"], "", "invited", frozenset({role} | teams))
        return found

    def rename(self, id: str, email: str) -> None:
        self.users[int(id)].emails = [email]

    def revoke_credentials(self) -> None:
        self.expired = True

    def take_scope(self, write: bool) -> str:
        self.lost = "admin:org" if write else "read:org"
        return self.lost

    def limit_seats(self) -> None:
        self.full = True

    def invite(self, email: str) -> str:
        return f"invitation:{self.invited(email, 'direct_member', [])}"

    def make_sole_owner(self, id: str) -> None:
        self.users[self.boss].role, self.users[int(id)].role = "member", "admin"

    def sign_in(self, id: str) -> None:
        self.users[int(id)].credentials = 2

    def live_credentials(self, id: str) -> int:
        return self.users[int(id)].credentials

    # ---- the interface

    def authenticate(self, request: Request) -> None:
        if self.expired or request.headers.get("Authorization") != f"Bearer {CANARY}":
            raise failed(401, "Bad credentials")
        if not request.headers.get("User-Agent"):
            raise failed(403, "Request forbidden by administrative rules")
        if request.headers.get("X-GitHub-Api-Version") != "2022-11-28":
            self.problems.append(f"{request.path}: no version of the API was asked for")
        if request.path == self.hidden:
            raise failed(404, "Not Found")
        if self.lost == "admin:org" and request.method != "GET" and request.path != "/graphql":
            raise failed(403, "You must be an admin to do that.")

    def not_found(self, request: Request) -> tuple[int, t.Any]:
        return 404, failed(404, "Not Found").answer[1]

    def named(self, login: str) -> User:
        for user in self.users.values():
            if user.login.casefold() == login.casefold():
                return user
        raise failed(404, "Not Found")

    def team(self, slug: str) -> Team:
        if slug not in self.teams:
            raise failed(404, "Not Found")
        return self.teams[slug]

    def page(self, request: Request, entries: t.Sequence[t.Any]) -> tuple[int, t.Any, dict[str, str]]:
        """https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api"""
        size, number = int(request.args.get("per_page", "30")), int(request.args.get("page", "1"))
        more = f"{request.base_url}?per_page={size}&page={number + 1}"
        headers = {"Link": f'<{more}>; rel="next"'} if size * number < len(entries) else {}
        return 200, list(entries[size * (number - 1) : size * number]), headers

    def shown(self, user: User) -> dict[str, t.Any]:
        links = {name: f"https://api.github.com/{name}/{user.login}" for name in _LINKS}
        plain = {"node_id": f"U_{user.id}", "gravatar_id": "", "type": "User", "site_admin": False}
        return {"login": user.login, "id": user.id, **plain, **links}

    def shown_team(self, team: Team) -> dict[str, t.Any]:
        links = dict.fromkeys(("url", "html_url", "members_url", "repositories_url"), f"https://github.com/{team.slug}")
        plain = {"node_id": f"T_{team.id}", "description": None, "permission": "pull", "type": "organization"}
        return {"id": team.id, "slug": team.slug, "name": team.name, "parent": None, **plain, **links}

    def membership(self, user: User) -> dict[str, t.Any]:
        links = dict.fromkeys(_ORG_LINKS, f"https://api.github.com{ORG}")
        organization = {"login": "acme", "id": 1, "node_id": "O_1", "description": "", **links}
        url = f"https://api.github.com{ORG}"
        return {
            "url": f"{url}/memberships/{user.login}",
            "organization_url": url,
            "state": "active",
            "role": user.role,
            "organization": organization,
            "user": self.shown(user),
        }

    @route("GET", "/user/<id>")
    def read_user(self, request: Request, id: str) -> tuple[int, t.Any]:
        if not id.isdigit() or int(id) not in self.users:
            raise failed(404, "Not Found")
        user = self.users[int(id)]
        texts = dict.fromkeys(("blog", "bio", "company", "email", "location", "hireable"))
        numbers = dict.fromkeys(("followers", "following", "public_gists", "public_repos"), 0)
        times = {"created_at": SOME_TIME, "updated_at": SOME_TIME}
        shown = {**self.shown(user), "name": user.name, **texts, **numbers, **times, "user_view_type": "public"}
        return 200, {**shown, "blog": ""}

    @route("GET", ORG + "/memberships/<login>")
    def read_membership(self, request: Request, login: str) -> tuple[int, t.Any]:
        return 200, self.membership(self.named(login))

    @route("PUT", ORG + "/memberships/<login>")
    def change_membership(self, request: Request, login: str) -> tuple[int, t.Any]:
        user = self.named(login)
        user.role = request.get_json()["role"]
        return 200, self.membership(user)

    @route("DELETE", ORG + "/memberships/<login>")
    def remove_membership(self, request: Request, login: str) -> tuple[int, t.Any]:
        user = self.named(login)
        del self.users[user.id]
        for team in self.teams.values():
            team.members.discard(user.id)
        return 204, None

    # invitations

    def invited(self, email: str, role: str, team_ids: list[int]) -> int:
        id = 9000 + len(self.invitations)
        self.invitations[id] = {"email": email, "role": role, "team_ids": team_ids}
        return id

    def shown_invitation(self, id: int) -> dict[str, t.Any]:
        one = self.invitations[id]
        plain = {"inviter": self.shown(User(1, "owner", "", [])), "node_id": f"I_{id}", "created_at": SOME_TIME}
        teams = {"team_count": len(one["team_ids"]), "invitation_teams_url": f"https://api.github.com/{id}/teams"}
        return {"id": id, "login": None, "email": one["email"], "role": one["role"], **plain, **teams}

    @route("GET", ORG + "/invitations")
    def list_invitations(self, request: Request) -> t.Any:
        return self.page(request, [self.shown_invitation(id) for id in self.invitations])

    @route("POST", ORG + "/invitations")
    def create_invitation(self, request: Request) -> tuple[int, t.Any]:
        """A member's address: https://github.com/github/rest-api-description/issues/4109"""
        body = request.get_json()
        wrong = {"resource": "OrganizationInvitation", "code": "unprocessable", "field": "data"}
        if any(body["email"] in user.emails for user in self.users.values()):
            said = "A user with this email address is already a part of this organization"
            raise failed(422, "Validation Failed", [{**wrong, "message": said}])
        if self.full:
            raise failed(422, "Validation Failed", [{**wrong, "message": "You must purchase at least one more seat"}])
        team_ids = body.get("team_ids", [])
        if unknown := set(team_ids) - {team.id for team in self.teams.values()}:
            raise failed(422, "Validation Failed", [{**wrong, "message": f"no such teams: {unknown}"}])
        return 201, self.shown_invitation(self.invited(body["email"], body["role"], team_ids))

    @route("DELETE", ORG + "/invitations/<id>")
    def cancel_invitation(self, request: Request, id: str) -> tuple[int, t.Any]:
        if self.invitations.pop(int(id), None) is None:
            raise failed(404, "Not Found")
        return 204, None

    @route("GET", ORG + "/invitations/<id>/teams")
    def invitation_teams(self, request: Request, id: str) -> t.Any:
        wanted = self.invitations[int(id)]["team_ids"]
        return self.page(request, [self.shown_team(team) for team in self.teams.values() if team.id in wanted])

    # teams

    @route("GET", ORG + "/teams")
    def list_teams(self, request: Request) -> t.Any:
        return self.page(request, [self.shown_team(team) for team in self.teams.values()])

    @route("GET", ORG + "/teams/<slug>")
    def read_team(self, request: Request, slug: str) -> tuple[int, t.Any]:
        team = self.team(slug)
        times = {"created_at": SOME_TIME, "updated_at": SOME_TIME}
        numbers = {"members_count": len(team.members), "repos_count": 0}
        links = dict.fromkeys(_ORG_LINKS, f"https://api.github.com{ORG}")
        counts = dict.fromkeys(("public_repos", "public_gists", "followers", "following"), 0)
        flags = {"has_organization_projects": True, "has_repository_projects": True, "html_url": "https://github.com"}
        plain = {"login": "acme", "id": 1, "node_id": "O_1", "description": None, "type": "Organization"}
        organization = {**plain, **links, **counts, **flags, **times, "archived_at": None}
        return 200, {**self.shown_team(team), **times, **numbers, "organization": organization}

    @route("PUT", ORG + "/teams/<slug>/memberships/<login>")
    def join(self, request: Request, slug: str, login: str) -> tuple[int, t.Any]:
        self.team(slug).members.add(self.named(login).id)
        return 200, {"url": f"https://api.github.com{request.path}", "role": "member", "state": "active"}

    @route("DELETE", ORG + "/teams/<slug>/memberships/<login>")
    def leave(self, request: Request, slug: str, login: str) -> tuple[int, t.Any]:
        team, user = self.team(slug), self.named(login)
        if user.id not in team.members:
            raise failed(404, "Not Found")
        team.members.remove(user.id)
        return 204, None

    # organization roles

    @route("GET", ORG + "/organization-roles")
    def list_roles(self, request: Request) -> tuple[int, t.Any]:
        plain: dict[str, t.Any] = {
            "permissions": [],
            "organization": None,
            "created_at": SOME_TIME,
            "updated_at": SOME_TIME,
        }
        roles = [{"id": id, "name": name, **plain} for id, (name, _users) in self.roles.items()]
        return 200, {"total_count": len(roles), "roles": roles}

    def role_users(self, id: str) -> dict[int, str]:
        if int(id) not in self.roles:
            raise Answer(404)
        return self.roles[int(id)][1]

    @route("GET", ORG + "/organization-roles/<id>/users")
    def list_role_users(self, request: Request, id: str) -> t.Any:
        found = [{**self.shown(self.users[user]), "assignment": how} for user, how in self.role_users(id).items()]
        return self.page(request, found)

    @route("PUT", ORG + "/organization-roles/users/<login>/<id>")
    def give_role(self, request: Request, login: str, id: str) -> tuple[int, t.Any]:
        self.role_users(id)[self.named(login).id] = "direct"
        return 204, None

    @route("DELETE", ORG + "/organization-roles/users/<login>/<id>")
    def take_role(self, request: Request, login: str, id: str) -> tuple[int, t.Any]:
        self.role_users(id).pop(self.named(login).id, None)
        return 204, None

    # what was authorized by SAML

    @route("GET", ORG + "/credential-authorizations")
    def list_authorizations(self, request: Request) -> t.Any:
        user = self.named(request.args["login"])
        plain = {"credential_type": "SSH key", "credential_authorized_at": SOME_TIME, "authorized_credential_id": 1}
        found = [
            {"login": user.login, "credential_id": user.id + n, "credential_accessed_at": None, **plain}
            for n in range(user.credentials)
        ]
        return self.page(request, found)

    @route("POST", ORG + "/credential-authorizations/<login>/revoke")
    def revoke_authorizations(self, request: Request, login: str) -> tuple[int, t.Any]:
        self.named(login).credentials = 0
        return 202, {"message": "Credential authorizations are being revoked"}

    # GraphQL

    @route("POST", "/graphql", specified=False)
    def query(self, request: Request) -> tuple[int, t.Any]:
        """https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api"""
        body = request.get_json()
        if self.rate_limited:
            return 200, {"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded for user ID 1."}]}
        if self.lost == "read:org":
            said = (
                "Your token has not been granted the required scopes to execute this query. The 'membersWithRole' "
                "field requires one of the following scopes: ['read:org'], but your token has only: ['repo']"
            )
            return 200, {"data": None, "errors": [{"type": "INSUFFICIENT_SCOPES", "message": said}]}
        source = {"organization": self.organization, "user": self.graph_user_named}
        done = graphql.graphql_sync(SCHEMA, body["query"], source, variable_values=body.get("variables"))
        if done.errors:
            self.problems.extend(f"GraphQL: {error.message}" for error in done.errors)
        return 200, done.formatted

    def organization(self, info: t.Any, login: str) -> t.Any:
        if login.casefold() != "acme":
            return None
        return {
            "membersWithRole": self.graph_members,
            "team": lambda _info, slug: self.graph_team(self.teams[slug]) if slug in self.teams else None,
            "teams": self.graph_teams,
            "samlIdentityProvider": {"externalIdentities": self.graph_identities} if self.saml else None,
        }

    def graph_user_named(self, info: t.Any, login: str) -> t.Any:
        return next((self.graph_user(user) for user in self.users.values() if user.login == login), None)

    def graph_user(self, user: User) -> dict[str, t.Any]:
        emails = user.emails
        return {
            "databaseId": user.id,
            "login": user.login,
            "name": user.name or None,
            "createdAt": SOME_TIME,
            "organizationVerifiedDomainEmails": lambda _info, login: emails,
        }

    def connection_of(self, entries: t.Sequence[t.Any], first: int, after: str | None, word: str) -> dict[str, t.Any]:
        assert 1 <= first <= 100, "first must be between 1 and 100"
        start = int(after.removeprefix("cursor:")) if after else 0
        end = start + first
        info = {"hasNextPage": end < len(entries), "endCursor": f"cursor:{min(end, len(entries))}"}
        return {"totalCount": len(entries), "pageInfo": info, word: list(entries[start:end])}

    def graph_members(self, info: t.Any, first: int, after: str | None = None) -> t.Any:
        edges = [{"role": user.role.upper(), "node": self.graph_user(user)} for user in self.users.values()]
        return self.connection_of(edges, first, after, "edges")

    def members_of(self, team: Team, membership: str) -> set[int]:
        children = [one for one in self.teams.values() if one.parent == team.slug]
        inherited = set().union(*(self.members_of(child, "ALL") for child in children))
        return {"IMMEDIATE": team.members, "CHILD_TEAM": inherited, "ALL": team.members | inherited}[membership]

    def graph_team(self, team: Team) -> dict[str, t.Any]:
        def members(
            info: t.Any, first: int, after: str | None = None, membership: str = "ALL", query: str = ""
        ) -> t.Any:
            ids = sorted(self.members_of(team, membership))
            users = [self.users[id] for id in ids if (query or "").casefold() in self.users[id].login.casefold()]
            return self.connection_of([self.graph_user(user) for user in users], first, after, "nodes")

        return {"databaseId": team.id, "slug": team.slug, "name": team.name, "members": members}

    def graph_teams(
        self, info: t.Any, first: int, after: str | None = None, rootTeamsOnly: bool = False, userLogins: t.Any = None
    ) -> t.Any:
        wanted = {self.named(login).id for login in userLogins or []}
        teams = [team for team in self.teams.values() if not wanted or wanted & self.members_of(team, "ALL")]
        return self.connection_of([self.graph_team(team) for team in teams], first, after, "nodes")

    def graph_identities(
        self, info: t.Any, first: int, after: str | None = None, login: str | None = None, userName: str | None = None
    ) -> t.Any:
        found: list[dict[str, t.Any]] = [
            {"guid": f"g-{user.id}", "user": self.graph_user(user), "samlIdentity": {"nameId": user.name_id}}
            for user in self.users.values()
            if user.name_id
            and (login is None or user.login == login)
            and (userName is None or user.name_id == userName)
        ]
        if login is None and userName is None:  # an identity that nobody has claimed
            found.append({"guid": "g-0", "user": None, "samlIdentity": {"nameId": "e77"}})
        return self.connection_of(found, first, after, "nodes")


class GitHubCase(ProductCase):
    system = "GitHub"
    connector = "github"
    tested = (
        "A stateful fake after docs.github.com; every REST request and answer is validated against GitHub's own "
        "OpenAPI file (@octokit/openapi 23.0.2), every GraphQL query against GitHub's own schema "
        "(@octokit/graphql-schema 15.26.1)"
    )
    options: t.ClassVar = {"page_size": 3, "name_id": "external_id"}
    entitlements = (
        Entitlement("member", "role", "member", rank=1),
        Entitlement("owner", "role", "admin", rank=2, privileged=True),
        Entitlement("quota", "team", "Quota Tracking"),
        Entitlement("odd", "team", ODD),
        Entitlement("reader", "permission", "all_repo_read"),
        Entitlement("none", "team", "Quota Trackin"),
    )
    roles = ("member", "owner")
    adding = ("quota", "odd", "reader")
    missing = "none"

    def start(self) -> t.Any:
        return GitHubFake().serving()
