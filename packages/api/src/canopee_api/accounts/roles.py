"""What each role may do: a table, and nothing is allowed that it does not name."""

from collections.abc import Collection

from canopee_contract.people import RIGHTS, Right

_GRANTS: dict[str, frozenset[Right]] = {
    "reader": frozenset({"own_account", "read"}),
    "support": frozenset(
        {"own_account", "read", "read_records", "run_collect", "annotate", "request_logs", "read_logs"}
    ),
    "author": frozenset({"own_account", "read", "read_records", "publish", "annotate"}),
    "approver": frozenset({"own_account", "read", "read_records", "run_collect", "run_action", "annotate"}),
    "enroller": frozenset({"own_account", "read", "enrol", "edit_practices", "annotate"}),
    "admin": frozenset(RIGHTS),
}


def rights_of(roles: Collection[str]) -> frozenset[Right]:
    """Everything that some of `roles` grants."""
    return frozenset[Right]().union(*(_GRANTS.get(role, frozenset[Right]()) for role in roles))
