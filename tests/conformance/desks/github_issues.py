# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""GitHub's issues in memory. Answers have the form of GitHub's own specification; what it does is told in the text of
https://docs.github.com/en/rest/issues/issues, .../comments, .../assignees, and, where a line says so, elsewhere.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import types
import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.model import DeskSettings
from ansible_collections.rollcall.access.tests.conformance import markdown_page
from ansible_collections.rollcall.access.tests.conformance.desk_case import DeskCase, Seen
from ansible_collections.rollcall.access.tests.conformance.fake import Answer, Fake, Request, route
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY

BOT, OWNER, OTHER, STRANGER = "acme-rollcall", "sales-ops", "jane-acme", "octocat"
ADDRESSES = {OWNER: "sales.ops@acme.example", OTHER: "jane.doe@acme.example"}
HERE, THERE, ASKING = "acme/access", "acme/other.repo", "acme/requests"
API, WEB = "https://api.github.com", "https://github.com"
_USER_LINKS = (
    "avatar_url", "events_url", "followers_url", "following_url", "gists_url", "html_url", "organizations_url",
    "received_events_url", "repos_url", "starred_url", "subscriptions_url", "url",
)  # fmt: skip


@dataclasses.dataclass
class Comment:
    id: int
    by: str
    body: str
    at: str


@dataclasses.dataclass
class Issue:
    id: int
    repository: str
    number: int
    title: str
    body: str
    by: str
    at: str
    updated: str
    labels: list[str]
    assignees: list[str]
    state: str = "open"
    reason: str | None = None
    closed_by: str = ""
    comments: list[Comment] = dataclasses.field(default_factory=list)
    pull_request: bool = False


def failed(status: int, message: str) -> Answer:
    return Answer(status, {"message": message, "documentation_url": "https://docs.github.com/rest"})


