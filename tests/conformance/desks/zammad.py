# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Zammad's tickets in memory, after https://docs.zammad.org/en/latest/api/ticket/index.html, .../articles.html,
.../links.html and .../intro.html. What they leave open is in Zammad's own code, https://github.com/zammad/zammad:
app/controllers/tickets_controller.rb, app/models/ticket.rb (owners, merging), app/models/concerns/can_search.rb (a
condition is looked for in the database), app/models/application_model/can_associations.rb (people by login or address).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import html
import types
import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.desks.contract import Attachment
from ansible_collections.rollcall.access.plugins.module_utils.model import DeskSettings
from ansible_collections.rollcall.access.tests.conformance.desk_case import DeskCase, Seen
from ansible_collections.rollcall.access.tests.conformance.fake import Answer, Fake, Request, route
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY

NOBODY, BOT, OWNER, OTHER, CUSTOMER = 1, 3, 4, 5, 6
LOGINS = {NOBODY: "-", BOT: "rollcall", OWNER: "sales.ops", OTHER: "jane.doe@acme.example", CUSTOMER: "c@else.example"}
EMAILS = {BOT: "rollcall@acme.example", OWNER: "sales.ops@acme.example", OTHER: "jane.doe@acme.example"}
GROUPS = {1: "Access", 2: "Other::Group", 3: "Requests"}
STATES = ("new", "open", "pending reminder", "closed", "merged", "removed", "pending close", "declined", "rejected")
STANDARD_FIELDS = frozenset({"account_name", "reason_of_refusal"})


@dataclasses.dataclass
class Article:
    id: int
    body: str
    by: int
    at: str
    content_type: str = "text/plain"
    internal: bool = False
    sender: str = "Agent"
    files: dict[int, Attachment] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Ticket:
    id: int
    title: str
    group: str
    by: int
    at: str
    updated: str
    updated_by: int
    customer: int = CUSTOMER
    owner: int = NOBODY
    state: str = "new"
    tags: tuple[str, ...] = ()
    preferences: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    fields: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    articles: list[Article] = dataclasses.field(default_factory=list)


def failed(status: int, message: str) -> Answer:
    return Answer(status, {"error": message, "error_human": message})


