"""Find the account whose token a page requests from the user."""

from __future__ import annotations

from jobgroup.dashboard.protocol import Json
from jobgroup.group import JobGroup, engine_session
from jobgroup.origin import QUANDELA_CLOUD


def token_needed(group: JobGroup) -> Json | None:
    """Return the account whose token is missing or was rejected; None if there is none."""
    incidents = engine_session(group).store.incidents.list()
    needed = ({"url": i.origin, "account": i.account} for i in incidents if i.kind == "token")
    return next(needed, None)


def line_of_token(url: str, account: str) -> str:
    """Return the line of Python that does the same as the page's field, without the token."""
    arguments = ["getpass()"]
    if account or url != QUANDELA_CLOUD:
        arguments.append(f"url={url!r}")
    if account:
        arguments.append(f"account={account!r}")
    return f"jobgroup.set_token({', '.join(arguments)})"
