# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Speaking to AWS through boto3: who one is, calls with typed errors, and lists over all their pages.

boto3 repeats nothing by itself here: a read is tried again within a budget, a write never, because when its answer is
lost only the caller knows how to find out whether it was done.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import ipaddress
import random
import threading
import time
import typing as t
import urllib.parse

from ..errors import Broken, SettingsError, Throttled, Transient
from ..libraries import library
from ..redaction import Redactor
from .aws_errors import from_answer, from_exception, unreadable
from .aws_sessions import new_session

botocore = library("botocore")
config = library("botocore.config")
exceptions = library("botocore.exceptions")
parsers = library("botocore.parsers")

Answer = dict[str, t.Any]
_SERVICES = ("iam", "sts", "identitystore", "sso-admin")
_RENEW_BEFORE = dt.timedelta(minutes=5)


@dataclasses.dataclass(frozen=True, slots=True)
class AwsSettings:
    """Who one is at AWS, and where that is. Without keys and profile boto3's usual chain finds the credentials.

    ``endpoint_urls`` names the endpoint of single services (iam, sts, identitystore, sso-admin), ``endpoint_url`` that
    of all the others. Source: https://docs.aws.amazon.com/boto3/latest/guide/credentials.html
    """

    access_key: str = ""
    secret_key: str = dataclasses.field(default="", repr=False)
    session_token: str = dataclasses.field(default="", repr=False)
    profile: str = ""
    role_arn: str = ""
    role_external_id: str = dataclasses.field(default="", repr=False)
    region: str = ""
    endpoint_url: str = ""
    endpoint_urls: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    ca_file: str = ""
    connect_timeout: float = 10.0
    read_timeout: float = 30.0
    read_attempts: int = 5
    read_budget: float = 60.0

    def endpoint_of(self, service: str) -> str:
        return self.endpoint_urls.get(service, self.endpoint_url)


