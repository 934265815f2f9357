"""Names and paths: where a target is looked for, and under which name it is kept."""

import msgspec

from canopee_proofs.hostile import World


def a_pipeline_path_climbs(world: World) -> None:
    """Dots, doubled and encoded, in the path of an order."""
    for path in (
        "pipelines/collect/../action/repair.1.json", "pipelines/action/./repair.1.json",
        "pipelines/action/%2e%2e/action/repair.1.json", "../pipelines/action/repair.1.json",
        "pipelines//action/repair.1.json", "pipelines/action/../../../../etc/passwd",
    ):  # fmt: skip
        _order(world, path)


def a_pipeline_path_is_absolute(world: World) -> None:
    """From the root of a disk, of a share, of another server."""
    for path in ("/pipelines/action/repair.1.json", "C:\\repair.json", "\\\\host\\x", "http://host/x", "//host/x"):
        _order(world, path)


def a_pipeline_path_is_spelled_otherwise(world: World) -> None:
    """Case, separators, trailing dots and spaces, streams: Windows would open the same file."""
    for path in (
        "PIPELINES/ACTION/repair.1.json", "pipelines\\action\\repair.1.json", "pipelines/action/repair.1.json.",
        "pipelines/action/repair.1.json ", "pipelines/action/repair.1.json::$DATA", "pipelines/action/REPAIR~1.JSO",
    ):  # fmt: skip
        _order(world, path)


def a_pipeline_path_holds_what_no_path_holds(world: World) -> None:
    """NUL, a new line, wildcards, a query, nothing at all, a megabyte."""
    for path in (
        "pipelines/action/repair.1.json\0.txt", "pipelines/action/repair.1.json\n", "pipelines/action/*", "",
        "pipelines/action/repair.1.json?x=1", "pipelines/action/" + "a" * 1_000_000, "pipelines/action/",
    ):  # fmt: skip
        _order(world, path)


def a_target_that_is_no_pipeline_is_ordered(world: World) -> None:
    """The trust policy and the fact sources are signed too."""
    for path in ("policy/trust.json", "facts/sources.json"):
        _order(world, path)


def a_pipeline_of_a_role_that_does_not_exist_is_ordered(world: World) -> None:
    """Kinds that roles do not know, and names of metadata."""
    for path in (
        "pipelines/exec/repair.1.json",
        "agent/repair.1.json",
        "tools/x",
        "root.json",
        "targets",
        "1.root",
    ):
        _order(world, path)


def _order(world: World, path: str) -> None:
    ref = msgspec.structs.replace(world.repair, path=path)
    world.order(world.approved(pipeline=ref), ref)
