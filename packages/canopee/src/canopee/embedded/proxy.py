"""nginx in front of several API processes: the configuration that we ship, with the addresses filled in."""

import os
import re
import shutil
import socket
from collections.abc import Sequence
from pathlib import Path

from canopee.errors import UsageError

_ROOT = Path(__file__).resolve().parents[5]
_MAIN = """daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr warn;
worker_rlimit_nofile 65536;
events {{ worker_connections 32768; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/canopee.conf;
}}
"""


def free_port() -> int:
    """A port of loopback that nobody uses now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def command(folder: Path, listen: str, upstreams: Sequence[str]) -> list[str]:
    """Write the configuration into `folder`; the command that serves `listen` (`HOST:PORT`) from `upstreams`.

    Raises:
        UsageError: nginx, or its configuration, is not here.
    """
    binary, site = _binary(), _ROOT / "deploy" / "nginx" / "canopee.conf"
    if not site.is_file():
        raise UsageError(f"{site} is not there: run from a copy of the repository")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "canopee.conf").write_text(fill_in(site.read_text(), listen, upstreams))
    (folder / "nginx.conf").write_text(_MAIN.format(folder=folder))
    return [binary, "-p", str(folder), "-c", str(folder / "nginx.conf")]


def fill_in(site: str, listen: str, upstreams: Sequence[str]) -> str:
    """The shipped configuration, nothing changed but the address that listens and those of the processes."""
    rest = re.search(r"^    server [^\s]+( [^;]*;)$", site, re.MULTILINE)
    if rest is None:
        raise UsageError("deploy/nginx/canopee.conf names no process in `upstream`")
    servers = "\n".join(f"    server {address}{rest[1]}" for address in upstreams)
    filled = re.sub(r"(^    server [^\s{]+ [^;]*;\n)+", lambda _: servers + "\n", site, flags=re.MULTILINE)
    return re.sub(r"^    listen [^\s]+", f"    listen {listen}", filled, count=1, flags=re.MULTILINE)


def _binary() -> str:
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", str(_ROOT / ".cache/nginx/usr/sbin")])
    if found := shutil.which("nginx", path=path):
        return found
    raise UsageError(
        "several API processes need nginx: install it (apt-get install nginx), or run tools/proxy/setup"
    )
