# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""GitLab's issues in memory, after https://docs.gitlab.com/api/issues/, .../api/notes/, .../api/users/,
.../api/project_markdown_uploads/ and, where a line says so, elsewhere.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import re
import types
import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.desks.contract import Attachment
from ansible_collections.rollcall.access.plugins.module_utils.model import DeskSettings
from ansible_collections.rollcall.access.tests.conformance import markdown_page
from ansible_collections.rollcall.access.tests.conformance.desk_case import DeskCase, Seen
from ansible_collections.rollcall.access.tests.conformance.fake import Answer, Fake, Request, route
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY

BOT, OWNER, OTHER, STRANGER, SHY = "rollcall_bot", "sales.ops", "jane", "octavia", "shy"
PEOPLE = {BOT: "", OWNER: "sales.ops@acme.example", OTHER: "jane.doe@acme.example", STRANGER: "o@else.example", SHY: ""}
HERE, THERE, ASKING = "acme/access", "acme/it/other.project", "acme/requests"
PROJECTS = {HERE: 41, THERE: 42, ASKING: 43}
WEB = "https://gitlab.acme.example"


@dataclasses.dataclass
class Note:
    id: int
    by: str
    body: str
    at: str
    system: bool = False


@dataclasses.dataclass
class Issue:
    id: int
    project: str
    iid: int
    title: str
    description: str
    by: str
    at: str
    updated: str
    labels: list[str] = dataclasses.field(default_factory=list)
    assignees: list[str] = dataclasses.field(default_factory=list)
    due: str | None = None
    confidential: bool = False
    state: str = "opened"
    closed_by: str = ""
    moved_to: int | None = None
    notes: list[Note] = dataclasses.field(default_factory=list)


def failed(status: int, message: str) -> Answer:
    return Answer(status, {"message": message})


