"""The template: a process that has imported what notebooks need, once, and forks kernels and workers for who asks.

Standard input, which the build holds open, gives one line, {"modules": …, "study": …}: what to import beyond that, and
what to load. Then a client connects to its socket and sends one line. {"argv": …, "cwd": …, "env": …} asks for a
kernel; it is answered the kernel's pid, and its exit status when it has ended. A client that goes away takes its kernel
with it. {"worker": true} asks for a worker, whose line to the build the connection becomes: it ends when that does. The
end of standard input ends all.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import importlib.util
import json
import os
import selectors
import shutil
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NoReturn

#: What every kernel imports sooner or later.
MODULES = (
    *("ipykernel.kernelapp", "ipykernel.debugger", "numpy", "pandas", "pyarrow.parquet", "pyarrow.dataset"),
    *("pandas.io.parquet", "scipy.stats", "IPython.core.completerlib", "IPython.core.debugger"),
    *("IPython.extensions.storemagic", "tornado.platform.asyncio"),
    *("matplotlib.pyplot", "matplotlib.backends.backend_svg", "matplotlib.backends.backend_agg"),
)
#: Seconds in which a worker that has lost its line must end.
_PATIENCE = 2.0


def main() -> None:
    """Serve on a socket, in a folder, given on the command line."""
    serve(socket.socket(fileno=int(sys.argv[1])), Path(sys.argv[2]))


def serve(listener: socket.socket, scratch: Path) -> None:
    """Import modules, load a study, draw once, then fork until standard input ends.

    Parameters
    ----------
    listener : socket, listening
    scratch : Path, the build's private folder; deleted at the end
    """
    with contextlib.suppress(ValueError):
        sys.path.remove("")  # a kernel's path starts with its own folder, not with this process's
    before = dict(os.environ)
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"  # IPython sets it before pyplot is imported
    _import(MODULES)
    asked = json.loads(sys.stdin.buffer.readline() or "null")
    if asked:
        _import(asked["modules"])
        with contextlib.suppress(Exception):
            _prepare(asked["study"])
    if threads() == 1:
        gc.collect()
        gc.freeze()
        _Template(listener, scratch, before).run()
    else:  # a fork would lack the others: refuse, and kernels are started in the ordinary way
        listener.close()
        sys.stdin.read()
    shutil.rmtree(scratch, ignore_errors=True)
    os._exit(0)  # taking apart all that was imported would only cost time


def _import(modules: Iterable[str]) -> None:
    for name in modules:
        with contextlib.suppress(Exception):  # a kernel will meet it again, and say so
            importlib.import_module(name)


def _prepare(study: str) -> None:
    """Do once what each kernel would do first: load the study, find the fonts. Neither leaves a trace in a report."""
    import io

    from matplotlib.figure import Figure

    figure = Figure()
    figure.subplots().set_title("a")
    figure.savefig(io.BytesIO(), format="svg")
    if study:
        from analysis.study import preload
        from analysis.study.selection import select

        if loaded := preload(study):
            for language in (None, *loaded.settings.languages):  # the text most cells ask for
                select(loaded, language=language)


def threads() -> int:
    """Threads of this process, those of native libraries included where the system tells."""
    tasks = Path("/proc/self/task")
    return len(list(tasks.iterdir())) if tasks.is_dir() else threading.active_count()


class _Template:
    """The loop that forks, and reaps what it forked."""

    def __init__(self, listener: socket.socket, scratch: Path, environment: Mapping[str, str]) -> None:
        self.listener, self.scratch = listener, scratch
        self.environment = environment  # as it was before the imports
        self.imported = dict(os.environ.items() - environment.items())  # variables that imports have set
        self.kernels: dict[int, socket.socket] = {}
        self.workers: set[int] = set()
        self.selector = selectors.DefaultSelector()
        self.woken, self.waker = os.pipe()
        for end in (self.woken, self.waker):
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self.waker)
        for file in (0, listener, self.woken):
            self.selector.register(file, selectors.EVENT_READ)

    def run(self) -> None:
        """Serve until standard input ends; then end all kernels."""
        while True:
            for key, _ in self.selector.select():
                if key.fileobj == 0:
                    self._end_all()
                    return
                if key.fileobj == self.woken:
                    self._reap()
                elif key.fileobj is self.listener:
                    self._fork(self.listener.accept()[0])
                else:
                    self._client_left(key.fileobj)

    def _end_all(self) -> None:
        """End all that was forked, and wait for it. Workers end when their lines do; those that do not are killed."""
        for pid in self.kernels:
            kill_group(pid)
        until = time.monotonic() + _PATIENCE
        with contextlib.suppress(ChildProcessError):
            while True:
                if (pid := os.waitpid(-1, os.WNOHANG)[0]) == 0:
                    time.sleep(0.005)
                self.workers.discard(pid)
                if time.monotonic() > until:
                    for worker in self.workers:
                        os.kill(worker, signal.SIGKILL)

    def _fork(self, client: socket.socket) -> None:
        with client.makefile() as lines:
            line = lines.readline()
        if not line:
            client.close()
            return
        request = json.loads(line)
        if (pid := os.fork()) == 0:
            self._leave(client)
            if "worker" in request:
                become_worker(client, self.scratch, self.environment)
            client.close()
            become_kernel(request["argv"], request["cwd"], {**request["env"], **self.imported})
            sys.exit()  # up through the loop, so that what a kernel does at its end is done
        if "worker" in request:
            self.workers.add(pid)
            client.close()
            return
        self.kernels[pid] = client
        self.selector.register(client, selectors.EVENT_READ)
        _tell(client, pid)

    def _leave(self, client: socket.socket) -> None:
        """In a new process: let go of everything that is the template's but its client."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self.selector.close()
        for other in (self.listener, *self.kernels.values()):
            other.close()
        for end in (self.woken, self.waker):
            os.close(end)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)

    def _reap(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self.woken, 4096)
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                self.workers.discard(ended[0])
                if client := self.kernels.pop(ended[0], None):
                    self.selector.unregister(client)
                    _tell(client, os.waitstatus_to_exitcode(ended[1]))
                    client.close()

    def _client_left(self, client: Any) -> None:
        self.selector.unregister(client)
        for pid in [pid for pid, other in self.kernels.items() if other is client]:
            del self.kernels[pid]
            kill_group(pid)
        client.close()


