"""Group names are encoded as file names reversibly, and never as paths."""

from __future__ import annotations

import ntpath
import os
import sys
import unicodedata
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jobgroup.errors import InvalidNameError
from jobgroup.store.names import MAX_ENCODED_BYTES, SUFFIX, decode, encode, normalised

NAMES = st.text(min_size=1, max_size=60)


def is_reserved(file_name):
    """Return whether Windows reserves a name for itself."""
    if sys.version_info >= (3, 13):
        return ntpath.isreserved(file_name)
    return PureWindowsPath(file_name).is_reserved()


def _encoded(name):
    try:
        return encode(name)
    except InvalidNameError:
        return None


@given(NAMES)
@example("..")
@example("%2E")
@example("a%")
@example("CON")
@example("con.txt")
@example("é e\u0301")
@example("ﬁ")
@example("K")
def test_decode_undoes_encode(name):
    """Lists show every allowed name as it was typed, with composed letters."""
    encoded = _encoded(name)
    if encoded is not None:
        assert decode(encoded) == normalised(name)


@given(NAMES)
@example("../../etc/passwd")
@example("a/b\\c:d")
@example(".")
@example("~")
@example("com¹.x")
def test_an_encoded_name_is_one_file_name(name):
    """No file name leaves the directory, is hidden, or is special on this system or on Windows."""
    encoded = _encoded(name)
    if encoded is None:
        return
    file_name = encoded + SUFFIX
    assert PurePosixPath("groups", file_name).parts == ("groups", file_name)
    assert PureWindowsPath("groups", file_name).parts == ("groups", file_name)
    assert not is_reserved(file_name)
    assert not set(file_name) & set('<>:"/\\|?*~\0')
    assert file_name[0] not in ". -~" or file_name[0] == "-"
    assert file_name == os.path.normpath(file_name)
    assert len(file_name.encode()) <= MAX_ENCODED_BYTES + len(SUFFIX)


@given(NAMES, NAMES)
def test_different_names_are_different_files(first, second):
    """Two names never share a file."""
    if first != second and _encoded(first) is not None:
        assert _encoded(first) != _encoded(second)


@given(st.text(max_size=30))
@example("%zz")
@example("%2e")
@example("%C3")
@example("a b ")
@example("%61")
@example("")
def test_file_names_that_encode_never_writes_are_refused(text):
    """A file name belongs to a group only if encode would have written it."""
    try:
        name = decode(text)
    except InvalidNameError:
        return
    assert encode(name) == text


def test_ordinary_names_stay_readable():
    """The directory shows everyday names unchanged."""
    for name in ("compare_knill_and_ralph_cnot", "phase scan 0.3", "Größe-2", "実験7"):
        assert encode(name) == name


@given(NAMES)
@example("Messung e\u0301")
@example("\u212b")
def test_encode_gives_one_file_name_to_composed_and_decomposed_letters(name):
    """Names that look the same are one group, even if the file system decomposes its names."""
    encoded = _encoded(name)
    decomposed = unicodedata.normalize("NFD", name)
    assert _encoded(decomposed) == encoded
    if encoded is not None:
        assert decode(unicodedata.normalize("NFD", encoded)) == decode(encoded)


def test_a_name_longer_than_the_limit_is_refused():
    """The limit counts encoded bytes, and the error says how many there are."""
    assert encode("x" * MAX_ENCODED_BYTES)
    with pytest.raises(InvalidNameError, match=str(MAX_ENCODED_BYTES + 1)):
        encode("x" * (MAX_ENCODED_BYTES + 1))
    with pytest.raises(InvalidNameError, match="too long"):
        encode("/" * 67)