class Aws:
    """One identity at AWS; its clients may be used by several threads. Nothing is contacted before the first call.

    Raises SettingsError for settings that cannot be right.
    """

    def __init__(self, settings: AwsSettings, *, sleep: t.Callable[[float], None] = time.sleep) -> None:
        _check(settings)
        self.settings = settings
        self.redact = Redactor([settings.secret_key, settings.session_token, settings.role_external_id])
        self._sleep = sleep
        self._lock = threading.RLock()
        self._clients: dict[str, t.Any] = {}
        self._session: t.Any = None
        self._expires: dt.datetime | None = None
        self._seen = threading.local()

    def __repr__(self) -> str:
        return f"Aws({self.settings.endpoint_url or self.settings.region or 'AWS'!r})"

    def read(self, service: str, operation: str, where: str, **parameters: t.Any) -> Answer:
        """Call an operation that changes nothing; it is tried again while that may help."""
        give_up = time.monotonic() + self.settings.read_budget
        attempt = 0
        while True:
            attempt += 1
            try:
                return self._call(service, operation, where, parameters, write=False)
            except (Throttled, Transient) as error:
                asked = error.retry_after if isinstance(error, Throttled) else error.details.get("retry_after")
                wait = asked if asked is not None else random.uniform(0.5, 1.0) * 0.5 * 2**attempt
                error.details["attempts"] = attempt
                if attempt >= self.settings.read_attempts or time.monotonic() + wait > give_up:
                    raise
            self._sleep(wait)

    def write(self, service: str, operation: str, where: str, **parameters: t.Any) -> Answer:
        """Call an operation that changes something, once. A Transient has ``details["sent"]``: it may be done."""
        return self._call(service, operation, where, parameters, write=True)

    def listed(
        self, service: str, operation: str, key: str, where: str, *, page_size: int = 0, **parameters: t.Any
    ) -> list[t.Any]:
        """Return everything that a listing has below ``key``, over all its pages.

        IAM pages by Marker and IsTruncated, the others by NextToken. Raises Broken for a page without the list, a page
        that is to go on and does not say where, and a place in the listing that comes back.
        """
        iam = service == "iam"
        size_name, token_in, token_out = (
            ("MaxItems", "Marker", "Marker") if iam else ("MaxResults",) + ("NextToken",) * 2
        )
        if page_size:
            parameters[size_name] = page_size
        found: list[t.Any] = []
        places: set[str] = set()
        while True:
            answer = self.read(service, operation, where, **parameters)
            items = answer.get(key)
            if not isinstance(items, list):
                raise Broken(f"the answer to {operation} has no list {key}", where=where)
            found.extend(items)
            token = answer.get(token_out) or ""
            if iam and not answer.get("IsTruncated"):
                return found
            if not token and not iam:
                return found
            if not token:
                raise Broken(f"{operation} says that there is more and not where (no {token_out})", where=where)
            if token in places:
                raise Broken(f"{operation} goes round in circles: a {token_out} came back", where=where)
            places.add(token)
            parameters[token_in] = token

    def close(self) -> None:
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    def _call(
        self, service: str, operation: str, where: str, parameters: t.Mapping[str, t.Any], *, write: bool
    ) -> Answer:
        place = self.settings.endpoint_of(service) or f"AWS ({service})"
        self._seen.metadata = {}
        try:
            client = self._client(service, where)
            answer: Answer = getattr(client, botocore.xform_name(operation))(**parameters)
        except exceptions.ClientError as error:
            raise from_answer(error.response, service, operation, where, write=write, redact=self.redact) from None
        except parsers.ResponseParserError:
            raise unreadable(self._seen.metadata, place, where, write=write) from None
        except exceptions.BotoCoreError as error:
            raise from_exception(error, place, where, write=write, redact=self.redact) from None
        if not isinstance(answer, dict):
            raise Broken(f"the answer to {operation} is {type(answer).__name__}", where=where)
        return answer

    def _client(self, service: str, where: str) -> t.Any:
        with self._lock:
            now = dt.datetime.now(dt.timezone.utc)
            if self._session is None or (self._expires and now >= self._expires - _RENEW_BEFORE):
                self._clients.clear()
                self._session = self._sign_in(where)
            if service not in self._clients:
                self._clients[service] = self._new_client(self._session, service)
            return self._clients[service]

    def _sign_in(self, where: str) -> t.Any:
        """Return a session: with the keys given, else the profile's, else whatever boto3 finds; then the role's."""
        settings = self.settings
        session = new_session(
            settings.access_key, settings.secret_key, settings.session_token, settings.region, settings.profile
        )
        if settings.role_arn:
            session = self._assume(session, where)
        credentials = session.get_credentials()
        if credentials is None:
            raise exceptions.NoCredentialsError
        frozen = credentials.get_frozen_credentials()
        self.redact.add(text for text in (frozen.secret_key, frozen.token) if text)
        return session

    def _assume(self, session: t.Any, where: str) -> t.Any:
        """Return a session of the role. Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html"""
        extra = {"ExternalId": self.settings.role_external_id} if self.settings.role_external_id else {}
        client = self._new_client(session, "sts")
        try:
            answer = client.assume_role(RoleArn=self.settings.role_arn, RoleSessionName="rollcall", **extra)
        finally:
            client.close()
        given = answer["Credentials"]
        self.redact.add([given["SecretAccessKey"], given["SessionToken"]])
        self._expires = given["Expiration"]
        return new_session(
            given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], session.region_name or ""
        )

    def _new_client(self, session: t.Any, service: str) -> t.Any:
        settings = self.settings
        # IAM and STS are the same everywhere in a partition; without any region boto3 would not know which.
        region = session.region_name or ("us-east-1" if service in ("iam", "sts") else None)
        client = session.client(
            service,
            region_name=region,
            endpoint_url=settings.endpoint_of(service) or None,
            verify=settings.ca_file or None,
            config=config.Config(
                connect_timeout=settings.connect_timeout,
                read_timeout=settings.read_timeout,
                retries={"total_max_attempts": 1, "mode": "standard"},
            ),
        )
        client.meta.events.register("before-parse", self._remember)
        return client

    def _remember(self, response_dict: t.Mapping[str, t.Any], **unused: t.Any) -> None:
        """Called by boto3 before it reads an answer: what it cannot read has a status and headers all the same."""
        self._seen.metadata = {
            "HTTPStatusCode": response_dict.get("status_code"),
            "HTTPHeaders": dict(response_dict.get("headers") or {}),
        }


def _check(settings: AwsSettings) -> None:
    if bool(settings.access_key) != bool(settings.secret_key):
        raise SettingsError("access_key and secret_key go together, and one of them is missing")
    if settings.session_token and not settings.access_key:
        raise SettingsError("a session_token belongs to an access_key, which is missing")
    if settings.access_key and settings.profile:
        raise SettingsError("give access_key and secret_key, or a profile, not both")
    if settings.role_external_id and not settings.role_arn:
        raise SettingsError("role_external_id belongs to a role_arn, which is missing")
    unknown = sorted(set(settings.endpoint_urls) - set(_SERVICES))
    if unknown:
        raise SettingsError(f"endpoint_urls names {unknown[0]!r}; the services are {', '.join(_SERVICES)}")
    for url in (settings.endpoint_url, *settings.endpoint_urls.values()):
        if url:
            _check_endpoint(url)


def _check_endpoint(url: str) -> None:
    todo = "Give it like https://vpce-0123.iam.us-east-1.vpce.amazonaws.com, or leave it out"
    try:
        parts = urllib.parse.urlsplit(url)
        host, _unused = parts.hostname or "", parts.port
    except ValueError:
        raise SettingsError("endpoint_url is not an address", todo=todo) from None
    if parts.scheme not in ("http", "https") or not host or parts.username or parts.password or parts.query:
        raise SettingsError("endpoint_url is not an http address with a host alone", todo=todo)
    if parts.scheme == "http" and not _is_loopback(host):
        raise SettingsError(f"endpoint_url is plain http to {host}: what is sent could be read on the way", todo=todo)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
