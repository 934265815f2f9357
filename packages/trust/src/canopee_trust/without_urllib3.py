"""Importing this module, before python-tuf, leaves out the HTTP library that python-tuf brings and no PC needs.

See docs/adr/0006: it costs 2.5 MiB and a third of the agent's start.
"""

import sys
from types import ModuleType

_THEIRS = "tuf.ngclient.urllib3_fetcher"


class NoFetcher:
    """Stands where python-tuf keeps its own transport, which nobody here uses: ours is given to its `Updater`."""

    def __init__(self, *_: object, **__: object) -> None:
        raise NotImplementedError("give the Updater a fetcher")


if _THEIRS not in sys.modules:
    sys.modules[_THEIRS] = ModuleType(_THEIRS)
    vars(sys.modules[_THEIRS])["Urllib3Fetcher"] = NoFetcher