class GitHubIssuesFake(Fake):
    specifications = ("github",)
    port = 0
    owner, other_owner = ADDRESSES[OWNER], ADDRESSES[OTHER]

    def reset(self) -> None:
        self.problems.clear()
        self.issues: dict[tuple[str, int], Issue] = {}
        self.moved: dict[tuple[str, int], tuple[str, int]] = {}
        self.deleted: set[tuple[str, int]] = set()
        self.now = dt.datetime(2026, 3, 1, 8, 0, tzinfo=dt.timezone.utc)
        self.last_id = 2_000_000_000
        self.expired = self.blind = self.pushes = False
        self.writes, self.pushes = True, True
        self.secondary_limit = ""

    def tick(self) -> str:
        self.now += dt.timedelta(seconds=1)
        return self.now.strftime("%Y-%m-%dT%H:%M:%SZ")

    def next_id(self) -> int:
        self.last_id += 1
        return self.last_id

    def add(self, repository: str, title: str, body: str, by: str, **more: t.Any) -> Issue:
        number = 1 + sum(1 for place, _number in (*self.issues, *self.deleted, *self.moved) if place == repository)
        at = self.tick()
        plain: dict[str, t.Any] = {"labels": [], "assignees": []}
        issue = Issue(self.next_id(), repository, number, title, body, by, at, at, **{**plain, **more})
        self.issues[repository, number] = issue
        return issue

    # ---- what people do and see

    def by_reference(self, reference: str) -> Issue:
        repository, _hash, number = reference.partition("#")
        return self.issues[self.moved.get((repository, int(number)), (repository, int(number)))]

    def login(self, address: str) -> str:
        return next(login for login, known in ADDRESSES.items() if known == address)

    def tickets(self) -> list[Seen]:
        return [
            Seen(
                reference=f"{one.repository}#{one.number}",
                title=one.title,
                state=one.reason or one.state,
                assignee=ADDRESSES.get(one.assignees[0], one.assignees[0]) if one.assignees else "",
                place=one.repository,
            )
            for one in self.issues.values()
        ]

    def shown(self, reference: str) -> str:
        issue = self.by_reference(reference)
        return "\n".join(markdown_page.seen(body) for body in (issue.body, *(one.body for one in issue.comments)))

    def reached(self, reference: str) -> list[str]:
        """Mentions and references, which are looked for outside of code and links.

        https://docs.github.com/en/get-started/writing-on-github/working-with-advanced-formatting/autolinked-references-and-urls
        """
        issue = self.by_reference(reference)
        text = "\n".join(markdown_page.alive(body) for body in (issue.body, *(one.body for one in issue.comments)))
        return re.findall(r"(?<!\w)@[A-Za-z0-9][\w/-]*|(?<!\w)#\d+|\bGH-\d+|https?://\S+", text)

    def fill(self, n: int) -> list[str]:
        return [f"{HERE}#{self.add(HERE, f'Bug {i}', 'It does not work', STRANGER).number}" for i in range(n)]

    def people_open(self, title: str, text: str, by: str) -> str:
        return f"{HERE}#{self.add(HERE, title, text, self.login(by), labels=['rollcall']).number}"

    def people_reply(self, reference: str, text: str, by: str, attachment: None = None) -> None:
        issue = self.by_reference(reference)
        issue.updated = self.tick()
        issue.comments.append(Comment(self.next_id(), self.login(by), text, issue.updated))

    def people_close(self, reference: str, meaning: str, by: str) -> None:
        issue = self.by_reference(reference)
        issue.state, issue.reason = "closed", {"done": "completed", "declined": "not_planned"}[meaning]
        issue.closed_by, issue.updated = self.login(by), self.tick()

    def people_reopen(self, reference: str) -> None:
        issue = self.by_reference(reference)
        issue.state, issue.reason, issue.closed_by, issue.updated = "open", "reopened", "", self.tick()

    def people_delete(self, reference: str) -> None:
        issue = self.by_reference(reference)
        del self.issues[issue.repository, issue.number]
        self.deleted.add((issue.repository, issue.number))

    def people_move(self, reference: str) -> None:
        """https://docs.github.com/en/issues/tracking-your-work-with-issues/administering-issues/transferring-an-issue-to-another-repository"""
        old = self.by_reference(reference)
        new = self.add(THERE, old.title, old.body, old.by, assignees=old.assignees, comments=old.comments)
        del self.issues[old.repository, old.number]
        self.moved[old.repository, old.number] = (THERE, new.number)

    def people_ask(self, title: str, text: str, by: str) -> str:
        return f"{ASKING}#{self.add(ASKING, title, text, self.login(by)).number}"

    def revoke_credentials(self) -> None:
        self.expired = True

    def take_right(self) -> str:
        self.writes = False
        return "Issues: read and write"

    def take_sight(self) -> str:
        self.blind = True
        return "Issues: read and write"

    # ---- the interface

    def authenticate(self, request: Request) -> None:
        if self.expired or request.headers.get("Authorization") != f"Bearer {CANARY}":
            raise Answer(401, {"message": "Bad credentials", "documentation_url": "https://docs.github.com/rest"})
        if request.method != "GET" and self.secondary_limit:
            raise failed(403, self.secondary_limit)
        if request.method != "GET" and not self.writes:
            # https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api#resource-not-accessible
            raise failed(403, "Resource not accessible by personal access token")

    def not_found(self, request: Request) -> tuple[int, t.Any]:
        return 404, {"message": "Not Found", "documentation_url": "https://docs.github.com/rest"}

    def repository(self, owner: str, repo: str) -> str:
        """ "404 Not Found" in place of "403 Forbidden", not to say that a private repository exists."""
        if self.blind or f"{owner}/{repo}" not in (HERE, THERE, ASKING):
            raise failed(404, "Not Found")
        return f"{owner}/{repo}"

    def issue(self, request: Request, owner: str, repo: str, number: str) -> Issue:
        """A transferred issue: 301. A deleted one: 410, for who may read the repository."""
        place = (self.repository(owner, repo), int(number) if number.isdigit() else 0)
        if place in self.moved:
            repository, new = self.moved[place]
            location = f"{request.host_url}repositories/{abs(hash(repository))}/issues/{new}"
            raise Answer(301, {"message": "Moved Permanently", "url": location}, {"Location": location})
        if place in self.deleted:
            raise failed(410, "This issue was deleted")
        if place not in self.issues:
            raise failed(404, "Not Found")
        return self.issues[place]

    def user(self, login: str) -> dict[str, t.Any]:
        number = 1 + (BOT, OWNER, OTHER, STRANGER).index(login)
        links = dict.fromkeys(_USER_LINKS, f"{API}/users/{login}")
        more = {"node_id": f"U_{number}", "gravatar_id": "", "type": "User", "site_admin": False}
        return {"login": login, "id": number, **more, **links}

    def shown_issue(self, one: Issue) -> dict[str, t.Any]:
        url = f"{API}/repos/{one.repository}/issues/{one.number}"
        links = {f"{name}_url": f"{url}/{name}" for name in ("comments", "events")}
        more: dict[str, t.Any] = {"labels_url": url + "/labels{/name}", "milestone": None, "locked": False}
        if one.pull_request:
            more["pull_request"] = dict.fromkeys(("url", "html_url", "diff_url", "patch_url"), url)
        assignees = [self.user(login) for login in one.assignees]
        return {
            "id": one.id,
            "node_id": f"I_{one.id}",
            "url": url,
            "repository_url": f"{API}/repos/{one.repository}",
            "html_url": f"{WEB}/{one.repository}/issues/{one.number}",
            "number": one.number,
            "title": one.title,
            "body": one.body,
            "user": self.user(one.by),
            "labels": [{"id": 1, "node_id": "L_1", "name": name, "color": "ededed"} for name in one.labels],
            "state": one.state,
            "state_reason": one.reason,
            "assignee": assignees[0] if assignees else None,
            "assignees": assignees,
            "comments": len(one.comments),
            "created_at": one.at,
            "updated_at": one.updated,
            "closed_at": one.updated if one.state == "closed" else None,
            "closed_by": self.user(one.closed_by) if one.closed_by else None,
            **links,
            **more,
        }

    def shown_comment(self, issue: Issue, one: Comment) -> dict[str, t.Any]:
        url = f"{API}/repos/{issue.repository}/issues"
        return {
            "id": one.id,
            "node_id": f"IC_{one.id}",
            "url": f"{url}/comments/{one.id}",
            "html_url": f"{WEB}/{issue.repository}/issues/{issue.number}#issuecomment-{one.id}",
            "issue_url": f"{url}/{issue.number}",
            "body": one.body,
            "user": self.user(one.by),
            "created_at": one.at,
            "updated_at": one.at,
            "author_association": "MEMBER",
        }

    def page(self, request: Request, entries: t.Sequence[t.Any]) -> tuple[int, t.Any, dict[str, str]]:
        """https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api"""
        size, number = int(request.args.get("per_page", "30")), int(request.args.get("page", "1"))
        found = list(entries[size * (number - 1) : size * number])
        if size * number >= len(entries):
            return 200, found, {}
        more = "&".join(f"{name}={value}" for name, value in request.args.items() if name != "page")
        return 200, found, {"Link": f'<{request.base_url}?{more}&page={number + 1}>; rel="next"'}

    @route("GET", "/user")
    def read_user(self, request: Request) -> tuple[int, t.Any]:
        empty = dict.fromkeys(("name", "company", "blog", "location", "email", "hireable", "bio"))
        numbers = dict.fromkeys(("public_repos", "public_gists", "followers", "following"), 0)
        times = {"created_at": "2026-01-05T08:00:00Z", "updated_at": "2026-01-05T08:00:00Z"}
        return 200, {**self.user(BOT), **empty, **numbers, **times}

    @route("GET", "/repos/<owner>/<repo>/issues")
    def list_issues(self, request: Request, owner: str, repo: str) -> tuple[int, t.Any, dict[str, str]]:
        repository, arguments = self.repository(owner, repo), request.args
        found = [one for one in self.issues.values() if one.repository == repository]
        if arguments.get("state", "open") != "all":
            found = [one for one in found if one.state == arguments.get("state", "open")]
        if "creator" in arguments:
            found = [one for one in found if one.by == arguments["creator"]]
        found.sort(key=lambda one: one.number, reverse=arguments.get("direction", "desc") == "desc")
        # "closed_by" is in the example of one issue, and in no example of a list
        return self.page(request, [{**self.shown_issue(one), "closed_by": None} for one in found])

    @route("POST", "/repos/<owner>/<repo>/issues")
    def create_issue(self, request: Request, owner: str, repo: str) -> tuple[int, t.Any]:
        repository, body = self.repository(owner, repo), request.get_json()
        self.check_lengths(body["title"], body["body"])
        labels, assignees = body.get("labels", []), body.get("assignees", [])
        if not self.pushes:
            labels, assignees = [], []  # "silently dropped otherwise"
        self.check_assignees(assignees)
        issue = self.add(repository, body["title"], body["body"], BOT, labels=labels, assignees=assignees)
        return 201, self.shown_issue(issue)

    def check_lengths(self, title: str, body: str) -> None:
        """Both limits are told in its refusals only: https://github.com/googleapis/release-please/issues/1034 and
        https://github.com/dead-claudia/github-limits"""
        if len(title) > 256 or len(body) > 65_536:
            raise failed(422, "Validation Failed: is too long")

    def check_assignees(self, assignees: t.Sequence[str]) -> None:
        """ "422: Validation failed" for who may not be assigned."""
        if set(assignees) - {OWNER, OTHER, BOT}:
            raise failed(422, "Validation Failed: assignees is invalid")

    @route("GET", "/repos/<owner>/<repo>/issues/<number>")
    def read_issue(self, request: Request, owner: str, repo: str, number: str) -> tuple[int, t.Any]:
        return 200, self.shown_issue(self.issue(request, owner, repo, number))

    @route("GET", "/repositories/<id>/issues/<number>", specified=False)
    def read_moved(self, request: Request, id: str, number: str) -> tuple[int, t.Any]:
        found = [one for one in self.issues.values() if str(abs(hash(one.repository))) == id]
        return next((200, self.shown_issue(one)) for one in found if one.number == int(number))

    @route("PATCH", "/repos/<owner>/<repo>/issues/<number>")
    def change_issue(self, request: Request, owner: str, repo: str, number: str) -> tuple[int, t.Any]:
        issue, body = self.issue(request, owner, repo, number), request.get_json()
        if "assignees" in body and self.pushes:
            self.check_assignees(body["assignees"])
            issue.assignees = body["assignees"]
        if body.get("state", issue.state) != issue.state:  # "state_reason: ignored unless state is changed"
            issue.state = body["state"]
            usual = "completed" if issue.state == "closed" else "reopened"
            issue.reason = body.get("state_reason", usual)
            issue.closed_by = BOT if issue.state == "closed" else ""
        issue.updated = self.tick()
        return 200, self.shown_issue(issue)

    @route("GET", "/repos/<owner>/<repo>/issues/<number>/comments")
    def list_comments(self, request: Request, owner: str, repo: str, number: str) -> tuple[int, t.Any, dict[str, str]]:
        """ "Issue comments are ordered by ascending ID." """
        issue = self.issue(request, owner, repo, number)
        return self.page(request, [self.shown_comment(issue, one) for one in issue.comments])

    @route("POST", "/repos/<owner>/<repo>/issues/<number>/comments")
    def create_comment(self, request: Request, owner: str, repo: str, number: str) -> tuple[int, t.Any]:
        issue = self.issue(request, owner, repo, number)
        self.check_lengths("", request.get_json()["body"])
        issue.updated = self.tick()
        comment = Comment(self.next_id(), BOT, request.get_json()["body"], issue.updated)
        issue.comments.append(comment)
        return 201, self.shown_comment(issue, comment)

    @route("GET", "/repos/<owner>/<repo>/assignees/<assignee>")
    def may_be_assigned(self, request: Request, owner: str, repo: str, assignee: str) -> tuple[int, t.Any]:
        self.repository(owner, repo)
        if assignee not in (OWNER, OTHER, BOT):
            raise failed(404, "Not Found")
        return 204, None


