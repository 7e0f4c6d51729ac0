# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How ServiceNow is signed in to, for its connector and its desk."""

from __future__ import annotations

import typing as t

from ..http import SignIn
from .options import Options
from .sign_in import TokenEndpoint, basic, client_credentials

#: The options that say who signs in.
CREDENTIALS: t.Mapping[str, str] = {
    "username": "optional",
    "password": "optional",
    "client_id": "optional",
    "client_secret": "optional",
}


def servicenow_sign_in(options: Options, where: str) -> SignIn:
    """Basic, or OAuth 2 with the grant client_credentials or, where there is a user too, password.

    Raises PolicyError where half of a pair is missing, or both.

    Source: https://www.servicenow.com/docs/bundle/zurich-platform-security/page/administer/security/concept/c_OAuthApplications.html
    """
    option = {name: options.text(name).strip() for name in CREDENTIALS}
    for one, other in (("username", "password"), ("client_id", "client_secret")):
        if bool(option[one]) != bool(option[other]):
            raise options.wrong(one, f"{one} and {other} together, or neither")
    if not option["username"] and not option["client_id"]:
        raise options.wrong("username", "username and password, or client_id and client_secret, or all four")
    if not option["client_id"]:
        return basic(option["username"], option["password"])
    person = {"grant_type": "password", "username": option["username"], "password": option["password"]}
    endpoint = TokenEndpoint(
        f"{options.text('base_url').rstrip('/')}/oauth_token.do",
        where,
        secrets=[option["client_secret"], option["password"]],
        ca_file=str(options.path("ca_file") or ""),
    )
    more = person if option["username"] else {}
    return client_credentials(endpoint, option["client_id"], option["client_secret"], more=more)
