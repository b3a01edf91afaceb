"""Perceval's archives are unpacked and packed again without building their objects."""

import random

import perceval as pcvl
import pytest
from perceval.runtime import Command, Computation, ComputationIterator
from perceval.serialization import InputArchive, OutputArchive, Serialization
from record import RECORDED

from jobgroup.adapters import UnreadableGroupError, read_group
from jobgroup.decoding import Archive


def archived(*objects, compress=False):
    """Return Perceval's archive of some objects."""
    archive = OutputArchive()
    for each in objects:
        Serialization.serialize(each, archive)
    return archive.to_text(compress=compress)


def computation():
    """Return a computation whose experiment has parts of every kind."""
    experiment = pcvl.catalog["postprocessed cnot"].build_experiment()
    experiment.noise = pcvl.NoiseModel(transmittance=0.5)
    experiment.min_detected_photons_filter(2)
    experiment.with_input(pcvl.BasicState([0, 1, 0, 1]))
    command = Command("sample_count", [("max_samples", int, True), ("max_shots", None, False)])
    found = Computation(command, experiment)
    found.add_params(max_samples=10)
    iterator = ComputationIterator(found)
    iterator.add_iteration(input_state=pcvl.BasicState([0, 1, 1, 0]), max_samples=5)
    return iterator


@pytest.mark.parametrize("compress", [False, True])
def test_every_part_is_an_archive_that_perceval_reads(compress):
    """Numbers, texts with blanks, None, lists, dicts, types, states and experiments work."""
    whole = {
        "none": None,
        "flags": [True, False],
        "numbers": (1, -2.5, 1e-300, 1 + 2j),
        "text": "a text  with blanks é ∂",
        "bytes": b"\x00\xff",
        "type": int,
        "set": {3},
        "noise": pcvl.NoiseModel(g2=0.1),
        "states": [pcvl.BasicState([1, 0]), pcvl.PostSelect("[0]==1")],
        "empty": [[], {}, "", None],
    }
    archive = Archive(archived(1.5, whole, computation(), compress=compress))
    assert archive.plain(archive.roots[0]) == 1.5
    text = archive.text_of(archive.roots[1])
    assert Serialization.deserialize(InputArchive.from_text(text)) == whole
    text = archive.text_of(archive.roots[2])
    assert archived(Serialization.deserialize(InputArchive.from_text(text))) == archived(
        computation()
    )


def test_damaged_archive_is_read_or_refused(tmp_path):
    """A truncated or changed group of executions is read, or rejected with a message."""
    whole = (RECORDED / "1.3.1.egrp").read_text()
    dice = random.Random(7)
    path = tmp_path / "it.egrp"
    refused = []
    for _ in range(300):
        at = dice.randrange(len(whole))
        text = dice.choice([whole[:at], whole[:at] + dice.choice(" 0x-9é") + whole[at + 1 :]])
        path.write_text(text, "utf-8")
        try:
            read_group(path)
        except UnreadableGroupError as error:
            refused.append(str(error))
    assert len(refused) > 100
    assert all(reason.startswith("it is ") for reason in refused)
