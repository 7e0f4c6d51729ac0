# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adobe's Admin Console, through the User Management API."""

from __future__ import annotations

import typing as t

from ...errors import Broken, NotFound, Refused, Transient
from ...http import Answer, Session
from ...protocols.options import HTTP_OPTIONS
from ...protocols.paging import Paging, read_pages
from ...protocols.placeholders import Values, filled_path
from ...protocols.rest import RestClient, search
from ...protocols.rest_spec import AccountFields, Call, Kind, Listing, RestSpec
from ...protocols.shaping import Problem
from ...protocols.sign_in import TokenEndpoint, client_credentials
from ..contract import Account, App, Entitlement, NewAccount, value_of
from ..rest import RestConnector
from ..rest_accounts import text
from ..rest_entitlements import EntitlementDirectory, Names

_API = "v2/usermanagement"
_SCOPE = "the User Management API in the project of the Adobe Developer Console"
_CREATES = {"federated": "createFederatedID", "enterprise": "createEnterpriseID", "adobe": "addAdobeID"}
_MOST_GROUPS = 10  # in one step
#: Administrative groups whose names are fixed, besides those that the list of groups names.
_FIXED = ("_support_admin", "_deployment_admin")
#: "You cannot assign or remove" these:
#: https://adobe-apiplatform.github.io/umapi-documentation/en/api/ActionsCmds.html
_BY_HAND = ("_org_admin", "_compartment_admin", "_compartment_viewer")


def _pages(what: str) -> Listing:
    paging = Paging("page", "page", first=0, more="lastPage == `false`")
    return Listing(f"{_API}/{what}/{{option.organization}}/{{page}}", items=what, paging=paging, scope=_SCOPE)


def _action(*steps: t.Any, who: t.Mapping[str, t.Any] | None = None) -> Call:
    usual = {"user": "{who.user}", "domain": "{who.domain}", "useAdobeID": "{who.adobe_id}"}
    body = [{**(usual if who is None else who), "do": list(steps)}]
    return Call(f"{_API}/action/{{option.organization}}", body=body, scope=_SCOPE)


def adobe_spec(kind: str = "federated") -> RestSpec:
    """Return the specification. ``kind``: what identities new users get (federated, enterprise, adobe)."""
    user = {"email": "{email}", "firstname": "{given_name}", "lastname": "{family_name}", "country": "{option.country}"}
    return RestSpec(
        list=_pages("users"),
        account=AccountFields(
            id="id || email",
            username="username",
            email="email",
            given_name="firstname",
            family_name="lastname",
            state="status",
            # "Only active users are returned"; the others are in the documentation all the same.
            states={"active": "active", "disabled": "suspended", "locked": "suspended", "removed": "gone"},
        ),
        find={
            "email": Listing(
                f"{_API}/organizations/{{option.organization}}/users/{{email}}", items="user", scope=_SCOPE
            )
        },
        create=(
            _action(
                {_CREATES[kind]: {**user, "option": "ignoreIfAlreadyExists"}},
                {"add": {"group": "{groups}"}},
                who={"user": "{email}"},
            ),
        ),
        update=(_action({"update": {"email": "{email}", "firstname": "{given_name}", "lastname": "{family_name}"}}),),
        # Their files stay: deleteAccount would delete them for good.
        delete=(_action({"removeFromOrg": {"deleteAccount": False}}),),
        kinds={
            "group": Kind(
                values="groups",
                directory=_pages("groups"),
                id="groupName",
                name="groupName",
                grant=(_action({"add": {"group": ["{value}"]}}),),
                revoke=(_action({"remove": {"group": ["{value}"]}}),),
            )
        },
        # Users: 25 requests a minute. Fewer are allowed for others, which is told by 429 with Retry-After.
        requests_per_second=0.4,
    )


class AdobeClient(RestClient):
    """Knows Adobe's pages, whose number is in the path, and errors that come with 200."""

    def read(self, listing: Listing, values: Values, where: str, identity: str = "") -> list[t.Any]:
        if listing.paging.style != "page":
            return super().read(listing, values, where, identity)

        def fetch(url: str, page: t.Mapping[str, t.Any]) -> Answer:
            path = filled_path(listing.path, {**values, **page})
            answer = self._request("GET", path, listing, values, where)
            # Beyond the last page the last one is given again: only this says where the end is.
            if not isinstance(search("lastPage", answer.body), bool):
                raise Broken("the answer does not say whether it is the last page", where=where)
            return answer

        def items(body: t.Any) -> t.Any:
            found = search(listing.items, body)
            return [] if found is None and search("result", body) == "Not found" else found

        return read_pages(fetch, listing.paging, items, lambda one: text(search(identity or "@", one)), where)

    def _request(
        self, method: str, path: str, what: Listing | Call, values: Values, where: str, **more: t.Any
    ) -> Answer:
        answer = super()._request(method, path, what, values, where, **more)
        if isinstance(what, Listing):
            return answer
        result = search("result", answer.body)
        if result == "success" and search("notCompleted", answer.body) in (0, None):
            return answer
        code = text(search("errors[0].errorCode", answer.body)) or text(result)
        said = text(search("errors[0].message", answer.body)) or "no reason was given"
        said = self.session.redact(" ".join("".join(c if c.isprintable() else " " for c in said).split()))[:300]
        if not isinstance(result, str):
            raise Broken("the answer does not say whether it was done", where=where)
        if code.endswith((".not_found", ".nonexistent")):
            raise NotFound(f"there is no such thing ({code}): {said}", where=where)
        raise Refused(f"the app refused ({code}): {said}", where=where, error_code=code)


