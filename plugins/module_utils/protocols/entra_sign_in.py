# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Signing in to Microsoft's interfaces as an application, through Microsoft's own library.

Source: https://learn.microsoft.com/entra/msal/python/
"""

from __future__ import annotations

import functools
import typing as t

from ..errors import PolicyError, Refused, Transient
from ..http_errors import untrusted
from ..libraries import library
from ..redaction import Redactor
from .sign_in import Token

msal = library("msal")
requests = library("requests")
x509 = library("cryptography.x509")
hashes = library("cryptography.hazmat.primitives.hashes")

AUTHORITY = "https://login.microsoftonline.com"
_PASSING = ("temporarily_unavailable", "server_error")
_USUAL_LIFE = 600.0  # seconds
_TIMEOUT = 30.0


def entra_sign_in(
    tenant: str,
    client_id: str,
    *,
    scope: str,
    where: str,
    secret: str = "",
    certificate: str = "",
    private_key: str = "",
    authority: str = AUTHORITY,
    ca_file: str = "",
) -> Token:
    """Return the sign-in of an application, by its secret or by its certificate with the private key (both PEM).

    ``scope`` is the interface with ``/.default``. Fetching a token raises Refused for a credential, tenant or authority
    that is not accepted, Transient where Microsoft cannot be asked. Raises PolicyError for a certificate that is none.
    """
    credential: t.Any = secret
    if not secret:
        credential = {"private_key": private_key, "thumbprint": _thumbprint(certificate, where)}

    redact = Redactor([text for text in (secret, private_key) if text])

    def fetch() -> tuple[str, float]:
        try:
            application = msal.ConfidentialClientApplication(
                client_id,
                client_credential=credential,
                authority=f"{authority.rstrip('/')}/{tenant}",
                instance_discovery=False,  # it asks the worldwide cloud, whichever cloud the authority is of
                http_client=_http_client(ca_file),
            )
            answer = application.acquire_token_for_client(scopes=[scope])
        except requests.exceptions.SSLError as error:
            raise untrusted(redact(str(error)), "the sign-in address", where) from None
        except requests.exceptions.RequestException as error:  # their texts may quote what was sent
            raise Transient(
                f"the sign-in address could not be asked ({type(error).__name__})", where=where, sent=False
            ) from None
        except Exception as error:  # ValueError for a tenant that is not there, others for a key that is none
            raise Refused(
                f"the sign-in could not be prepared ({type(error).__name__})",
                where=where,
                todo="Look at the tenant, the authority, and whether the private key is in PEM form",
            ) from None
        token = answer.get("access_token")
        if isinstance(token, str) and token:
            life = answer.get("expires_in")
            return token, float(life) if isinstance(life, int | float) else _USUAL_LIFE
        said = str(answer.get("error_description") or answer.get("error") or "no reason given")
        said = redact(said.splitlines()[0])[:300]
        if answer.get("error") in _PASSING:
            raise Transient(f"signing in failed: {said}", where=where, sent=False)
        raise Refused(
            f"signing in was refused: {said}",
            where=where,
            todo="Look at the tenant, the client's id, and whether its secret or certificate has expired",
        )

    return Token(fetch, [text for text in (secret, private_key) if text])


def _http_client(ca_file: str) -> t.Any:
    """Return what the library sends its requests with. ``verify`` is given with each request, because
    REQUESTS_CA_BUNDLE would win over a session's own, and the authentication takes the place of ~/.netrc."""
    session = requests.Session()
    session.request = functools.partial(session.request, verify=ca_file or True, timeout=_TIMEOUT)
    session.auth = lambda request: request
    return session


def _thumbprint(certificate: str, where: str) -> str:
    try:
        found = x509.load_pem_x509_certificate(certificate.encode())
    except ValueError:
        raise PolicyError("the certificate cannot be read", where=where, todo="Expected it in PEM form") from None
    return str(found.fingerprint(hashes.SHA1()).hex())  # names the certificate; nothing rests on its strength
