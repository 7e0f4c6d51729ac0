# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWS on this machine: moto (the PyPI package) behind real HTTP, with what it lacks put in while it runs.

moto answers with botocore's own description of the services, reads signatures, and knows permissions. What is put in
follows the API references, quoted at each: pages of IAM listings, the refusals of DeleteUser, service-specific
credentials; UpdateUser, what is unique and what goes with a user in Identity Center; account assignments that take
their time. The tests look past the interface, into moto's memory.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import typing as t
import uuid

from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY

ACCESS_KEY = "AKIAIOSFODNN7EXAMPLE"  # the one of AWS's own examples
ACCOUNT = "123456789012"
REGION = "eu-central-1"
OPERATOR = "rollcall-operator"


class AwsServer:
    """moto's server. What a test wants of it is a switch; ``reset`` puts all of them back."""

    port: int

    def __init__(self) -> None:
        self.service_credentials: dict[str, list[dict[str, t.Any]]] = {}
        self.assignments: dict[str, dict[str, t.Any]] = {}
        #: user id -> what moto's users in an identity store have no place for (ExternalIds, UserStatus)
        self.more: dict[str, dict[str, t.Any]] = {}
        #: (application, user or group id, USER or GROUP): who is assigned to which application
        self.applications: list[tuple[str, str, str]] = []
        self.forget_switches()

    def forget_switches(self) -> None:
        self.no_more_users = False
        #: how often an assignment's status is IN_PROGRESS before it is done; and why it fails, where it does
        self.polls = 1
        self.failure = ""
        #: called with the operation and a page; returns the page as it is sent
        self.spoil: t.Callable[[str, dict[str, t.Any]], dict[str, t.Any]] = lambda operation, page: page
        #: every operation that was asked for
        self.asked: list[str] = []

    def connection(self, port: int) -> dict[str, t.Any]:
        return {
            "access_key": ACCESS_KEY,
            "secret_key": CANARY,
            "region": REGION,
            "endpoint_url": f"http://127.0.0.1:{port}",
            "read_timeout": 5,
            "read_attempts": 1,
        }

    @property
    def iam(self) -> t.Any:
        from moto.iam.models import iam_backends

        return iam_backends[ACCOUNT]["aws"]

    def reset_aws(self) -> None:
        from moto.core.authorization import ActionAuthenticatorMixin
        from moto.moto_api._internal.models import moto_api_backend

        moto_api_backend.reset()
        ActionAuthenticatorMixin.request_count = 0
        _settings().INITIAL_NO_AUTH_ACTION_COUNT = float("inf")
        self.service_credentials.clear()
        self.assignments.clear()
        self.more.clear()
        self.applications.clear()
        self.forget_switches()

    def revoke_credentials(self) -> None:
        """From now on keys are looked at, and nobody has this one (InvalidClientTokenId)."""
        _settings().INITIAL_NO_AUTH_ACTION_COUNT = 0

    def allow_only(self, actions: t.Sequence[str]) -> None:
        """From now on keys are looked at, and the operator's may do these actions alone."""
        self.iam.create_user(REGION, OPERATOR, "/")
        key = self.iam.create_access_key(OPERATOR)
        key.access_key_id, key.secret_access_key = ACCESS_KEY, CANARY
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        self.iam.put_user_policy(OPERATOR, "operator", json.dumps(policy))
        _settings().INITIAL_NO_AUTH_ACTION_COUNT = 0

    @contextlib.contextmanager
    def serving(self) -> t.Iterator[t.Any]:
        from moto.server import ThreadedMotoServer

        with _put_in(_iam_additions(self)), _put_in(_identity_store_additions(self)), _put_in(_sso_additions(self)):
            server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
            server.start()
            try:
                self.port = server.get_host_and_port()[1]
                yield self
            finally:
                server.stop()
                self.reset_aws()


def _settings() -> t.Any:
    import moto.settings

    return moto.settings


@contextlib.contextmanager
def _put_in(additions: tuple[type, t.Mapping[str, t.Any]]) -> t.Iterator[None]:
    kind, methods = additions
    before = {name: kind.__dict__.get(name) for name in methods}
    for name, method in methods.items():
        setattr(kind, name, method)
    try:
        yield
    finally:
        for name, method in before.items():
            if method is None:
                delattr(kind, name)
            else:
                setattr(kind, name, method)


