"""Reads a sealed record of Chancery's vault. Needs the package `cryptography`; written from docs/vault-format.md alone.

usage: read_record.py KEY NAMESPACE OWNER RECORD VERSION < sealed > content      (the content type goes to stderr)
"""
import hmac
import struct
import sys

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
LABEL = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0"
CHUNK, TAG = 16384, 16


def parse_key(text):
    prefix, data = text.lower().strip().rsplit("1", 1)
    groups = [ALPHABET.index(letter) for letter in data]
    checksum = 1
    for value in [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix] + groups:
        top = checksum >> 25
        checksum = (checksum & 0x1FFFFFF) << 5 ^ value
        for bit in range(5):
            checksum ^= GENERATOR[bit] if top >> bit & 1 else 0
    bits = "".join(f"{group:05b}" for group in groups[:-6])
    if prefix != "chkey" or checksum != 0x2BC830A3 or len(bits) != 260 or int(bits[256:], 2) != 0:
        raise ValueError("not a key")
    return int(bits[:256], 2).to_bytes(32, "big")


def read_record(sealed, key, namespace, owner, record, version):
    header, salt, commitment = sealed[:5], sealed[5:29], sealed[29:61]
    if header[:4] != b"CRV\x01" or header[4] not in (1, 2, 3) or len(commitment) != 32:
        raise ValueError("not a sealed record")
    parts = [header, namespace.encode(), owner.encode(), record.encode()]
    context = b"".join(struct.pack(">I", len(part)) + part for part in parts) + struct.pack(">Q", version)
    info = LABEL + salt + context
    first = hmac.digest(key, info + b"\x01", "sha512")
    material = first + hmac.digest(key, first + info + b"\x02", "sha512")
    if not hmac.compare_digest(material[44:76], commitment):
        raise ValueError("wrong key or place")
    cipher, base = AESGCM(material[:32]), int.from_bytes(material[32:44], "big")
    message = b""
    for index, at in enumerate(range(61, len(sealed) + 1, CHUNK + TAG)):
        nonce = (base ^ index).to_bytes(12, "big")
        message += cipher.decrypt(nonce, sealed[at:at + CHUNK + TAG], None)
    length = int.from_bytes(message[-7:], "big")
    content_type = message[len(message) - 8 - message[-8]:-8]
    if length > len(message) - 8 - len(content_type) or any(message[length:len(message) - 8 - len(content_type)]):
        raise ValueError("no trailer")
    return message[:length], content_type.decode("ascii")


if __name__ == "__main__":
    _, key, namespace, owner, record, version = sys.argv
    content, content_type = read_record(sys.stdin.buffer.read(), parse_key(key), namespace, owner, record, int(version))
    sys.stdout.buffer.write(content)
    sys.stderr.write(content_type)
