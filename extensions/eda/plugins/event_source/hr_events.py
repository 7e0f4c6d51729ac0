# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An event source for ansible-rulebook: the webhooks of HR systems, checked, each once, and stripped to an id.

ansible-rulebook runs this file by itself (``runpy``), so it imports nothing of the collection.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import dataclasses
import datetime as dt
import hashlib
import hmac
import json
import logging
import os
import pathlib
import re
import sqlite3
import ssl
import time
import typing as t

from aiohttp import web

DOCUMENTATION = r"""
---
short_description: Webhooks of BambooHR, HiBob, Workday and of anything that signs them
description:
  - Listens for webhooks of an HR system and tells the rulebook that something happened to a person, by the id that HR gives.
  - The signature of each is checked in constant time, the time for which it is good is limited, and none is taken twice.
  - What comes out is C(event.hr), with C(vendor), C(type) (HR's word for it), C(kind) (C(joined), C(changed), C(left) or C(emergency))
    and C(person), and C(event.meta.hosts), to which ansible-rulebook limits what it runs. Names, addresses and whatever else HR sends go nowhere.
  - An event is a hint to look. What is done comes from HR itself, which the playbooks read. Only C(emergency) is an order, so no source
    gives it but one whose I(kinds) say so.
options:
  vendor:
    description:
      - Who sends, and so what is signed and how.
      - C(bamboohr) signs body and time with HMAC-SHA256. Only JSON is taken, event-based or field-based.
      - C(hibob) signs the body with HMAC-SHA512. Its webhooks v2.
      - C(workday) is what your integration in Workday sends, with a user and a password. Workday signs nothing.
      - C(generic) is whatever follows Standard Webhooks, https://www.standardwebhooks.com/.
    type: str
    required: true
    choices: [bamboohr, hibob, workday, generic]
  secret_env:
    description: The environment variable that holds the secret. One of I(secret_env) and I(secret_file) is needed.
    type: str
  secret_file:
    description: A file with the secret. Each line is one, so that an old one is good until the sender has the new one.
    type: path
  username:
    description: The user with which Workday's integration signs in.
    type: str
    default: rollcall
  host:
    description: Where to listen. Anything but a loopback address needs I(certfile), or I(behind_proxy).
    type: str
    default: 127.0.0.1
  port:
    description: The TCP port.
    type: int
    required: true
  path:
    description: The path to which the sender posts.
    type: str
    default: /
  certfile:
    description: A certificate with its chain, as PEM.
    type: path
  keyfile:
    description: Its private key, where it is in another file.
    type: path
  cafile:
    description: With it, senders need a certificate of one of these authorities.
    type: path
  behind_proxy:
    description: Says that nobody but a proxy that speaks TLS reaches this port, in a container for instance.
    type: bool
    default: false
  window:
    description:
      - Seconds for which a signed event is good, before and after now.
      - What it is depends on how long the vendor repeats what did not arrive. BambooHR does for 155 minutes.
      - By default 10800 with C(bamboohr), 259200 with C(hibob), 300 with the others.
    type: int
  memory:
    description: A file in which it is remembered what came already, so that a restart forgets nothing. Without it, memory is used.
    type: path
  kinds:
    description: Which kinds are let through. C(emergency) is only let through when it is here.
    type: list
    elements: str
    choices: [joined, changed, left, emergency]
    default: [joined, changed, left]
  types:
    description: With C(workday) and C(generic), which of the sender's words mean which kind. The kinds themselves are understood anyway.
    type: dict
  person:
    description: With C(generic), where in the body the person's id is.
    type: str
    default: data.person
  max_bytes:
    description: The largest body.
    type: int
    default: 1048576
  queue_timeout:
    description: Seconds to wait for a place among the rulebook's events, before the sender is told to come again.
    type: int
    default: 5
"""

EXAMPLES = r"""
- rollcall.access.hr_events:
    vendor: bamboohr
    secret_env: BAMBOOHR_WEBHOOK_KEY
    host: 0.0.0.0
    port: 5010
    certfile: /etc/rollcall/events.pem
    keyfile: /etc/rollcall/events.key
    memory: /var/lib/rollcall/events.db

# Who may cut somebody off has a secret of their own, and nothing else comes in here.
- rollcall.access.hr_events:
    vendor: generic
    secret_file: /etc/rollcall/emergency.secret
    port: 5011
    kinds: [emergency]
"""

logger = logging.getLogger(__name__)

