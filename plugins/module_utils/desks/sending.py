# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sending messages through Apprise: which service a URL means, and whether it took a message.

An Apprise URL is made of secrets, and a service's answer may repeat them. So nothing of a URL is ever shown but the
service's name; for what Apprise logs see ``unheard``.

Source: https://appriseit.com/ and https://github.com/caronc/apprise
"""

from __future__ import annotations

import dataclasses
import html
import re
import types
import typing as t
import urllib.parse

from ..libraries import library
from ..model import Finding
from .contract import Attachment
from .digests import ROUTES
from .mailto import is_one_address
from .unheard import explained, unheard

apprise = library("apprise")
memory = library("apprise.attachment.memory")

#: Stands in a URL for the recipient's address. A URL without it is a channel, where a message names who is meant.
ADDRESS = "{address}"

_SECONDS = 60
# What services draw from plain text: mail has no mentions and no links but its own.
_MAIL = ("mailto", "mailtos")
_HERE = ("localhost", "127.0.0.1", "::1")


@dataclasses.dataclass(frozen=True)
class Channel:
    """One URL of one route. ``name`` says which one it is, without a secret: owner/slack, owner/slack-2."""

    route: str
    name: str
    service: str
    url: str = dataclasses.field(repr=False)
    personal: bool = False  # it takes an address
    mail: bool = False

    @property
    def takes_html(self) -> bool:
        """Whether a message may be HTML: in mail to one address, unless the URL wants it as text."""
        wanted = re.search(r"[?&]format=(\w*)", self.url, re.IGNORECASE)
        return self.mail and self.personal and (wanted is None or wanted[1].casefold() == "html")

    def problem_with(self, address: str) -> str:
        """Return why nothing can be sent to ``address`` this way; empty when it can."""
        if self.personal and not address:
            return "there is no address"
        # it is put into a URL, and services split lists at commas, spaces, slashes and more: it must be just one.
        # And where one is none, mail goes to the sender and Slack to #general instead.
        if self.personal and not is_one_address(address):
            return f"{address!r} is not one plain email address"
        return ""


@dataclasses.dataclass(frozen=True)
class Outcome:
    """Whether a service took a message; if not, ``why`` and what to do."""

    sent: bool
    why: str = ""
    todo: str = ""


def channels_of(routes: t.Mapping[str, t.Any], where: str) -> tuple[tuple[Channel, ...], tuple[Finding, ...]]:
    """Return the channels of ``notifications.routes``, templates filled in, and what is wrong with the others.

    Nothing is sent and nobody is connected to. Raises MissingLibrary when there are routes and no Apprise.
    """
    channels, findings = [], []
    names: dict[str, int] = {}
    for route in ROUTES:
        given = routes.get(route) or ()
        urls = [given] if isinstance(given, str) else list(given)
        for number, url in enumerate(urls, start=1):
            place = f"{where}, notifications.routes.{route}" + (f", entry {number}" if len(urls) > 1 else "")
            service = _service(_filled(str(url), "someone@example.com"))
            problem = _problem(service, str(url))
            if problem:
                findings.append(Finding("notification_route", "error", problem[0], where=place, todo=problem[1]))
                continue
            scheme = str(url).partition(":")[0].strip().lower()
            # its number among those of its kind, so that the order of different services does not matter
            count = names[f"{route}/{scheme}"] = names.get(f"{route}/{scheme}", 0) + 1
            channels.append(
                Channel(
                    route,
                    f"{route}/{scheme}" + (f"-{count}" if count > 1 else ""),
                    str(service.service_name),
                    str(url).strip(),
                    personal=ADDRESS in str(url),
                    mail=scheme in _MAIL,
                )
            )
    return tuple(channels), tuple(findings)


class Sender:
    """Sends, and keeps what it has connected to, so that a service's limit on its rate holds for all of a run."""

    def __init__(self) -> None:
        self._services: dict[tuple[str, str], t.Any] = {}

    def send(
        self,
        channel: Channel,
        address: str,
        title: str,
        body: str,
        *,
        urgent: bool = False,
        attached: t.Sequence[Attachment] = (),
        links: t.Mapping[str, str] = types.MappingProxyType({}),
    ) -> Outcome:
        """Send one message of plain text. A message that was not taken may be sent again: it is not known to be out.

        What is ``attached`` is HTML, and goes with mail to one address only. ``links`` are URLs of ours in the body,
        with what each is called: a mail has them as HTML, too, because few programs make a link of text. Nothing else
        in it becomes one.
        """
        problem = channel.problem_with(address)
        if problem:
            return Outcome(False, problem, "Give an address in the catalog, in HR or in rollcall.yml")
        key = (channel.name, address if channel.personal else "")
        if key not in self._services:
            self._services[key] = _service(_filled(channel.url, address))
        service = self._services[key]
        if service is None or (channel.mail and channel.personal and not _goes_to(service, address)):
            return Outcome(False, "its URL is not understood with this address", "Check the route's URL")
        if not channel.mail:
            title, body = disarmed(title), disarmed(body)
        as_html = channel.takes_html and any(link in body for link in links)
        with unheard() as heard:
            sender = apprise.Apprise()
            sender.add(service)
            result = sender.notify(
                body=html_of(body, links) if as_html else body,
                title=title,
                notify_type="failure" if urgent else "info",
                body_format="html" if as_html else "text",
                # what HR wrote as \n is a backslash and an n
                interpret_escapes=False,
                attach=_attachments(attached) if channel.mail and channel.personal else None,
                timeout=_SECONDS,
            )
        if result.status.name == "TIMEOUT":
            return Outcome(False, f"there was no answer within {_SECONDS} seconds", "It is sent again in the next run")
        return Outcome(True) if result else Outcome(False, *explained(heard))


