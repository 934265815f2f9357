"""Files of a Windows machine."""

import os
from pathlib import Path

from canopee_agent.errors import DeniedError, MissingError


class WindowsFiles:
    """`ports.FileReader`."""

    def exists(self, path: str) -> bool:
        return Path(path).exists()

    def real_path(self, path: str) -> str:
        try:
            return os.path.realpath(path, strict=True)
        except PermissionError as error:
            raise DeniedError(f"{path}: {error.strerror}") from error
        except (OSError, ValueError) as error:
            raise MissingError(f"{path} does not exist") from error
