"""Files appear complete or not at all."""

import os
import stat
import subprocess
import sys
import threading

import pytest

from gaussmix.data.atomic import atomic_write


def test_a_new_file_has_the_content_and_leaves_nothing_else(tmp_path):
    with atomic_write(tmp_path / "new") as file:
        file.write(b"content")
    assert (tmp_path / "new").read_bytes() == b"content"
    assert os.listdir(tmp_path) == ["new"]


def test_the_old_file_stays_until_the_end(tmp_path):
    target = tmp_path / "file"
    target.write_bytes(b"old")
    with atomic_write(target) as file:
        file.write(b"new")
        file.flush()
        assert target.read_bytes() == b"old"
    assert target.read_bytes() == b"new"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_any_exception_keeps_the_old_file_and_removes_the_temporary(tmp_path, error):
    target = tmp_path / "file"
    target.write_bytes(b"old")

    def write_half():
        with atomic_write(target) as file:
            file.write(b"half")
            raise error

    with pytest.raises(error):
        write_half()
    assert target.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_closing_the_file_inside_the_block_is_allowed(tmp_path):
    with atomic_write(tmp_path / "file") as file:
        file.write(b"content")
        file.close()
    assert (tmp_path / "file").read_bytes() == b"content"


def test_a_new_file_has_the_permissions_that_the_umask_grants(tmp_path):
    (tmp_path / "usual").write_bytes(b"")
    with atomic_write(tmp_path / "atomic") as file:
        file.write(b"content")
    assert (tmp_path / "atomic").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_a_replaced_file_keeps_its_permissions(tmp_path):
    target = tmp_path / "file"
    target.write_bytes(b"old")
    target.chmod(0o640)
    with atomic_write(target) as file:
        file.write(b"new")
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_a_symbolic_link_stays_and_its_target_is_written(tmp_path):
    (tmp_path / "folder").mkdir()
    target = tmp_path / "folder" / "target"
    target.write_bytes(b"old")
    link = tmp_path / "link"
    link.symlink_to(target)
    with atomic_write(link) as file:
        file.write(b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


def test_a_pipe_is_written_to_and_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    received = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_bytes()))
    reader.start()
    with atomic_write(pipe) as file:
        file.write(b"content")
    reader.join(timeout=10)
    assert received == [b"content"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(IsADirectoryError), atomic_write(tmp_path):
        pass


def test_a_missing_folder_is_reported(tmp_path):
    with pytest.raises(FileNotFoundError), atomic_write(tmp_path / "none" / "file"):
        pass


def test_a_name_of_the_longest_allowed_length_works(tmp_path):
    target = tmp_path / ("ä" * 127)
    with atomic_write(target) as file:
        file.write(b"content")
    assert target.read_bytes() == b"content"


def test_the_module_needs_the_standard_library_only():
    code = (
        "import sys; import gaussmix.data.atomic; "
        "print({name.split('.')[0] for name in sys.modules} & {'numpy', 'pyarrow', 'sklearn', 'scipy'})"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"


def test_a_folder_that_is_not_there_is_an_error_about_the_name_that_was_given(tmp_path):
    with pytest.raises(FileNotFoundError) as caught, atomic_write(tmp_path / "nowhere" / "file.txt"):
        raise AssertionError("nothing should be written")
    assert caught.value.filename == str(tmp_path / "nowhere" / "file.txt")
