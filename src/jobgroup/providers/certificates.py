"""Which certificates an account's cloud is known by.

All that the variables in `VARIABLES` name; only where none of them is set, those of the system, and
where a container has none, certifi's.
"""

from __future__ import annotations

import os
import platform
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from jobgroup.words import on_one_line

VARIABLES: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
"""In the order in which they are read and named. They are taken together: environments set one of
them by themselves (conda SSL_CERT_FILE, images REQUESTS_CA_BUNDLE), and people another."""


class CertificatesError(Exception):
    """No variable that is set names certificates that can be read; the sentence names each."""


@dataclass(frozen=True, slots=True)
class Certificates:
    """What a cloud is known by; equal where it comes from the same places in the same state.

    Attributes:
        sources: variable, path and time of change of each; none for the system's.
        problems: a sentence for each variable whose certificates cannot be read.
        context: the TLS settings.
    """

    sources: tuple[tuple[str, str, int], ...]
    problems: tuple[str, ...] = field(compare=False)
    context: ssl.SSLContext = field(compare=False, repr=False)

    def __str__(self) -> str:
        named = " and ".join(f"{variable} ({path})" for variable, path, _ in self.sources)
        text = f"those named by {named}" if named else "the system's"
        return "; ".join([text, *self.problems])


def load_certificates() -> Certificates:
    """Return the certificates that are configured at present.

    Raises:
        CertificatesError: variables are set, and none names certificates that can be read.
    """
    context = _lenient(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    sources: list[tuple[str, str, int]] = []
    problems: list[str] = []
    for variable in VARIABLES:
        if path := os.environ.get(variable, "").strip():
            try:
                changed_at = max(_load(context, place) for place in _places(variable, path))
            except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: "~", and no home
                problems.append(_sentence(variable, path, error))
            else:
                sources.append((variable, _printable(path), changed_at))
    if problems and not sources:
        raise CertificatesError("; ".join(problems))
    if not sources:
        context = _system_context()
    return Certificates(tuple(sources), tuple(problems), context)


def _places(variable: str, path: str) -> list[Path]:
    """The files or directories that a variable names: OpenSSL's may name several directories."""
    names = path.split(os.pathsep) if variable == "SSL_CERT_DIR" else [path]
    return [Path(name).expanduser() for name in names if name]


def _load(context: ssl.SSLContext, place: Path) -> int:
    """Have a file's certificates trusted, or a directory's; returns when it was changed, in ns."""
    changed_at = place.stat().st_mtime_ns
    if place.is_dir():
        context.load_verify_locations(capath=str(place))
    else:
        context.load_verify_locations(cafile=str(place))
    return changed_at


def _system_context() -> ssl.SSLContext:
    import certifi
    import truststore

    context = _lenient(truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    if not _has_store():
        context.load_verify_locations(cafile=certifi.where())
    return context


def _lenient(context: ssl.SSLContext) -> ssl.SSLContext:
    """Let a context verify certificates as curl does on every Python.

    Python 3.13 adds VERIFY_X509_STRICT, which the certificates of many companies do not satisfy,
    and VERIFY_X509_PARTIAL_CHAIN, by which an intermediate certificate may be named alone.
    """
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def _has_store() -> bool:
    """Whether truststore will find certificates: Windows and macOS have them, images may not."""
    if platform.system() in {"Windows", "Darwin"}:
        return True
    paths = ssl.get_default_verify_paths()
    has_hashed = bool(paths.capath) and any(Path(paths.capath).glob("*.0"))
    return bool(paths.cafile) or has_hashed or any(map(os.path.isfile, _MORE_STORES))


_MORE_STORES: Final = (
    "/etc/ssl/cert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/cert.pem",
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/ssl/ca-bundle.pem",
)
"""Where truststore looks if OpenSSL was built for another place."""


def _sentence(variable: str, path: str, error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        why = "which does not exist"
    elif isinstance(error, ssl.SSLError):
        why = "which holds no certificates that can be read"
    else:
        why = f"which cannot be read ({getattr(error, 'strerror', None) or error})"
    return f"{variable} names {_printable(path)}, {why}"


def _printable(path: str) -> str:
    return on_one_line(path[:200])
