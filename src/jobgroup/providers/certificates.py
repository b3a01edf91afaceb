"""Load the certificates that verify clouds.

If any of `VARIABLES` is set, jobgroup trusts the certificates that they name. Otherwise, it trusts
the system's certificates or, in a container that has none, certifi's.
"""

from __future__ import annotations

import os
import platform
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from jobgroup.words import on_one_line

VARIABLES: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
"""All of these variables count, because environments set some of them automatically (conda sets
SSL_CERT_FILE, container images set REQUESTS_CA_BUNDLE) and users set others.
"""


class CertificatesError(Exception):
    """Variables are set, but none of them names readable certificates. The message lists all."""


@dataclass(frozen=True, slots=True)
class Certificates:
    """Trusted certificates. Two objects are equal if they come from the same unchanged files.

    Attributes:
        sources: variable, path and modification time of each source; empty for the system's
            certificates.
        problems: clause about each path without readable certificates.
        context: TLS settings.
    """

    sources: tuple[tuple[str, str, int], ...]
    problems: tuple[str, ...] = field(compare=False)
    context: ssl.SSLContext = field(compare=False, repr=False)

    def __str__(self) -> str:
        named = " and ".join(f"{variable} ({path})" for variable, path, _ in self.sources)
        return "; ".join([f"those in {named}" if named else "the system's", *self.problems])


def load_certificates() -> Certificates:
    """Return the currently configured certificates.

    Raises:
        CertificatesError: variables are set, but none of them names readable certificates.
    """
    context = _lenient(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    sources: list[tuple[str, str, int]] = []
    problems: list[str] = []
    for variable, path in _named_paths():
        named = on_one_line(path[:200])
        try:
            changed_ns = _load(context, Path(path).expanduser())
        except (
            OSError,
            ValueError,
            RuntimeError,
        ) as error:  # RuntimeError: "~" without a home directory
            problems.append(f"{variable} names {named}, {_why(error)}")
        else:
            sources.append((variable, named, changed_ns))
    if problems and not sources:
        raise CertificatesError("; ".join(problems))
    return Certificates(tuple(sources), tuple(problems), context if sources else _system_context())


def _named_paths() -> Iterator[tuple[str, str]]:
    """Yield each variable with each path that it names."""
    for variable in VARIABLES:
        value = os.environ.get(variable, "").strip()
        # OpenSSL's variable may name several directories, some of which may not exist
        paths = value.split(os.pathsep) if variable == "SSL_CERT_DIR" else [value]
        yield from ((variable, path) for path in paths if path)


def _load(context: ssl.SSLContext, path: Path) -> int:
    """Trust the certificates in a file or directory; return its modification time in ns."""
    changed_ns = path.stat().st_mtime_ns
    if path.is_dir():
        context.load_verify_locations(capath=str(path))
    else:
        context.load_verify_locations(cafile=str(path))
    return changed_ns


def _why(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "which does not exist"
    if isinstance(error, ssl.SSLError):
        return "which contains no readable certificates"
    return f"which cannot be read ({getattr(error, 'strerror', None) or error})"


def _system_context() -> ssl.SSLContext:
    import certifi
    import truststore

    context = _lenient(truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    if not _has_system_certificates():
        context.load_verify_locations(cafile=certifi.where())
    return context


def _lenient(context: ssl.SSLContext) -> ssl.SSLContext:
    """Make a context verify as curl does, on all versions of Python, and return it.

    Python 3.13 sets VERIFY_X509_STRICT, which many companies' certificates do not satisfy. It also
    sets VERIFY_X509_PARTIAL_CHAIN, which lets users name only an intermediate certificate.
    """
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def _has_system_certificates() -> bool:
    """Return whether truststore will find certificates. Containers often have none."""
    if platform.system() in {"Windows", "Darwin"}:
        return True
    paths = ssl.get_default_verify_paths()
    has_hashed = bool(paths.capath) and any(Path(paths.capath).glob("*.0"))
    return bool(paths.cafile) or has_hashed or any(map(os.path.isfile, _MORE_BUNDLES))


_MORE_BUNDLES: Final = (
    "/etc/ssl/cert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/cert.pem",
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/ssl/ca-bundle.pem",
)
"""Files that truststore tries after OpenSSL's files."""
