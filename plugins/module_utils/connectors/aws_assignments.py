# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which AWS accounts somebody gets into, and with which permission set, directly (not through a group).

AWS carries an assignment out after it has answered; here it is waited for, for a while. One that is under way from an
earlier time is found and waited for, in place of a second.

Sources: https://docs.aws.amazon.com/singlesignon/latest/APIReference/API_CreateAccountAssignment.html
         https://docs.aws.amazon.com/singlesignon/latest/APIReference/API_ListAccountAssignmentsForPrincipal.html
"""

from __future__ import annotations

import contextlib
import re
import threading
import time
import typing as t

from ..errors import Broken, Conflict, NotFound, Refused, Transient
from ..protocols.aws import Aws
from .aws import near

Assignment = tuple[str, str]  # the number of an AWS account, the ARN of a permission set

_WRITES = {"Creation": "CreateAccountAssignment", "Deletion": "DeleteAccountAssignment"}
_LONGEST_WAIT = 5.0
_VALUE = re.compile(r"(\d{12})/([\w+=,.@-]{1,32})", re.ASCII)


class AccountAssignments:
    """``instance`` gives the ARN of the Identity Center's instance; ``patience`` is in seconds."""

    def __init__(self, aws: Aws, instance: t.Callable[[str], str], page_size: int, patience: float) -> None:
        self._aws = aws
        self._instance = instance
        self._page_size = page_size
        self._patience = patience
        self._lock = threading.Lock()
        self._names: dict[str, str] = {}

    def of(self, user: str, where: str) -> list[Assignment]:
        """Return the assignments of the user itself; those of its groups come with the groups."""
        listed = self._aws.listed(
            "sso-admin",
            "ListAccountAssignmentsForPrincipal",
            "AccountAssignments",
            where,
            page_size=self._page_size,
            InstanceArn=self._instance(where),
            PrincipalId=user,
            PrincipalType="USER",
        )
        own = [one for one in listed if one.get("PrincipalType") == "USER" and one.get("PrincipalId") == user]
        return list(dict.fromkeys((one["AccountId"], one["PermissionSetArn"]) for one in own))

    def leave_applications(self, user: str, where: str) -> None:
        """Remove the user's own assignments to applications (of the access portal), which are done at once.

        AWS asks for that before a user is deleted. Source:
        https://docs.aws.amazon.com/singlesignon/latest/userguide/howtodeletepermissionset.html
        """
        principal = {"PrincipalId": user, "PrincipalType": "USER"}
        listed = self._aws.listed(
            "sso-admin",
            "ListApplicationAssignmentsForPrincipal",
            "ApplicationAssignments",
            where,
            page_size=self._page_size,
            InstanceArn=self._instance(where),
            **principal,
        )
        own = [one for one in listed if one.get("PrincipalType") == "USER" and one.get("PrincipalId") == user]
        for arn in dict.fromkeys(one["ApplicationArn"] for one in own):
            with contextlib.suppress(NotFound):
                self._aws.write("sso-admin", "DeleteApplicationAssignment", where, ApplicationArn=arn, **principal)

    def word(self, assignment: Assignment, where: str) -> str:
        """Return what the catalog calls an assignment: account/permission set."""
        number, arn = assignment
        return f"{number}/{self._name_of(arn, where)}"

    def meant_by(self, value: str, where: str) -> Assignment:
        """Return what a value of the catalog means. Raises Refused and NotFound for what it cannot mean."""
        found = _VALUE.fullmatch(value)
        if not found:
            raise Refused(
                f"expected an AWS account and a permission set like 123456789012/ReadOnly, found {value!r}", where=where
            )
        number, name = found.groups()
        arns = [arn for arn, known in self._all_names(where).items() if known == name]
        if len(arns) > 1:
            raise Conflict(f"{len(arns)} permission sets have the name {name!r}", where=where)
        if not arns:
            raise NotFound(
                f"there is no permission set {name!r} (of {value!r})",
                where=where,
                todo=near(name, self._names.values()),
            )
        return number, arns[0]

    def begin(self, direction: str, user: str, assignment: Assignment, where: str) -> str:
        """Start the Creation or Deletion of an assignment, unless it is under way; return its request's id."""
        running = self._running(direction, user, assignment, where)
        if running:
            return running
        number, arn = assignment
        try:
            answer = self._aws.write(
                "sso-admin",
                _WRITES[direction],
                where,
                InstanceArn=self._instance(where),
                TargetId=number,
                TargetType="AWS_ACCOUNT",
                PermissionSetArn=arn,
                PrincipalType="USER",
                PrincipalId=user,
            )
        except Conflict as error:
            # "a conflict with a previous successful write is detected": that one is still being carried out
            raise Transient(f"{error.message}: an earlier change is under way", where=where, sent=False) from None
        id = str((answer.get(f"AccountAssignment{direction}Status") or {}).get("RequestId") or "")
        if not id:
            raise Broken(f"the answer to {_WRITES[direction]} names no request", where=where, sent=True)
        return id

    def finish(self, direction: str, request: str, where: str) -> None:
        """Wait until it is done. Raises Refused where AWS gave it up, Transient where it takes too long."""
        give_up = time.monotonic() + self._patience
        wait = 0.25
        while True:
            status = self._status(direction, request, where)
            if status.get("Status") == "SUCCEEDED":
                return
            if status.get("Status") == "FAILED":
                why = self._aws.redact(str(status.get("FailureReason") or "no reason given"))[:300]
                raise Refused(f"AWS gave up on the assignment: {why}", where=where)
            if time.monotonic() + wait > give_up:
                raise Transient(
                    f"the assignment is under way for more than {self._patience:g} s",
                    where=where,
                    sent=True,
                    request=request,
                )
            time.sleep(wait)
            wait = min(2 * wait, _LONGEST_WAIT)

    def _status(self, direction: str, request: str, where: str) -> t.Mapping[str, t.Any]:
        answer = self._aws.read(
            "sso-admin",
            f"DescribeAccountAssignment{direction}Status",
            where,
            InstanceArn=self._instance(where),
            **{f"AccountAssignment{direction}RequestId": request},
        )
        return answer.get(f"AccountAssignment{direction}Status") or {}

    def _running(self, direction: str, user: str, assignment: Assignment, where: str) -> str:
        listed = self._aws.listed(
            "sso-admin",
            f"ListAccountAssignment{direction}Status",
            f"AccountAssignments{direction}Status",
            where,
            page_size=self._page_size,
            InstanceArn=self._instance(where),
            Filter={"Status": "IN_PROGRESS"},
        )
        for request in [one["RequestId"] for one in listed]:
            status = self._status(direction, request, where)
            same = (status.get("PrincipalId"), status.get("TargetId"), status.get("PermissionSetArn")) == (
                user,
                *assignment,
            )
            if same and status.get("Status") == "IN_PROGRESS":
                return str(request)
        return ""

    def _name_of(self, arn: str, where: str) -> str:
        with self._lock:
            if arn not in self._names:
                self._names[arn] = self._described(arn, where)
            return self._names[arn]

    def _all_names(self, where: str) -> dict[str, str]:
        arns = self._aws.listed(
            "sso-admin",
            "ListPermissionSets",
            "PermissionSets",
            where,
            page_size=self._page_size,
            InstanceArn=self._instance(where),
        )
        return {arn: self._name_of(arn, where) for arn in arns}

    def _described(self, arn: str, where: str) -> str:
        # a permission set has its name for ever: UpdatePermissionSet cannot change it
        answer = self._aws.read(
            "sso-admin", "DescribePermissionSet", where, InstanceArn=self._instance(where), PermissionSetArn=arn
        )
        name = (answer.get("PermissionSet") or {}).get("Name")
        if not name:
            raise Broken(f"the permission set {arn} has no name", where=where)
        return str(name)
