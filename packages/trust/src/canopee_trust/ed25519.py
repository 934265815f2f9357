"""Ed25519 by the libcrypto that Python's `ssl` module already uses: no other library on the PC.

Against the `cryptography` wheel this saves 11 MB of disk and 8 to 12 MB of memory on every PC. Keys and signatures
are the raw bytes of RFC 8032.
"""

import base64
import ctypes
import ctypes.util
import hashlib
import ssl  # loads libcrypto
import sys
from pathlib import Path

from canopee_trust.errors import TrustError

SEED_BYTES = KEY_BYTES = 32
SIGNATURE_BYTES = 64
_SMALL_ORDER = frozenset(
    map(
        bytes.fromhex,
        (
            "00" * 32,
            "01" + "00" * 31,
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
            "ec" + "ff" * 30 + "7f",
            "ed" + "ff" * 30 + "7f",
            "ee" + "ff" * 30 + "7f",
        ),
    )
)
"""Encodings, but for the sign bit, of the points whose order divides 8. OpenSSL accepts them: with such a key a
signature of 64 bytes that anybody can write holds for any message."""
_EVP_PKEY_ED25519 = 1087
_POINTER = ctypes.c_void_p
_SIZE = ctypes.c_size_t
_PROTOTYPES: dict[str, tuple[type | None, list[type]]] = {
    "EVP_PKEY_new_raw_public_key": (_POINTER, [ctypes.c_int, _POINTER, ctypes.c_char_p, _SIZE]),
    "EVP_PKEY_new_raw_private_key": (_POINTER, [ctypes.c_int, _POINTER, ctypes.c_char_p, _SIZE]),
    "EVP_PKEY_get_raw_public_key": (ctypes.c_int, [_POINTER, ctypes.c_char_p, ctypes.POINTER(_SIZE)]),
    "EVP_PKEY_free": (None, [_POINTER]),
    "EVP_MD_CTX_new": (_POINTER, []),
    "EVP_MD_CTX_free": (None, [_POINTER]),
    "EVP_DigestSignInit": (ctypes.c_int, [_POINTER] * 5),
    "EVP_DigestSign": (
        ctypes.c_int,
        [_POINTER, ctypes.c_char_p, ctypes.POINTER(_SIZE), ctypes.c_char_p, _SIZE],
    ),
    "EVP_DigestVerifyInit": (ctypes.c_int, [_POINTER] * 5),
    "EVP_DigestVerify": (ctypes.c_int, [_POINTER, ctypes.c_char_p, _SIZE, ctypes.c_char_p, _SIZE]),
}


class PublicKey:
    """A 32-byte Ed25519 public key."""

    __slots__ = ("raw",)

    def __init__(self, raw: bytes) -> None:
        if len(raw) != KEY_BYTES:
            raise TrustError("key", f"an Ed25519 public key has {KEY_BYTES} bytes, not {len(raw)}")
        if raw[:-1] + bytes([raw[-1] & 0x7F]) in _SMALL_ORDER:
            raise TrustError("key", "a public key of small order: anybody could sign for it")
        self.raw = raw

    @classmethod
    def from_base64(cls, text: str) -> "PublicKey":
        try:
            return cls(base64.b64decode(text, validate=True))
        except ValueError as error:
            raise TrustError("key", "a public key is not base64") from error

    @property
    def base64(self) -> str:
        return base64.b64encode(self.raw).decode()

    @property
    def keyid(self) -> str:
        """First 16 hexadecimal digits of the SHA-256 of the key."""
        return hashlib.sha256(self.raw).hexdigest()[:16]

    def verify(self, signature: bytes, message: bytes) -> bool:
        """Whether `signature` is this key's, over `message`."""
        if len(signature) != SIGNATURE_BYTES:
            return False
        key = _lib.EVP_PKEY_new_raw_public_key(_EVP_PKEY_ED25519, None, self.raw, KEY_BYTES)
        if not key:
            return False
        context = _lib.EVP_MD_CTX_new()
        try:
            is_ready = _lib.EVP_DigestVerifyInit(context, None, None, None, key) == 1
            length = len(message)
            return is_ready and _lib.EVP_DigestVerify(context, signature, SIGNATURE_BYTES, message, length) == 1
        finally:
            _lib.EVP_MD_CTX_free(context)
            _lib.EVP_PKEY_free(key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PublicKey) and self.raw == other.raw

    def __hash__(self) -> int:
        return hash(self.raw)

    def __repr__(self) -> str:
        return f"PublicKey({self.keyid})"


class PrivateKey:
    """An Ed25519 private key, held as its 32-byte seed."""

    __slots__ = ("_seed", "public")

    def __init__(self, seed: bytes) -> None:
        if len(seed) != SEED_BYTES:
            raise TrustError("key", f"an Ed25519 seed has {SEED_BYTES} bytes, not {len(seed)}")
        self._seed = seed
        self.public = PublicKey(_public_bytes(seed))

    @classmethod
    def generate(cls) -> "PrivateKey":
        return cls(ssl.RAND_bytes(SEED_BYTES))

    @classmethod
    def from_bytes(cls, seed: bytes) -> "PrivateKey":
        return cls(seed)

    def to_bytes(self) -> bytes:
        """The seed: keep it secret."""
        return self._seed

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature of `message`."""
        key = _private(self._seed)
        context = _lib.EVP_MD_CTX_new()
        signature, size = ctypes.create_string_buffer(SIGNATURE_BYTES), _SIZE(SIGNATURE_BYTES)
        try:
            is_ready = _lib.EVP_DigestSignInit(context, None, None, None, key) == 1
            length = len(message)
            if not is_ready or not _lib.EVP_DigestSign(context, signature, ctypes.byref(size), message, length):
                raise TrustError("key", "libcrypto could not sign")
            return signature.raw
        finally:
            _lib.EVP_MD_CTX_free(context)
            _lib.EVP_PKEY_free(key)

    def __repr__(self) -> str:
        return f"PrivateKey({self.public.keyid})"


def _private(seed: bytes) -> int:
    key = _lib.EVP_PKEY_new_raw_private_key(_EVP_PKEY_ED25519, None, seed, SEED_BYTES)
    if not key:
        raise TrustError("key", "libcrypto refused the private key")
    return key


def _public_bytes(seed: bytes) -> bytes:
    key = _private(seed)
    raw, size = ctypes.create_string_buffer(KEY_BYTES), _SIZE(KEY_BYTES)
    try:
        _lib.EVP_PKEY_get_raw_public_key(key, raw, ctypes.byref(size))
        return raw.raw
    finally:
        _lib.EVP_PKEY_free(key)


def _load() -> ctypes.CDLL:
    library = ctypes.CDLL(_libcrypto_name())
    for name, (result, arguments) in _PROTOTYPES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


def _libcrypto_name() -> str:
    """The very library that `ssl` is linked with, else the system's."""
    if sys.platform == "win32":
        return "libcrypto-3.dll"  # already in the process: found by its module name
    maps = Path("/proc/self/maps")
    if maps.exists():
        with maps.open(encoding="utf-8") as lines:
            loaded = next((line.split()[-1] for line in lines if "libcrypto" in line), None)
        if loaded:
            return loaded
    found = ctypes.util.find_library("crypto")
    if found is None:
        raise TrustError("libcrypto", "OpenSSL's libcrypto is needed: install the package libssl3")
    return found


_lib = _load()