class GitHubIssuesCase(DeskCase):
    word = "github_issues"
    tested = "A stateful fake, validated against GitHub's own OpenAPI file (npm @octokit/openapi 23.0.2, MIT)"
    opens_with = ("POST", "/issues$")
    other_states: t.ClassVar = {
        "open": ("open",),
        "done": ("completed",),
        "declined": ("duplicate",),
        "cancelled": ("not_planned",),
    }
    other_place: t.ClassVar = {"repository": THERE}
    nowhere = f"{HERE}#999999"
    without: t.ClassVar = {
        "people_merge": "Issues are marked as duplicates, and the interface does not say of which other one",
        "set_field": "Fields of issues are those of a project or an organization, which are not read here",
        "fields": "Fields of issues are those of a project or an organization, which are not read here",
        "attachments": "Files at issues are links, which GitHub answers to people in a browser only",
    }

    def server(self) -> t.Any:
        return GitHubIssuesFake().serving()

    def settings(self, port: int) -> DeskSettings:
        people = {address: login for login, address in ADDRESSES.items()}
        return DeskSettings(
            "issues",
            "github_issues",
            types.MappingProxyType({"base_url": f"http://127.0.0.1:{port}", "token": CANARY, "people": people}),
            types.MappingProxyType({"repository": HERE}),
            types.MappingProxyType({"repository": ASKING}),
        )
