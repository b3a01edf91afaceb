"""Write one page with the dashboard and a group's state, for use without a kernel."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterable, Mapping
from html import escape
from importlib.resources import files
from typing import Any, Final

from jobgroup.dashboard import protocol
from jobgroup.dashboard.job_detail import job_detail
from jobgroup.dashboard.queries import Queries
from jobgroup.group import JobGroup, engine_session, jobs_at
from jobgroup.status import FAILED
from jobgroup.store import JobRecord
from jobgroup.store.columns import read_columns
from jobgroup.store.encoding import json_safe

MAX_DETAILS: Final = 2000
"""Maximum number of jobs whose attempts and events the page contains. Failed jobs come first."""

MAX_RESULTS: Final = 200
"""Maximum number of jobs whose results the page contains."""

EPOCH: Final = "saved"
"""Epoch for which the browser expects no changes."""


def page_of(group: JobGroup, traits: Mapping[str, Any], *, with_results: bool) -> str:
    """Return the page with the group's last known state."""
    records, now = group.snapshot(), time.time()
    rows = read_columns(engine_session(group).store.database, 0, len(records))
    push = protocol.Push(n=1, epoch=EPOCH, since=-1, version=1, total=len(records))
    failed_first = sorted(records, key=lambda r: r.state not in FAILED)
    state = {
        "values": {**traits, "read_only": True, "updated_at": None, "eta_s": None, "busy": ""},
        "snapshot": protocol.snapshot(push, protocol.inline_rows(rows), now),
        "jobs": {
            job.position: job_detail(group, job)
            for job in jobs_at(group, [r.position for r in failed_first[:MAX_DETAILS]])
        },
        **(
            _results(group, records)
            if with_results
            else {"results": {}, "measured": None, "figures": {}}
        ),
    }
    return PAGE.format(
        name=escape(group.name),
        when=time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(now)),
        revival=escape(f"from jobgroup import Dashboard; Dashboard({group.name!r})"),
        state=_as_script(json_safe(state)),
        widget=_module("widget"),
        saved=_module("saved"),
    )


def _results(group: JobGroup, records: Iterable[JobRecord]) -> dict[str, Any]:
    positions = [r.position for r in records if r.state == "success"][:MAX_RESULTS]
    jobs, queries = jobs_at(group, positions), Queries()
    found = queries.results(group, jobs)["results"]
    return {
        "results": {each["position"]: each for each in found},
        "measured": queries.measured(group, jobs, []),
        "figures": queries.figures(group),
    }


def _module(name: str) -> str:
    code = (files(__package__) / "static" / f"{name}.js").read_bytes()
    return "data:text/javascript;base64," + base64.b64encode(code).decode()


def _as_script(value: Any) -> str:
    """Return JSON for a script element. No text in it can close the element."""
    return json.dumps(value, default=str, separators=(",", ":")).replace("<", "\\u003c")


PAGE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{name}</title>
<style>
  html {{ color-scheme: light dark; background: light-dark(#fff, #111417); }}
  body {{ max-width: 1200px; margin: 16px auto; padding: 0 16px; }}
  p {{ font: 13px system-ui, sans-serif; }}
</style>
<p>State of {when}. To see it live, run <code>{revival}</code></p>
<div id="dashboard"></div>
<script type="application/json" id="state">{state}</script>
<script type="module">
  import widget from "{widget}";
  import {{ showSaved }} from "{saved}";
  const state = JSON.parse(document.getElementById("state").textContent);
  showSaved(widget, state, document.getElementById("dashboard"));
</script>
</html>
"""
