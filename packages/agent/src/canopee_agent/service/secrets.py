"""Secrets where nothing more protects them: files that only their owner reads are what protects them."""


class FileSecrets:
    """`ports.Secrets`; a secret is stored as it is, in a file of mode 0600."""

    def seal(self, secret: bytes) -> bytes:
        return secret

    def is_sealed(self, stored: bytes) -> bool:
        return bool(stored)

    def unseal(self, stored: bytes) -> bytes:
        return stored
