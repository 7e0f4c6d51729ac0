# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""NetSuite: employees and their roles, read with SuiteQL and changed through REST web services."""

from __future__ import annotations

import re
import typing as t

from ...errors import Conflict, NotFound, Refused
from ...http import Answer, Session, SignIn
from ...protocols.options import HTTP_OPTIONS
from ...protocols.paging import Paging
from ...protocols.placeholders import Values
from ...protocols.rest import RestClient, search
from ...protocols.rest_spec import AccountFields, Call, Kind, Listing, RestSpec
from ...protocols.sign_in import JWT_ASSERTION, Token, TokenEndpoint, signed
from ..contract import Account, App, Entitlement, NewAccount
from ..rest import RestConnector
from ..rest_accounts import text
from ..rest_entitlements import EntitlementDirectory

_EMPLOYEES = "services/rest/record/v1/employee"
_TOKEN = "services/rest/auth/oauth2/v1/token"
_READ, _WRITE, _ROLES = "the permission Employees", "the permission Employees (Full)", "the permission Manage Roles"
_ADMINISTRATOR = "3"
_ALGORITHMS = ("PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
# Otherwise a field that NetSuite does not know is left out with a warning that nobody reads.
_STRICT = {"X-NetSuite-PropertyNameValidation": "Error"}
_COLUMNS = "id, entityid, email, externalid, firstname, lastname, isinactive, giveaccess, rolesforsearch"


def _query(sql: str, scope: str) -> Listing:
    """Source: https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_157909186990.html"""
    return Listing(
        "services/rest/query/v1/suiteql",
        "POST",
        headers={"Prefer": "transient"},
        body={"q": f"{sql} ORDER BY id"},  # without an order rows may come twice or never
        items="items",
        paging=Paging("offset", "offset", 1000, "limit", more="hasMore", total="totalResults"),
        scope=scope,
    )


def _employees(condition: str = "") -> Listing:
    return _query(f"SELECT {_COLUMNS} FROM employee" + (f" WHERE {condition}" if condition else ""), _READ)


def _change(**body: t.Any) -> Call:
    return Call(f"{_EMPLOYEES}/{{id}}", "PATCH", body=body, headers=_STRICT, scope=_WRITE)


def _with_roles(**more: t.Any) -> Call:
    """Put other lines into the place of all lines of the roles.

    Source: https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/chapter_1545142407.html
    """
    body = {"roles": {"items": "{lines}"}, **more}
    return Call(f"{_EMPLOYEES}/{{id}}", "PATCH", params={"replace": "roles"}, body=body, headers=_STRICT, scope=_WRITE)


_SET_ROLES = _with_roles()
_NO_ROLES = Call(
    f"{_EMPLOYEES}/{{id}}",
    "PATCH",
    params={"replace": "roles"},
    body={"giveAccess": False, "roles": {"items": []}},
    headers=_STRICT,
    scope=_WRITE,
)
_NAMES = {"firstName": "{given_name}", "lastName": "{family_name}", "email": "{email}", "externalId": "{external_id}"}

SPEC = RestSpec(
    list=_employees(),
    account=AccountFields(
        id="id",
        id_form="-?[0-9]{1,15}",
        username="email",
        email="email",
        external_id="externalid",
        given_name="firstname",
        family_name="lastname",
        name="entityid",
        state="isinactive == 'T' || giveaccess != 'T'",
        states={"true": "suspended", "false": "active"},
    ),
    find={
        "id": _employees("id = {id|number}"),
        "external_id": _employees("externalid = '{external_id|odata}'"),
        "email": _employees("LOWER(email) = LOWER('{email|odata}')"),
        "username": _employees("LOWER(email) = LOWER('{username|odata}')"),
    },
    create=(
        Call(
            _EMPLOYEES,
            body={
                **_NAMES,
                "subsidiary": {"id": "{option.subsidiary}"},
                "giveAccess": True,
                "sendEmail": True,
                "roles": {"items": "{lines}"},
            },
            headers=_STRICT,
            scope=_WRITE,
        ),
    ),
    update=(_change(**_NAMES),),
    suspend=(_change(giveAccess=False),),
    reactivate=(_with_roles(giveAccess=True, isInactive=False),),
    kinds={
        "permission": Kind(
            values="roles",
            directory=_query("SELECT id, name FROM role WHERE isinactive = 'F'", _ROLES),
            grant=(_SET_ROLES,),
            revoke=(_SET_ROLES,),
        )
    },
)


class NetSuiteClient(RestClient):
    """Understands NetSuite's errors, and the list of roles that a query gives as one text ("1, 3")."""

    def read(self, listing: Listing, values: Values, where: str, identity: str = "") -> list[t.Any]:
        entries = super().read(listing, values, where, identity)
        if "employee" not in str(listing.body):
            return entries
        # What is null is left out of an answer: somebody without roles has no such column.
        return [{**one, "roles": re.findall(r"-?\d+", text(search("rolesforsearch", one)))} for one in entries]

    def _request(
        self, method: str, path: str, what: Listing | Call, values: Values, where: str, **more: t.Any
    ) -> Answer:
        try:
            return super()._request(method, path, what, values, where, **more)
        except (Refused, Conflict, NotFound) as error:
            said = " ".join(text(search('"o:errorDetails"[0].detail', error.answer)).split())[:300]
            detail = self.session.redact("".join(c if c.isprintable() else " " for c in said))
            if detail and detail not in error.message:
                error.message = f"{error.message}: {detail}"
            if re.search(r"Record '\w+' was not found", detail) and what.scope not in error.message:
                error.message += f"; this needs {what.scope}"  # how a query says that a table may not be read
            raise


class NetSuite(RestConnector):
    """NetSuite: employees, their access and their roles.

    Roles add up, so they are of kind permission; whoever has access has at least one. Suspending takes the access and
    leaves the roles; taking the last role takes the access, too. Employees with the role Administrator cannot be
    changed through the interface, nor can the role be given. Employees are not deleted.

    Source: https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_161886175135.html
    Source: https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_0210124841.html
    """

    name = "netsuite"
    options: t.ClassVar[t.Mapping[str, str]] = {
        "account": "required",
        "client_id": "required",
        "certificate_id": "required",
        "private_key": "secret",
        "algorithm": "optional",
        "subsidiary": "optional",
        "default_role": "optional",
        "base_url": "optional",
        "page_size": "optional",
        **HTTP_OPTIONS,
    }
    spec: t.ClassVar[RestSpec | None] = SPEC

    def __init__(self, app: App, connection: t.Mapping[str, t.Any]) -> None:
        super().__init__(app, connection)
        option = {**self.values["option"], "subsidiary": self.settings.text("subsidiary").strip()}
        self.values = {**self.values, "option": option}
        self.client = NetSuiteClient(self.client.session)
        self.directory = EntitlementDirectory(self.client, app, self.rest.kinds, self.values)

    def session(self) -> Session:
        base_url = self.settings.text("base_url") or self._address()
        return self.settings.session(sign_in=self._sign_in(base_url.rstrip("/")), base_url=base_url)

    def _address(self) -> str:
        account = self.settings.text("account").strip().lower().replace("_", "-")
        if not re.fullmatch(r"[a-z0-9-]{1,40}", account):
            raise self.settings.wrong("account", "the account's id, such as 1234567 or 1234567_SB1")
        return f"https://{account}.suitetalk.api.netsuite.com"

    def _sign_in(self, base_url: str) -> SignIn:
        """OAuth 2 client credentials with a signed assertion, which has to name the scope itself.

        Source: https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_162790605110.html
        """
        key, url = self.settings.text("private_key"), f"{base_url}/{_TOKEN}"
        algorithm = self.settings.choice("algorithm", _ALGORITHMS, "PS256")
        headers = {"kid": self.settings.text("certificate_id").strip()}
        claims = {"iss": self.settings.text("client_id").strip(), "scope": "rest_webservices", "aud": url}
        endpoint = TokenEndpoint(
            url, self.where("signing in"), secrets=[key], ca_file=str(self.settings.path("ca_file") or "")
        )

        def fetch() -> tuple[str, float]:
            assertion = signed(claims, key, algorithm=algorithm, life=300, headers=headers)
            form = {"grant_type": "client_credentials", "client_assertion_type": JWT_ASSERTION}
            return endpoint.fetch({**form, "client_assertion": assertion})

        return Token(fetch, [key])

    # Writing

    def for_creation(
        self, new: NewAccount, entitlements: t.Collection[Entitlement], ids: t.Mapping[str, str], where: str
    ) -> Values:
        roles = [ids[one.key] for one in entitlements if one.kind == "permission"] or self._default_role(where)
        for role in roles:
            _check_role(role, where)
        return {"lines": _lines(roles)}

    def reactivate(self, account: Account) -> bool:
        where = self.where("reactivate", account)
        record = self.record(account.id, where)
        if not record["roles"] and search(self.rest.account.state, record) is True:
            self._default_role(where)  # said before anything is tried, where there is none
        return super().reactivate(account)

    def _of(self, account: Account, record: t.Any) -> dict[str, t.Any]:
        where = self.where("change", account)
        roles = list(record["roles"])
        if _ADMINISTRATOR in roles:
            raise Refused(
                "the employee has the role Administrator, and NetSuite changes nothing about such an employee through "
                "its interface",
                where=where,
                todo="Take the role away in NetSuite, under Setup, Users/Roles, then run again",
            )
        return {**super()._of(account, record), "lines": _lines(roles or self._default_role(where, needed=False))}

    def _set(self, account: Account, entitlement: Entitlement, where: str, *, give: bool) -> bool:
        self.directory.kind_of(entitlement, where)
        with self._one_at_a_time(account.id):
            record = self.record(account.id, where)
            has = list(record["roles"])
            try:
                role = self.directory.id_of(entitlement, where)
            except NotFound:
                value = entitlement.value or entitlement.key
                if give or value not in has:  # one that is inactive is not in the directory and may still be had
                    raise
                role = value
            if (role in has) == give:
                return False
            _check_role(role, where)
            values = self._of(account, record)
            if not give and has == [role]:
                # NetSuite refuses to take the last role from somebody with access: both go at once.
                return self.client.send((_NO_ROLES,), values, where)[0]
            after = [*has, role] if give else [one for one in has if one != role]
            return self.client.send((_SET_ROLES,), {**values, "lines": _lines(after)}, where)[0]

    def _default_role(self, where: str, *, needed: bool = True) -> list[str]:
        role = self.settings.text("default_role").strip()
        if role:
            return [self.directory.id_of(Entitlement("default", "permission", role), where)]
        if needed:
            raise Refused(
                "an employee with access has at least one role, and none is asked for",
                where=where,
                todo="Grant an entitlement of kind permission with the app, or name one as connection.default_role",
            )
        return []


def _check_role(role: str, where: str) -> None:
    if role == _ADMINISTRATOR:
        raise Refused(
            "NetSuite neither gives nor takes the role Administrator through its interface",
            where=where,
            todo="Do it in NetSuite, under Setup, Users/Roles",
        )


def _lines(roles: t.Iterable[str]) -> list[t.Any]:
    return [{"selectedRole": {"id": role}} for role in roles]
