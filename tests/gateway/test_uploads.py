"""The disk for uploads: fair shares, and what is read of it."""

from pathlib import Path

import pytest

from penstock.gateway.uploads import FREE_BYTES, UploadSpace
from penstock.kernel.errors import Overloaded, RateLimited


def test_uploads_share_the_disk(tmp_path: Path) -> None:
    space = UploadSpace(tmp_path / "uploads", 100, 0.5, 0.4)
    space.take("p", "k", 40)
    with pytest.raises(RateLimited, match="its share"):
        space.take("p", "k", 30)
    space.take("q", "l", 20)
    with pytest.raises(Overloaded, match="space"):
        space.take("r", "m", 50)
    space.release("p", "k", 40)
    space.take("r", "m", 50)
    upload = space.open()
    upload.add(b"ab")
    upload.add(b"cd")
    assert (bytes(upload.content()[:]), upload.read(1, 2), upload.size) == (b"abcd", b"bc", 4)
    upload.close()
    (tmp_path / "file").touch()
    with pytest.raises(Overloaded, match="cannot store"):
        UploadSpace(tmp_path / "file", 100, 0.5, 0.4).open()


def test_uploads_leave_disk_to_the_records_of_calls(tmp_path: Path) -> None:
    free = FREE_BYTES + 10
    space = UploadSpace(tmp_path / "uploads", 100, 1.0, 1.0, disk_free=lambda _: free)
    space.take("p", "k", 10)
    with pytest.raises(Overloaded, match="no space"):
        space.take("p", "k", 11)
    free -= 1
    with pytest.raises(Overloaded, match="no space"):
        space.take("p", "k", 10)
