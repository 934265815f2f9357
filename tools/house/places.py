"""Nothing of one machine goes into a commit: no absolute path of it, no private registry in a lock file."""

import re
from collections.abc import Iterator

from tools.house.tree import Tree

_MACHINE = re.compile(r"(?<![\w.:])/(?:work|root|home)/[A-Za-z0-9._-]+")
_URL = re.compile(r"https?://([^/\s\"']+)")
_FUNDING = re.compile(r'"funding": (?:\{[^}]*\}|\[[^\]]*\]|"[^"]*")')
"""In npm's lock file: where a package asks for money is not where it comes from."""
_PUBLIC = frozenset({"pypi.org", "files.pythonhosted.org", "registry.npmjs.org"})
_LOCKS = ("uv.lock", "package-lock.json")


def violations(tree: Tree) -> Iterator[str]:
    """Paths of one machine, and hosts that are not public."""
    for path, text in tree.files.items():
        if path.endswith(_LOCKS):
            hosts = sorted(set(_URL.findall(_FUNDING.sub("", text))) - _PUBLIC)
            yield from (f"{path}:1 {host} is not a public registry: lock again without it" for host in hosts)
            continue
        for number, line in enumerate(text.splitlines(), start=1):
            if found := _MACHINE.search(line):
                yield f"{path}:{number} {found[0]} is a path of one machine"
