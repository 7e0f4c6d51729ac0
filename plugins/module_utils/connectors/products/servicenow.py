# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ServiceNow's own users, through its Table API."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ...errors import Broken, NotFound, Refused
from ...http import Answer, Session
from ...protocols.options import HTTP_OPTIONS
from ...protocols.paging import Paging
from ...protocols.placeholders import Values
from ...protocols.rest import RestClient, search
from ...protocols.rest_spec import AccountFields, Call, Kind, Listing, RestSpec
from ...protocols.servicenow_sign_in import CREDENTIALS, servicenow_sign_in
from ...protocols.shaping import Problem
from ..contract import Account, App, Entitlement, NewAccount
from ..rest import RestConnector
from ..rest_accounts import is_named_by, text
from ..rest_entitlements import EntitlementDirectory
from ..rest_reading import with_page_size

_ROLE = "the role user_admin"
# In an encoded query "^" begins another condition and "javascript:" a script. Values that could hold such things are
# not put into one. Source: https://servicenow.github.io/sdk/guides/encoded-query-guide
_SAFE = re.compile(r"[\w.@+' -]{1,100}")
_USER_FIELDS = "sys_id,user_name,email,first_name,last_name,name,active,sys_created_on,last_login_time"


def _rows(table: str, query: str, fields: str, **only: str) -> Listing:
    """Return the rows of a table. Their number comes from the header X-Total-Count, which counts before access control.
    ``only``: what a row has to have, whatever the query found."""
    return Listing(
        f"api/now/table/{table}",
        params={
            "sysparm_query": f"{query}^ORDERBYsys_id" if query else "ORDERBYsys_id",
            "sysparm_fields": fields,
            "sysparm_display_value": "false",
            "sysparm_exclude_reference_link": "true",
        },
        items="result",
        only=only,
        paging=Paging("link", size=1000, size_param="sysparm_limit", total="total"),
        scope=_ROLE,
    )


def _change(**body: str) -> Call:
    return Call("api/now/table/sys_user/{id}", "PATCH", body=body, answer="result", scope=_ROLE)


def _assigned(table: str, field: str, directory: str, query: str = "", more: str = "") -> Kind:
    """Return a kind whose assignments are rows of ``table``: the user in ``user``, what they have in ``field``."""
    fields = f"sys_id,user,{field}{more}"
    mine = _rows(table, f"user={{id}}^{field}={{value_id}}", fields, user="{id}", **{field: "{value_id}"})
    return Kind(
        of_account=_rows(table, "user={id}", fields, user="{id}"),
        assignments=_rows(table, "", fields),
        member="user",
        value=field,
        directory=_rows(directory, query, "sys_id,name"),
        id="sys_id",
        name="name",
        grant=(Call(f"api/now/table/{table}", body={"user": "{id}", field: "{value_id}"}, scope=_ROLE),),
        revoke=(Call(f"api/now/table/{table}/{{item.sys_id}}", "DELETE", each=mine, already=(404,), scope=_ROLE),),
    )


#: The rows by which somebody has a role, of which those that are inherited come from a group or another role.
_HELD_BY = _rows(
    "sys_user_has_role",
    "user={id}^role={value_id}",
    "sys_id,user,role,inherited",
    user="{id}",
    role="{value_id}",
)


def servicenow_spec(only: str = "", external_id: str = "employee_number") -> RestSpec:
    """Return the specification. ``only``: an encoded query that all users have to meet; ``external_id``: a field."""

    def users(condition: str) -> Listing:
        query = "^".join(part for part in (only, condition) if part)
        return _rows("sys_user", query, f"{_USER_FIELDS},{external_id}")

    names = {"user_name": "{username}", "email": "{email}", "first_name": "{given_name}", "last_name": "{family_name}"}
    return RestSpec(
        list=users(""),
        account=AccountFields(
            id="sys_id",
            id_form="[0-9a-f]{32}",
            username="user_name",
            email="email",
            external_id=external_id,
            given_name="first_name",
            family_name="last_name",
            name="name",
            state="active",
            created="sys_created_on",
            last_used="last_login_time",
        ),
        find={
            "id": users("sys_id={id}"),
            "external_id": users(f"{external_id}={{external_id}}"),
            "email": users("email={email}"),
            "username": users("user_name={username}"),
        },
        create=(
            Call(
                "api/now/table/sys_user",
                body={**names, external_id: "{external_id}", "active": "true"},
                answer="result",
                scope=_ROLE,
            ),
        ),
        update=(_change(**names, **{external_id: "{external_id}"}),),
        # Locking somebody out also ends their sessions.
        suspend=(_change(active="false", locked_out="true"),),
        reactivate=(_change(active="true", locked_out="false"),),
        kinds={
            "permission": _assigned("sys_user_has_role", "role", "sys_user_role", more=",inherited"),
            "group": _assigned("sys_user_grmember", "group", "sys_user_group", "active=true"),
        },
    )