KINDS = ("joined", "changed", "left", "emergency")
#: Ids and words that end in a limit and in variables of a playbook: nothing that could be a pattern or a template.
PERSON = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._ -]{0,63}")
WINDOWS = {"bamboohr": 10800, "hibob": 259200, "workday": 300, "generic": 300}
#: Seconds within which a body has to be there, so that nobody holds connections open.
READING = 10


class Refused(Exception):
    """A request that nothing comes of. The sender sees ``status`` alone, ``str()`` is for the log."""

    def __init__(self, status: int, why: str) -> None:
        self.status = status
        super().__init__(why)


@dataclasses.dataclass(frozen=True)
class Happening:
    """What a sender says happened to somebody: its own word, one of KINDS (empty: nothing for us), and HR's id."""

    type: str
    kind: str
    person: str


@dataclasses.dataclass(frozen=True)
class Delivery:
    """A request that holds what its sender signed: when it was made, and what is the same when it comes again."""

    time: float
    identity: str


@dataclasses.dataclass(frozen=True)
class Settings:
    """The options, checked."""

    vendor: str
    secrets: tuple[bytes, ...] = dataclasses.field(repr=False)
    port: int
    host: str = "127.0.0.1"
    path: str = "/"
    username: str = "rollcall"
    certfile: str = ""
    keyfile: str = ""
    cafile: str = ""
    behind_proxy: bool = False
    window: int = 300
    memory: str = ""
    kinds: frozenset[str] = frozenset(KINDS[:3])
    types: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    person: str = "data.person"
    max_bytes: int = 1 << 20
    queue_timeout: int = 5


# --- what each vendor signs ------------------------------------------------------------------------------------------


def same(found: str, right: t.Iterable[str]) -> bool:
    """Return whether a text is one of those that are right, in the same time whichever it is."""
    results = [hmac.compare_digest(found.encode("utf-8", "replace"), one.encode()) for one in right]
    return any(results)


def bamboohr_delivery(headers: t.Mapping[str, str], body: bytes, settings: Settings) -> Delivery:
    """X-BambooHR-Signature: hex HMAC-SHA256 of the body, followed by the text of X-BambooHR-Timestamp.

    Source: https://documentation.bamboohr.com/docs/webhooks
    """
    when = headers.get("X-BambooHR-Timestamp", "")
    right = [hmac.new(secret, body + when.encode(), hashlib.sha256).hexdigest() for secret in settings.secrets]
    if not same(headers.get("X-BambooHR-Signature", "").lower(), right):
        raise Refused(401, "the signature is wrong")
    return Delivery(moment(when), digest(when.encode(), body))


def hibob_delivery(headers: t.Mapping[str, str], body: bytes, settings: Settings) -> Delivery:
    """Bob-Signature: base64 HMAC-SHA512 of the body. Its time is ``triggeredAt``, and it has no id of its own.

    Source: https://apidocs.hibob.com/reference/getting-started-webhooks
    """
    right = [base64.b64encode(hmac.new(key, body, hashlib.sha512).digest()).decode() for key in settings.secrets]
    if not same(headers.get("Bob-Signature", ""), right):
        raise Refused(401, "the signature is wrong")
    data = parsed(body)
    return Delivery(moment(word(data, "triggeredAt")), digest(body))


def workday_delivery(headers: t.Mapping[str, str], body: bytes, settings: Settings) -> Delivery:
    """A user and a password, as integrations of Workday send them; ``id`` and ``time`` are in the body.

    Source: https://www.servicenow.com/docs/r/integrate-applications/integration-hub/setup-webhook-wd-hr-spoke.html
    """
    user = settings.username.encode()
    right = ["Basic " + base64.b64encode(user + b":" + secret).decode() for secret in settings.secrets]
    if not same(headers.get("Authorization", ""), right):
        raise Refused(401, "user or password is wrong")
    data = parsed(body)
    identity = word(data, "id")
    if not identity:
        raise Refused(400, "the body has no id")
    return Delivery(moment(word(data, "time")), digest(identity.encode()))


def generic_delivery(headers: t.Mapping[str, str], body: bytes, settings: Settings) -> Delivery:
    """Standard Webhooks: base64 HMAC-SHA256 of ``id.timestamp.body``, as one of several ``v1,...``.

    Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
    """
    id, when = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    signed = f"{id}.{when}.".encode() + body
    right = [base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode() for key in settings.secrets]
    given = [one.removeprefix("v1,") for one in headers.get("webhook-signature", "").split(" ") if one[:3] == "v1,"]
    if not id or not any(same(one, right) for one in given[:10]):
        raise Refused(401, "the signature is wrong")
    return Delivery(moment(when), digest(id.encode()))


