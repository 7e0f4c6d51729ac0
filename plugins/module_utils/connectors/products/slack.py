# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Slack through SCIM, and the ending of sessions through its Web API."""

from __future__ import annotations

import typing as t

from ...errors import AppError, Broken, NotFound, Refused, Transient
from ...http import Session
from ...protocols.options import Options
from ..contract import Account, App
from ..scim import PRODUCT_OPTIONS, ScimConnector
from ..scim_dialect import ScimDialect
from ..scim_places import ONLY_GROUPS

_WEB_API = "https://slack.com/api"
_GUEST = "urn:ietf:params:scim:schemas:extension:slack:guest:2.0:User"
_GUEST_1_1 = "urn:scim:schemas:extension:slack:guest:1.0"
_PASSING = ("internal_error", "fatal_error", "service_unavailable", "request_timeout", "ratelimited")


class Slack(ScimConnector):
    """Slack: members and identity-provider groups through SCIM; sessions through the Web API of Enterprise Grid.

    DELETE only deactivates, so there is no deleting. External ids are not kept, ``roles`` is a profile field and no
    permission, guests are told as ``guest:multi``. Slack makes user names of its own from what it is given. Slack for
    governments: ``scim_version: "1.1"`` with its own ``base_url``.

    Source: https://docs.slack.dev/reference/scim-api
    Source: https://docs.slack.dev/reference/scim-api/rate-limits (org-wide: shared with the identity provider)
    Source: https://docs.slack.dev/reference/methods/admin.users.session.reset
    """

    name = "slack"
    base_url = "https://api.slack.com/scim/v2"
    options: t.ClassVar[t.Mapping[str, str]] = {
        **PRODUCT_OPTIONS,
        "scim_version": "optional",
        "web_token": "optional",
        "web_url": "optional",
    }
    dialect = ScimDialect(
        page_size=500,
        largest_page=1000,
        email_filter="email",
        external_id_filter="",
        group_filter="",
        external_ids=False,
        delete_means="deactivate",
        member_removal="bare_filter",
        required=("userName", "emails"),
        forbidden=("name.formatted",),
        at_first=("displayName",),  # later on it is the member's own, and refused with invalid_display_name
        entitlements=ONLY_GROUPS,
        shows=(("guest", (_GUEST, "type")), ("guest", (_GUEST_1_1, "type"))),
        requests_per_second=3,
    )

    def __init__(self, app: App, connection: t.Mapping[str, t.Any]) -> None:
        super().__init__(app, connection)
        options = Options(app.key, connection)
        token = options.text("web_token").strip()
        self._web: Session | None = None
        if token:
            web = Options(app.key, {**connection, "base_url": options.text("web_url", _WEB_API), "headers": None})
            self._web = web.session(authorization=f"Bearer {token}", secrets=[token])

    def can(self, operation: str) -> bool:
        return super().can(operation) and (operation != "end_sessions" or self._web is not None)

    def close(self) -> None:
        super().close()
        if self._web is not None:
            self._web.close()

    def end_sessions(self, account: Account) -> bool:
        """End every session on every device (``admin.users.session.reset``, Enterprise Grid, scope admin.users:write).

        Tokens of apps that the person installed are not among them: the interface has nothing that ends those.
        """
        where = self.where("end_sessions", account)
        if self._web is None:
            raise Refused("sessions cannot be ended without web_token", where=where)
        answer = self._web.request("POST", "admin.users.session.reset", form={"user_id": account.id}, where=where)
        body = answer.body if isinstance(answer.body, dict) else {}
        if body.get("ok") is not True:  # refusals come with a 200
            raise _failure(body, where)
        return True


def _failure(body: t.Mapping[str, t.Any], where: str) -> AppError:
    """Source: https://docs.slack.dev/reference/methods/admin.users.session.reset#errors"""
    error = body.get("error")
    if not isinstance(error, str):
        return Broken("the answer says neither that it was done nor why not", where=where)
    if error in _PASSING:
        return Transient(f"Slack failed ({error})", where=where, sent=True)
    if error == "user_not_found":
        return NotFound("there is no such member (user_not_found)", where=where)
    needed = body.get("needed") if error == "missing_scope" else ""
    todo = f"Give the app of web_token the scope {needed}" if needed else ""
    return Refused(f"Slack refused ({error}{f', needed: {needed}' if needed else ''})", where=where, todo=todo)
