"""``jobgroup adopt``: take jobs into a group that were sent elsewhere."""

from __future__ import annotations

import argparse

from jobgroup.cli.arguments import add_json, add_name, change
from jobgroup.cli.exit_codes import Exit, MisuseError
from jobgroup.cli.output import say, say_json
from jobgroup.cli.serialize import group_state, job_line
from jobgroup.errors import JobGroupError
from jobgroup.group import JobGroup

HELP = "take jobs into a group that were sent elsewhere, by hand say"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which jobs of which cloud. No token: others see the arguments of a command."""
    add_name(parser)
    parser.add_argument("ids", nargs="+", metavar="ID", help="of a job on the cloud")
    parser.add_argument("--platform", help="for a cloud that does not tell it")
    parser.add_argument("--url", help="of the cloud; JOBGROUP_URL or Quandela Cloud if not given")
    parser.add_argument("--account", default="", help="label of the account, if it has one")
    parser.add_argument("--provider", default="quandela", help="who speaks to that cloud")
    parser.add_argument(
        "--label",
        action="append",
        type=change,
        default=[],
        metavar="NAME=VALUE",
        dest="labels",
        help="a label of the jobs, such as phi=0.3; may be repeated",
    )
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Adopt all of them, or none; then a group that was not there is not made."""
    name = arguments.name
    is_new = name not in JobGroup.list_existing()
    group = JobGroup(name)
    try:
        jobs = group.adopt(
            arguments.ids,
            platform=arguments.platform,
            url=arguments.url,
            account=arguments.account,
            provider=arguments.provider,
            labels=dict(arguments.labels),
        )
    except BaseException as error:
        if is_new:
            JobGroup.delete_job_group(name, permanently=True)
        if isinstance(error, TypeError | ValueError) and not isinstance(error, JobGroupError):
            raise MisuseError(str(error)) from error
        raise
    if arguments.json:
        records = [group.changes_since(0).records[job.position or 0] for job in jobs]
        say_json({"adopted": [job_line(each) for each in records], "group": group_state(group)})
    else:
        say(f"{len(jobs)} adopted")
        say(str(group))
    return Exit.DONE