def _iam_additions(server: AwsServer) -> tuple[type, t.Mapping[str, t.Any]]:
    from moto.core.responses import ActionResult, EmptyResult
    from moto.iam.exceptions import DeleteConflictException, LimitExceededException, NotFoundException
    from moto.iam.responses import IamResponse

    call_action, create_user, delete_user = IamResponse.call_action, IamResponse.create_user, IamResponse.delete_user

    def noted(self: t.Any) -> t.Any:
        server.asked.append(self._get_action())
        return call_action(self)

    def paged(self: t.Any, operation: str, key: str, items: t.Sequence[t.Any]) -> t.Any:
        # "Use this parameter only when paginating results": .../IAM/latest/APIReference/API_ListUsers.html
        start = int((self._get_param("Marker") or "marker-0").partition("-")[2])
        end = start + (self._get_int_param("MaxItems") or 100)
        page: dict[str, t.Any] = {key: list(items[start:end]), "IsTruncated": end < len(items)}
        if page["IsTruncated"]:
            page["Marker"] = f"marker-{end}"
        return ActionResult(server.spoil(operation, page))

    def list_users(self: t.Any) -> t.Any:
        # "This operation does not return the following attributes: PermissionsBoundary, Tags": API_ListUsers.html
        users = [
            {"Path": u.path, "UserName": u.name, "UserId": u.id, "Arn": u.arn, "CreateDate": u.create_date}
            | ({"PasswordLastUsed": u.password_last_used} if u.password_last_used else {})
            for u in self.backend.users.values()
        ]
        return paged(self, "ListUsers", "Users", users)

    def get_account_authorization_details(self: t.Any) -> t.Any:
        assert self._get_param("Filter") == ["User"], "only users are put in here"
        users = list(self.backend.users.values())
        return paged(self, "GetAccountAuthorizationDetails", "UserDetailList", users)

    def limited(self: t.Any) -> t.Any:
        if server.no_more_users:
            # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
            raise LimitExceededException("Cannot exceed quota for UsersPerAccount: 5000")
        return create_user(self)

    def delete_checked(self: t.Any) -> t.Any:
        # API_DeleteUser.html: "you must delete the items attached to the user manually, or the deletion fails"
        user = self.backend.get_user(self._get_param("UserName"))
        attached = {
            "delete login profile": user.password,
            "delete access keys": user.access_keys,
            "delete signing certificates": user.signing_certificates,
            "delete SSH keys": user.ssh_public_keys,
            "delete service specific credentials": server.service_credentials.get(user.id),
            "deactivate MFA devices": user.mfa_devices,
            "remove users from group": user.group_list,
        }
        for what, there in attached.items():
            if there:
                raise DeleteConflictException(f"Cannot delete entity, must {what} first.")
        return delete_user(self)

    def rename_with_tags(self: t.Any) -> t.Any:
        # API_UpdateUser.html: a user that is renamed stays the same one, with what it has
        before = self.backend.get_user(self._get_param("UserName"))
        tags = before.tags or []
        self.backend.update_user(before.name, self._get_param("NewPath"), self._get_param("NewUserName"))
        self.backend.tagger.tag_resource(before.arn, tags)
        return EmptyResult()

    def list_service_specific_credentials(self: t.Any) -> t.Any:
        user = self.backend.get_user(self._get_param("UserName"))
        credentials = server.service_credentials.get(user.id, [])
        return ActionResult({"ServiceSpecificCredentials": [dict(one) for one in credentials], "IsTruncated": False})

    def credential(self: t.Any) -> tuple[list[dict[str, t.Any]], dict[str, t.Any]]:
        credentials = server.service_credentials.get(self.backend.get_user(self._get_param("UserName")).id, [])
        wanted = self._get_param("ServiceSpecificCredentialId")
        for one in credentials:
            if one["ServiceSpecificCredentialId"] == wanted:
                return credentials, one
        raise NotFoundException(f"No such credential {wanted} exists")

    def update_service_specific_credential(self: t.Any) -> t.Any:
        credential(self)[1]["Status"] = self._get_param("Status")
        return EmptyResult()

    def delete_service_specific_credential(self: t.Any) -> t.Any:
        credentials, one = credential(self)
        credentials.remove(one)
        return EmptyResult()

    return IamResponse, {
        "call_action": noted,
        "list_users": list_users,
        "get_account_authorization_details": get_account_authorization_details,
        "create_user": limited,
        "delete_user": delete_checked,
        "update_user": rename_with_tags,
        "list_service_specific_credentials": list_service_specific_credentials,
        "update_service_specific_credential": update_service_specific_credential,
        "delete_service_specific_credential": delete_service_specific_credential,
    }


