"""Which certificates an account's cloud is known by.

Those that a variable names, in the order of `VARIABLES`, instead of any other; else those of the
system, and where a container has none, certifi's.
"""

from __future__ import annotations

import os
import platform
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final

VARIABLES: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
"""requests' own come first: who sets them means Perceval to use them, and environments of conda set
SSL_CERT_FILE by themselves."""


class CertificatesError(Exception):
    """A variable names certificates that cannot be read; the sentence names it."""


@dataclass(frozen=True, slots=True)
class Certificates:
    """Where certificates come from, and in which state that was.

    Attributes:
        variable: that names them; "" for the system's.
        path: of the file or directory.
        changed_at: of it, in ns.
    """

    variable: str = ""
    path: str = ""
    changed_at: int = 0

    def __str__(self) -> str:
        return f"those that {self.variable} names ({self.path})" if self.path else "the system's"


def chosen() -> Certificates:
    """Return what is configured at present.

    Raises:
        CertificatesError: what a variable names is not there.
    """
    for variable in VARIABLES:
        if path := os.environ.get(variable, "").strip():
            try:
                changed_at = max(place.stat().st_mtime_ns for place in _places(variable, path))
                return Certificates(variable, path, changed_at)
            except (OSError, ValueError) as error:
                raise _unusable(variable, path, error) from None
    return Certificates()


def context_for(certificates: Certificates) -> ssl.SSLContext:
    """Return the TLS settings that know a cloud by these certificates.

    Raises:
        CertificatesError: they cannot be read.
    """
    if not certificates.path:
        return _of_system()
    # As requests and OpenSSL verify: without VERIFY_X509_STRICT, which Python 3.13 would add and
    # which many a company's own certificate does not satisfy.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        for place in _places(certificates.variable, certificates.path):
            if place.is_dir():
                context.load_verify_locations(capath=str(place))
            else:
                context.load_verify_locations(cafile=str(place))
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise _unusable(certificates.variable, certificates.path, error) from None
    return context


def _places(variable: str, path: str) -> list[Path]:
    """The files or directories that a variable names: OpenSSL's may name several directories."""
    names = path.split(os.pathsep) if variable == "SSL_CERT_DIR" else [path]
    return [Path(name).expanduser() for name in names if name]


def _of_system() -> ssl.SSLContext:
    import certifi
    import truststore

    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not _has_store():
        context.load_verify_locations(cafile=certifi.where())
    return context


def _has_store() -> bool:
    """Whether truststore will find certificates: Windows and macOS have them, images may not."""
    if platform.system() in {"Windows", "Darwin"}:
        return True
    paths = ssl.get_default_verify_paths()
    has_hashed = bool(paths.capath) and any(Path(paths.capath).glob("*.0"))
    return bool(paths.cafile) or has_hashed or any(map(os.path.isfile, _ELSEWHERE))


_ELSEWHERE: Final = (
    "/etc/ssl/cert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/cert.pem",
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/ssl/ca-bundle.pem",
)
"""Where truststore looks if OpenSSL was built for another place."""


def _unusable(variable: str, path: str, error: Exception) -> CertificatesError:
    shown = "".join(c if c.isprintable() else "?" for c in path)[:200]
    if isinstance(error, FileNotFoundError):
        why = "which does not exist"
    elif isinstance(error, ssl.SSLError):
        why = "which holds no certificates that can be read"
    else:
        why = f"which cannot be read ({getattr(error, 'strerror', None) or error})"
    return CertificatesError(f"{variable} names {shown}, {why}")