def _tell(client: socket.socket, number: int) -> None:
    with contextlib.suppress(OSError):  # it has left: the loop will see that
        client.sendall(f"{number}\n".encode())


def kill_group(pid: int) -> None:
    """Kill a process and the group it leads, where it leads one."""
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(OSError):
            kill(pid, signal.SIGKILL)


def become_worker(client: socket.socket, scratch: Path, environment: Mapping[str, str]) -> NoReturn:
    """Turn this process, just forked, into a worker at the other end of a line."""
    from analysis.publish.work import work

    os.environ.clear()
    os.environ.update(environment)
    line = Connection(client.detach())
    line.send(None)
    work(line, scratch)


def become_kernel(argv: list[str], cwd: str, environment: Mapping[str, str]) -> None:
    """Turn this process, just forked, into the kernel that a command line would start.

    Parameters
    ----------
    argv : list of str, options of ipykernel
    cwd : str
    environment : mapping
    """
    import numpy as np
    from ipykernel.kernelapp import IPKernelApp

    os.setsid()
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment, JPY_PARENT_PID=str(os.getppid()))
    time.tzset()
    np.random.seed()  # as in a new process; the random module does this by itself
    launcher = importlib.util.find_spec("ipykernel_launcher")
    sys.argv = [str(launcher.origin) if launcher else "", *argv]
    app = IPKernelApp.instance(parent_handle=os.getppid())
    app.initialize(argv)  # type: ignore[no-untyped-call]
    app.start()  # type: ignore[no-untyped-call]