class GitLabIssuesFake(Fake):
    specifications = ("gitlab",)
    port = 0
    owner, other_owner = PEOPLE[OWNER], PEOPLE[OTHER]

    def reset(self) -> None:
        self.problems.clear()
        self.issues: dict[tuple[str, int], Issue] = {}
        self.files: dict[tuple[str, str], bytes] = {}
        self.commands: list[tuple[str, str]] = []
        self.now = dt.datetime(2026, 3, 1, 8, 0, tzinfo=dt.timezone.utc)
        self.last_id = 500
        self.last_iid = dict.fromkeys(PROJECTS, 0)
        self.expired = self.blind = False
        self.writes, self.gives_files = True, True
        self.members = set(PEOPLE) - {SHY}

    def tick(self) -> str:
        self.now += dt.timedelta(milliseconds=250)
        return self.now.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def next_id(self) -> int:
        self.last_id += 1
        return self.last_id

    def add(self, project: str, title: str, description: str, by: str, **more: t.Any) -> Issue:
        self.last_iid[project] += 1
        at = self.tick()
        iid = self.last_iid[project]
        issue = Issue(self.next_id(), project, iid, title, description, by, at, at, **more)
        self.issues[project, iid] = issue
        self.carry_out(issue, description)
        return issue

    def note(self, issue: Issue, by: str, body: str, *, system: bool = False) -> Note:
        issue.updated = self.tick()
        issue.notes.append(Note(self.next_id(), by, body, issue.updated, system))
        if not system:
            self.carry_out(issue, body)
        return issue.notes[-1]

    def carry_out(self, issue: Issue, text: str) -> None:
        """https://docs.gitlab.com/user/project/quick_actions/: each on a line of its own. That it leaves out those in
        blocks of code depends on how it finds blocks, and is not relied on here."""
        for command in re.findall(r"^/[a-z_]+.*$", text, re.MULTILINE):
            self.commands.append((self.reference(issue), command))

    @staticmethod
    def reference(issue: Issue) -> str:
        return f"{issue.project}#{issue.iid}"

    # ---- what people do and see

    def by_reference(self, reference: str) -> Issue:
        project, _hash, iid = reference.partition("#")
        return self.issues[project, int(iid)]

    def login(self, address: str) -> str:
        return next(login for login, known in PEOPLE.items() if known == address)

    def tickets(self) -> list[Seen]:
        return [
            Seen(
                reference=self.reference(one),
                title=one.title,
                state=f"{one.state} {','.join(one.labels)}",
                assignee=PEOPLE[one.assignees[0]] or one.assignees[0] if one.assignees else "",
                place=one.project,
            )
            for one in self.issues.values()
        ]

    def texts(self, reference: str) -> list[str]:
        issue = self.by_reference(reference)
        return [issue.description, *(note.body for note in issue.notes if not note.system)]

    def shown(self, reference: str) -> str:
        return "\n".join(markdown_page.seen(text) for text in self.texts(reference))

    def reached(self, reference: str) -> list[str]:
        """https://docs.gitlab.com/user/markdown/#gitlab-specific-references; titles have them, too, and no code."""
        alive = [self.by_reference(reference).title, *map(markdown_page.alive, self.texts(reference))]
        found = re.findall(r"(?<!\w)(?:@[\w.-]+|[#!$&]\d+|GL-\d+|~\w+)|https?://\S+", "\n".join(alive))
        return [*found, *(command for at, command in self.commands if at == reference)]

    def fill(self, n: int) -> list[str]:
        return [self.reference(self.add(HERE, f"Bug {i}", "It does not work", STRANGER)) for i in range(n)]

    def people_open(self, title: str, text: str, by: str) -> str:
        return self.reference(self.add(HERE, title, text, self.login(by), labels=["rollcall"]))

    def people_reply(self, reference: str, text: str, by: str, attachment: Attachment | None = None) -> None:
        if attachment is not None:
            secret = hashlib.md5(attachment.content, usedforsecurity=False).hexdigest()
            stored = re.sub(r"[^\w.+-]", "_", attachment.name)
            self.files[secret, stored] = attachment.content
            text += f"\n\n![{attachment.name.rpartition('.')[0]}](/uploads/{secret}/{stored}){{width=600 height=85}}"
        self.note(self.by_reference(reference), self.login(by), text)

    def people_close(self, reference: str, meaning: str, by: str) -> None:
        issue = self.by_reference(reference)
        issue.state, issue.closed_by, issue.updated = "closed", self.login(by), self.tick()
        issue.labels += ["Declined"] if meaning == "declined" else []
        self.note(issue, self.login(by), "closed", system=True)

    def people_reopen(self, reference: str) -> None:
        issue = self.by_reference(reference)
        issue.state, issue.closed_by, issue.updated = "opened", "", self.tick()

    def people_delete(self, reference: str) -> None:
        issue = self.by_reference(reference)
        del self.issues[issue.project, issue.iid]

    def people_move(self, reference: str) -> None:
        """ "Moves an issue to a different project": a copy by the same author; the old one is closed."""
        old = self.by_reference(reference)
        new = self.add(THERE, old.title, old.description, old.by, assignees=list(old.assignees), notes=list(old.notes))
        old.state, old.moved_to, old.updated = "closed", new.id, self.tick()

    def people_ask(self, title: str, text: str, by: str) -> str:
        return self.reference(self.add(ASKING, title, text, self.login(by)))

    def revoke_credentials(self) -> None:
        self.expired = True

    def take_right(self) -> str:
        self.writes = False
        return "role Reporter"

    def take_sight(self) -> str:
        self.blind = True
        return "role Reporter"

    # ---- the interface

    def authenticate(self, request: Request) -> None:
        if self.expired or request.headers.get("Authorization") != f"Bearer {CANARY}":
            raise Answer(401, {"message": "401 Unauthorized"})
        if request.method != "GET" and not self.writes:
            raise Answer(403, {"message": "403 Forbidden"})

    def not_found(self, request: Request) -> tuple[int, t.Any]:
        return 404, {"error": "404 Not Found"}

    def project(self, id: str) -> str:
        """ "If a project is private and you are not a member, a GET request results in a 404 status code." """
        if self.blind or id not in PROJECTS:
            raise failed(404, "404 Project Not Found")
        return id

    def issue(self, id: str, iid: str) -> Issue:
        project = self.project(id)
        if not iid.isdigit() or (project, int(iid)) not in self.issues:
            raise failed(404, "404 Not found")
        return self.issues[project, int(iid)]

    def user(self, login: str, *, whole: bool = False) -> dict[str, t.Any]:
        id = 1 + list(PEOPLE).index(login)
        more = {"public_email": PEOPLE[login]} if whole else {}
        web = {"avatar_url": None, "web_url": f"{WEB}/{login}"}
        return {"id": id, "username": login, "name": login.title(), "state": "active", "locked": False, **web, **more}

    def shown_issue(self, one: Issue) -> dict[str, t.Any]:
        assignees = [self.user(login) for login in one.assignees]
        return {
            "id": one.id,
            "iid": one.iid,
            "project_id": PROJECTS[one.project],
            "title": one.title,
            "description": one.description,
            "state": one.state,
            "confidential": one.confidential,
            "author": self.user(one.by),
            "assignee": assignees[0] if assignees else None,
            "assignees": assignees,
            "closed_by": self.user(one.closed_by) if one.closed_by else None,
            "labels": sorted(one.labels),
            "moved_to_id": one.moved_to,
            "user_notes_count": sum(1 for note in one.notes if not note.system),
            "due_date": one.due,
            "web_url": f"{WEB}/{one.project}/-/issues/{one.iid}",
            "references": {"short": f"#{one.iid}", "relative": f"#{one.iid}", "full": self.reference(one)},
            "created_at": one.at,
            "updated_at": one.updated,
            "closed_at": one.updated if one.state == "closed" else None,
        }

    def shown_note(self, issue: Issue, one: Note) -> dict[str, t.Any]:
        more = {"noteable_id": issue.id, "noteable_iid": issue.iid, "noteable_type": "Issue"}
        times = {"created_at": one.at, "updated_at": one.at}
        author = self.user(one.by)
        return {"id": one.id, "body": one.body, "author": author, "system": one.system, **more, **times}

    def page(self, request: Request, entries: t.Sequence[t.Any]) -> tuple[int, t.Any, dict[str, str]]:
        """https://docs.gitlab.com/api/rest/#offset-based-pagination"""
        size, number = int(request.args.get("per_page", "20")), int(request.args.get("page", "1"))
        found = list(entries[size * (number - 1) : size * number])
        if size * number >= len(entries):
            return 200, found, {}
        more = "&".join(
            f"{name}={value}" for name, values in request.args.lists() for value in values if name != "page"
        )
        url = f"{request.host_url.rstrip('/')}{request.environ['REQUEST_URI'].partition('?')[0]}"
        return 200, found, {"Link": f'<{url}?{more}&page={number + 1}>; rel="next"'}

    def listed(self, request: Request, issues: t.Iterable[Issue]) -> tuple[int, t.Any, dict[str, str]]:
        arguments = request.args
        found = list(issues)
        if arguments.get("scope", "created_by_me") == "created_by_me":
            found = [one for one in found if one.by == BOT]
        if arguments.get("state", "all") != "all":
            found = [one for one in found if one.state == arguments["state"]]
        if "iids[]" in arguments:
            asked = {int(one) for one in arguments.getlist("iids[]")}
            found = [one for one in found if one.iid in asked]
        found.sort(key=lambda one: one.id, reverse=arguments.get("sort", "desc") == "desc")
        return self.page(request, [self.shown_issue(one) for one in found])

    @route("GET", "/api/v4/user")
    def read_us(self, request: Request) -> tuple[int, t.Any]:
        return 200, {**self.user(BOT, whole=True), "email": "bot@noreply.acme.example"}

    @route("GET", "/api/v4/users")
    def list_users(self, request: Request) -> tuple[int, t.Any]:
        """ "search: Search for users by name, username, or public email." """
        if "username" in request.args:
            wanted = request.args["username"].casefold()
            return 200, [self.user(login) for login in PEOPLE if login.casefold() == wanted]
        text = request.args["search"].casefold()
        found = [login for login, email in PEOPLE.items() if text in login or text in login.title() or text == email]
        return 200, [self.user(login) for login in [*found, STRANGER]]

    @route("GET", "/api/v4/users/<id>")
    def read_user(self, request: Request, id: str) -> tuple[int, t.Any]:
        return 200, self.user(list(PEOPLE)[int(id) - 1], whole=True)

    @route("GET", "/api/v4/projects/<id>")
    def read_project(self, request: Request, id: str) -> tuple[int, t.Any]:
        project = self.project(id)
        return 200, {"id": PROJECTS[project], "path_with_namespace": project, "name": project}

    @route("GET", "/api/v4/issues")
    def list_all(self, request: Request) -> tuple[int, t.Any, dict[str, str]]:
        return self.listed(request, [] if self.blind else self.issues.values())

    @route("GET", "/api/v4/projects/<id>/issues")
    def list_issues(self, request: Request, id: str) -> tuple[int, t.Any, dict[str, str]]:
        project = self.project(id)
        return self.listed(request, (one for one in self.issues.values() if one.project == project))

    @route("POST", "/api/v4/projects/<id>/issues")
    def create_issue(self, request: Request, id: str) -> tuple[int, t.Any]:
        project, body = self.project(id), request.get_json()
        issue = self.add(
            project,
            body["title"],
            body["description"],
            BOT,
            labels=[label for label in body.get("labels", "").split(",") if label],
            assignees=self.assigned(body.get("assignee_ids", [])),
            due=body.get("due_date"),
            confidential=body.get("confidential", False),
        )
        return 201, self.shown_issue(issue)

    def assigned(self, ids: t.Sequence[int]) -> list[str]:
        """Who is no member of the project cannot be assigned, and is left out."""
        logins = [list(PEOPLE)[id - 1] for id in ids]
        return [login for login in logins if login in self.members][:1]

    @route("PUT", "/api/v4/projects/<id>/issues/<iid>")
    def change_issue(self, request: Request, id: str, iid: str) -> tuple[int, t.Any]:
        issue, body = self.issue(id, iid), request.get_json()
        if "assignee_ids" in body:
            issue.assignees = self.assigned(body["assignee_ids"])
        names = {
            name: [one for one in body.get(name, "").split(",") if one] for name in ("add_labels", "remove_labels")
        }
        gone = {one.casefold() for one in names["remove_labels"]}
        issue.labels = [one for one in [*issue.labels, *names["add_labels"]] if one.casefold() not in gone]
        if "state_event" in body:
            issue.state = {"close": "closed", "reopen": "opened"}[body["state_event"]]
            issue.closed_by = BOT if issue.state == "closed" else ""
        issue.updated = self.tick()
        return 200, self.shown_issue(issue)

    @route("GET", "/api/v4/projects/<id>/issues/<iid>/notes")
    def list_notes(self, request: Request, id: str, iid: str) -> tuple[int, t.Any, dict[str, str]]:
        issue = self.issue(id, iid)
        notes = issue.notes if request.args.get("sort", "desc") == "asc" else issue.notes[::-1]
        return self.page(request, [self.shown_note(issue, one) for one in notes])

    @route("POST", "/api/v4/projects/<id>/issues/<iid>/notes")
    def create_note(self, request: Request, id: str, iid: str) -> tuple[int, t.Any]:
        issue = self.issue(id, iid)
        return 201, self.shown_note(issue, self.note(issue, BOT, request.get_json()["body"]))

    @route("GET", "/api/v4/projects/<id>/uploads/<secret>/<filename>")
    def read_upload(self, request: Request, id: str, secret: str, filename: str) -> tuple[int, t.Any]:
        self.project(id)
        if not self.gives_files or (secret, filename) not in self.files:
            raise failed(404, "404 Not found")
        return 200, self.files[secret, filename]


class GitLabIssuesCase(DeskCase):
    word = "gitlab_issues"
    tested = "A stateful fake after docs.gitlab.com, validated against a description of our own of REST v4"
    opens_with = ("POST", "/issues$")
    other_states: t.ClassVar = {
        "open": ("opened",),
        "done": ("closed:done",),
        "declined": ("closed:rollcall::declined",),
        "cancelled": ("closed",),
    }
    other_place: t.ClassVar = {"project": THERE}
    nowhere = f"{HERE}#999999"
    without: t.ClassVar = {
        "people_merge": "An issue is closed as a duplicate, and the interface does not say of which other one",
        "set_field": "Issues have labels, and no fields of one's own in every edition",
        "fields": "Issues have labels, and no fields of one's own in every edition",
    }

    def server(self) -> t.Any:
        return GitLabIssuesFake().serving()

    def settings(self, port: int) -> DeskSettings:
        connection = {"base_url": f"http://127.0.0.1:{port}/api/v4", "token": CANARY}
        return DeskSettings(
            "issues",
            "gitlab_issues",
            types.MappingProxyType(connection),
            types.MappingProxyType({"project": HERE}),
            types.MappingProxyType({"project": ASKING}),
        )