def _identity_store_additions(server: AwsServer) -> tuple[type, t.Mapping[str, t.Any]]:
    from moto.identitystore.exceptions import ConflictException, IdentityStoreError, ResourceNotFoundException
    from moto.identitystore.models import Name
    from moto.identitystore.responses import IdentityStoreResponse

    names = ("call_action", "list_users", "describe_user", "get_user_id")
    original = {name: getattr(IdentityStoreResponse, name) for name in names}
    create_user, delete_user = IdentityStoreResponse.create_user, IdentityStoreResponse.delete_user
    create_membership = IdentityStoreResponse.create_group_membership

    def store(self: t.Any) -> t.Any:
        return self.identitystore_backend.identity_stores[self._get_param("IdentityStoreId")]

    def noted(self: t.Any) -> t.Any:
        server.asked.append(self._get_action())
        return original["call_action"](self)

    def unique(self: t.Any, emails: t.Sequence[t.Mapping[str, t.Any]], but: str = "") -> None:
        # API_GetUserId.html: the unique attributes of a user are userName and emails.value
        wanted = {email["Value"].casefold() for email in emails}
        stores = self.identitystore_backend.identity_stores.values()
        for user in [user for one in stores for user in one.users.values() if user.UserId != but]:
            if wanted & {email["Value"].casefold() for email in user.Emails or []}:
                raise ConflictException(message="Duplicate email", reason="UNIQUENESS_CONSTRAINT_VIOLATION")

    class ServiceQuotaExceededException(IdentityStoreError):  # type: ignore[misc]
        TYPE = "ServiceQuotaExceededException"
        code = 402

    def create_user_checked(self: t.Any) -> str:
        if server.no_more_users:
            raise ServiceQuotaExceededException(message="The request would exceed the quota of users: 100000")
        unique(self, self._get_param("Emails") or [])
        return t.cast("str", create_user(self))

    def list_users(self: t.Any) -> str:
        page = json.loads(original["list_users"](self))
        page["Users"] = [user | server.more.get(user["UserId"], {}) for user in page["Users"]]
        return json.dumps(server.spoil("ListUsers", page))

    def describe_user(self: t.Any) -> str:
        user = json.loads(original["describe_user"](self))
        return json.dumps(user | server.more.get(user["UserId"], {}))

    def get_user_id(self: t.Any) -> str:
        # API_GetUserId.html: an AlternateIdentifier is an ExternalId (Issuer and Id) or a UniqueAttribute
        wanted = self._get_param("AlternateIdentifier").get("ExternalId")
        if not wanted:
            return t.cast("str", original["get_user_id"](self))
        for id, more in server.more.items():
            if wanted in more.get("ExternalIds", []) and id in store(self).users:
                return json.dumps({"UserId": id, "IdentityStoreId": self._get_param("IdentityStoreId")})
        raise ResourceNotFoundException(message="USER not found.", resource_type="USER")

    def update_user(self: t.Any) -> str:
        # .../IdentityStoreAPIReference/API_UpdateUser.html
        users, id = store(self).users, self._get_param("UserId")
        if id not in users:
            raise ResourceNotFoundException(message="USER not found.", resource_type="USER")
        user = users[id]
        for step in self._get_param("Operations"):
            path, value = step["AttributePath"], step["AttributeValue"]
            if path == "emails":
                emails = [{name.capitalize(): part for name, part in email.items()} for email in value]
                unique(self, emails, but=id)
                user = user._replace(Emails=emails)
            elif path in ("name.givenName", "name.familyName"):
                part = {"name.givenName": "GivenName", "name.familyName": "FamilyName"}[path]
                user = user._replace(Name=Name.from_dict({**user.Name._asdict(), part: value}))
            elif path == "displayName":
                user = user._replace(DisplayName=value)
            else:
                raise AssertionError(f"no test has needed {path} so far")
        users[id] = user
        return "{}"

    def delete_with_memberships(self: t.Any) -> str:
        memberships = store(self).group_memberships
        for id in [id for id, one in memberships.items() if one["MemberId"]["UserId"] == self._get_param("UserId")]:
            del memberships[id]
        return t.cast("str", delete_user(self))

    def create_membership_once(self: t.Any) -> str:
        wanted = (self._get_param("GroupId"), self._get_param("MemberId"))
        if wanted in [(one["GroupId"], one["MemberId"]) for one in store(self).group_memberships.values()]:
            raise ConflictException(message="Member already exists", reason="UNIQUENESS_CONSTRAINT_VIOLATION")
        return t.cast("str", create_membership(self))

    return IdentityStoreResponse, {
        "call_action": noted,
        "create_user": create_user_checked,
        "list_users": list_users,
        "describe_user": describe_user,
        "get_user_id": get_user_id,
        "update_user": update_user,
        "delete_user": delete_with_memberships,
        "create_group_membership": create_membership_once,
    }


