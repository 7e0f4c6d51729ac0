# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""GitHub Enterprise Managed Users, through the SCIM 2.0 of an enterprise."""

from __future__ import annotations

import typing as t
import urllib.parse

from ...errors import Refused
from ...http import Answer, Session
from ..contract import App
from ..options import Options
from ..scim import PRODUCT_OPTIONS, ScimConnector
from ..scim_dialect import ScimDialect
from ..scim_places import Groups, Values

_API = "https://api.github.com"
_SCOPE = "scim:enterprise"

#: What a role may be, in GitHub's own words (each has an id of Entra ID's besides).
#: Source: https://docs.github.com/en/enterprise-cloud@latest/rest/enterprise-admin/scim
ROLES = ("user", "guest_collaborator", "enterprise_owner", "billing_manager")


class GitHubEmu(ScimConnector):
    """GitHub Enterprise Managed Users: accounts, enterprise roles and groups through SCIM.

    GitHub takes writes from one system only: this one, or the identity provider's own provisioning, never both. A
    suspended user's login and address are hidden until they are reactivated. DELETE cannot be undone: it erases what
    the account consists of, and its name is not given again. Groups reach teams that are mapped to them in GitHub.

    Source: https://docs.github.com/en/enterprise-cloud@latest/rest/enterprise-admin/scim
    """

    name = "github_emu"
    options: t.ClassVar[t.Mapping[str, str]] = {**PRODUCT_OPTIONS, "enterprise": "required", "role_default": "optional"}
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
        enterprise = urllib.parse.quote(options.text("enterprise").strip(), safe="")
        place = options.text("base_url", _API).rstrip("/")
        super().__init__(app, {**connection, "base_url": f"{place}/scim/v2/enterprises/{enterprise}"})

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
