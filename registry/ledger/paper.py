"""The paper witness: a checkpoint to print, file and type back in, when nothing else leaves the building.

The code groups size and root so that a person can read it out; its last group is a check of the others, which finds
every single mistyped letter.
"""

import base64
import binascii
import hashlib
import re

from registry.domain.errors import UsageError
from registry.ledger.checkpoint import Checkpoint, open_checkpoint

_GROUP = 4
_ROOT_LETTERS = 52  # 32 bytes in base32, without padding
_CHECK_LETTERS = 4  # 20 bits


def code_of(checkpoint: Checkpoint) -> str:
    """Return size and root as one code: `SIZE-ABCD-EFGH-…-CHECK`, letters of base32 (RFC 4648)."""
    letters = base64.b32encode(checkpoint.root).decode().rstrip("=")
    whole = letters + _check(checkpoint.size, letters)
    return "-".join([str(checkpoint.size), *(whole[at : at + _GROUP] for at in range(0, len(whole), _GROUP))])


def checkpoint_of(code: str, origin: str) -> Checkpoint:
    """Return the checkpoint that a person typed back.

    Args:
        code: as `code_of` gave it; spaces, hyphens and case do not matter.
        origin: the log's name.

    Raises:
        UsageError: when it was mistyped.
    """
    size, _, rest = re.sub(r"[\s-]+", "-", code.strip()).partition("-")
    whole = rest.replace("-", "").upper()
    letters, check = whole[:_ROOT_LETTERS], whole[_ROOT_LETTERS:]
    plain = size.isascii() and size.isdecimal() and len(size) < 19 and whole.isascii()
    if not plain or len(letters) != _ROOT_LETTERS or check != _check(int(size), letters):
        raise UsageError("the code was mistyped", mend="type it as printed: the size, then fourteen groups of four")
    try:
        root = base64.b32decode(letters + "=" * (-len(letters) % 8))
    except binascii.Error as error:
        raise UsageError("the code was mistyped", mend="its letters are A to Z and 2 to 7") from error
    return Checkpoint(origin, int(size), root)


def page_of(note: str, vkey: str, signed_at: str) -> str:
    """Return a page to print: what it is, the code, the note, the key, and lines for a signature.

    Args:
        note: the signed checkpoint.
        vkey: the log's public key.
        signed_at: when it was signed (UTC text).
    """
    checkpoint = open_checkpoint(note, vkey)
    lines = [
        "LEDGER CHECKPOINT, to be printed, signed and filed by whoever does not administer the ledger",
        "",
        f"origin     {checkpoint.origin}",
        f"events     {checkpoint.size}",
        f"signed at  {signed_at}",
        f"root       {checkpoint.root.hex()}",
        f"code       {code_of(checkpoint)}",
        "",
        "Hold the ledger against it at any later time:",
        "",
        "    overread audit verify --paper CODE --key KEY",
        "",
        f"KEY is {vkey}",
        "",
        "The signed note:",
        "",
        *(f"    {line}" for line in note.rstrip("\n").split("\n")),
        "",
        "Filed by ______________________  on ______________________",
        "",
    ]
    return "\n".join(lines)


def _check(size: int, letters: str) -> str:
    digest = hashlib.sha256(f"{size}\n{letters}".encode()).digest()
    return base64.b32encode(digest).decode()[:_CHECK_LETTERS]
