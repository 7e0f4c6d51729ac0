# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The people of every fake HR system, in no vendor's words, and the base of the fakes."""

from __future__ import annotations

import base64
import dataclasses
import typing as t
import urllib.parse

from ansible_collections.rollcall.access.tests.conformance.fake import Answer, Fake, Request
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY

#: What a template, a filter or a shell might take for its own. (A name with "{{" in it is refused, by every source.)
ODD_TITLE = """{{ 7 * 7 }} "Head" of \\ O'Neill's * %_ & <b> 東京"""


@dataclasses.dataclass(frozen=True)
class Worker:
    """``status``: active, leave, future (has not started) or terminated."""

    id: str
    given: str
    family: str
    title: str = "Engineer"
    department: str = "Research & Development"
    location: str = "Zürich"
    manager: str = ""
    start: str = "2020-02-03"
    end: str = ""
    status: str = "active"
    contractor: bool = False

    @property
    def email(self) -> str:
        return f"w{self.id}@acme.example"


STAFF = (
    Worker("101", "Zoë", "O'Brien-Łukasz", title=ODD_TITLE, start="2015-01-05"),
    Worker("102", "Ann", "Lee", manager="101"),
    Worker("103", "Future", "Hire", manager="102", start="2099-01-04", status="future"),
    Worker("104", "Gone", "Leaver", manager="102", end="2024-05-31", status="terminated"),
    Worker("105", "Leaving", "Later", manager="101", end="2098-12-31"),
    Worker("106", "Con", "Tractor", manager="105", contractor=True, department="Sales - Enterprise"),
    Worker("107", 'Ro"b', "Ray", manager="101", location="東京", status="leave"),
)


class HrFake(Fake):
    """``hidden``: what the credential may not see, in the vendor's words. ``refused``: it may see nothing at all."""

    def __init__(self) -> None:
        super().__init__()
        self.staff: list[Worker] = list(STAFF)
        self.hidden: set[str] = set()
        self.refused = False
        self.token = CANARY

    def expect_basic(self, request: Request, username: str, password: str, refusal: tuple[int, t.Any]) -> None:
        pair = base64.b64encode(f"{username}:{password}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {pair}":
            raise Answer(*refusal)

    def expect_bearer(self, request: Request, refusal: tuple[int, t.Any], scheme: str = "Bearer") -> None:
        if request.headers.get("Authorization") != f"{scheme} {self.token}":
            raise Answer(*refusal)

    def noted(self, problem: str) -> t.NoReturn:
        """Note a request that the vendor does not document."""
        self.problems.append(problem)
        raise Answer(400, {"message": problem})


def number(request: Request, name: str, default: int, most: int) -> int:
    """Return a number of the query, as large as the vendor lets it be."""
    return min(int(request.args.get(name, default)), most)


def next_page(request: Request, **changes: t.Any) -> str:
    """Return the address of the next page: this one with other parameters."""
    arguments = request.args.to_dict() | {name: str(value) for name, value in changes.items()}
    return f"{request.base_url}?" + "&".join(f"{name}={_quoted(value)}" for name, value in arguments.items())


def _quoted(value: str) -> str:
    return urllib.parse.quote(value, safe="")
