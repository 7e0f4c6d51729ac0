# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Matrix server, Synapse from PyPI on SQLite, which nobody has written a connector for: examples/catalog only."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import pathlib
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import typing as t
import urllib.error
import urllib.parse
import urllib.request

import yaml
from ansible_collections.rollcall.access.plugins.module_utils.model import Entitlement
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY, ProductCase, Seen

ENTRY = pathlib.Path(__file__).resolve().parents[3] / "examples/catalog/matrix_synapse.yml"
DOMAIN = "acme.example"
ROLLCALL, FIXTURE = f"@svc-rollcall:{DOMAIN}", f"@fixture:{DOMAIN}"
_PASSWORD = "fixture-password"

_CONFIGURATION = """
server_name: acme.example
pid_file: {folder}/pid
listeners:
  - {{port: {port}, bind_addresses: [127.0.0.1], type: http, resources: [{{names: [client]}}]}}
database: {{name: sqlite3, args: {{database: {folder}/homeserver.db}}}}
media_store_path: {folder}/media
log_config: {folder}/log.yml
registration_shared_secret: fixture-secret
macaroon_secret_key: fixture-secret
form_secret: fixture-secret
signing_key_path: {folder}/signing.key
report_stats: false
trusted_key_servers: []
bcrypt_rounds: 4
background_updates: {{sleep_enabled: false}}
rc_login:
  address: {{per_second: 1000, burst_count: 1000}}
  account: {{per_second: 1000, burst_count: 1000}}
"""
_LOG = """
version: 1
handlers: {file: {class: logging.FileHandler, filename: %s}}
root: {level: WARNING, handlers: [file]}
disable_existing_loggers: false
"""