# --- what each vendor says -------------------------------------------------------------------------------------------

_BAMBOOHR = {"created": "joined", "updated": "changed", "deleted": "left"}
_HIBOB = {
    "employee.created": "joined",
    "employee.joined": "joined",
    "employee.left": "left",
    "employee.deleted": "left",
    "employee.inactivated": "left",
    "employee.access.revoked.immediately": "left",
}


def bamboohr_happenings(data: t.Any, settings: Settings) -> list[Happening]:
    """Event-based: one person and ``type``. Field-based: ``employees``, each with an ``action``.

    Source: https://documentation.bamboohr.com/docs/event-based-webhooks
    Source: https://documentation.bamboohr.com/docs/field-based-webhooks
    """
    employees = data.get("employees")
    if isinstance(employees, list):
        entries = [(word(one, "action").lower(), word(one, "id")) for one in employees]
    else:
        entries = [(word(data, "type").rpartition(".")[2], word(data, "data.employeeId"))]
    return [Happening(action, _BAMBOOHR.get(action, ""), person) for action, person in entries]


def hibob_happenings(data: t.Any, settings: Settings) -> list[Happening]:
    """``type`` and ``data.employeeId``. Whatever is not of employees is nothing for us.

    Source: https://apidocs.hibob.com/docs/employee-data-webhooks
    """
    type = word(data, "type")
    usual = "changed" if type.startswith(("employee.", "table.entry.")) else ""
    return [Happening(type, _HIBOB.get(type, usual), word(data, "data.employeeId"))]


def workday_happenings(data: t.Any, settings: Settings) -> list[Happening]:
    type = word(data, "event")
    return [Happening(type, settings.types.get(type, ""), word(data, "worker"))]


def generic_happenings(data: t.Any, settings: Settings) -> list[Happening]:
    type = word(data, "type")
    return [Happening(type, settings.types.get(type, ""), word(data, settings.person))]


Checks = t.Callable[[t.Mapping[str, str], bytes, Settings], Delivery]
Reads = t.Callable[[t.Any, Settings], list[Happening]]
VENDORS: dict[str, tuple[Checks, Reads]] = {
    "bamboohr": (bamboohr_delivery, bamboohr_happenings),
    "hibob": (hibob_delivery, hibob_happenings),
    "workday": (workday_delivery, workday_happenings),
    "generic": (generic_delivery, generic_happenings),
}


# --- texts -----------------------------------------------------------------------------------------------------------


