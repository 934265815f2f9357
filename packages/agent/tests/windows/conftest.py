"""These tests are for the Windows Python: `tools/wine/test` runs them; elsewhere they are not collected."""

import sys

collect_ignore_glob = [] if sys.platform == "win32" else ["test_*.py"]
