"""``jobgroup adopt``: adopt jobs that were sent elsewhere."""

from __future__ import annotations

import argparse

from jobgroup.cli.arguments import add_json, add_name, assignment
from jobgroup.cli.command import Command, report
from jobgroup.cli.exit_codes import MisuseError
from jobgroup.cli.serialize import group_state, job_line
from jobgroup.errors import JobGroupError
from jobgroup.group import JobGroup


def _adopt(arguments: argparse.Namespace) -> int:
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
        if is_new:  # all jobs are adopted, or none and no group is made
            JobGroup.delete_job_group(name, permanently=True)
        if isinstance(error, TypeError | ValueError) and not isinstance(error, JobGroupError):
            raise MisuseError(str(error)) from error
        raise
    records = [group.snapshot()[job.position or 0] for job in jobs]
    document = {"adopted": [job_line(each) for each in records], "group": group_state(group)}
    return report(arguments, f"{len(jobs)} adopted\n{group}", document)


def _add_adopt(parser: argparse.ArgumentParser) -> None:
    # no option for a token: other users of the machine see the arguments of a command
    parser.add_argument("ids", nargs="+", metavar="ID", help="id of a job on the cloud")
    parser.add_argument("--platform", help="platform of the jobs, if the cloud does not tell it")
    parser.add_argument("--url", help="address of the cloud; by default JOBGROUP_URL or Quandela's")
    parser.add_argument("--account", default="", help="label of the account, if it has one")
    parser.add_argument("--provider", default="quandela", help="provider for that cloud")
    parser.add_argument(
        "--label",
        action="append",
        type=assignment,
        default=[],
        metavar="NAME=VALUE",
        dest="labels",
        help="label the jobs, such as phi=0.3; may be repeated",
    )


ADOPT = Command(
    "adopt jobs into a group that were sent elsewhere",
    _adopt,
    (add_name, _add_adopt, add_json),
    example="jobgroup adopt sweep ID ID --platform sim:altair",
)
