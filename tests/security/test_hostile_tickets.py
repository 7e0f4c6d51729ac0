# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What owners and others write into tickets, and how they call their files, is data in every run that reads it."""

from __future__ import annotations

import contextlib
import pathlib
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.desks.contract import Attachment
from ansible_collections.rollcall.access.tests.conformance.desks.zammad import ZammadCase
from ansible_collections.rollcall.access.tests.integration.support.small import rows
from ansible_collections.rollcall.access.tests.integration.support.ticketed import ticketed
from ansible_collections.rollcall.access.tests.security.payloads import Shape, evaluated_below, evaluated_in, payloads

#: texts in one ticket
EACH = 12
DONE, DECLINED = "done", "declined"


@pytest.fixture
def desk() -> t.Iterator[tuple[t.Any, ZammadCase]]:
    case = ZammadCase()
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(case.server())
        server.reset()
        yield server, case


def test_answers_and_files_at_tickets_are_never_evaluated(tmp_path: pathlib.Path, desk: t.Any) -> None:
    server, case = desk
    texts = [text for text in payloads() if text.isprintable()]
    parts = [texts[n : n + EACH] for n in range(0, len(texts), EACH)]
    company = ticketed(tmp_path, server, case.settings(server.port), people=len(parts), apps=1)
    company.playbook("reconcile").succeeded()
    tickets = sorted(int(row["reference"]) for row in rows(company, "tasks"))
    meanings = {}
    for number, (ticket, part) in enumerate(zip(map(str, tickets), parts, strict=True)):
        for text in part:
            server.people_reply(ticket, text, server.owner, Attachment(f"{text}.txt"[-200:], text.encode()))
        server.people_reply(ticket, "\n".join(part), server.owner)
        meanings[ticket] = DECLINED if number % 2 else DONE
        server.people_close(ticket, meanings[ticket], server.owner)

    said = [company.playbook("tasks", "-vvvv").output, company.playbook("tasks", "-vvvv").output]
    said.append(company.playbook("report", "-vvvv", "-e", "rollcall_directory=report").succeeded().output)
    said.append(company.playbook("verify_ledger", "-vvvv").succeeded().output)
    states = {row["reference"]: row["state"] for row in rows(company, "tasks")}
    assert states == {ticket: "attested" if how == DONE else "declined" for ticket, how in meanings.items()}
    assert server.problems == []
    for output in said:
        assert "Traceback (most recent call last)" not in output
        assert evaluated_in(output.replace("\r\n", "\n"))[:5] == []
    assert evaluated_below(company.path) == []
    page = Shape((company.path / "report/index.html").read_text(encoding="utf-8"))
    assert not any(name.startswith("on") for _tag, names in page.elements for name in names)
    # what they wrote is there as they wrote it
    notes = "\n".join(row["note"] for row in rows(company, "tasks"))
    assert sum(text in notes for text in texts) > len(texts) / 4
    # a file lies under its hash, whatever it was called
    names = [path.name for path in (company.path / "evidence").iterdir()]
    assert len(names) > len(texts) / 2
    assert all(len(name.split(".")[0]) == 64 for name in names)
