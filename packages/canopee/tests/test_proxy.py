from pathlib import Path

import pytest

from canopee.embedded.proxy import command, fill_in, free_port
from canopee.errors import UsageError

SITE = Path(__file__).parents[3] / "deploy" / "nginx" / "canopee.conf"


def test_only_the_addresses_of_the_shipped_configuration_change() -> None:
    text = SITE.read_text()
    filled = fill_in(text, "127.0.0.1:9000", ["127.0.0.1:9001", "127.0.0.1:9002", "127.0.0.1:9003"])
    before = [line.strip() for line in text.splitlines()]
    after = [line.strip() for line in filled.splitlines()]
    gone = [line for line in before if line not in after]
    come = [line for line in after if line not in before]
    assert [line.split()[:2] for line in gone] == [
        ["server", "127.0.0.1:8471"], ["server", "127.0.0.1:8472"], ["listen", "127.0.0.1:8470"],
    ]  # fmt: skip
    assert [line.split()[:2] for line in come] == [
        ["server", "127.0.0.1:9001"], ["server", "127.0.0.1:9002"], ["server", "127.0.0.1:9003"],
        ["listen", "127.0.0.1:9000"],
    ]  # fmt: skip
    assert all("fail_timeout" in line for line in come[:3])


@pytest.mark.parametrize("call", ["check-in", "renew"])
def test_a_call_that_carries_a_counter_is_never_sent_to_a_second_process(call: str) -> None:
    text = SITE.read_text()
    block = text.partition(f"location = /agent/v1/{call} {{")[2].partition("}")[0]
    assert "proxy_pass" in block
    assert "non_idempotent" not in block
    server = text.partition("location")[0]
    assert "proxy_next_upstream error timeout;" in server


def test_a_configuration_without_a_process_is_refused() -> None:
    with pytest.raises(UsageError, match="names no process"):
        fill_in("upstream canopee { }", "127.0.0.1:1", [])


def test_the_configuration_is_written_where_the_command_reads_it(tmp_path: Path) -> None:
    argv = command(tmp_path / "proxy", f"127.0.0.1:{free_port()}", ["127.0.0.1:1"])
    assert argv[1:] == ["-p", str(tmp_path / "proxy"), "-c", str(tmp_path / "proxy" / "nginx.conf")]
    assert "include" in (tmp_path / "proxy" / "nginx.conf").read_text()
    assert "server 127.0.0.1:1 " in (tmp_path / "proxy" / "canopee.conf").read_text()
