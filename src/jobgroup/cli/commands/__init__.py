"""List the commands in the order in which the help shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from jobgroup.cli.command import Command
from jobgroup.cli.commands import groups, jobs, results, run, show, tools, ui

COMMANDS: Final[Mapping[str, Command]] = {
    "ls": groups.LS,
    "show": show.SHOW,
    "estimate": groups.ESTIMATE,
    "run": run.RUN,
    "rerun": run.RERUN,
    "confirm": jobs.CONFIRM,
    "resend": run.RESEND,
    "next": jobs.NEXT,
    "remove": jobs.REMOVE,
    "cancel": jobs.CANCEL,
    "stop": jobs.STOP,
    "pause": jobs.PAUSE,
    "resume": jobs.RESUME,
    "watch": run.WATCH,
    "results": results.RESULTS,
    "plot": results.PLOT,
    "rename": groups.RENAME,
    "delete": groups.DELETE,
    "restore": groups.RESTORE,
    "export": groups.EXPORT,
    "import": groups.IMPORT,
    "adopt": jobs.ADOPT,
    "ui": ui.UI,
    "demo": tools.DEMO,
    "cloud": tools.CLOUD,
    "doctor": tools.DOCTOR,
    "completion": tools.COMPLETION,
}
