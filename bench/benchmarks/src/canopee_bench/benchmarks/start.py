"""The benchmark `start`."""

from canopee_bench.benchmark import Benchmark, Figure, Result, Setting
from canopee_bench.installation import api, database

_DEVICES = 1_000_000


class Start(Benchmark):
    """An API process that starts with a million devices known, to one that starts with none: seconds and memory."""

    def run(self, setting: Setting) -> Result:
        devices = setting.count(_DEVICES)
        with database(setting.folder, 0) as held, api(setting.folder, held.address) as served:
            empty_s, empty_bytes = served.start_s, served.memory_bytes()
        setting.say(f"start: filling a database with {devices} devices")
        full = setting.folder / "full"
        full.mkdir()
        full.chmod(0o755)
        with database(full, devices) as held:
            with api(full, held.address) as served:
                first_s, full_bytes = served.start_s, served.memory_bytes()
            with api(full, held.address) as served:
                again_s = served.start_s
        return Result(
            "start",
            Figure("seconds from start to first answer", first_s / empty_s),
            "the same without devices",
            (
                Figure(f"start with {devices} devices", first_s, "s", 20, "at_most"),
                Figure("start again", again_s, "s", 20, "at_most"),
                Figure("start without devices", empty_s, "s"),
                Figure("memory per device", (full_bytes - empty_bytes) / devices, "bytes", 600, "at_most"),
                Figure("memory in all", full_bytes / 2**20, "MiB"),
            ),
        )
