"""Jobs that `add` accepts, and decoders of results: one package per client library.

A library is recognised by the module of the job's class, and its adapter is imported only then, so
no one pays for a library that they do not use.
"""

from jobgroup.adapters.base import (
    ForeignGroup,
    JobSpec,
    NoIdealError,
    UndecodableResultError,
    UnreadableGroupError,
    validate_labels,
)
from jobgroup.adapters.foreign_groups import GROUP_SUFFIXES, group_directories, read_group
from jobgroup.adapters.libraries import follow, read_job
from jobgroup.adapters.perceval.ideal import ideal_of
from jobgroup.adapters.perceval.metadata import describe_body
from jobgroup.adapters.results import decode

__all__ = [
    "GROUP_SUFFIXES",
    "ForeignGroup",
    "JobSpec",
    "NoIdealError",
    "UndecodableResultError",
    "UnreadableGroupError",
    "decode",
    "describe_body",
    "follow",
    "group_directories",
    "ideal_of",
    "read_group",
    "read_job",
    "validate_labels",
]