class Synapse:
    """A running server. The test looks at it and changes it as an administrator of its own, past the connector."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.database, self.fresh = folder / "homeserver.db", folder / "fresh.db"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        (folder / "log.yml").write_text(_LOG % (folder / "log"), encoding="utf-8")
        configuration = _CONFIGURATION.format(folder=folder, port=self.port)
        (folder / "homeserver.yaml").write_text(configuration, encoding="utf-8")
        self._words = [sys.executable, "-m", "synapse.app.homeserver", "-c", str(folder / "homeserver.yaml")]
        subprocess.run([*self._words, "--generate-keys"], check=True, timeout=60, capture_output=True)
        self._process: subprocess.Popen[bytes] | None = None
        self._worn = False
        self._token = ""
        self._tokens: dict[str, list[str]] = {}

    # ---- its life

    def prepare(self) -> None:
        """Make the two administrators, and remember the server as it is then."""
        self.start()
        register = [sys.executable, "-m", "synapse._scripts.register_new_matrix_user", "-p", _PASSWORD, "-a"]
        for id in (ROLLCALL, FIXTURE):
            name = id[1:].partition(":")[0]
            address = f"http://127.0.0.1:{self.port}"
            words = [*register, "-u", name, "-k", "fixture-secret", address]
            subprocess.run(words, check=True, timeout=60, capture_output=True)
        token = self._log_in(ROLLCALL)
        self._token = self._log_in(FIXTURE)
        self._wait_for_its_tables()
        self.stop()
        with contextlib.closing(sqlite3.connect(self.database)) as database:
            # what every test looks for in messages, in the place of the token that the server made
            database.execute("update access_tokens set token = ? where token = ?", (CANARY, token))
            database.commit()
            database.execute("vacuum into ?", (str(self.fresh),))
        self._renew()

    def start(self) -> None:
        with (self.folder / "out").open("ab") as log:
            self._process = subprocess.Popen(self._words, stdout=log, stderr=log, cwd=self.folder)
        end = time.monotonic() + 90
        while True:
            with contextlib.suppress(OSError, urllib.error.URLError):
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=5).close()
                return
            assert self._process.poll() is None, (self.folder / "out").read_text(errors="replace")[-2000:]
            assert time.monotonic() < end, "Synapse does not come up"
            time.sleep(0.1)

    def _wait_for_its_tables(self) -> None:
        """A new server goes on with its tables for a while; some requests fail until then.

        Source: https://element-hq.github.io/synapse/latest/usage/administration/admin_api/background_updates.html
        """
        end = time.monotonic() + 120
        while time.monotonic() < end:
            with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as database:
                if not database.execute("select count(*) from background_updates").fetchone()[0]:
                    return
            time.sleep(0.3)
        raise AssertionError("Synapse does not come to an end with its tables")

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(20)
            self._process = None

    def _renew(self) -> None:
        self.stop()
        for file in self.folder.glob("homeserver.db*"):
            file.unlink()
        shutil.copy(self.fresh, self.database)
        self._worn = False
        self.start()

    # ---- what the suite asks for

    def connection(self, port: int) -> dict[str, t.Any]:
        entry = yaml.safe_load(ENTRY.read_text(encoding="utf-8"))["apps"]["matrix"]["connection"]
        entry["list"]["paging"]["size"] = 3
        return {**entry, "base_url": f"http://127.0.0.1:{port}/_synapse/admin", "token": CANARY}

    def reset(self) -> None:
        """Begin anew. An id that was deactivated stays taken, so a server without anybody is a new one."""
        if self._worn:
            self._renew()
        self._tokens.clear()
        self._worn = True

    def fill(self, people: int) -> list[str]:
        return [self.add(f"p{n}", f"p{n}@acme.example", f"e{n}", f"Given{n} Family{n}") for n in range(people)]

    def add(self, name: str, email: str, external_id: str, shown: str) -> str:
        id = f"@{name}:{DOMAIN}"
        body = {
            "displayname": shown,
            "threepids": [{"medium": "email", "address": email}],
            "external_ids": [{"auth_provider": "hr", "external_id": external_id}],
        }
        self.ask("PUT", f"/_synapse/admin/v2/users/{id}", body)
        return id

    def accounts(self) -> dict[str, Seen]:
        """Everybody who was not deactivated, as the database has them."""
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as database:
            users = database.execute("select name, admin, locked from users where deactivated = 0").fetchall()
            addresses = dict(database.execute("select user_id, address from user_threepids where medium = 'email'"))
        return {
            id: Seen(
                addresses.get(id, ""),
                id[1:].partition(":")[0],
                "suspended" if locked else "active",
                frozenset({"admin"} if admin else ()),
            )
            for id, admin, locked in users
        }

    def rename(self, id: str, email: str) -> None:
        body = {"threepids": [{"medium": "email", "address": email}]}
        self.ask("PUT", f"/_synapse/admin/v2/users/{id}", body)

    def revoke_credentials(self) -> None:
        self.ask("POST", "/_matrix/client/v3/logout", {}, CANARY)

    def take_scope(self, write: bool) -> str:
        """Take the only permission there is: administrators of the server may do everything."""
        self.ask("PUT", f"/_synapse/admin/v1/users/{ROLLCALL}/admin", {"admin": False})
        return "server admin"

    def sign_in(self, id: str) -> None:
        body = {"password": _PASSWORD}
        self.ask("PUT", f"/_synapse/admin/v2/users/{id}", body)
        self._tokens[id] = [self._log_in(id), self._log_in(id)]

    def live_credentials(self, id: str) -> int:
        live = 0
        for token in self._tokens.get(id, ()):
            with contextlib.suppress(urllib.error.HTTPError):
                self.ask("GET", "/_matrix/client/v3/account/whoami", None, token)
                live += 1
        return live

    # ---- past the connector

    def ask(self, method: str, path: str, body: t.Any, token: str = "") -> t.Any:
        """Send a request as the test's own administrator (or with another token). Raises HTTPError."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{urllib.parse.quote(path, safe='/?=&')}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {token or self._token}"} if token or self._token else {},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def _log_in(self, id: str) -> str:
        body = {"type": "m.login.password", "identifier": {"type": "m.id.user", "user": id}, "password": _PASSWORD}
        return str(self.ask("POST", "/_matrix/client/v3/login", body)["access_token"])


@contextlib.contextmanager
def synapse() -> t.Iterator[Synapse]:
    """Start a server with two administrators and nobody else."""
    assert importlib.util.find_spec("synapse"), "no synapse here: make test-servers installs it"
    folder = pathlib.Path(tempfile.mkdtemp(prefix="rollcall-synapse-"))
    server = Synapse(folder)
    try:
        server.prepare()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


class MatrixSynapseCase(ProductCase):
    system = "Matrix (Synapse)"
    connector = "rest"
    tested = "A real Synapse (matrix-synapse 1.163, PyPI) with SQLite, by the published entry of under thirty lines."
    entitlements = (Entitlement("admin", "permission", "admin", privileged=True),)
    adding = ("admin",)
    without: t.ClassVar = {
        "limit_seats": "Synapse has no seats: an administrator may make as many accounts as there are names",
        "invite": "Synapse has no pending accounts: one that is made is there at once",
        "make_sole_owner": "Synapse lets the last administrator go; only its own flag nobody can take from themselves",
        "give_property": "the interface hands nothing over: rooms belong to nobody",
    }

    def start(self) -> t.ContextManager[Synapse]:
        return synapse()