class AdobeDirectory(EntitlementDirectory):
    """User groups, product profiles and the groups of their administrators, which are listed with them."""

    def entries(self, name: str, where: str, *, fresh: bool = False) -> list[Names]:
        with self._lock:
            if fresh or name not in self._entries:
                found = self._client.read(
                    self._kinds[name].directory or _pages("groups"), self._values, where, "groupName"
                )
                names = {text(search(field, one)) for one in found for field in ("groupName", "adminGroupName")}
                self._entries[name] = [(one, one) for one in sorted({*names, *_FIXED, *_BY_HAND} - {""})]
            return self._entries[name]


class Adobe(RestConnector):
    """Adobe (Creative Cloud, Acrobat and others): users, user groups and product profiles.

    A group is a user group, a product profile (which gives a licence) or a group of administrators. There is no
    suspended user: whoever leaves is removed from the organisation, and their files stay. System administrators are
    made and unmade in the Admin Console only. Adobe allows few requests a minute, so everything takes its time.

    Source: https://adobe-apiplatform.github.io/umapi-documentation/en/
    """

    name = "adobe"
    options: t.ClassVar[t.Mapping[str, str]] = {
        "organization": "required",
        "client_id": "required",
        "client_secret": "secret",
        "identity": "optional",
        "country": "optional",
        "base_url": "optional",
        "token_url": "optional",
        **HTTP_OPTIONS,
    }
    spec: t.ClassVar[RestSpec | None] = adobe_spec()

    def __init__(self, app: App, connection: t.Mapping[str, t.Any]) -> None:
        super().__init__(app, connection)
        option = {**self.values["option"], "country": self.settings.text("country").strip().upper()}
        self.values = {**self.values, "option": option}
        self.client = AdobeClient(self.client.session)
        self.directory = AdobeDirectory(self.client, app, self.rest.kinds, self.values)
        self._emails: dict[str, str] = {}  # by id, as they were last read

    @classmethod
    def problems(cls, connection: t.Mapping[str, t.Any]) -> list[Problem]:
        if connection.get("identity", "federated") == "federated" and not connection.get("country"):
            todo = (
                "Give the country of new users by two letters (ISO 3166), such as DE; it cannot be changed afterwards"
            )
            return [Problem(("country",), "federated users need a country", todo)]
        return []

    def specification(self) -> RestSpec:
        return adobe_spec(self.settings.choice("identity", tuple(_CREATES), "federated"))

    def session(self) -> Session:
        for problem in self.problems(self.connection):
            raise self.settings.wrong("country", problem.todo)
        client_id, secret = (self.settings.text(name).strip() for name in ("client_id", "client_secret"))
        # Source: https://adobe-apiplatform.github.io/umapi-documentation/en/UM_Authentication.html
        endpoint = TokenEndpoint(
            self.settings.text("token_url", "https://ims-na1.adobelogin.com/ims/token/v2"),
            self.where("signing in"),
            secrets=[secret],
            ca_file=str(self.settings.path("ca_file") or ""),
        )
        return self.settings.session(
            sign_in=client_credentials(endpoint, client_id, secret, scope="openid,AdobeID,user_management_sdk"),
            base_url="https://usermanagement.adobe.io",
            headers={"X-Api-Key": client_id},
            requests_per_second=self.rest.requests_per_second,
        )

    # Reading

    def accounts_from(self, records: t.Sequence[t.Any], where: str) -> list[Account]:
        accounts = super().accounts_from(records, where)
        self._emails.update({account.id: account.email for account in accounts})
        return accounts

    def _record_or_none(self, id: str, where: str) -> t.Any:
        """A user can be asked for by address only: by the last one that is known, and if that is not it, by all."""
        known = self._emails.get(id)
        for record in self._named("email", known, where) if known else ():
            if search(self.rest.account.id, record) == id:
                return record
        return super()._record_or_none(id, where)

    # Writing

    def for_creation(
        self, new: NewAccount, entitlements: t.Collection[Entitlement], ids: t.Mapping[str, str], where: str
    ) -> Values:
        for one in entitlements:
            _check_group(value_of(one), where)
        return {"groups": [value_of(one) for one in entitlements if one.kind == "group"][:_MOST_GROUPS] or None}

    def _of(self, account: Account, record: t.Any) -> dict[str, t.Any]:
        # A user name that is no address names a federated user together with its domain.
        name = text(search("username", record))
        by_name = bool(name) and "@" not in name and search("type", record) == "federatedID"
        who = {
            "user": name if by_name else text(search("email", record)),
            "domain": text(search("domain", record)) if by_name else "",
            "adobe_id": search("type", record) == "adobeID",
        }
        return {**super()._of(account, record), "who": who}

    def _set(self, account: Account, entitlement: Entitlement, where: str, *, give: bool) -> bool:
        _check_group(value_of(entitlement), where)
        return super()._set(account, entitlement, where, give=give)

    def delete(self, account: Account) -> bool:
        """Remove the user from the organisation; the account itself and its files stay."""
        where = self.where("delete", account)
        record = self._record_or_none(account.id, where)
        if record is not None and set(_BY_HAND) & set(search("groups", record) or ()):
            raise Refused(
                "the user is a system administrator, and Adobe takes that away in the Admin Console only",
                where=where,
                todo="Take the role away under Users, Administrators, then run again",
            )
        changed = super().delete(account)
        # Adobe says "success" whatever became of it.
        if changed and self._record_or_none(account.id, where) is not None:
            raise Transient("Adobe accepted the removal, and still shows the user", where=where, sent=True)
        return changed


def _check_group(group: str, where: str) -> None:
    if group in _BY_HAND:
        raise Refused(
            f"{group} cannot be given or taken through the interface",
            where=where,
            todo="Do it in the Admin Console, under Users, Administrators",
        )
