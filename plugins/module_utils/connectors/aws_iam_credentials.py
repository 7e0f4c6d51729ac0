# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Taking from an IAM user what it can sign in with: for a while, for good, or before it is deleted.

Sources: https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUser.html (what has to go first)
         https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_disable-perms.html
         https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html (aws:TokenIssueTime)
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import email.utils
import json
import typing as t

from ..errors import Broken, NotFound
from .aws_iam_users import DENY_ALL, ENDED_POLICY, SUSPENDED_POLICY, IamUsers, User

#: Which access keys a suspension made inactive, so that coming back makes active those and no others.
KEYS_TAG = "rollcall:suspended-keys"
_TAG_LENGTH = 256
# A change of a policy takes a while until it holds everywhere: sessions of that while are ended too.
_AHEAD = dt.timedelta(seconds=30)
_TIME = "%Y-%m-%dT%H:%M:%SZ"


@dataclasses.dataclass(frozen=True, slots=True)
class Attachment:
    """One kind of thing that hangs on a user: how it is listed, removed and (where it can be) made inactive."""

    listing: str
    key: str
    id: str
    removal: str
    parameter: str
    resting: str = ""


# In this order: what somebody can sign in with first, what forbids something (inline policies) last.
ATTACHMENTS = (
    Attachment(
        "ListAccessKeys", "AccessKeyMetadata", "AccessKeyId", "DeleteAccessKey", "AccessKeyId", "UpdateAccessKey"
    ),
    Attachment(
        "ListServiceSpecificCredentials",
        "ServiceSpecificCredentials",
        "ServiceSpecificCredentialId",
        "DeleteServiceSpecificCredential",
        "ServiceSpecificCredentialId",
        "UpdateServiceSpecificCredential",
    ),
    Attachment(
        "ListSSHPublicKeys",
        "SSHPublicKeys",
        "SSHPublicKeyId",
        "DeleteSSHPublicKey",
        "SSHPublicKeyId",
        "UpdateSSHPublicKey",
    ),
    Attachment(
        "ListSigningCertificates",
        "Certificates",
        "CertificateId",
        "DeleteSigningCertificate",
        "CertificateId",
        "UpdateSigningCertificate",
    ),
    Attachment("ListMFADevices", "MFADevices", "SerialNumber", "DeactivateMFADevice", "SerialNumber"),
    Attachment("ListGroupsForUser", "Groups", "GroupName", "RemoveUserFromGroup", "GroupName"),
    Attachment("ListAttachedUserPolicies", "AttachedPolicies", "PolicyArn", "DetachUserPolicy", "PolicyArn"),
    Attachment("ListUserPolicies", "PolicyNames", "", "DeleteUserPolicy", "PolicyName"),
)
_CREDENTIALS = tuple(attachment for attachment in ATTACHMENTS if attachment.resting)


