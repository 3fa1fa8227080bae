"""The parent's side of the decode worker: one process for many images, killed when it takes too long."""

import io
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import numpy as np
import numpy.typing as npt

from pipelines.intake import decode_worker
from pipelines.intake.decode_worker import ANSWER, DONE, REQUEST
from pipelines.intake.dicom.quarantine import Code, FileRefusedError

TIMEOUT_SECONDS = 120.0
_ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "LC_ALL": "C.UTF-8"}


class Decoder:
    """Decodes compressed pixel data in a process of limited memory and time; started when first needed."""

    def __init__(self, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._timeout = timeout_seconds
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            for stream in (self._process.stdin, self._process.stdout):
                _close(stream)
            self._process.wait()
            self._process = None

    def decode(self, data: bytes, frame: int) -> npt.NDArray[Any]:
        """Decode one frame of a DICOM file's bytes, without rescale or colour change.

        Args:
            data: the whole file.
            frame: index from 0.

        Raises:
            FileRefusedError: `pixel_undecodable`, when the codec fails, dies or takes too long.
        """
        process = self._running()
        watchdog = threading.Timer(self._timeout, process.kill)
        watchdog.start()
        try:
            status, body = _exchange(process, data, frame)
        except (BrokenPipeError, EOFError) as error:
            self.close()
            raise FileRefusedError(Code.PIXEL_UNDECODABLE, "the decoder died or ran out of time or memory") from error
        finally:
            watchdog.cancel()
        if status != DONE:
            raise FileRefusedError(Code.PIXEL_UNDECODABLE, body.decode("ascii", "replace")[:40])
        array: npt.NDArray[Any] = np.load(io.BytesIO(body), allow_pickle=False)
        return array

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self.close()
            self._process = subprocess.Popen(  # noqa: S603 - our own module, no shell, no argument from outside
                [sys.executable, "-I", str(Path(decode_worker.__file__))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_ENVIRONMENT,
            )
        return self._process


def _exchange(process: subprocess.Popen[bytes], data: bytes, frame: int) -> tuple[int, bytes]:
    if process.stdin is None or process.stdout is None:
        raise EOFError
    process.stdin.write(REQUEST.pack(frame, len(data)) + data)
    process.stdin.flush()
    status, length = ANSWER.unpack(_exactly(process.stdout, ANSWER.size))
    return status, _exactly(process.stdout, length)


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data


def _close(stream: IO[bytes] | None) -> None:
    if stream is not None:
        try:
            stream.close()
        except BrokenPipeError:
            return