def digest(*parts: bytes) -> str:
    """Return what stands for these parts, and for no others."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(len(part).to_bytes(8, "big") + part)
    return whole.hexdigest()


def parsed(body: bytes) -> t.Any:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        raise Refused(400, "the body is no JSON") from None
    if not isinstance(data, dict):
        raise Refused(400, "the body is no JSON object")
    return data


def word(data: t.Any, path: str) -> str:
    """Return the text or whole number at a dotted path; empty where there is none."""
    for name in path.split("."):
        data = data.get(name) if isinstance(data, dict) else None
    return str(data) if isinstance(data, str | int) and not isinstance(data, bool) else ""


def moment(text: str) -> float:
    """Return the seconds since 1970 that a text means: a number of them, or a date with its time, UTC unless it says."""
    if re.fullmatch(r"[0-9]{9,11}", text, re.ASCII):
        return float(text)
    try:
        time = dt.datetime.fromisoformat(text)
    except ValueError:
        raise Refused(400, "it does not say when it was sent") from None
    return (time if time.tzinfo else time.replace(tzinfo=dt.timezone.utc)).timestamp()


def group_of(person: str) -> str:
    """Return the group in which the inventory has nobody but this person, as company/hr_ids.py writes it."""
    return "hr_id_" + re.sub(r"[^A-Za-z0-9]", lambda found: f"_{ord(found[0]):02x}", person)


# --- what came already -----------------------------------------------------------------------------------------------


class Memory:
    """Which deliveries came already. Each is kept until it is too old to be taken anyway.

    With a file, several listeners may share it, and a restart forgets nothing.
    """

    def __init__(self, path: str) -> None:
        if path:
            # nobody else needs to know what came, and when
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        self._rows = sqlite3.connect(path or ":memory:", timeout=5, isolation_level=None)
        self._rows.execute("CREATE TABLE IF NOT EXISTS seen (identity TEXT PRIMARY KEY, until REAL NOT NULL)")

    def is_new(self, identity: str, *, until: float, now: float) -> bool:
        """Keep an identity; return False when it is there already."""
        self._rows.execute("DELETE FROM seen WHERE until < ?", (now,))
        return self._rows.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (identity, until)).rowcount == 1

    def forget(self, identity: str) -> None:
        self._rows.execute("DELETE FROM seen WHERE identity = ?", (identity,))

    def close(self) -> None:
        self._rows.close()


# --- listening -------------------------------------------------------------------------------------------------------


class Listener:
    """Answers requests, and puts what they say into the rulebook's queue."""

    def __init__(self, settings: Settings, queue: t.Any, memory: Memory, clock: t.Callable[[], float]) -> None:
        self._settings = settings
        self._queue = queue
        self._memory = memory
        self._clock = clock
        self._said: dict[str, float] = {}

    async def answer(self, request: web.Request) -> web.Response:
        """200: taken, known already, or nothing for us. 4xx: never again. 503: come again. No word about why."""
        try:
            await self._take(request)
        except Refused as refused:
            self._log(str(refused))
            headers = {"Retry-After": "60"} if refused.status == 503 else {}
            return web.Response(status=refused.status, headers=headers)
        except sqlite3.Error as error:
            # what cannot be remembered could be taken twice
            self._log(f"the memory cannot be used: {error}")
            return web.Response(status=503, headers={"Retry-After": "60"})
        return web.Response(status=200)

    async def _take(self, request: web.Request) -> None:
        body = await self._body(request)
        if self._settings.vendor == "hibob" and is_ping(body):
            return
        check, read = VENDORS[self._settings.vendor]
        delivery = check(request.headers, body, self._settings)
        now = self._clock()
        if abs(now - delivery.time) > self._settings.window:
            raise Refused(401, "it is too old, or of tomorrow: compare the clocks")
        events = self._events(read(parsed(body), self._settings), delivery)
        if not events:
            return
        until = delivery.time + self._settings.window
        if not self._memory.is_new(delivery.identity, until=until, now=now):
            # not an error: whoever did not get our answer sends again, and shall stop
            self._log("something came again and was not taken again", logging.INFO)
            return
        await self._hand_over(events, delivery)

    async def _body(self, request: web.Request) -> bytes:
        try:
            return await asyncio.wait_for(request.read(), READING)
        except web.HTTPRequestEntityTooLarge:
            raise Refused(413, f"the body is larger than {self._settings.max_bytes} bytes") from None
        except TimeoutError:
            raise Refused(408, "the body did not come") from None

    def _events(self, happenings: t.Iterable[Happening], delivery: Delivery) -> list[dict[str, t.Any]]:
        """Return what goes to the rulebook: per person and kind one event, and nothing that is not plain."""
        events: dict[tuple[str, str], dict[str, t.Any]] = {}
        ours = [happening for happening in happenings if happening.kind in self._settings.kinds]
        plain = [one for one in ours if PERSON.fullmatch(one.person) and TYPE.fullmatch(one.type)]
        if len(plain) < len(ours):
            why = "an id or a type is missing, or has other characters than letters, digits and ._-"
            if not plain:
                raise Refused(400, why)
            self._log(why)
        for happening in plain:
            hr = {**dataclasses.asdict(happening), "vendor": self._settings.vendor, "delivery": delivery.identity[:16]}
            events[happening.kind, happening.person] = {"hr": hr, "meta": {"hosts": group_of(happening.person)}}
        return list(events.values())

    async def _hand_over(self, events: t.Sequence[dict[str, t.Any]], delivery: Delivery) -> None:
        """Put all events into the queue. Raises Refused when it is full: the sender comes with all of them again."""
        try:
            for event in events:
                await asyncio.wait_for(self._queue.put(event), self._settings.queue_timeout)
        except TimeoutError:
            self._memory.forget(delivery.identity)
            raise Refused(503, "the rulebook takes no more events at present") from None
        except BaseException:
            self._memory.forget(delivery.identity)
            raise
        logger.info("hr_events: %s: %d events", self._settings.vendor, len(events))

    def _log(self, text: str, level: int = logging.WARNING) -> None:
        """Say a text once a minute at most: whoever sends rubbish shall not fill the log."""
        now = self._clock()
        if now - self._said.get(text, 0.0) >= 60:
            self._said[text] = now
            logger.log(level, "hr_events: %s: %s", self._settings.vendor, text)


def is_ping(body: bytes) -> bool:
    """Return whether this is how HiBob tries an address before it has a signature for it. It says nothing of anybody.

    Source: https://apidocs.hibob.com/docs/working-with-webhooks
    """
    return body.strip() in (b"Ping test", b'"Ping test"') or body.replace(b" ", b"") == b'{"text":"Pingtest"}'