class ServiceNowClient(RestClient):
    """Knows ServiceNow's headers and what its 403 means."""

    def read(self, listing: Listing, values: Values, where: str, identity: str = "") -> list[t.Any]:
        try:
            return super().read(listing, values, where, identity)
        except Broken as error:
            if "total" not in error.details:
                raise
            # Rows that access control hides are left out of the page and still counted.
            table = listing.path.rpartition("/")[2]
            raise Refused(
                f"{error.details['read']} of {error.details['total']} rows of {table} are shown: access control hides "
                f"the others; this needs {_ROLE}",
                where=where,
                todo="Give the user who signs in the right to read the whole table",
            ) from None

    def _request(
        self, method: str, path: str, what: Listing | Call, values: Values, where: str, **more: t.Any
    ) -> Answer:
        try:
            answer = super()._request(method, path, what, values, where, **more)
        except Refused as error:
            detail = text(search("error.detail", error.answer)).lower()
            if search("error.message", error.answer) == "Operation Failed" and not re.search("security|acl", detail):
                # Also for what a data policy or a unique index does not take.
                error.message = error.message.replace("the credentials are known and lack the permission", "refused")
                error.message = error.message.removesuffix(f"; this needs {what.scope}")
                error.todo = ""
            raise
        if not isinstance(what, Listing) or not isinstance(answer.body, dict):
            return answer
        # The address of the next page may name the instance otherwise than base_url does.
        headers = {**answer.headers, "link": re.sub(r"<https?://[^/>]+/", "</", answer.headers.get("link", ""))}
        return dataclasses.replace(
            answer, headers=headers, body={**answer.body, "total": headers.get("x-total-count", "")}
        )


class ServiceNow(RestConnector):
    """ServiceNow: users, roles and groups of the instance itself.

    Roles add up, so they are of kind permission. A role that comes with a group or with another role is shown, and is
    taken away with that only. Suspending makes a user inactive and locks them out, which ends their sessions. Users are
    not deleted: records of theirs would lose whom they belong to.

    Rows that access control hides are noticed by their number, and are an error.

    Source: https://www.servicenow.com/docs/bundle/zurich-api-reference/page/integrate/inbound-rest/concept/c_TableAPI.html
    Source: https://www.servicenow.com/docs/bundle/zurich-platform-administration/page/administer/users-and-groups/task/t_CreateAUser.html
    """

    name = "servicenow"
    options: t.ClassVar[t.Mapping[str, str]] = {
        "base_url": "required",
        **CREDENTIALS,
        "external_id": "optional",
        "only": "optional",
        "page_size": "optional",
        **HTTP_OPTIONS,
    }
    spec: t.ClassVar[RestSpec | None] = servicenow_spec()

    def __init__(self, app: App, connection: t.Mapping[str, t.Any]) -> None:
        super().__init__(app, connection)
        self.client = ServiceNowClient(self.client.session)
        self.directory = EntitlementDirectory(self.client, app, self.rest.kinds, self.values)

    @classmethod
    def problems(cls, connection: t.Mapping[str, t.Any]) -> list[Problem]:
        for one, other in (("username", "password"), ("client_id", "client_secret")):
            if bool(connection.get(one)) != bool(connection.get(other)):
                return [Problem((), f"{one} and {other} belong together", "Give both, or neither")]
        if not connection.get("username") and not connection.get("client_id"):
            todo = "Give username and password (basic), client_id and client_secret (OAuth 2), or all four"
            return [Problem((), "nothing says who signs in", todo)]
        return []

    def specification(self) -> RestSpec:
        only, field = self.settings.text("only").strip(), self.settings.text("external_id", "employee_number").strip()
        if re.search(r"\^NQ|ORDERBY|GROUPBY|javascript:", only):
            raise self.settings.wrong(
                "only", "conditions joined by ^ and ^OR, without ^NQ, ORDERBY, GROUPBY and scripts"
            )
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,79}", field):
            raise self.settings.wrong("external_id", "the name of a field of sys_user")
        spec = servicenow_spec(only, field)
        size = int(self.settings.number("page_size", 0) or 0)
        return with_page_size(spec, size) if size else spec

    def session(self) -> Session:
        for problem in self.problems(self.connection):
            raise self.settings.wrong("username", problem.todo)
        return self.settings.session(sign_in=servicenow_sign_in(self.settings, self.where("signing in")))

    # Reading

    def _named(self, field: str, wanted: str, where: str) -> list[t.Any]:
        if _SAFE.fullmatch(wanted):
            return super()._named(field, wanted, where)
        return [one for one in self.records(where) if is_named_by(one, self.rest.account, field, wanted)]

    # Writing

    def _made(
        self, new: NewAccount, entitlements: t.Collection[Entitlement], ids: t.Mapping[str, str], where: str
    ) -> Account:
        # Only the user name is unique, and not in every instance: somebody who is there is looked for first.
        return self.own_account(new, where) or super()._made(new, entitlements, ids, where)

    def suspend(self, account: Account) -> bool:
        where = self.where("suspend", account)
        changed = super().suspend(account)
        if changed and self._record_or_none(account.id, where) is None:
            raise Refused(
                "the user was suspended, and inactive users are not shown to the user who signs in",
                where=where,
                todo="Let the business rule user_query on sys_user show it inactive users",
            )
        return changed

    def revoke(self, account: Account, entitlement: Entitlement) -> bool:
        if entitlement.kind != "permission":
            return super().revoke(account, entitlement)
        where = self.where(f"revoke {entitlement.key} from", account)
        with self._one_at_a_time(account.id):
            self.record(account.id, where)
            try:
                values = {**self.values, "id": account.id, "value_id": self.directory.id_of(entitlement, where)}
            except NotFound:
                return False  # nobody has a role that is not there
            rows = self.client.read(_HELD_BY, values, where, "sys_id")
            own = [row for row in rows if row.get("inherited") != "true"]
            for row in own:
                self.client.send((_DELETE_ROLE,), {**values, "item": row}, where)
            if len(own) < len(rows):
                raise Refused(
                    f"the role {entitlement.value or entitlement.key} comes with a group or another role, too",
                    where=where,
                    todo="Take the person out of that group, or take the other role away",
                )
            return bool(own)


_DELETE_ROLE = Call("api/now/table/sys_user_has_role/{item.sys_id}", "DELETE", already=(404,), scope=_ROLE)