def _sso_additions(server: AwsServer) -> tuple[type, t.Mapping[str, t.Any]]:
    from moto.ssoadmin.exceptions import ResourceNotFoundException
    from moto.ssoadmin.responses import SSOAdminResponse

    call_action = SSOAdminResponse.call_action
    names = ("InstanceArn", "TargetId", "TargetType", "PermissionSetArn", "PrincipalType", "PrincipalId")
    in_moto = {
        "InstanceArn": "instance_arn",
        "TargetId": "target_id",
        "TargetType": "target_type",
        "PermissionSetArn": "permission_set_arn",
        "PrincipalType": "principal_type",
        "PrincipalId": "principal_id",
    }

    def noted(self: t.Any) -> t.Any:
        server.asked.append(self._get_action())
        return call_action(self)

    def begin(self: t.Any, direction: str) -> str:
        # .../singlesignon/latest/APIReference/API_CreateAccountAssignment.html: its status is to be asked for
        wanted = {name: self._get_param(name) for name in names}
        self.ssoadmin_backend._find_permission_set(wanted["InstanceArn"], wanted["PermissionSetArn"])
        id = str(uuid.uuid4())
        server.assignments[id] = {
            "wanted": wanted,
            "direction": direction,
            "left": server.polls,
            "status": "IN_PROGRESS",
        }
        return answer(direction, id)

    def answer(direction: str, id: str) -> str:
        one = server.assignments[id]
        shown = {name: value for name, value in one["wanted"].items() if name != "InstanceArn"}
        status = {"Status": one["status"], "RequestId": id, **shown}
        if one["status"] == "FAILED":
            status["FailureReason"] = server.failure
        return json.dumps({f"AccountAssignment{direction}Status": status})

    def describe(self: t.Any, direction: str) -> str:
        id = self._get_param(f"AccountAssignment{direction}RequestId")
        if id not in server.assignments or server.assignments[id]["direction"] != direction:
            raise ResourceNotFoundException("no such request")
        advance(self, id)
        return answer(direction, id)

    def advance(self: t.Any, id: str) -> None:
        one = server.assignments[id]
        one["left"] -= 1
        if one["status"] != "IN_PROGRESS" or one["left"] > 0:
            return
        one["status"] = "FAILED" if server.failure else "SUCCEEDED"
        if server.failure:
            return
        arguments = {in_moto[name]: value for name, value in one["wanted"].items()}
        if one["direction"] == "Creation":
            self.ssoadmin_backend.create_account_assignment(**arguments)
        else:
            self.ssoadmin_backend.delete_account_assignment(**arguments)

    def running(self: t.Any, direction: str) -> str:
        wanted = (self._get_param("Filter") or {}).get("Status")
        listed = [
            {"Status": one["status"], "RequestId": id, "CreatedDate": dt.datetime.now().timestamp()}
            for id, one in server.assignments.items()
            if one["direction"] == direction and wanted in (None, one["status"])
        ]
        return json.dumps({f"AccountAssignments{direction}Status": listed})

    def list_applications(self: t.Any) -> str:
        # .../singlesignon/latest/APIReference/API_ListApplicationAssignmentsForPrincipal.html
        wanted = (self._get_param("PrincipalId"), self._get_param("PrincipalType"))
        listed = [
            {"ApplicationArn": arn, "PrincipalId": id, "PrincipalType": kind}
            for arn, id, kind in server.applications
            if (id, kind) == wanted
        ]
        return json.dumps({"ApplicationAssignments": listed})

    def leave_application(self: t.Any) -> str:
        # .../singlesignon/latest/APIReference/API_DeleteApplicationAssignment.html
        one = tuple(self._get_param(name) for name in ("ApplicationArn", "PrincipalId", "PrincipalType"))
        if one not in server.applications:
            raise ResourceNotFoundException("no such assignment")
        server.applications.remove(one)
        return "{}"

    return SSOAdminResponse, {
        "call_action": noted,
        "list_application_assignments_for_principal": list_applications,
        "delete_application_assignment": leave_application,
        "create_account_assignment": lambda self: begin(self, "Creation"),
        "delete_account_assignment": lambda self: begin(self, "Deletion"),
        "describe_account_assignment_creation_status": lambda self: describe(self, "Creation"),
        "describe_account_assignment_deletion_status": lambda self: describe(self, "Deletion"),
        "list_account_assignment_creation_status": lambda self: running(self, "Creation"),
        "list_account_assignment_deletion_status": lambda self: running(self, "Deletion"),
    }
