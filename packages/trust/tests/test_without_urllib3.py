"""What python-tuf brings and no PC needs stays out."""

import subprocess
import sys

import pytest

from canopee_trust.without_urllib3 import NoFetcher


def test_reading_a_signed_repository_loads_no_http_library() -> None:
    code = "import sys, canopee_trust.client; print('urllib3' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "False"


def test_a_repository_without_our_transport_fails_at_once() -> None:
    with pytest.raises(NotImplementedError, match="fetcher"):
        NoFetcher()
