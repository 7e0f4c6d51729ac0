# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gainsight CS through SCIM 2.0."""

from __future__ import annotations

import typing as t
import urllib.parse

from ...http import Session
from ...protocols.options import HTTP_OPTIONS, Options
from ...protocols.sign_in import TokenEndpoint, client_credentials
from ..scim import ScimConnector
from ..scim_dialect import ScimDialect
from ..scim_places import Attribute, Groups, Values

_GAINSIGHT = "urn:ietf:params:scim:schemas:extension:gainsight:2.0:User"


class Gainsight(ScimConnector):
    """Gainsight CS: users, licence type, roles and groups through SCIM.

    The licence type is the catalog's ``role``, Gainsight's roles are ``permission`` (they add up). Signs in with the
    OAuth key of a super admin (machine to machine).

    Source: https://support.gainsight.com/gainsight_nxt/API_and_Developer_Docs/User_Management_APIs/SCIM_API
    """

    name = "gainsight"
    options: t.ClassVar[t.Mapping[str, str]] = {
        "base_url": "required",
        "client_id": "required",
        "client_secret": "secret",
        "page_size": "optional",
        **HTTP_OPTIONS,
    }
    dialect = ScimDialect(
        external_id_filter="",
        delete_means="deactivate",
        required=("userName", "emails", "name.familyName"),
        entitlements={
            "group": Groups(),
            "team": Groups(),
            "role": Attribute("LicenseType", schema=_GAINSIGHT),
            "permission": Values("roles"),
        },
    )

    def _signed_in(self, options: Options) -> Session:
        """Sign in with client credentials at the tenant's own address."""
        secret = options.text("client_secret").strip()
        parts = urllib.parse.urlsplit(options.text("base_url"))
        endpoint = TokenEndpoint(
            f"{parts.scheme}://{parts.netloc}/v1/users/m2m/oauth/token",
            self.where("sign in"),
            secrets=[secret],
            ca_file=str(options.path("ca_file") or ""),
        )
        token = client_credentials(endpoint, options.text("client_id").strip(), secret, secret_in="header")
        return options.session(sign_in=token, secrets=[secret], media_type=self.dialect.media_type)
