"""The process in which foreign codecs run: compressed pixel data in on standard input, `.npy` out, within hard limits.

It knows nothing of Overread and opens nothing but libraries, so a decoder that crashes or is taken over reaches
neither the record nor its keys. A request is `<frame: u32><length: u64><file bytes>`; an answer is
`<status: u8><length: u64><.npy bytes, or the name of the error>`.
"""

import io
import os
import resource
import struct
import sys
from typing import BinaryIO

import numpy as np
from pydicom.pixels.utils import pixel_array

REQUEST = struct.Struct("<IQ")
ANSWER = struct.Struct("<BQ")
DONE, FAILED = 0, 1
MEMORY_BYTES = 4 << 30
CPU_SECONDS = 30
# What codecs and pydicom raise on broken streams; anything else ends the process, which its parent reports.
_DECODE_ERRORS = (
    AttributeError,
    ValueError,
    TypeError,
    RuntimeError,
    OSError,
    LookupError,
    EOFError,
    ArithmeticError,
    AssertionError,
    struct.error,
    MemoryError,
)


def main() -> None:
    """Answer requests until standard input ends."""
    answers = _private_output()
    _limit()
    requests = sys.stdin.buffer
    while len(head := requests.read(REQUEST.size)) == REQUEST.size:
        frame, length = REQUEST.unpack(head)
        status, body = _decode(requests.read(length), frame)
        answers.write(ANSWER.pack(status, len(body)) + body)
        answers.flush()


def _private_output() -> BinaryIO:
    """Keep standard output for answers alone: codecs print to it."""
    kept = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    return os.fdopen(kept, "wb")


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _allow_cpu() -> None:
    """Grant this request its seconds of processor time, on top of what is used already."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(usage.ru_utime + usage.ru_stime) + CPU_SECONDS, hard))


def _decode(data: bytes, frame: int) -> tuple[int, bytes]:
    _allow_cpu()
    try:
        array = pixel_array(io.BytesIO(data), index=frame, raw=True)
    except _DECODE_ERRORS as error:
        return FAILED, type(error).__name__.encode()
    answer = io.BytesIO()
    np.save(answer, np.ascontiguousarray(array), allow_pickle=False)
    return DONE, answer.getvalue()


if __name__ == "__main__":
    main()
