"""The TUF roles of Canopée: which keys may sign what, and for how long."""

from datetime import timedelta

from canopee_contract.release import PLATFORMS

OFFLINE_DELEGATED: dict[str, tuple[str, ...]] = {
    "collect": ("pipelines/collect/*", "facts/*"),
    "action": ("pipelines/action/*",),
    "policy": ("policy/*",),
    "agent": tuple(f"agent/{platform}/*" for platform in PLATFORMS),
    "tools": ("tools/*",),
}
"""Delegated role → the target paths it may sign; each is terminating."""

ONLINE = ("snapshot", "timestamp")
"""Signed by the API."""

OFFLINE = ("root", "targets", *OFFLINE_DELEGATED)
"""Signed by people, away from the API."""

EXPIRY: dict[str, timedelta] = {
    "root": timedelta(days=365),
    "targets": timedelta(days=365),
    **{role: timedelta(days=180) for role in OFFLINE_DELEGATED},
    "snapshot": timedelta(days=30),
    "timestamp": timedelta(days=7),
}


def role_of(path: str) -> str:
    """The delegated role that signs a target path; `ValueError` when none does."""
    folder = path.rpartition("/")[0]
    for role, patterns in OFFLINE_DELEGATED.items():
        if f"{folder}/*" in patterns:
            return role
    raise ValueError(f"no role signs {path}")
