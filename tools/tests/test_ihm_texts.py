"""The texts of the web interface, as its journeys read them."""

import fcntl
import json
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
_SMALLEST_PIPE_BYTES = 4096


def test_the_list_of_texts_comes_whole_through_a_pipe_that_holds_little() -> None:
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, _SMALLEST_PIPE_BYTES)
    with subprocess.Popen([ROOT / "tools/ihm/texts", "--list"], stdout=writing) as listing:
        os.close(writing)
        with os.fdopen(reading, "rb") as output:
            texts = output.read()
    assert listing.returncode == 0
    assert json.loads(texts)["signin.title"] == "Connexion"