class IamCredentials:
    """Every method may be repeated after it was cut off: it reads what is left and goes on."""

    def __init__(self, users: IamUsers) -> None:
        self._users = users
        self._aws = users.aws

    def suspend(self, user: User, where: str) -> bool:
        """Note the active access keys and make them inactive, delete the console password, forbid everything.

        The note comes before the keys, so that a run that is killed between the two forgets none of them. The policy
        comes last: it is what shows the state, and until it is there the rest is done again.
        """
        name = user["UserName"]
        keys = self._users.keys(name, where)
        denied = self._users.inline_policy(name, SUSPENDED_POLICY, where) == DENY_ALL
        active = [key for key, on in keys.access.items() if on]
        noted = _noted(user)
        if denied and not active and not keys.password:
            return False
        if not set(active) <= set(noted):
            self._note(name, list(dict.fromkeys([*(key for key in noted if key in keys.access), *active])), where)
        for key in active:
            self._rest(name, ATTACHMENTS[0], key, where)
        if keys.password:
            self._quietly("DeleteLoginProfile", where, UserName=name)
        if not denied:
            self._put_policy(name, SUSPENDED_POLICY, DENY_ALL, where)
        return True

    def reactivate(self, user: User, where: str) -> bool:
        """Make the noted access keys active again, and take the prohibition away last: it is what shows the state."""
        name = user["UserName"]
        if self._users.inline_policy(name, SUSPENDED_POLICY, where) is None:
            return False
        keys = self._users.keys(name, where)
        for key in _noted(user):
            if keys.access.get(key) is False:
                self._aws.write("iam", "UpdateAccessKey", where, UserName=name, AccessKeyId=key, Status="Active")
        if any(tag["Key"] == KEYS_TAG for tag in user.get("Tags") or []):
            self._aws.write("iam", "UntagUser", where, UserName=name, TagKeys=[KEYS_TAG])
        self._quietly("DeleteUserPolicy", where, UserName=name, PolicyName=SUSPENDED_POLICY)
        return True

    def end(self, user: User, where: str) -> bool:
        """Forbid everything to sessions issued until now, and make every key and certificate inactive.

        ``now`` is the time of AWS, which is what it compares with.
        """
        name = user["UserName"]
        active = [
            (kind, item[kind.id])
            for kind in _CREDENTIALS
            for item in self._users.all_of(name, kind.listing, kind.key, where)
            if item.get("Status") != "Inactive"
        ]
        answer = self._aws.read("iam", "GetUser", where, UserName=name)
        now = _time_of(answer, where)
        until = _ended_until(self._users.inline_policy(name, ENDED_POLICY, where))
        if not active and until is not None and until >= now:
            return False
        for kind, id in active:
            self._rest(name, kind, id, where)
        self._put_policy(name, ENDED_POLICY, ended_before(now + _AHEAD), where)
        return True

    def strip(self, user: User, where: str) -> None:
        """Remove everything that DeleteUser wants gone, what somebody can sign in with first."""
        name = user["UserName"]
        if self._users.has_password(name, where):
            self._quietly("DeleteLoginProfile", where, UserName=name)
        for kind in ATTACHMENTS:
            for item in self._users.all_of(name, kind.listing, kind.key, where):
                id = item[kind.id] if kind.id else item
                self._quietly(kind.removal, where, UserName=name, **{kind.parameter: id})
                if kind.key == "MFADevices" and ":mfa/" in id:
                    # a virtual device is a thing of its own, which stays behind
                    self._quietly("DeleteVirtualMFADevice", where, SerialNumber=id)

    def _rest(self, name: str, kind: Attachment, id: str, where: str) -> None:
        self._quietly(kind.resting, where, UserName=name, **{kind.parameter: id}, Status="Inactive")

    def _quietly(self, operation: str, where: str, **parameters: t.Any) -> None:
        """Remove something; that it is gone already is what was wanted."""
        with contextlib.suppress(NotFound):
            self._aws.write("iam", operation, where, **parameters)

    def _put_policy(self, name: str, policy: str, document: t.Mapping[str, t.Any], where: str) -> None:
        text = json.dumps(document, separators=(",", ":"))
        self._aws.write("iam", "PutUserPolicy", where, UserName=name, PolicyName=policy, PolicyDocument=text)

    def _note(self, name: str, keys: t.Sequence[str], where: str) -> None:
        value = " ".join(keys)
        if len(value) > _TAG_LENGTH:
            raise Broken(f"the user has more access keys ({len(keys)}) than AWS allows", where=where)
        self._aws.write("iam", "TagUser", where, UserName=name, Tags=[{"Key": KEYS_TAG, "Value": value}])


def ended_before(moment: dt.datetime) -> dict[str, t.Any]:
    """Return the policy that forbids everything to sessions issued before ``moment``.

    Requests with an access key have no such time, so the policy says nothing about them.
    """
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "RollcallSessionsEnded",
                "Effect": "Deny",
                "Action": "*",
                "Resource": "*",
                "Condition": {"DateLessThan": {"aws:TokenIssueTime": moment.strftime(_TIME)}},
            }
        ],
    }


def _ended_until(document: t.Any) -> dt.datetime | None:
    """Return until when a policy of ours ends sessions, or None where it is not as we write it."""
    try:
        text = document["Statement"][0]["Condition"]["DateLessThan"]["aws:TokenIssueTime"]
        moment = dt.datetime.strptime(text, _TIME).replace(tzinfo=dt.timezone.utc)
    except (KeyError, IndexError, TypeError, ValueError):
        return None
    return moment if document == ended_before(moment) else None


def _time_of(answer: t.Mapping[str, t.Any], where: str) -> dt.datetime:
    headers = {str(k).lower(): str(v) for k, v in answer["ResponseMetadata"].get("HTTPHeaders", {}).items()}
    try:
        return email.utils.parsedate_to_datetime(headers.get("date", "")).astimezone(dt.timezone.utc)
    except (TypeError, ValueError):
        raise Broken("the answer does not say what time it is at AWS", where=where) from None


def _noted(user: User) -> list[str]:
    tags = {tag["Key"]: str(tag["Value"]) for tag in user.get("Tags") or []}
    return tags.get(KEYS_TAG, "").split()
