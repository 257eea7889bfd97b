"""Random mutations of a signed webhook, for fuzzing."""

from __future__ import annotations

import hashlib
import hmac
import random
import re
import time

# Accepted as digits by str.isdigit and int()
DIGITS = "٠١٢٣٤٥٦٧٨٩"
SCHEMES = ("v0", "v2", "V1", f"v{DIGITS[1]}", "v1 ", "")
JUNK = ("\x00", "\n", "\r\n", "é", "\xff", " ", "\t", ",", "=", ",,", "==", "v1=", "t=", '"', "%00")


def is_authentic(body: bytes, signature: str, secret: str) -> bool:
    """Return whether the signature is valid, by an implementation of Stripe's documentation."""
    pairs = [part.strip().partition("=")[::2] for part in signature.split(",")]
    stamps = [value for name, value in pairs if name == "t"]
    if len(stamps) != 1 or not re.fullmatch("[0-9]{1,12}", stamps[0]):
        return False
    if abs(time.time() - int(stamps[0])) > 290:
        return False
    signed = hmac.new(secret.encode(), stamps[0].encode() + b"." + body, hashlib.sha256)
    return any(name == "v1" and value == signed.hexdigest() for name, value in pairs)


def mutate(chance: random.Random, body: bytes, signature: str) -> tuple[bytes, str]:
    """Return a changed body, a changed signature, or both."""
    which = chance.randrange(3)
    if which != 1:
        body = _change_body(chance, body)
    if which != 0:
        signature = _change_signature(chance, signature)
    return body, signature


def _change_body(chance: random.Random, body: bytes) -> bytes:
    place = chance.randrange(len(body))
    other = place + chance.randrange(1, 40)
    changes = (
        lambda: body[:place] + bytes([body[place] ^ 1 << chance.randrange(8)]) + body[place + 1 :],
        lambda: body[:place],
        lambda: body[place:],
        lambda: body[:place] + body[other:],
        lambda: body[:place] + body[place:other] + body[place:],
        lambda: body[:place] + chance.randbytes(chance.randrange(1, 9)) + body[place:],
        lambda: body + chance.choice([b" ", b"\n", b"\x00", b"{}", b"\xff", b"]"]),
        lambda: chance.choice([b"\xef\xbb\xbf", b" ", b"\x00", b"\xfe\xff"]) + body,
        lambda: body.decode().encode(chance.choice(["utf-16", "utf-32", "utf-7", "utf-16-be"])),
        lambda: body.replace(b"{", b'{"id": "evt_1", "type": "x", ', 1),
        lambda: body.replace(b'"paid"', b'"paid", "payment_status": "paid"', 1) + b" ",
        lambda: body.replace(b'"livemode": false', b'"livemode": true'),
        lambda: body.replace(b"49900", chance.choice([b"1", b"-1", b"NaN", b"1e999", b"49901"])),
        lambda: body * chance.randrange(2, 5),
        lambda: chance.randbytes(chance.randrange(200)),
        lambda: b"[" * chance.randrange(1, 5000),
        lambda: chance.choice([b"", b"{}", b"[]", b"null", b"0", b'""', b"true", b"NaN"]),
        lambda: b'{"id": "evt_1", "x": "' + b"x" * chance.randrange(100_000) + b'"}',
    )
    return chance.choice(changes)()


def _change_signature(chance: random.Random, signature: str) -> str:
    place = chance.randrange(len(signature))
    stamp, _, proof = signature.partition(",")
    junk = chance.choice(JUNK)
    moment = int(stamp.removeprefix("t="))
    changes = (
        lambda: signature[:place] + junk + signature[place:],
        lambda: signature[:place] + signature[place + 1 :],
        lambda: signature[:place],
        lambda: signature[place:],
        lambda: signature[:place] + chr(chance.randrange(256)) + signature[place + 1 :],
        lambda: signature.upper(),
        lambda: signature.replace("v1", chance.choice(SCHEMES)),
        lambda: proof,
        lambda: stamp,
        lambda: f"{proof},{proof}",
        lambda: f"{stamp},{stamp},{proof}",
        lambda: f"t={moment + chance.choice([1, -1, 600, -600, 10**9, -(10**9)])},{proof}",
        lambda: f"t={''.join(DIGITS[int(digit)] for digit in str(moment))},{proof}",
        lambda: f"t={moment:_},{proof}",
        lambda: f"t=+{moment},{proof}",
        lambda: f"t=0x{moment:x},{proof}",
        lambda: f"t={moment}.0,{proof}",
        lambda: f"t={'0' * chance.randrange(1, 5000)}{moment},{proof}",
        lambda: f"t={'9' * chance.randrange(1, 9000)},{proof}",
        lambda: f"{stamp},{proof[:-1]}",
        lambda: f"{stamp},v1={'0' * 64}",
        lambda: f"{stamp},v1=",
        lambda: f"{stamp}{',v1=x' * chance.randrange(1, 3000)}",
        lambda: chance.choice(["", "t", "=", ",", "t=,v1=", "t=1,v1=1", "null", "\x00" * 9]),
        lambda: "".join(chr(chance.randrange(1, 256)) for _ in range(chance.randrange(200))),
    )
    return chance.choice(changes)()
