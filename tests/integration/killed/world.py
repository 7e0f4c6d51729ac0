# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that is outside a run and outlives it: apps, a desk and a mail server, as they are and as they were.

Two apps are tenants of the PyPI package scim2-server, which keeps names apart. The planner does not: whoever makes the
same account there twice has two. Zammad's tickets and the mails are looked at past the collection's own code.
"""

from __future__ import annotations

import contextlib
import copy
import logging
import threading
import time
import typing as t

import werkzeug.serving
from ansible_collections.rollcall.access.tests.conformance.desks.zammad import OWNER, ZammadFake
from ansible_collections.rollcall.access.tests.conformance.fake import Request, _Handler, route
from ansible_collections.rollcall.access.tests.conformance.products.rest import RestFake
from ansible_collections.rollcall.access.tests.integration.support.scim import TOKEN, ScimServer, Tenant
from ansible_collections.rollcall.access.tests.unit.desks.post_office import MailServer, mail_server
from scim2_models import ScimProvider
from scim2_server.applications.wsgi import TenantDispatcher
from scim2_server.memory import InMemoryStorage
from scim2_server.service import ScimService
from scim2_server.testserver.application import BEARER_TOKEN_SCHEME, BearerTokenApplication
from scim2_server.utils import (
    load_default_resource_types,
    load_default_schemas,
    load_default_service_provider_config,
)

SCIM = ("mail", "chat")
# what of a fake belongs to its making, not to what it holds
_MAKING = ("lock", "checkers", "_map", "port")


class Planner(RestFake):
    """An app that takes the same person twice, as many home-made ones do."""

    @route("POST", "/api/users")
    def create_user(self, request: Request) -> tuple[int, t.Any]:
        return 201, self.users[self.add("", **request.get_json())]


class World:
    """All of it behind one port of HTTP and one of SMTP. ``save`` and ``load`` take it back to a moment."""

    def __init__(self, mail: MailServer) -> None:
        self.post = mail
        self.planner, self.desk = Planner(), ZammadFake()
        for fake in (self.planner, self.desk):
            fake.reset()
        self._storages: dict[str, InMemoryStorage] = {}
        self._scim = TenantDispatcher(self._tenant)
        config = load_default_service_provider_config()
        config.authentication_schemes = [*(config.authentication_schemes or []), BEARER_TOKEN_SCHEME]
        self._provider = ScimProvider.from_discovery(
            load_default_schemas().values(), load_default_resource_types().values(), config=config
        )
        self._service = ScimService(self._provider, secret="of no matter here")
        self._busy = 0
        self._lock = threading.Lock()
        self.server = werkzeug.serving.make_server(
            "127.0.0.1", 0, self._application, threaded=True, request_handler=_Handler
        )

    @property
    def port(self) -> int:
        return self.server.port

    def tenant(self, app: str) -> Tenant:
        return ScimServer(self.port).tenant(app)

    def _tenant(self, name: str) -> BearerTokenApplication:
        self._storages.setdefault(name, InMemoryStorage())
        return BearerTokenApplication(
            self._storages[name], self._provider, service=self._service, bearer_tokens=[TOKEN]
        )

    def _application(self, environ: t.Any, start_response: t.Any) -> t.Any:
        with self._lock:
            self._busy += 1
        try:
            fake = {"planner": self.planner, "desk": self.desk}.get(environ["PATH_INFO"].split("/")[1])
            if fake is None:
                return list(self._scim(environ, start_response))
            for name in ("PATH_INFO", "REQUEST_URI"):
                environ[name] = "/" + environ[name].split("/", 2)[2]
            return fake._application(environ, start_response)
        finally:
            with self._lock:
                self._busy -= 1

    def wait_until_still(self) -> None:
        """Wait until nothing is under way of what a run that was killed had asked for."""
        give_up = time.monotonic() + 300
        while self._busy and time.monotonic() < give_up:
            time.sleep(0.001)
        assert not self._busy

    # as it was

    def save(self) -> t.Any:
        """Return all that is held, for ``load``."""
        return copy.deepcopy(
            {
                "scim": {name: storage.resources for name, storage in self._storages.items()},
                "fakes": [
                    {name: value for name, value in vars(fake).items() if name not in _MAKING}
                    for fake in (self.planner, self.desk)
                ],
                "mails": self.post.envelopes,
            }
        )

    def load(self, saved: t.Any) -> None:
        """Be again as ``save`` found it."""
        saved = copy.deepcopy(saved)
        self._scim.applications.clear()
        self._storages.clear()
        for name, resources in saved["scim"].items():
            self._storages[name] = InMemoryStorage()
            self._storages[name].resources = resources
        for fake, values in zip((self.planner, self.desk), saved["fakes"], strict=True):
            vars(fake).update(values)
        self.post.envelopes[:] = saved["mails"]

    # what people do

    def tickets(self, title: str) -> list[str]:
        """Return the references of our open tickets whose title begins so."""
        return [
            str(ticket.id)
            for ticket in self.desk._tickets.values()
            if ticket.title.startswith(title) and ticket.state in ("new", "open")
        ]

    def reply(self, title: str, text: str, by: int = OWNER, *, close: bool = False) -> None:
        """Somebody writes at the one open ticket whose title begins so, and may close it."""
        (reference,) = self.tickets(title)
        ticket = self.desk.by_reference(reference)
        self.desk.type_in(ticket, by, text)
        if close:
            self.desk.change(ticket, "closed", by)


@contextlib.contextmanager
def world() -> t.Iterator[World]:
    """Start it, and stop it in the end."""
    logging.getLogger("mail.log").disabled = True  # of the server, which tells of every mail
    with mail_server() as mail:
        made = World(mail)
        thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield made
        finally:
            made.server.shutdown()
            thread.join()
            made.server.server_close()
