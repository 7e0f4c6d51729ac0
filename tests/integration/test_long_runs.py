# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run that takes long says how far it is while it goes on, in what ansible-playbook prints."""

from __future__ import annotations

import contextlib
import http.server
import json
import pathlib
import threading
import typing as t

from .support.company import CompanyDirectory
from .support.small import TEMPLATE


class HeldApp(http.server.BaseHTTPRequestHandler):
    """A SCIM app without accounts that answers when it is let."""

    let: t.ClassVar[threading.Event]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.let.wait(120)
        body = json.dumps({"totalResults": 0, "Resources": []}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(BrokenPipeError):  # a run that was stopped does not wait for the answer
            self.wfile.write(body)

    def log_message(self, *_unused: t.Any) -> None:
        """Say nothing."""


@contextlib.contextmanager
def held_app() -> t.Iterator[tuple[int, threading.Event]]:
    let = threading.Event()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Held", (HeldApp,), {"let": let}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1], let
    finally:
        let.set()
        server.shutdown()
        server.server_close()


def test_while_apps_are_read_it_is_said_how_many_are_left(
    company_from: t.Callable[[pathlib.Path], CompanyDirectory],
) -> None:
    company = company_from(TEMPLATE)
    catalog = company.read("access/catalog/apps.yml")
    company.write("access/catalog/apps.yml", catalog.replace("read_timeout: 30\n", "read_timeout: 100\n"))
    with held_app() as (port, let):
        company.point_to(port)
        # into a terminal Python writes line by line, into a pipe only so
        running = company.start_playbook("plan", env={"PYTHONUNBUFFERED": "1"})
        assert running.process.stdout is not None
        # the app answers only once the line is there: it is shown while the task runs, and not with its result
        said = next(line for line in running.process.stdout if "apps read" in line or "PLAY RECAP" in line)
        assert not let.is_set()
        let.set()
        outcome = running.wait()
    assert "2 of 4 apps read, 2 left; 10 s so far" in said
    assert "still reading chat, mail" in said
    assert "4 of 4 apps read, in" in outcome.stdout
    assert outcome.rc == 0, outcome.output
