"""Partitions measured on a running Dask cluster. Its workers need this library, and no files of ours.

What a worker was measuring when it was lost, Dask gives to another. Results come back in the order of the texts and
are taken once each, so no article is counted twice.
"""

from __future__ import annotations

import hashlib
import socket
import time
from typing import Any

from analysis.annotation.partitions import library_digest, measured
from analysis.errors import AnalysisError

#: Seconds to wait for the scheduler, for a first worker, and for any result once there is work.
CONNECT, WORKER, PATIENCE = 20, 60, 900
_KEPT = "What was finished is kept: run the same command again."


class Cluster:
    """The workers of a Dask cluster; see `processes.Workers`.

    Parameters
    ----------
    address : str, of the scheduler, such as tcp://192.0.2.1:8786
    gazetteer : bytes, pickled

    Raises
    ------
    AnalysisError
        On entering: where dask is not installed here, nobody answers, the cluster has no worker, or its versions are
        others. Later: where it was lost, or a worker has another version of this library.
    """

    def __init__(self, address: str, gazetteer: bytes) -> None:
        self._address, self._packed = address, gazetteer

    def __enter__(self) -> Cluster:
        self._client = _connected(self._address)
        try:
            _check(self._client, self._address)
            # As the result of a task, which goes to each worker once, and is made again if its holder is lost.
            key = f"castillo-gazetteer-{hashlib.sha256(self._packed).hexdigest()}"
            self._gazetteer = self._client.submit(bytes, self._packed, key=key)
        except BaseException:
            self._client.close(timeout=5)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close(timeout=5)

    @property
    def room(self) -> int:
        """Two for each thread that the cluster has now."""
        return max(4, 2 * sum(_threads(self._client).values()))

    def submit(self, name: str, task: bytes) -> Any:
        """Have it measured by whichever worker is free."""
        return self._client.submit(measured_there, task, self._gazetteer, library_digest(), key=f"castillo-{name}")

    def result(self, asked: Any) -> bytes:
        """What was measured."""
        begun = time.monotonic()
        while True:
            try:
                data: bytes = asked.result(timeout=5)
                return data
            except TimeoutError:
                self._look_after(time.monotonic() - begun)
            except Exception as error:
                raise _told(error, self._address) from error

    def _look_after(self, waited: float) -> None:
        if waited > WORKER and not _threads(self._client):
            raise AnalysisError(f"the Dask cluster at {self._address} has had no worker for {WORKER} s. {_KEPT}")
        if waited > PATIENCE:
            raise AnalysisError(f"the Dask cluster at {self._address} gave no result for {PATIENCE} s. {_KEPT}")


def measured_there(task: bytes, gazetteer: bytes, library: str) -> bytes:
    """`measured`, by a worker that has the same library; another would give other values without a word."""
    if library != library_digest():
        raise AnalysisError("its castillo-coverage, or a package that decides values, is not the one of this machine")
    return measured(task, gazetteer)


def _connected(address: str) -> Any:
    try:
        from distributed import Client
        from distributed.comm.addressing import parse_address, parse_host_port
    except ImportError as error:
        raise AnalysisError("--scheduler needs Dask: pip install '.[cluster]'. Or use --jobs.") from error
    client: Any = Client
    try:
        # Asked by hand first: a client that was refused takes long to end.
        with socket.create_connection(parse_host_port(parse_address(address)[1]), CONNECT):
            pass
        return client(address, timeout=CONNECT, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise AnalysisError(
            f"no Dask scheduler answers at {address!r} ({reason}). Start one with `dask scheduler`, whose first lines "
            "tell its address (tcp://HOST:8786), or use --jobs."
        ) from error


def _check(client: Any, address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=WORKER)
    except TimeoutError as error:
        told = f"the Dask cluster at {address} has no worker after {WORKER} s. Start some: dask worker {address}"
        raise AnalysisError(told) from error
    try:
        client.get_versions(check=True)
    except ValueError as error:
        told = f"the Dask cluster at {address} has other versions than this machine; install requirements.lock there."
        raise AnalysisError(f"{told}\n{error}") from error


def _threads(client: Any) -> dict[str, int]:
    try:
        found: dict[str, int] = client.nthreads()
        return found
    except (OSError, TimeoutError, ValueError):
        return {}


def _told(error: Exception, address: str) -> Exception:
    """What went wrong on the cluster, and what to do; what is none of its business as it is."""
    from distributed import KilledWorker

    if isinstance(error, KilledWorker):
        return AnalysisError(
            f"several workers of {address} were lost over one partition, perhaps for want of memory. {_KEPT}"
        )
    if isinstance(error, ImportError):
        return AnalysisError(f"a worker of {address} lacks castillo-coverage ({error}). Install it there. {_KEPT}")
    if isinstance(error, AnalysisError):
        return AnalysisError(f"a worker of {address} cannot be used: {error}. Install the same there. {_KEPT}")
    if isinstance(error, OSError) or "Cancelled" in type(error).__name__:
        return AnalysisError(f"the Dask scheduler at {address} was lost. {_KEPT}")
    return error
