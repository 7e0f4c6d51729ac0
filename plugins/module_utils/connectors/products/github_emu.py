# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""GitHub Enterprise Managed Users, through the SCIM 2.0 of an enterprise."""

from __future__ import annotations

import typing as t
import urllib.parse

from ...errors import Broken, Refused
from ...http import Answer, Session
from ...protocols.options import Options
from ...protocols.rest import RestClient, search
from ...protocols.rest_spec import Call
from ..contract import Account, App
from ..scim import PRODUCT_OPTIONS, ScimConnector
from ..scim_dialect import ScimDialect
from ..scim_places import Groups, Values
from ..scim_reading import text
from .github_spec import ERROR, THROTTLED, connection

_API = "https://api.github.com"
_SCOPE = "scim:enterprise"
_OWNER_SCOPE = "the scope admin:enterprise"
_IDENTITIES = connection(
    """
query Identities($enterprise: String!, $userName: String!, $first: Int!, $after: String) {
  enterprise(slug: $enterprise) {
    ownerInfo {
      samlIdentityProvider {
        externalIdentities(first: $first, after: $after, userName: $userName) {
          totalCount
          pageInfo { hasNextPage endCursor }
          nodes { guid user { login } scimIdentity { username } }
        }
      }
    }
  }
}""",
    "data.enterprise.ownerInfo.samlIdentityProvider.externalIdentities",
    "nodes",
    {"enterprise": "{enterprise}", "userName": "{username}"},
    scope=_OWNER_SCOPE,
)
_REVOKE = Call(
    "enterprises/{enterprise}/credential-authorizations/{login}/revoke",
    body={"revoke_credentials": True},
    scope=_OWNER_SCOPE,
)

#: What a role may be, in GitHub's own words (each has an id of Entra ID's besides).
#: Source: https://docs.github.com/en/enterprise-cloud@latest/rest/enterprise-admin/scim
ROLES = ("user", "guest_collaborator", "enterprise_owner", "billing_manager")


class GitHubEmu(ScimConnector):
    """GitHub Enterprise Managed Users: accounts, enterprise roles and groups through SCIM; tokens and keys are revoked.

    GitHub takes writes from one system only: this one, or the identity provider's own provisioning, never both. A
    suspended user's login and address are hidden until they are reactivated. DELETE cannot be undone: it erases what
    the account consists of, and its name is not given again. Groups reach teams that are mapped to them in GitHub.

    Source: https://docs.github.com/en/enterprise-cloud@latest/rest/enterprise-admin/scim
    """

    name = "github_emu"
    options: t.ClassVar[t.Mapping[str, str]] = {
        **PRODUCT_OPTIONS,
        "enterprise": "required",
        "owner_token": "optional",
        "role_default": "optional",
    }
    dialect = ScimDialect(
        patch="value_object",
        page_size=100,
        largest_page=100,
        email_filter="",
        delete_means="purge",
        # How one member is taken out is not documented, and the RFC's way needs a filtered path.
        member_change="whole",
        required=("userName", "externalId", "displayName", "emails"),
        media_type="application/json",
        entitlements={
            "group": Groups(),
            "team": Groups(),
            "role": Values("roles", single=True, default="user", ignore_case=True, known=ROLES),
        },
    )

    def __init__(self, app: App, connection: t.Mapping[str, t.Any]) -> None:
        options = Options(app.key, connection)
        self._enterprise = options.text("enterprise").strip()
        place = options.text("base_url", _API).rstrip("/")
        enterprise = urllib.parse.quote(self._enterprise, safe="")
        super().__init__(app, {**connection, "base_url": f"{place}/scim/v2/enterprises/{enterprise}"})
        token = options.text("owner_token").strip()
        self._owner: RestClient | None = None
        if token:
            here = Options(app.key, {**connection, "base_url": place})
            session = here.session(authorization=f"Bearer {token}", secrets=[token])
            self._owner = RestClient(session, ERROR, THROTTLED)
            self._session.redact.add([token])

    @classmethod
    def operations_for(cls, connection: t.Mapping[str, t.Any]) -> frozenset[str]:
        return cls.operations() - (frozenset() if connection.get("owner_token") else {"end_sessions"})

    def can(self, operation: str) -> bool:
        return super().can(operation) and (operation != "end_sessions" or self._owner is not None)

    def close(self) -> None:
        super().close()
        if self._owner is not None:
            self._owner.session.close()

    def end_sessions(self, account: Account) -> bool:
        """Destroy the person's personal access tokens and SSH keys, and what they authorized by single sign-on.

        GitHub does it in the background and does not tell whether there were any. Needs the option ``owner_token``.
        """
        where = self.where("end_sessions", account)
        if self._owner is None:
            raise Refused("tokens and keys cannot be revoked without owner_token", where=where)
        user, _version = self._users.read(account.id, where)
        name = text(user.get("userName"))
        values = {"enterprise": self._enterprise, "username": name}
        try:
            found = self._owner.read(_IDENTITIES, values, where, "guid")
        except Broken as error:
            error.todo = "This works where the enterprise signs in by SAML, not by OpenID Connect"
            raise
        same = [one for one in found if text(search("scimIdentity.username", one)).casefold() == name.casefold()]
        logins = {text(search("user.login", one)) for one in same} - {""}
        if len(logins) != 1:
            raise Refused(
                f"expected one login of the user {name!r} in GitHub, found {len(logins)}",
                where=where,
                todo="Revoke tokens and keys in GitHub under Enterprise, People",
            )
        return self._owner.send((_REVOKE,), {**values, "login": logins.pop()}, where)[0]

    def _signed_in(self, options: Options) -> Session:
        """Return the session; a 403 says which scope is needed, which GitHub's does not."""
        session = super()._signed_in(options)
        ask = session.request

        def request(*arguments: t.Any, **more: t.Any) -> Answer:
            try:
                return ask(*arguments, **more)
            except Refused as error:
                if error.details.get("status") == 403:
                    error.message = f"{error.message.rstrip('. ')}; this needs a token with the scope {_SCOPE}"
                raise

        setattr(session, "request", request)  # noqa: B010 (mypy takes no assignment to a method)
        return session
