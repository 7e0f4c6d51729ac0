# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jira Service Management (Cloud) in memory: service desks, request types and requests, which are issues of Jira.

Follows https://developer.atlassian.com/cloud/jira/service-desk/rest/.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.model import DeskSettings
from ansible_collections.rollcall.access.tests.conformance.desk_case import DeskServer
from ansible_collections.rollcall.access.tests.conformance.desks.jira import (
    PEOPLE,
    ROLLCALL,
    JiraCase,
    JiraFake,
    refused,
)
from ansible_collections.rollcall.access.tests.conformance.fake import Request, route

DESKS = {"OPS": "10", "HR": "11"}
TYPES = {"70": "Manual work", "71": "Access to an app"}


class ServiceManagementFake(JiraFake):
    specifications: t.ClassVar[t.Sequence[str | tuple[str, str]]] = ("jira_issues", "jira_service_management")
    projects: t.ClassVar[dict[str, tuple[str, ...]]] = {"OPS": ("Task",), "HR": ("Task",)}
    first_status, last_status = "Waiting for support", "Resolved"
    categories: t.ClassVar[dict[str, str]] = {
        "Waiting for support": "new",
        "In Progress": "indeterminate",
        "Resolved": "done",
        "Canceled": "done",
        "Released": "done",
        "Not needed": "done",
    }

    #: people who are customers of no service desk
    strangers: t.ClassVar[tuple[str, ...]] = ("jane@acme.example",)

    def people_ask(self, title: str, text: str, by: str) -> str:
        reference = self.people_open(title, text, by)
        issue = self.by_key(reference)
        assert issue is not None
        issue["kind"] = TYPES["71"]
        self.touched(issue, known=True)
        return reference

    def customers(self) -> dict[str, str]:
        """Return who is shown as the customer of each request."""
        return {issue["key"]: issue["reporter"] for issue in self.issues.values()}

    # ---- the interface

    def desk(self, name: str) -> str:
        """ "The ID of the service desk. This can alternatively be a project identifier"."""
        found = next((project for project, id in DESKS.items() if name in (project, id)), "")
        if not found or "BROWSE_PROJECTS" in self.lacking:
            raise self.failed(404, "The Service Desk you are trying to view does not exist.")
        return found

    def failed(self, status: int, message: str) -> t.Any:
        error = refused(status)
        error.answer = (status, {"errorMessage": message, "i18nErrorMessage": {"i18nKey": "sd"}}, {})
        return error

    @route("GET", "/rest/servicedeskapi/servicedesk/<name>")
    def get_desk(self, request: Request, name: str) -> t.Any:
        project = self.desk(name)
        return 200, {"id": DESKS[project], "projectId": "1", "projectName": project.title(), "projectKey": project}

    @route("GET", "/rest/servicedeskapi/servicedesk/<name>/requesttype")
    def request_types(self, request: Request, name: str) -> t.Any:
        self.desk(name)
        kinds = [{"id": id, "name": kind, "serviceDeskId": name} for id, kind in TYPES.items()]
        start = int(request.args["start"])
        page = kinds[start : start + 1]  # short pages, so that there is more than one
        last = start + len(page) >= len(kinds)
        return 200, {"size": len(page), "start": start, "limit": 1, "isLastPage": last, "values": page}

    @route("GET", "/rest/servicedeskapi/servicedesk/<name>/requesttype/<kind>/field")
    def request_fields(self, request: Request, name: str, kind: str) -> t.Any:
        self.desk(name)
        fields = [
            {"fieldId": "summary", "name": "What do you need?", "required": True, "defaultValues": []},
            {"fieldId": "description", "name": "Why?", "required": False, "defaultValues": []},
        ]
        return 200, {"requestTypeFields": fields, "canRaiseOnBehalfOf": True, "canAddRequestParticipants": True}

    @route("POST", "/rest/servicedeskapi/request")
    def create_request(self, request: Request) -> t.Any:
        body = request.get_json()
        if self.lacking & {"CREATE_ISSUES", "BROWSE_PROJECTS"}:
            raise self.failed(403, "The user does not have permission to create requests in this service desk.")
        fields = body["requestFieldValues"]
        if set(fields) - {"summary", "description"}:
            raise self.failed(400, "The fields are not on the request type's form.")
        if self.named({"accountId": body.get("raiseOnBehalfOf")}) in self.strangers:
            raise self.failed(400, "The user you are raising this request for is not a customer of this service desk.")
        if not body.get("isAdfRequest"):
            raise self.failed(400, "Operation value must be a string")
        issue = self.add(
            self.desk(body["serviceDeskId"]), ROLLCALL, summary=fields["summary"], description=fields["description"]
        )
        issue["kind"] = TYPES[body["requestTypeId"]]
        # who raises a request for somebody is its creator still; that somebody is the reporter
        issue["reporter"] = (
            self.named({"accountId": body["raiseOnBehalfOf"]}) if "raiseOnBehalfOf" in body else ROLLCALL
        )
        return 201, {"issueId": str(issue["id"]), "issueKey": issue["key"], "serviceDeskId": body["serviceDeskId"]}

    @route("GET", "/rest/api/3/user/search")
    def search_people(self, request: Request) -> t.Any:
        asked = request.args["query"].casefold()
        return 200, [self.person(one) for one in PEOPLE if one.startswith(asked)]


class JiraServiceManagementCase(JiraCase):
    word = "jira_service_management"
    tested = (
        "A stateful fake of the Service Management interface and of Jira Cloud's own, whose messages are held against "
        "our own descriptions of both, after developer.atlassian.com (2026)"
    )
    opens_with: t.ClassVar[tuple[str, str]] = ("POST", r"/rest/servicedeskapi/request$")
    other_states: t.ClassVar[t.Mapping[str, tuple[str, ...]]] = {
        "open": ("Waiting for support", "In Progress"),
        "done": ("Released",),
        "declined": ("Not needed",),
        "cancelled": ("Canceled",),
    }
    other_place: t.ClassVar[t.Mapping[str, str]] = {"service_desk": "HR"}

    def server(self) -> t.ContextManager[DeskServer]:
        return ServiceManagementFake().serving()

    def settings(self, port: int) -> DeskSettings:
        return dataclasses.replace(
            super().settings(port),
            place={"service_desk": "10", "request_type": "Manual work"},
            requests={"service_desk": "10", "request_type": "71"},
        )
