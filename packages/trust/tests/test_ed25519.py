import pytest
from hypothesis import given
from hypothesis import strategies as st

from canopee_trust.ed25519 import PrivateKey, PublicKey
from canopee_trust.errors import TrustError

# RFC 8032, section 7.1: secret key, public key, message, signature.
VECTORS = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
]


@pytest.mark.parametrize(("seed", "public", "message", "signature"), VECTORS)
def test_the_vectors_of_the_rfc(seed: str, public: str, message: str, signature: str) -> None:
    key = PrivateKey.from_bytes(bytes.fromhex(seed))
    assert key.public.raw.hex() == public
    assert key.sign(bytes.fromhex(message)).hex() == signature
    assert PublicKey(bytes.fromhex(public)).verify(bytes.fromhex(signature), bytes.fromhex(message))


@given(st.binary(max_size=200), st.integers(0, 511))
def test_a_signature_with_one_bit_changed_does_not_hold(message: bytes, bit: int) -> None:
    key = PrivateKey.from_bytes(bytes(range(32)))
    signature = bytearray(key.sign(message))
    assert key.public.verify(bytes(signature), message)
    signature[bit // 8] ^= 1 << bit % 8
    assert not key.public.verify(bytes(signature), message)


@pytest.mark.parametrize("signature", [b"", b"x" * 63, b"x" * 65, b"\xff" * 64])
def test_what_is_no_signature_does_not_hold(signature: bytes) -> None:
    assert not PrivateKey.generate().public.verify(signature, b"message")


@pytest.mark.parametrize("length", [0, 31, 33])
def test_keys_of_another_length_are_refused(length: int) -> None:
    for make in (PublicKey, PrivateKey):
        with pytest.raises(TrustError):
            make(bytes(length))


def test_keys_are_the_same_after_a_round_trip_and_never_show_their_seed() -> None:
    key = PrivateKey.generate()
    assert PublicKey.from_base64(key.public.base64) == key.public
    assert PrivateKey.from_bytes(key.to_bytes()).public == key.public
    assert key.to_bytes().hex() not in repr(key)
    assert len({key.public, PublicKey(key.public.raw)}) == 1