def settings_from(args: t.Mapping[str, t.Any], environment: t.Mapping[str, str] | None = None) -> Settings:
    """Return the options, checked. Raises ValueError saying which is wrong; no secret is in it."""
    known = {field.name for field in dataclasses.fields(Settings)} - {"secrets"} | {"secret_env", "secret_file"}
    # ansible-rulebook adds options of its own
    strange = sorted(name for name in args if name not in known and not name.startswith("eda_"))
    if strange:
        raise ValueError(f"hr_events has no option {', '.join(strange)}; it has {', '.join(sorted(known))}")
    vendor = args.get("vendor")
    if vendor not in VENDORS:
        raise ValueError(f"`vendor` is one of {', '.join(VENDORS)}")
    given = {name: value for name, value in args.items() if name in known and not name.startswith("secret_")}
    for name in ("port", "window", "max_bytes", "queue_timeout"):
        if name in given or name == "port":
            given[name] = _number(name, given.get(name))
    given.setdefault("window", WINDOWS[vendor])
    kinds = given.get("kinds", KINDS[:3])
    types = given.get("types") or {}
    if not isinstance(kinds, list | tuple) or not kinds or set(kinds) - set(KINDS):
        raise ValueError(f"`kinds` is a list of {', '.join(KINDS)}")
    if not isinstance(types, dict) or set(types.values()) - set(KINDS):
        raise ValueError(f"`types` says which of the sender's words mean which of {', '.join(KINDS)}")
    given |= {"kinds": frozenset(kinds), "types": {**{kind: kind for kind in KINDS}, **types}}
    settings = Settings(secrets=_secrets(vendor, args, os.environ if environment is None else environment), **given)
    if not settings.path.startswith("/"):
        raise ValueError("`path` begins with /")
    loopback = settings.host in ("127.0.0.1", "::1", "localhost")
    if not settings.certfile and not loopback and not settings.behind_proxy:
        raise ValueError(
            f"`host` {settings.host} can be reached from elsewhere, so it needs `certfile`; where a proxy speaks TLS, "
            "listen on 127.0.0.1, or say `behind_proxy: true`"
        )
    return settings


def _number(name: str, value: t.Any) -> int:
    if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,9}", str(value)) or int(value) < (name != "port"):
        raise ValueError(f"`{name}` is a whole number")
    return int(value)


def _secrets(vendor: str, args: t.Mapping[str, t.Any], environment: t.Mapping[str, str]) -> tuple[bytes, ...]:
    name, path = args.get("secret_env"), args.get("secret_file")
    if bool(name) == bool(path):
        raise ValueError("one of `secret_env` and `secret_file` is needed; a secret itself is no option")
    try:
        text = environment.get(str(name), "") if name else pathlib.Path(str(path)).read_text(encoding="utf-8")
    except OSError as error:
        raise ValueError(f"`secret_file` {path} cannot be read: {error.strerror}") from None
    secrets = [line.strip() for line in text.splitlines() if line.strip()]
    where = f"`secret_env` {name}" if name else f"`secret_file` {path}"
    if not secrets or min(map(len, secrets)) < 16:
        raise ValueError(f"{where} holds no secret, or one of fewer than 16 characters")
    if vendor != "generic":
        return tuple(secret.encode() for secret in secrets)
    try:
        return tuple(base64.b64decode(secret.removeprefix("whsec_"), validate=True) for secret in secrets)
    except ValueError:
        raise ValueError(f"{where} is no secret of Standard Webhooks: whsec_ and base64") from None


def tls(settings: Settings) -> ssl.SSLContext | None:
    if not settings.certfile:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(settings.certfile, settings.keyfile or None)
    if settings.cafile:
        context.load_verify_locations(settings.cafile)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


async def main(queue: t.Any, args: dict[str, t.Any]) -> None:
    """Listen until ansible-rulebook ends this."""
    settings = settings_from(args)
    with contextlib.closing(Memory(settings.memory)) as memory:
        app = web.Application(client_max_size=settings.max_bytes)
        app.router.add_post(settings.path, Listener(settings, queue, memory, time.time).answer)
        # without the log of requests: paths and addresses of whoever tries are nothing to keep
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, settings.host, settings.port, ssl_context=tls(settings)).start()
            logger.info("hr_events: %s: listening on %s", settings.vendor, runner.addresses)
            await asyncio.Event().wait()
        finally:
            await runner.cleanup()
