"""Key files of service accounts, made for tests."""

import json
from functools import cache

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


@cache
def key_file(number: int) -> str:
    """The JSON of a key file, as Google Cloud makes it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    account = {
        "type": "service_account",
        "project_id": "project-1",
        "private_key_id": f"0123456789abcdef{number:04d}",
        "private_key": pem.decode(),
        "client_email": f"penstock-{number}@project-1.iam.gserviceaccount.com",
        "client_id": "1",
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": "https://oauth2.googleapis.com/token",
        "universe_domain": "googleapis.com",
    }
    return json.dumps(account, indent=2)


def public_key(secret: str) -> bytes:
    """The PEM of the public key of a key file."""
    pem = json.loads(secret)["private_key"].encode()
    key = serialization.load_pem_private_key(pem, None)
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
