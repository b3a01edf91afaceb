"""The commands: what each is for, its options, and what it does.

A new command is a `Command` in the module that it belongs to.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from jobgroup.cli.command import Command
from jobgroup.cli.commands import adopt, control, groups, results, run, show, tools, watch

COMMANDS: Final[Mapping[str, Command]] = {
    "ls": groups.LS,
    "show": show.SHOW,
    "run": run.RUN,
    "rerun": run.RERUN,
    "next": control.NEXT,
    "cancel": control.CANCEL,
    "stop": control.STOP,
    "pause": control.PAUSE,
    "resume": control.RESUME,
    "watch": watch.WATCH,
    "results": results.RESULTS,
    "delete": groups.DELETE,
    "restore": groups.RESTORE,
    "export": groups.EXPORT,
    "import": groups.IMPORT,
    "adopt": adopt.ADOPT,
    "demo": tools.DEMO,
    "cloud": tools.CLOUD,
    "doctor": tools.DOCTOR,
    "completion": tools.COMPLETION,
}
