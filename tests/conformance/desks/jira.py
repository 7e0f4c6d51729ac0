# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jira Cloud in memory: the issues, searches, comments and transitions of its REST interface, version 3.

Follows https://developer.atlassian.com/cloud/jira/platform/rest/v3/ and, for its search that lags behind,
https://developer.atlassian.com/cloud/jira/platform/search-and-reconcile/.
"""

from __future__ import annotations

import base64
import copy
import datetime as dt
import re
import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.desks.contract import Attachment
from ansible_collections.rollcall.access.plugins.module_utils.model import DeskSettings
from ansible_collections.rollcall.access.tests.conformance.desk_case import DeskCase, DeskServer, Seen
from ansible_collections.rollcall.access.tests.conformance.fake import Answer, Fake, Request, Response, route
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY

Body = dict[str, t.Any]
START = dt.datetime(2026, 2, 1, 9, 0, tzinfo=dt.timezone.utc)
LAG = 25  # requests after which the search knows what was written
ROLLCALL = "rollcall@acme.example"
PEOPLE = (ROLLCALL, "jane@acme.example", "omar@acme.example", "jane@acme.example.org")
CATEGORIES = {"To Do": "new", "In Progress": "indeterminate", "Done": "done", "Released": "done", "Not needed": "done"}
RESOLUTIONS = ("Done", "Won't Do", "Duplicate", "Cannot Reproduce")
CUSTOM = {"Account name": "customfield_10049", "Remark": "customfield_10050"}
NODES = frozenset({"doc", "paragraph", "text", "hardBreak"})


def refused(status: int, *messages: str, **errors: str) -> Answer:
    return Answer(status, {"errorMessages": list(messages), "errors": errors})


class JiraFake(Fake):
    specifications: t.ClassVar[t.Sequence[str | tuple[str, str]]] = ("jira_issues",)
    version = "3"
    port = 0
    owner, other_owner = "jane@acme.example", "omar@acme.example"
    projects: t.ClassVar[dict[str, tuple[str, ...]]] = {"OPS": ("Task", "Bug"), "HR": ("Task",), "ASK": ("Task",)}
    first_status, last_status = "To Do", "Done"
    categories: t.ClassVar[dict[str, str]] = CATEGORIES

    def reset(self) -> None:
        self.problems.clear()
        self.ticks = self.ids = 0
        self.numbers = dict.fromkeys(self.projects, 0)
        self.issues: dict[int, Body] = {}
        self.moved: dict[str, int] = {}
        self.files: dict[str, bytes] = {}
        self.expired = False
        self.lacking: set[str] = set()

    # ---- what is there

    def now(self) -> str:
        self.ticks += 1
        return (START + dt.timedelta(seconds=self.ticks)).strftime("%Y-%m-%dT%H:%M:%S.000+0000")

    def next_id(self) -> int:
        self.ids += 1
        return 10_000 + self.ids

    def rich(self, text: str) -> t.Any:
        """What the editor makes of what a person types."""
        lines = [[{"type": "text", "text": line}] if line else [] for line in text.split("\n")]
        return {"version": 1, "type": "doc", "content": [{"type": "paragraph", "content": one} for one in lines]}

    def add(
        self, project: str, by: str, *, summary: str, description: t.Any, kind: str = "Task", **more: t.Any
    ) -> Body:
        self.numbers[project] += 1
        issue: Body = {
            "id": self.next_id(),
            "key": f"{project}-{self.numbers[project]}",
            "project": project,
            "kind": "Task",
            "summary": summary,
            "description": description,
            "status": self.first_status,
            "resolution": "",
            "assignee": "",
            "creator": by,
            "reporter": by,
            "labels": [],
            "duedate": None,
            "priority": "Medium",
            "custom": {},
            "comments": [],
            "files": [],
            "history": [],
            "links": [],
            **more,
        }
        self.issues[issue["id"]] = issue
        return self.touched(issue)

    def touched(self, issue: Body, *, known: bool = False) -> Body:
        """Note that an issue has changed; ``known``: so long ago that the search knows it."""
        issue["updated"] = self.now()
        issue["written_at"] = len(self.requests)
        if known:
            issue["index"] = _indexed(issue)
        return issue

    def index(self, issue: Body) -> Body | None:
        if len(self.requests) - issue["written_at"] > LAG:
            issue["index"] = _indexed(issue)
        return issue.get("index")

    def by_key(self, key: str) -> Body | None:
        """An issue, also by the key that it had before it was moved, or by its id. "if the identifier doesn't match an
        issue, a case-insensitive search and check for moved issues is performed"."""
        for issue in self.issues.values():
            if key.upper() == issue["key"] or key == str(issue["id"]):
                return issue
        return self.issues.get(self.moved.get(key.upper(), 0))

    def set_status(self, issue: Body, status: str, resolution: str, by: str) -> None:
        change = {"field": "status", "fieldId": "status", "fromString": issue["status"], "toString": status}
        issue["history"].append({"id": str(self.next_id()), "by": by, "at": self.now(), "items": [change]})
        issue["status"], issue["resolution"] = status, resolution

    # ---- looked at, and acted on, past the interface

    def tickets(self) -> list[Seen]:
        return [
            Seen(
                reference=one["key"],
                title=one["summary"],
                state=f"{one['status']} {one['resolution']}".strip(),
                assignee=one["assignee"],
                place=one["project"],
            )
            for one in self.issues.values()
        ]

    def texts(self, reference: str) -> list[t.Any]:
        issue = self.by_key(reference)
        assert issue is not None
        return [issue["description"], *(comment["body"] for comment in issue["comments"])]

    def shown(self, reference: str) -> str:
        return "\n".join(map(_rendered, self.texts(reference)))

    def reached(self, reference: str) -> list[str]:
        """A text node is shown as it is; only nodes of other kinds, and marks, are more than text."""
        return [what for text in self.texts(reference) for what in _more_than_text(text)]

    def fill(self, n: int) -> list[str]:
        return [self.people_open(f"Another {number}", "Please", self.other_owner) for number in range(n)]

    def people_open(self, title: str, text: str, by: str, project: str = "OPS") -> str:
        return self.touched(self.add(project, by, summary=title, description=self.rich(text)), known=True)["key"]

    def people_ask(self, title: str, text: str, by: str) -> str:
        """A person asks for access where ``requests`` says."""
        return self.people_open(title, text, by, "ASK")

    def people_reply(self, reference: str, text: str, by: str, attachment: Attachment | None = None) -> None:
        issue = t.cast("Body", self.by_key(reference))
        if attachment is not None:
            id = str(self.next_id())
            self.files[id] = attachment.content
            issue["files"].append({"id": id, "filename": attachment.name, "by": by, "at": self.now()})
        self.said(issue, self.rich(text), by)
        self.touched(issue, known=True)

    def said(self, issue: Body, body: t.Any, by: str) -> Body:
        issue["comments"].append({"id": str(self.next_id()), "body": body, "by": by, "at": self.now()})
        return issue["comments"][-1]

    def people_close(self, reference: str, meaning: str, by: str) -> None:
        issue = t.cast("Body", self.by_key(reference))
        self.set_status(issue, self.last_status, {"done": "Done", "declined": "Won't Do"}[meaning], by)
        self.touched(issue, known=True)

    def people_reopen(self, reference: str) -> None:
        issue = t.cast("Body", self.by_key(reference))
        self.set_status(issue, "In Progress", "", self.other_owner)
        self.touched(issue, known=True)

    def people_delete(self, reference: str) -> None:
        del self.issues[t.cast("Body", self.by_key(reference))["id"]]

    def people_merge(self, reference: str, into: str) -> None:
        """Jira merges nothing: a duplicate is linked and closed as one."""
        issue = t.cast("Body", self.by_key(reference))
        issue["links"].append(into)
        self.set_status(issue, self.last_status, "Duplicate", self.other_owner)
        self.touched(issue, known=True)

    def people_move(self, reference: str) -> None:
        issue = t.cast("Body", self.by_key(reference))
        self.moved[issue["key"]] = issue["id"]
        self.numbers["HR"] += 1
        issue["project"], issue["key"] = "HR", f"HR-{self.numbers['HR']}"
        self.touched(issue, known=True)

    def set_field(self, reference: str, field: str, value: str) -> None:
        issue = t.cast("Body", self.by_key(reference))
        issue["custom"][CUSTOM.get(field, field)] = value
        self.touched(issue, known=True)

    def revoke_credentials(self) -> None:
        self.expired = True

    def take_right(self) -> str:
        self.lacking |= {"CREATE_ISSUES", "ADD_COMMENTS"}
        return "Add comments"

    def take_sight(self) -> str:
        self.lacking.add("BROWSE_PROJECTS")
        return "Browse projects"

    # ---- the interface

    def credential(self) -> str:
        return "Basic " + base64.b64encode(f"{ROLLCALL}:{CANARY}".encode()).decode()

    def authenticate(self, request: Request) -> None:
        if self.expired or request.headers.get("Authorization") != self.credential():
            raise refused(401, "Client must be authenticated to access this resource.")

    def person(self, address: str) -> Body | None:
        if not address:
            return None
        shown = address.partition("@")[0].title()
        who = f"5b10-{PEOPLE.index(address)}"
        return {
            "accountId": who,
            "accountType": "atlassian",
            "active": True,
            "displayName": shown,
            "emailAddress": address,
        }

    def named(self, person: t.Any) -> str:
        """The address of the person that a request names."""
        return next((one for one in PEOPLE if person and person["accountId"] == self.person(one)["accountId"]), "")  # type: ignore[index]

    def visible(self, key: str) -> Body:
        issue = self.by_key(key)
        if issue is None or "BROWSE_PROJECTS" in self.lacking:
            # one answer for both, so that nobody learns what there is
            raise refused(404, "Issue does not exist or you do not have permission to see it.")
        return issue

    def fields_of(self, issue: Body, wanted: t.Collection[str]) -> Body:
        all_fields: Body = {
            "summary": issue["summary"],
            "description": issue["description"],
            "status": self.status(issue["status"]),
            "resolution": {"name": issue["resolution"]} if issue["resolution"] else None,
            "assignee": self.person(issue["assignee"]),
            "reporter": self.person(issue["reporter"]),
            "creator": self.person(issue["creator"]),
            "labels": list(issue["labels"]),
            "project": {"key": issue["project"]},
            "updated": issue["updated"],
            "issuelinks": [
                {
                    "type": {"name": "Duplicate", "inward": "is duplicated by", "outward": "duplicates"},
                    "outwardIssue": {"key": key},
                }
                for key in issue["links"]
            ],
            "attachment": [
                {
                    "id": one["id"],
                    "filename": one["filename"],
                    "created": one["at"],
                    "author": self.person(one["by"]),
                    "content": self.content_url(one),
                }
                for one in issue["files"]
            ],
            **{id: issue["custom"].get(id) for id in CUSTOM.values()},
        }
        return {name: all_fields[name] for name in wanted if name in all_fields}

    def content_url(self, file: Body) -> str:
        return f"https://acme.atlassian.net/rest/api/3/attachment/content/{file['id']}"

    def status(self, name: str) -> Body:
        return {"name": name, "statusCategory": {"key": self.categories[name]}}

    def bean(self, issue: Body, wanted: t.Collection[str]) -> Body:
        found = {"id": str(issue["id"]), "key": issue["key"], "fields": self.fields_of(issue, wanted)}
        return found if found["fields"] else {"id": found["id"], "key": found["key"]}

    # who we are, what we may

    @route("GET", "/rest/api/<version>/myself")
    def myself(self, request: Request, version: str) -> t.Any:
        return 200, self.person(ROLLCALL)

    @route("GET", "/rest/api/<version>/mypermissions")
    def permissions(self, request: Request, version: str) -> t.Any:
        project, issue = request.args.get("projectKey"), request.args.get("issueKey")
        if "BROWSE_PROJECTS" in self.lacking or (project and project not in self.projects):
            raise refused(404, f"No project could be found with key '{project}'.")
        if issue and self.by_key(issue) is None:
            raise refused(404, "Issue Does Not Exist")
        asked = request.args.get("permissions", "BROWSE_PROJECTS,CREATE_ISSUES,ADD_COMMENTS,EDIT_ISSUES").split(",")
        return 200, {"permissions": {one: {"key": one, "havePermission": one not in self.lacking} for one in asked}}

    @route("GET", "/rest/api/<version>/user/assignable/search")
    def assignable(self, request: Request, version: str) -> t.Any:
        """ "The string can match the prefix of the attribute's value"."""
        if request.args.get("issueKey"):
            self.visible(request.args["issueKey"])
        asked = request.args["query" if self.version == "3" else "username"].casefold()
        return 200, [self.person(one) for one in PEOPLE if one.startswith(asked)]

    @route("GET", "/rest/api/<version>/field")
    def all_fields(self, request: Request, version: str) -> t.Any:
        return 200, [{"id": id, "name": name, "custom": True} for name, id in CUSTOM.items()]

    # making one

    @route("GET", "/rest/api/<version>/issue/createmeta/<project>/issuetypes")
    def kinds(self, request: Request, version: str, project: str) -> t.Any:
        if project not in self.projects or "BROWSE_PROJECTS" in self.lacking:
            raise refused(404, "No project could be found with key.")
        kinds = [{"id": f"1000{n}", "name": name} for n, name in enumerate(self.projects[project])]
        return 200, {"startAt": 0, "maxResults": 50, "total": len(kinds), self.list_name("issueTypes"): kinds}

    @route("GET", "/rest/api/<version>/issue/createmeta/<project>/issuetypes/<kind>")
    def form(self, request: Request, version: str, project: str, kind: str) -> t.Any:
        names = ["summary", "description", "labels", "duedate", "assignee", "issuetype", "project"]
        fields: list[Body] = [{"fieldId": name, "name": name.title(), "required": name == "summary"} for name in names]
        allowed = [{"name": name} for name in ("Highest", "High", "Medium")]
        fields.append({"fieldId": "priority", "name": "Priority", "required": False, "allowedValues": allowed})
        return 200, {"startAt": 0, "maxResults": 50, "total": len(fields), self.list_name("fields"): fields}

    def list_name(self, name: str) -> str:
        return name

    @route("POST", "/rest/api/<version>/issue")
    def create(self, request: Request, version: str) -> t.Any:
        fields = request.get_json()["fields"]
        if self.lacking & {"CREATE_ISSUES", "BROWSE_PROJECTS"}:
            raise refused(400, project="You cannot create issues in this project.")
        if not fields.get("summary") or len(fields["summary"]) > 255 or "\n" in fields["summary"]:
            raise refused(400, summary="The summary is invalid because it contains newline characters.")
        issue = self.add(
            fields["project"]["key"],
            ROLLCALL,
            summary=fields["summary"],
            description=fields["description"],
            labels=fields["labels"],
            duedate=fields.get("duedate"),
            assignee=self.named(fields.get("assignee")),
            priority=fields.get("priority", {}).get("name", "Medium"),
        )
        return 201, {"id": str(issue["id"]), "key": issue["key"]}

    # reading

    @route("GET", "/rest/api/<version>/issue/<key>")
    def get_issue(self, request: Request, version: str, key: str) -> t.Any:
        return 200, self.bean(self.visible(key), request.args["fields"].split(","))

    @route("POST", "/rest/api/3/issue/bulkfetch")
    def bulk_fetch(self, request: Request) -> t.Any:
        """At most 100. What is not there, or may not be seen, is left out without a word; the order is that of the ids.

        Source: https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/ (Bulk fetch issues)
        """
        body = request.get_json()
        if len(body["issueIdsOrKeys"]) > 100:
            raise refused(400, "Too many issues")
        found = {}
        for key in body["issueIdsOrKeys"]:
            issue = self.by_key(key)
            if issue is not None and "BROWSE_PROJECTS" not in self.lacking:
                found[issue["id"]] = issue
        return 200, {"issues": [self.bean(found[id], body["fields"]) for id in sorted(found)], "issueErrors": []}

    @route("POST", "/rest/api/3/search/jql")
    def search(self, request: Request) -> t.Any:
        body = request.get_json()
        found = self.matching(body["jql"])
        offset = int(body.get("nextPageToken", "0"))
        page = found[offset : offset + body["maxResults"]]
        last = offset + len(page) >= len(found)
        answer = {"issues": [self.bean(one, body["fields"]) for one in page], "isLast": last}
        return 200, answer if last else {**answer, "nextPageToken": str(offset + len(page))}

    def matching(self, jql: str) -> list[Body]:
        """What the index has, which is what was so a while ago."""
        query, _order, order = jql.partition(" ORDER BY ")
        known = [(issue, index) for issue in self.issues.values() if (index := self.index(issue)) is not None]
        if "BROWSE_PROJECTS" in self.lacking:
            known = []
        tests = [[self.clause(one) for one in part.split(" OR ")] for part in query.split(" AND ")]
        found = [issue for issue, index in known if all(any(test(index) for test in one) for one in tests)]
        if order == "key DESC":
            found.sort(key=lambda one: int(one["key"].rpartition("-")[2]), reverse=True)
        return found

    def clause(self, text: str) -> t.Callable[[Body], bool]:
        if found := re.fullmatch(r"labels in \((.*)\)", text):
            labels = set(re.findall(r'"([^"\\]*)"', found[1]))
            return lambda issue: bool(labels & set(issue["labels"]))
        if found := re.fullmatch(r'project = "([A-Z]+)"', text):
            project = found[1]
            if project not in self.projects or "BROWSE_PROJECTS" in self.lacking:
                raise refused(400, f"The value '{project}' does not exist for the field 'project'.")
            return lambda issue: issue["project"] == project
        if text == "statusCategory != Done":
            return lambda issue: self.categories[issue["status"]] != "done"
        if found := re.fullmatch(r'(?:issuetype|"Request Type") = "(.*)"', text):
            kind = found[1]
            return lambda issue: issue["kind"] == kind
        if found := re.fullmatch(r'summary ~ "\\"(.*)\\""', text):
            words = re.findall(r"\w+", found[1].lower())
            return lambda issue: " ".join(words) in " ".join(re.findall(r"\w+", issue["summary"].lower()))
        raise refused(400, f"Error in the JQL Query: {text}")

    @route("POST", "/rest/api/3/changelog/bulkfetch")
    def changelogs(self, request: Request) -> t.Any:
        body = request.get_json()
        found = [self.by_key(key) for key in body["issueIdsOrKeys"]]
        logs = [
            {
                "issueId": str(issue["id"]),
                "changeHistories": [
                    {"id": one["id"], "created": one["at"], "author": self.person(one["by"]), "items": one["items"]}
                    for one in issue["history"]
                    if any(item["fieldId"] in body["fieldIds"] for item in one["items"])
                ],
            }
            for issue in found
            if issue is not None
        ]
        return 200, {"issueChangeLogs": logs}

    @route("GET", "/rest/api/<version>/issue/<key>/comment")
    def comments(self, request: Request, version: str, key: str) -> t.Any:
        start, most = int(request.args["startAt"]), int(request.args["maxResults"])
        found = self.visible(key)["comments"]
        page = [self.comment_bean(one) for one in found[start : start + most]]
        return 200, {"startAt": start, "maxResults": most, "total": len(found), "comments": page}

    def comment_bean(self, comment: Body) -> Body:
        author = self.person(comment["by"])
        return {"id": comment["id"], "body": comment["body"], "author": author, "created": comment["at"]}

    @route("GET", "/rest/api/3/attachment/content/<id>")
    def content(self, request: Request, id: str) -> t.Any:
        if request.args.get("redirect") != "false":
            return 303, None, {"Location": f"https://api.media.atlassian.com/file/{id}/binary"}
        raise NotImplementedError

    def _answer(self, request: Request) -> t.Any:
        """Files are no JSON."""
        found = re.fullmatch(r"/rest/api/3/attachment/content/(\d+)|/secure/attachment/(\d+)/.*", request.path)
        if found and (found[2] or request.args.get("redirect") == "false") and not self.expired:
            self.authenticate(request)
            self.requests.append((request.method, request.full_path))
            return Response(self.files[found[1] or found[2]], content_type="image/png")
        return super()._answer(request)

    # writing at one

    @route("POST", "/rest/api/<version>/issue/<key>/comment")
    def add_comment(self, request: Request, version: str, key: str) -> t.Any:
        issue = self.visible(key)
        if "ADD_COMMENTS" in self.lacking:
            raise refused(400, comment="you do not have the permission to comment on this issue.")
        comment = self.said(issue, request.get_json()["body"], ROLLCALL)
        self.touched(issue)
        return 201, self.comment_bean(comment)

    @route("PUT", "/rest/api/<version>/issue/<key>/assignee")
    def assign(self, request: Request, version: str, key: str) -> t.Any:
        issue = self.visible(key)
        issue["assignee"] = self.named(request.get_json())
        self.touched(issue)
        return 204, None

    @route("PUT", "/rest/api/<version>/issue/<key>")
    def edit(self, request: Request, version: str, key: str) -> t.Any:
        issue, body = self.visible(key), request.get_json()
        if list(body) != ["update"] or list(body["update"]) != ["labels"]:
            raise refused(400, "Field cannot be set. It is not on the appropriate screen, or unknown.")
        issue["labels"] += [one["add"] for one in body["update"]["labels"]]
        self.touched(issue)
        return 204, None

    @route("GET", "/rest/api/<version>/issue/<key>/transitions")
    def transitions(self, request: Request, version: str, key: str) -> t.Any:
        self.visible(key)
        return 200, {"transitions": [self.transition(n, name) for n, name in enumerate(self.categories)]}

    def transition(self, number: int, name: str) -> Body:
        resolution = {
            "name": "Resolution",
            "required": True,
            "hasDefaultValue": False,
            "allowedValues": [{"name": one} for one in RESOLUTIONS],
        }
        fields = {"resolution": resolution} if name == self.last_status else {}
        return {"id": str(number + 11), "name": f"Go to {name}", "to": self.status(name), "fields": fields}

    @route("POST", "/rest/api/<version>/issue/<key>/transitions")
    def go(self, request: Request, version: str, key: str) -> t.Any:
        issue, body = self.visible(key), request.get_json()
        name = list(self.categories)[int(body["transition"]["id"]) - 11]
        resolution = body.get("fields", {}).get("resolution", {}).get("name", "")
        screen = self.transition(0, name)["fields"]
        if bool(resolution) != bool(screen) or (resolution and resolution not in RESOLUTIONS):
            raise refused(400, resolution="Field 'resolution' is required, or not on the appropriate screen.")
        self.set_status(issue, name, resolution, ROLLCALL)
        self.touched(issue)
        return 204, None