def _attachments(files: t.Sequence[Attachment]) -> t.Any:
    """Return files as Apprise takes them, or None: from memory, so that nothing of them is left on a disk."""
    if not files:
        return None
    attached = apprise.AppriseAttachment()
    for file in files:
        attached.add(memory.AttachMemory(content=file.content, name=file.name, mimetype="text/html"))
    return attached


def disarmed(text: str) -> str:
    """Return ``text`` so that a chat calls nobody because of it and makes no link of it; it looks the same.

    Apprise escapes what a service's markup needs in a body; mentions it leaves alone, and titles too.
    """
    text = re.sub(r"@(?=everyone|here|channel|all|room|online)", "@\u200b", text, flags=re.IGNORECASE)
    # <!here>, <@U123>, <https://...|text> in Slack, <at>...</at> in Teams, @name and @**all** elsewhere
    text = re.sub(r"<(?=\S)", "<\u200b", text)
    text = re.sub(r"(?<![\w.+'-])@(?=[\w*|_])", "@\u200b", text)
    return text.replace("](", "]\u200b(")


def html_of(text: str, links: t.Mapping[str, str]) -> str:
    """Return plain text as HTML that looks the same, with ``links`` (URL -> what it is called) to be clicked."""
    urls = "|".join(re.escape(url) for url in sorted(links, key=len, reverse=True))
    made: list[str] = []
    for line in text.splitlines():
        shown = line.lstrip(" ")
        pieces = re.split(f"(<(?:{urls})>|{urls})", shown) if links else [shown]
        found = ["&nbsp;" * (len(line) - len(shown))]
        for piece in pieces:
            url = piece.strip("<>") if piece.strip("<>") in links else ""
            words = html.escape(links.get(url, piece))
            found.append(f'<a href="{html.escape(url)}">{words}</a>' if url else words)
        made.append("".join(found))
    return "<br>\n".join(made)


def _filled(url: str, address: str) -> str:
    return url.strip().replace(ADDRESS, urllib.parse.quote(address, safe=""))


def _service(url: str) -> t.Any:
    """Return Apprise's service for a URL, or None where it does not understand it. Nothing is kept on disk."""
    asset = apprise.AppriseAsset(
        app_id="Rollcall",
        app_desc="Rollcall",
        app_url="",
        storage_mode="memory",
        pgp_autogen=False,
        secure_logging=True,
    )
    with unheard():
        service = apprise.Apprise.instantiate(url, asset=asset)
    if service is not None:
        # "optional=yes" would have a message taken for sent that was not
        service.optional = False
    return service


def _goes_to(service: t.Any, address: str) -> bool:
    return any(str(target[-1]).casefold() == address.casefold() for target in service.targets)


def _problem(service: t.Any, url: str) -> tuple[str, str] | None:
    if service is None:
        known = re.match(r"\s*([a-z0-9]{2,20})://", url, re.IGNORECASE)
        what = f"the {known[1].lower()}:// URL" if known else "the URL"
        return (
            f"Apprise does not understand {what} (its text is not shown: it may hold a secret)",
            "Compare it with https://appriseit.com/services/; a password is written percent-encoded, / too",
        )
    if not getattr(service, "verify_certificate", True):
        return "verify=no switches off the check of certificates", "Remove it; trust the authority instead"
    if service.password and getattr(service, "secure_mode", "") == "insecure" and service.smtp_host not in _HERE:
        return "the mail server's password would go there unencrypted", "Write mailtos://, or mode=starttls"
    return None
