"""Files of a Linux machine."""

from pathlib import Path

from canopee_agent.errors import DeniedError, MissingError


class LinuxFiles:
    """`ports.FileReader`."""

    def exists(self, path: str) -> bool:
        try:
            return Path(path).exists()
        except OSError:  # too long a name, or a folder that we may not enter
            return False

    def real_path(self, path: str) -> str:
        try:
            return str(Path(path).resolve(strict=True))
        except PermissionError as error:
            raise DeniedError(f"{path}: {error.strerror}") from error
        except (OSError, RuntimeError, ValueError) as error:
            raise MissingError(f"{path} does not exist") from error