def _indexed(issue: Body) -> Body:
    return copy.deepcopy({name: issue[name] for name in ("labels", "project", "status", "kind", "summary", "creator")})


def _rendered(node: t.Any) -> str:
    if node["type"] == "text":
        return node["text"]
    if node["type"] == "hardBreak":
        return "\n"
    inside = "".join(map(_rendered, node.get("content", ())))
    return f"{inside}\n" if node["type"] == "paragraph" else inside


def _more_than_text(node: t.Any) -> list[str]:
    found = [] if node["type"] in NODES and not node.get("marks") else [str(node)]
    return [*found, *(what for one in node.get("content", ()) for what in _more_than_text(one))]


class JiraCase(DeskCase):
    word = "jira"
    tested = (
        "A stateful fake of Jira Cloud's REST interface, version 3, whose messages are held against our own "
        "description of it (specs/written/jira_issues.yml), both after developer.atlassian.com (2026)"
    )
    opens_with: t.ClassVar[tuple[str, str]] = ("POST", r"/rest/api/3/issue$")
    other_states: t.ClassVar[t.Mapping[str, tuple[str, ...]]] = {
        "open": ("To Do", "In Progress"),
        "done": ("Released",),
        "declined": ("Not needed",),
        "cancelled": ("Cannot Reproduce",),
    }
    other_place: t.ClassVar[t.Mapping[str, str]] = {"project": "HR"}
    nowhere = "OPS-999999"
    without: t.ClassVar[t.Mapping[str, str]] = {}

    def server(self) -> t.ContextManager[DeskServer]:
        return JiraFake().serving()

    def settings(self, port: int) -> DeskSettings:
        return DeskSettings(
            "jira",
            self.word,
            connection={"base_url": f"http://127.0.0.1:{port}", "email": ROLLCALL, "token": CANARY},
            place={"project": "OPS", "issue_type": "Task"},
            requests={"project": "ASK"},
            fields={"account_name": "Account name", "note": "customfield_10050"},
        )
