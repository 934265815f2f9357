import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from canopee_kit.clock import FakeClock
from canopee_trust.client import TrustedRepository
from canopee_trust.ed25519 import PrivateKey
from canopee_trust.errors import MetadataError
from canopee_trust.floor import MemoryFloor
from canopee_trust.testing import Publisher, a_pipeline

assert sys.platform == "win32"

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


def test_signatures_are_made_and_checked_by_the_libcrypto_of_this_python() -> None:
    key = PrivateKey.from_bytes(bytes(range(32)))
    signature = key.sign(b"message")
    assert key.public.verify(signature, b"message")
    assert not key.public.verify(signature, b"massage")


def test_the_signed_repository_is_verified_and_one_byte_changed_is_refused(tmp_path: Path) -> None:
    publisher = Publisher(NOW)
    path, content = a_pipeline()
    publisher.publish("collect", {path: content})
    repository = TrustedRepository(
        tmp_path, publisher.root, fetch=publisher.fetch, floor=MemoryFloor(), clock=FakeClock(NOW)
    )
    repository.refresh()
    assert repository.target(path) == content
    name = "metadata/timestamp.json"
    publisher.serve()
    publisher.files[name] = publisher.files[name].replace(b'"version":3', b'"version":4')
    with pytest.raises(MetadataError):
        repository.refresh()
