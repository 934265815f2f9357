"""Files of a Linux machine."""

from pathlib import Path

from canopee_agent.errors import DeniedError, MissingError


class LinuxFiles:
    """`ports.FileReader`."""

    def exists(self, path: str) -> bool:
        return Path(path).exists()

    def real_path(self, path: str) -> str:
        try:
            return str(Path(path).resolve(strict=True))
        except PermissionError as error:
            raise DeniedError(f"{path}: {error.strerror}") from error
        except (OSError, RuntimeError, ValueError) as error:
            raise MissingError(f"{path} does not exist") from error
