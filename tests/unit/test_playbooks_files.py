"""Writing on hosts where others may write too: no link of theirs leads us out of their folder."""

import errno
import stat
from pathlib import Path

import pytest

import tests.unit.playbooks  # noqa: F401  isort: skip
from ansible.module_utils.provision import files


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """A folder in which others can make links, and what they would like to have: `precious` beside it."""
    (tmp_path / "precious").mkdir(mode=0o700)
    (tmp_path / "precious/file").write_text("mine")
    (tmp_path / "precious/file").chmod(0o600)
    folder = tmp_path / "theirs"
    folder.mkdir()
    folder.chmod(0o777)
    return folder


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_link_of_others_is_not_followed(theirs: Path) -> None:
    precious = theirs.parent / "precious"
    (theirs / "scratch").symlink_to(precious)
    (theirs / "note").symlink_to(precious / "file")
    for path in (theirs / "scratch", theirs / "note", theirs / "scratch/file"):
        with pytest.raises(OSError, match="it is not followed") as caught:
            files.set_attributes(str(path), 0o777, "", "")
        assert caught.value.errno == errno.ELOOP and caught.value.filename == str(path)
    with pytest.raises(OSError, match="it is not followed"):
        files.make_folder(str(theirs / "scratch"), 0o777)
    with pytest.raises(OSError, match="it is not followed"):
        files.make_folder(str(theirs / "scratch/below"), 0o777)
    with pytest.raises(OSError, match="it is not followed"):
        files.write(files.Wish(str(theirs / "scratch/file"), b"theirs"))
    assert (mode(precious), mode(precious / "file"), (precious / "file").read_text()) == (0o700, 0o600, "mine")
    assert [path.name for path in precious.iterdir()] == ["file"]


def test_a_link_in_the_place_of_a_file_is_replaced(theirs: Path) -> None:
    precious = theirs.parent / "precious"
    (theirs / "note").symlink_to(precious / "file")
    files.write(files.Wish(str(theirs / "note"), b"ours", 0o640))
    assert not (theirs / "note").is_symlink() and (theirs / "note").read_bytes() == b"ours" and mode(theirs / "note") == 0o640
    assert (precious / "file").read_text() == "mine"
    assert [path.name for path in theirs.iterdir()] == ["note"], "nothing half is left"


def test_what_a_broken_off_write_has_left_goes_with_the_next_one(tmp_path: Path) -> None:
    (tmp_path / ".secret.provision-new").write_text("half")
    files.write(files.Wish(str(tmp_path / "secret"), b"whole", 0o400))
    assert [path.name for path in tmp_path.iterdir()] == ["secret"] and (tmp_path / "secret").read_bytes() == b"whole"


def test_our_own_links_are_followed(theirs: Path) -> None:
    here = theirs.parent
    (here / "data").symlink_to(here / "precious")
    files.set_attributes(str(here / "data"), 0o750, "", "")
    files.make_folder(str(here / "data/below/more"), 0o711)
    files.write(files.Wish(str(here / "data/below/file"), b"x"))
    assert mode(here / "precious") == 0o750 and mode(here / "precious/below/more") == 0o711
    assert (here / "precious/below/file").read_bytes() == b"x"


def test_a_folder_in_the_place_of_a_file_stays(theirs: Path) -> None:
    with pytest.raises(IsADirectoryError):
        files.write(files.Wish(str(theirs.parent / "precious"), b"x"))
    assert sorted(path.name for path in theirs.parent.iterdir()) == ["precious", "theirs"]


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        files.write(files.Wish(str(tmp_path / "no/file"), b"x"))
    assert caught.value.filename == str(tmp_path / "no")
