"""Read jobs and decode results of client libraries. Each library has a package.

The module of a job's class names the library. Its adapter is imported only when needed.
"""

from jobgroup.adapters.base import (
    ForeignGroup,
    JobSpec,
    NoDrawingError,
    NoIdealError,
    UndecodableResultError,
    UnreadableGroupError,
)
from jobgroup.adapters.foreign_groups import GROUP_SUFFIXES, group_directories, read_group
from jobgroup.adapters.job_reader import follow, job_from_id, let_perceval_display, read_job
from jobgroup.adapters.perceval.circuit_drawing import circuit_svg
from jobgroup.adapters.perceval.ideal import ideal_of
from jobgroup.adapters.perceval.metadata import describe_body, iterations_of, min_photons
from jobgroup.adapters.results import decode

__all__ = [
    "GROUP_SUFFIXES",
    "ForeignGroup",
    "JobSpec",
    "NoDrawingError",
    "NoIdealError",
    "UndecodableResultError",
    "UnreadableGroupError",
    "circuit_svg",
    "decode",
    "describe_body",
    "follow",
    "group_directories",
    "ideal_of",
    "iterations_of",
    "job_from_id",
    "let_perceval_display",
    "min_photons",
    "read_group",
    "read_job",
]
