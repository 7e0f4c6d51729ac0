# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""GitHub's REST and GraphQL APIs as data.

GraphQL where REST does not tell: addresses of members, SAML identities, and who is in a team itself and not in one of
its child teams.

Source: https://docs.github.com/en/graphql/reference
Source: https://docs.github.com/en/enterprise-cloud@latest/rest/orgs/members
"""

from __future__ import annotations

import typing as t

from ...protocols.paging import Paging
from ...protocols.rest_spec import AccountFields, Call, Invitations, Kind, Listing, RestSpec

ORG = "orgs/{option.organization}"
# What tokens need: of classic ones the scope, of fine-grained ones the permission of the organization. Source:
# https://docs.github.com/en/rest/authentication/permissions-required-for-fine-grained-personal-access-tokens
ADMIN = "the scope admin:org, or Members: read and write"
READ = "the scope read:org, or Members: read"
ROLES = "the scope admin:org, or Custom organization roles: read"
# GraphQL answers 200 whatever happened, and a secondary limit, too, may come with 200. Sources:
# https://docs.github.com/en/graphql/guides/using-graphql-clients,
# https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
ERROR = "errors[].message | join('; ', @)"
THROTTLED = "errors[?type=='RATE_LIMITED' || contains(message, 'rate limit')]"
BY_LINK = Paging("link", size=100, size_param="per_page")

_MEMBER = "databaseId login name createdAt organizationVerifiedDomainEmails(login: $org)"
MEMBERS = f"""
query Members($org: String!, $first: Int!, $after: String) {{
  organization(login: $org) {{
    membersWithRole(first: $first, after: $after) {{
      totalCount
      pageInfo {{ hasNextPage endCursor }}
      edges {{ role node {{ {_MEMBER} }} }}
    }}
  }}
}}"""
MEMBER = f"""
query Member($org: String!, $login: String!) {{
  user(login: $login) {{ {_MEMBER} }}
}}"""
TEAM_MEMBERS = """
query TeamMembers($org: String!, $team: String!, $first: Int!, $after: String) {
  organization(login: $org) {
    team(slug: $team) {
      members(first: $first, after: $after, membership: IMMEDIATE) {
        totalCount
        pageInfo { hasNextPage endCursor }
        nodes { databaseId }
      }
    }
  }
}"""
TEAMS_OF_MEMBER = """
query TeamsOfMember($org: String!, $login: String!, $first: Int!, $after: String) {
  organization(login: $org) {
    teams(first: $first, after: $after, userLogins: [$login]) {
      totalCount
      pageInfo { hasNextPage endCursor }
      nodes { slug }
    }
  }
}"""
IDENTITIES = """
query Identities($org: String!, $login: String, $nameId: String, $first: Int!, $after: String) {
  organization(login: $org) {
    samlIdentityProvider {
      externalIdentities(first: $first, after: $after, login: $login, userName: $nameId) {
        totalCount
        pageInfo { hasNextPage endCursor }
        nodes { guid user { databaseId login } samlIdentity { nameId } }
      }
    }
  }
}"""


def graphql(query: str, at: str, entries: str, size: int = 100, **more: str) -> Listing:
    """Return the listing that a query about the organization reads: ``at`` is where its connection is, ``entries`` what
    that calls them."""
    return connection(query, f"data.organization.{at}", entries, {"org": "{option.organization}", **more}, size)


def connection(
    query: str, path: str, entries: str, variables: t.Mapping[str, str], size: int = 100, scope: str = READ
) -> Listing:
    """Return the listing that a query reads whose answer has a connection at ``path``.

    Source: https://docs.github.com/en/graphql/guides/using-pagination-in-the-graphql-api
    """
    return Listing(
        "graphql",
        "POST",
        body={"query": query, "variables": dict(variables)},
        items=f"{path}.{entries}",
        paging=Paging(
            "cursor",
            "variables.after",
            size,
            "variables.first",
            next=f"{path}.pageInfo.endCursor",
            more=f"{path}.pageInfo.hasNextPage",
            total=f"{path}.totalCount",
            in_body=True,
        ),
        scope=scope,
    )


IDENTITY_LISTING = graphql(IDENTITIES, "samlIdentityProvider.externalIdentities", "nodes")
IDENTITIES_OF = graphql(IDENTITIES, "samlIdentityProvider.externalIdentities", "nodes", login="{login}")
IDENTITIES_NAMED = graphql(IDENTITIES, "samlIdentityProvider.externalIdentities", "nodes", nameId="{external_id}")
IN_TEAM = graphql(TEAM_MEMBERS, "team.members", "nodes", team="{slug}")
TEAMS_OF = graphql(TEAMS_OF_MEMBER, "teams", "nodes", login="{login}")
ONE_MEMBER = Listing(
    "graphql",
    "POST",
    body={"query": MEMBER, "variables": {"org": "{option.organization}", "login": "{login}"}},
    items="data.user",
    scope=READ,
)
MEMBERSHIP = Listing(f"{ORG}/memberships/{{login}}", scope=READ)
USER = Listing("user/{id}")
TEAM = Listing(f"{ORG}/teams/{{slug}}", scope=READ)
INVITATION_TEAMS = Listing(f"{ORG}/invitations/{{id}}/teams", paging=BY_LINK, scope=ADMIN)
AUTHORIZATIONS = Listing(
    f"{ORG}/credential-authorizations",
    params={"login": "{username}"},
    paging=BY_LINK,
    scope="the scope read:org, or Administration: read",
)
INVITE = Call(
    f"{ORG}/invitations",
    body={"email": "{email}", "role": "{invitation_role}", "team_ids": "{team_ids}"},
    scope=ADMIN,
)


def github_spec(*, page_size: int = 100, name_id: str = "") -> RestSpec:
    """``name_id``: what the SAML NameID of a member is taken for (email, external_id), or "" without SAML."""
    verified = "node.organizationVerifiedDomainEmails[0]"
    return RestSpec(
        list=graphql(MEMBERS, "membersWithRole", "edges", page_size),
        account=AccountFields(
            id="node.databaseId",
            username="node.login",
            email=f"nameId || {verified}" if name_id == "email" else verified,
            external_id="nameId" if name_id == "external_id" else "",
            name="node.name",
            created="node.createdAt",
            id_form="[1-9][0-9]{0,17}",
        ),
        create=(INVITE,),
        delete=(Call(f"{ORG}/memberships/{{username}}", "DELETE", already=(404,), scope=ADMIN),),
        end_sessions=(
            # A 404 is no success here: GitHub gives it for what may not be done, too.
            Call(f"{ORG}/credential-authorizations/{{username}}/revoke", scope="the scope admin:org"),
        ),
        kinds={
            "role": Kind(
                values="role == 'ADMIN' && 'admin' || role == 'MEMBER' && 'member' || role",
                default="member",
                grant=(Call(f"{ORG}/memberships/{{username}}", "PUT", body={"role": "{value}"}, scope=ADMIN),),
            ),
            "team": Kind(
                directory=Listing(f"{ORG}/teams", paging=BY_LINK, scope=READ),
                id="slug",
                values="teams",  # put into the record by the connector
                grant=(
                    Call(
                        f"{ORG}/teams/{{value_id}}/memberships/{{username}}",
                        "PUT",
                        body={"role": "member"},
                        scope=ADMIN,
                    ),
                ),
                revoke=(
                    Call(f"{ORG}/teams/{{value_id}}/memberships/{{username}}", "DELETE", already=(404,), scope=ADMIN),
                ),
            ),
            "permission": Kind(
                directory=Listing(f"{ORG}/organization-roles", items="roles", scope=ROLES),
                # what comes with a team goes with the team
                members=Listing(
                    f"{ORG}/organization-roles/{{value_id}}/users",
                    items="[?assignment!='indirect']",
                    paging=BY_LINK,
                    scope=ADMIN,
                ),
                member="id",
                all_members=True,
                grant=(Call(f"{ORG}/organization-roles/users/{{username}}/{{value_id}}", "PUT", scope=ADMIN),),
                revoke=(
                    Call(
                        f"{ORG}/organization-roles/users/{{username}}/{{value_id}}",
                        "DELETE",
                        already=(404,),
                        scope=ADMIN,
                    ),
                ),
            ),
        },
        invitations=Invitations(
            list=Listing(f"{ORG}/invitations", paging=BY_LINK, scope=ADMIN),
            account=AccountFields(id="id", username="login", email="email", created="created_at"),
            cancel=(Call(f"{ORG}/invitations/{{id}}", "DELETE", already=(404,), scope=ADMIN),),
        ),
        error=ERROR,
        throttled=THROTTLED,
    )