class ZammadFake(Fake):
    specifications = ("zammad",)
    port = 0
    owner, other_owner = EMAILS[OWNER], EMAILS[OTHER]

    def reset(self) -> None:
        self.problems.clear()
        self._tickets: dict[int, Ticket] = {}
        self.links: list[tuple[int, int]] = []  # (parent, child)
        self.now = dt.datetime(2026, 3, 1, 8, 0, tzinfo=dt.timezone.utc)
        self.last_id = 100
        self.expired = self.blind = False
        self.writes = True
        self.states = list(STATES)
        self.owners = {OWNER, OTHER}  # who have access to the group, and may own its tickets

    def tick(self) -> str:
        self.now += dt.timedelta(milliseconds=125)
        return self.now.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def next_id(self) -> int:
        self.last_id += 1
        return self.last_id

    def add(self, title: str, group: str, by: int, **more: t.Any) -> Ticket:
        at = self.tick()
        ticket = Ticket(self.next_id(), title, group, by, at, at, by, **more)
        self._tickets[ticket.id] = ticket
        return ticket

    def write(self, ticket: Ticket, by: int, body: str, **more: t.Any) -> Article:
        ticket.updated = self.tick()
        ticket.articles.append(Article(self.next_id(), body, by, ticket.updated, **more))
        return ticket.articles[-1]

    def type_in(self, ticket: Ticket, by: int, text: str) -> Article:
        """What people type in the browser is stored as HTML."""
        body = "".join(f"<div>{html.escape(line, quote=False) or '<br>'}</div>" for line in text.split("\n"))
        sender = "Agent" if by in EMAILS else "Customer"
        return self.write(ticket, by, body, content_type="text/html", sender=sender)

    # ---- what people do and see

    def by_reference(self, reference: str) -> Ticket:
        return self._tickets[int(reference)]

    def id_of(self, address: str) -> int:
        return next(id for id, known in EMAILS.items() if known == address)

    def tickets(self) -> list[Seen]:
        return [
            Seen(
                reference=str(one.id),
                title=one.title,
                state=one.state,
                assignee=EMAILS.get(one.owner, ""),
                place=one.group,
            )
            for one in self._tickets.values()
        ]

    def shown(self, reference: str) -> str:
        """Plain text is shown as it is; of HTML the test writes none itself."""
        return "\n".join(one.body for one in self.by_reference(reference).articles if one.content_type == "text/plain")

    def reached(self, reference: str) -> list[str]:
        """People are mentioned in HTML alone."""
        return [one.body for one in self.by_reference(reference).articles if "data-mention-user-id" in one.body]

    def fill(self, n: int) -> list[str]:
        return [str(self.add(f"Printer {i}", "Access", CUSTOMER).id) for i in range(n)]

    def people_open(self, title: str, text: str, by: str) -> str:
        ticket = self.add(title, "Access", self.id_of(by), tags=("rollcall",))
        self.type_in(ticket, self.id_of(by), text)
        return str(ticket.id)

    def people_reply(self, reference: str, text: str, by: str, attachment: Attachment | None = None) -> None:
        article = self.type_in(self.by_reference(reference), self.id_of(by), text)
        if attachment is not None:
            article.files[self.next_id()] = attachment

    def people_close(self, reference: str, meaning: str, by: str) -> None:
        self.change(self.by_reference(reference), {"done": "closed", "declined": "declined"}[meaning], self.id_of(by))

    def people_reopen(self, reference: str) -> None:
        self.change(self.by_reference(reference), "open", OWNER)

    def change(self, ticket: Ticket, state: str, by: int) -> None:
        ticket.state, ticket.updated_by, ticket.updated = state, by, self.tick()

    def people_delete(self, reference: str) -> None:
        del self._tickets[int(reference)]

    def people_merge(self, reference: str, into: str) -> None:
        """ticket.rb, merge_to: articles and links go over, a note stays, the two are linked, the owner is nobody."""
        old, new = self.by_reference(reference), self.by_reference(into)
        new.articles = sorted([*new.articles, *old.articles], key=lambda one: one.id)
        new.updated, old.articles, old.owner = self.tick(), [], NOBODY
        self.write(old, OWNER, "merged")
        self.links.append((new.id, old.id))
        self.change(old, "merged", OWNER)

    def people_move(self, reference: str) -> None:
        ticket = self.by_reference(reference)
        ticket.group, ticket.updated = GROUPS[2], self.tick()

    def people_ask(self, title: str, text: str, by: str) -> str:
        ticket = self.add(title, "Requests", self.id_of(by), customer=self.id_of(by))
        self.type_in(ticket, self.id_of(by), text)
        return str(ticket.id)

    def set_field(self, reference: str, field: str, value: str) -> None:
        ticket = self.by_reference(reference)
        ticket.fields[field], ticket.updated = value, self.tick()

    def revoke_credentials(self) -> None:
        self.expired = True

    def take_right(self) -> str:
        self.writes = False
        return "ticket.agent"

    def take_sight(self) -> str:
        self.blind = True
        return "ticket.agent"

    # ---- the interface

    def authenticate(self, request: Request) -> None:
        if self.expired or request.headers.get("Authorization") != f"Token token={CANARY}":
            raise failed(401, "Invalid token!")
        if request.method != "GET" and not self.writes and not request.path.endswith("/search"):
            raise failed(403, "Not authorized")

    def ticket(self, id: t.Any) -> Ticket:
        if not str(id).isdigit() or int(id) not in self._tickets:
            raise failed(404, f"Couldn't find Ticket with 'id'={id}")
        if self.blind:
            raise failed(403, "Not authorized")
        return self._tickets[int(id)]

    def shown_ticket(self, one: Ticket) -> dict[str, t.Any]:
        names = {"owner": one.owner, "customer": one.customer, "created_by": one.by, "updated_by": one.updated_by}
        people = {name: LOGINS[id] for name, id in names.items()}
        ids = {f"{name}_id": id for name, id in names.items()}
        return {
            "id": one.id,
            "number": str(22000 + one.id),
            "title": one.title,
            "group_id": next(id for id, name in GROUPS.items() if name == one.group),
            "group": one.group,
            "state_id": 1 + self.states.index(one.state),
            "state": one.state,
            "article_count": len(one.articles),
            "preferences": one.preferences,
            "created_at": one.at,
            "updated_at": one.updated,
            **people,
            **ids,
            **dict.fromkeys(STANDARD_FIELDS),
            **one.fields,
        }

    def shown_article(self, ticket: Ticket, one: Article) -> dict[str, t.Any]:
        files = [
            {"id": id, "filename": file.name, "size": str(len(file.content)), "preferences": {}}
            for id, file in one.files.items()
        ]
        more = {"type": "note", "preferences": {}, "created_by_id": one.by, "created_by": LOGINS[one.by]}
        return {
            "id": one.id,
            "ticket_id": ticket.id,
            "body": one.body,
            "content_type": one.content_type,
            "sender": one.sender,
            "internal": one.internal,
            "created_at": one.at,
            "updated_at": one.at,
            "attachments": files,
            **more,
        }

    def user(self, id: int) -> dict[str, t.Any]:
        return {"id": id, "login": LOGINS[id], "email": EMAILS.get(id, ""), "active": id != NOBODY}

    @route("GET", "/api/v1/users/me")
    def read_us(self, request: Request) -> tuple[int, t.Any]:
        groups = {} if self.blind else {name: ["full"] for name in GROUPS.values()}
        return 200, {**self.user(BOT), "groups": groups}

    @route("GET", "/api/v1/users/<id>")
    def read_user(self, request: Request, id: str) -> tuple[int, t.Any]:
        if not id.isdigit() or int(id) not in LOGINS:
            raise failed(404, f"Couldn't find User with 'id'={id}")
        return 200, self.user(int(id))

    @route("GET", "/api/v1/ticket_states")
    def list_states(self, request: Request) -> tuple[int, t.Any]:
        return 200, [
            {"id": id, "name": name, "state_type_id": id, "active": True} for id, name in enumerate(self.states, 1)
        ]

    @route("POST", "/api/v1/tickets/search")
    def search(self, request: Request) -> tuple[int, t.Any]:
        """Without a query the search is one in the database; what may not be seen is left out."""
        found = [] if self.blind else sorted(self._tickets.values(), key=lambda one: one.id)
        for name, wanted in request.get_json()["condition"].items():
            values = set(wanted["value"])
            if name == "ticket.tags":
                tags = {one.strip() for one in wanted["value"].split(",")}
                found = [one for one in found if tags & set(one.tags)]
            elif name == "ticket.id":
                found = [one for one in found if str(one.id) in values]
            elif name == "ticket.state_id":
                found = [one for one in found if str(1 + self.states.index(one.state)) in values]
            else:
                self.problems.append(f"the fake knows no condition {name}")
        size, page = min(int(request.args.get("per_page", "50")), 200), int(request.args.get("page", "1"))
        return 200, [self.shown_ticket(one) for one in found[size * (page - 1) : size * page]]

    def named(self, what: str, value: str) -> int:
        """People are looked up by login, then by address."""
        for known in (LOGINS, EMAILS):
            for id, name in known.items():
                if name == value:
                    return id
        raise failed(422, f"No lookup value found for '{what}': \"{value}\"")

    def apply(self, ticket: Ticket, body: t.Mapping[str, t.Any]) -> None:
        if "state" in body:
            if body["state"] not in self.states:
                raise failed(422, f"No lookup value found for 'state': \"{body['state']}\"")
            ticket.state = body["state"]
        if "owner" in body:
            # ticket.rb, check_owner_active: who has no access to the group does not own it, without a word
            owner = self.named("owner", body["owner"])
            ticket.owner = owner if owner in self.owners else NOBODY
        if "article" in body:
            self.written(ticket, body["article"])
        ticket.updated_by, ticket.updated = BOT, self.tick()

    def written(self, ticket: Ticket, article: t.Mapping[str, t.Any]) -> Article:
        return self.write(
            ticket,
            BOT,
            article["body"],
            content_type=article.get("content_type", "text/plain"),
            internal=article.get("internal", False),
        )

    @route("POST", "/api/v1/tickets")
    def create_ticket(self, request: Request) -> tuple[int, t.Any]:
        body = request.get_json()
        if body["group"] not in GROUPS.values():
            raise failed(422, f"No lookup value found for 'group': \"{body['group']}\"")
        if "owner" in body:
            self.named("owner", body["owner"])
        tags = tuple(tag for tag in body.get("tags", "").split(",") if tag)
        more = {"customer": body["customer_id"], "tags": tags, "preferences": body.get("preferences", {})}
        ticket = self.add(body["title"], body["group"], BOT, **more)
        self.apply(ticket, body)
        return 201, self.shown_ticket(ticket)

    @route("GET", "/api/v1/tickets/<id>")
    def read_ticket(self, request: Request, id: str) -> tuple[int, t.Any]:
        return 200, self.shown_ticket(self.ticket(id))

    @route("PUT", "/api/v1/tickets/<id>")
    def change_ticket(self, request: Request, id: str) -> tuple[int, t.Any]:
        ticket = self.ticket(id)
        self.apply(ticket, request.get_json())
        return 200, self.shown_ticket(ticket)

    @route("GET", "/api/v1/ticket_articles/by_ticket/<id>")
    def list_articles(self, request: Request, id: str) -> tuple[int, t.Any]:
        ticket = self.ticket(id)
        return 200, [self.shown_article(ticket, one) for one in ticket.articles]

    @route("POST", "/api/v1/ticket_articles")
    def create_article(self, request: Request) -> tuple[int, t.Any]:
        body = request.get_json()
        ticket = self.ticket(body["ticket_id"])
        return 201, self.shown_article(ticket, self.written(ticket, body))

    @route("GET", "/api/v1/ticket_attachment/<ticket>/<article>/<id>")
    def read_attachment(self, request: Request, ticket: str, article: str, id: str) -> tuple[int, t.Any]:
        found = next((one for one in self.ticket(ticket).articles if str(one.id) == article), None)
        if found is None or int(id) not in found.files:
            raise failed(403, "The file does not belong to the specified article.")
        return 200, found.files[int(id)].content

    @route("GET", "/api/v1/links")
    def list_links(self, request: Request) -> tuple[int, t.Any]:
        """link.rb: seen from the other side, a parent is a child."""
        id = int(request.args["link_object_value"])
        found = [("parent", parent) for parent, child in self.links if child == id]
        found += [("child", child) for parent, child in self.links if parent == id]
        links = [{"link_type": kind, "link_object": "Ticket", "link_object_value": other} for kind, other in found]
        return 200, {"links": links, "assets": {}}


class ZammadCase(DeskCase):
    word = "zammad"
    tested = "A stateful fake after docs.zammad.org and Zammad's own code, validated against a description of our own"
    opens_with = ("POST", "/tickets[?]")
    other_states: t.ClassVar = {
        "open": ("open",),
        "done": ("pending close",),
        "declined": ("rejected",),
        "cancelled": ("removed",),
    }
    other_place: t.ClassVar = {"group": GROUPS[2]}

    def server(self) -> t.Any:
        return ZammadFake().serving()

    def settings(self, port: int) -> DeskSettings:
        return DeskSettings(
            "help",
            "zammad",
            types.MappingProxyType({"base_url": f"http://127.0.0.1:{port}", "token": CANARY}),
            types.MappingProxyType({"group": "Access"}),
            types.MappingProxyType({"group": "Requests"}),
            fields=types.MappingProxyType({"account_name": "account_name", "reason": "reason_of_refusal"}),
        )
