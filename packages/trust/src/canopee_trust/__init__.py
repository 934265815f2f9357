"""DSSE envelopes, TUF roles and verifier, version floors: one implementation for publisher, API and agent."""

import sys
from types import ModuleType

_OURS = "tuf.ngclient.urllib3_fetcher"


class _NoFetcher:
    """Stands where python-tuf keeps its own transport, which nobody here uses: ours is given to its `Updater`."""

    def __init__(self, *_: object, **__: object) -> None:
        raise NotImplementedError("give the Updater a fetcher")


def _leave_out_urllib3() -> None:
    """See docs/adr/0006: an HTTP library that no PC needs costs 2.5 MiB and a third of the agent's start."""
    if _OURS not in sys.modules:
        module = ModuleType(_OURS)
        vars(module)["Urllib3Fetcher"] = _NoFetcher
        sys.modules[_OURS] = module


_leave_out_urllib3()
