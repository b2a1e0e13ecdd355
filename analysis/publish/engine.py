"""A papermill engine that runs a notebook's cells in this process, by IPython without a kernel."""

from __future__ import annotations

import io
import os
import sys
import tempfile
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from functools import partial
from types import CodeType
from typing import Any

import nbformat
from IPython.core.compilerop import CachingCompiler
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from papermill.engines import Engine, papermill_engines
from traitlets.config import Config

from analysis.publish.environment import describe_plots

#: Name under which papermill knows the engine.
ENGINE = "castillo"
_DESCRIPTORS = {"stdout": 1, "stderr": 2}
#: Called with the index of the cell that begins, and with the line of each statement that does.
At = Callable[[int, int | None], object]
new_output: Any = nbformat.v4.new_output


class Outputs:
    """Outputs of the cell that runs, in the order in which they were written.

    What other programs and C code write to the process's descriptors goes to files, which are looked at before
    anything else is added.
    """

    def __init__(self) -> None:
        self.cell: list[Any] = []
        self.process = os.getpid()
        self._files = {name: tempfile.TemporaryFile(buffering=0) for name in _DESCRIPTORS}  # noqa: SIM115, closed by capture
        self._read = dict.fromkeys(_DESCRIPTORS, 0)
        self._text, self._name = io.StringIO(), ""

    def begin(self, cell: Any) -> None:
        """Collect for another cell."""
        self.cell = cell.outputs = []

    def add(self, output: Any) -> None:
        """Add an output after everything that has been written."""
        self.flush()
        self.cell.append(output)

    def write(self, name: str, text: str) -> None:
        """Add text to a stream."""
        self._drain()
        self._append(name, text)

    def flush(self) -> None:
        """Make outputs of all text so far."""
        self._drain()
        if text := self._text.getvalue():
            self.cell.append(new_output("stream", name=self._name, text=text))
        self._text = io.StringIO()

    def _append(self, name: str, text: str) -> None:
        if name != self._name and self._text.tell():
            self.cell.append(new_output("stream", name=self._name, text=self._text.getvalue()))
            self._text = io.StringIO()
        self._name = name
        self._text.write(text)

    def _drain(self) -> None:
        for name, file in self._files.items():
            if (more := os.fstat(file.fileno()).st_size - self._read[name]) > 0:
                self._append(name, os.pread(file.fileno(), more, self._read[name]).decode("utf-8", "replace"))
                self._read[name] += more

    @contextmanager
    def capture(self) -> Iterator[None]:
        """Context in which all that this process and what it starts print is collected."""
        before = {name: os.dup(descriptor) for name, descriptor in _DESCRIPTORS.items()}
        for name, descriptor in _DESCRIPTORS.items():
            os.dup2(self._files[name].fileno(), descriptor)
        try:
            with redirect_stdout(Stream("stdout", self)), redirect_stderr(Stream("stderr", self)):
                yield
        finally:
            for name, descriptor in _DESCRIPTORS.items():
                os.dup2(before[name], descriptor)
                os.close(before[name])
                self._files[name].close()


class Stream(io.TextIOBase):
    """sys.stdout or sys.stderr of the cells."""

    encoding = "utf-8"

    def __init__(self, name: str, outputs: Outputs) -> None:
        self.name, self._outputs = name, outputs

    def writable(self) -> bool:
        """True."""
        return True

    def fileno(self) -> int:
        """The process's descriptor, for programs that a cell starts."""
        return _DESCRIPTORS[self.name]

    def write(self, text: str) -> int:
        """Write text; from a process that the cell has forked, through the descriptor."""
        if os.getpid() != self._outputs.process:
            return os.write(self.fileno(), text.encode("utf-8", "replace"))
        self._outputs.write(self.name, text)
        return len(text)


class _Publisher(DisplayPublisher):
    """Adds what is displayed to the outputs; a display that has an id can be replaced."""

    shell: Any

    def publish(self, data: Any, metadata: Any = None, *_: Any, update: bool = False, **options: Any) -> None:
        shown = new_output("display_data", data=_encoded(data), metadata=metadata or {})
        name = (options.get("transient") or {}).get("display_id")
        if update:
            for output in self.shell.displays.get(name, ()):
                output.update(data=shown.data, metadata=shown.metadata)
            return
        self.shell.displays.setdefault(name, []).append(shown)
        self.shell.outputs.add(shown)

    def clear_output(self, wait: bool = False) -> None:
        self.shell.outputs.flush()
        self.shell.outputs.cell.clear()


class _Hook(DisplayHook):
    """Adds the value of a cell's last line to the outputs."""

    shell: Any

    def write_output_prompt(self) -> None:
        pass

    def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
        data, count = _encoded(format_dict), self.prompt_count
        self.shell.outputs.add(new_output("execute_result", data=data, metadata=md_dict or {}, execution_count=count))

    def finish_displayhook(self) -> None:
        pass


class _Compiler(CachingCompiler):
    """Calls the code of cells as a kernel does, so that messages that name it are the same."""

    def get_code_name(self, raw_code: str, transformed_code: str, number: int) -> str:
        return f"/ipykernel_0/{number}.py"


class Shell(InteractiveShell):
    """IPython without a kernel."""

    display_pub_class = _Publisher
    displayhook_class = _Hook
    compiler_class = _Compiler
    outputs: Outputs
    displays: dict[Any, list[Any]]
    at: Callable[[int], object]

    def enable_gui(self, gui: Any = None) -> None:
        """Figures are drawn after the cell: there is no window."""

    def _showtraceback(self, etype: Any, evalue: Any, stb: Any) -> None:
        self.outputs.add(new_output("error", ename=etype.__name__, evalue=str(evalue), traceback=list(stb)))

    async def run_code(self, code_obj: Any, result: Any = None, *, async_: bool = False) -> bool:
        """Run a statement of a cell, of which the line is told before."""
        if isinstance(code_obj, CodeType):
            self.at(min((line for *_, line in code_obj.co_lines() if line), default=1))
        return bool(await super().run_code(code_obj, result, async_=async_))  # type: ignore[no-untyped-call]


def _encoded(data: Mapping[str, Any]) -> dict[str, Any]:
    return {kind: b64encode(part).decode() if isinstance(part, bytes) else part for kind, part in data.items()}


class CastilloEngine(Engine):  # type: ignore[misc]
    """Runs cells in this process. It is meant for one that was forked for a single notebook and ends after it."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, *, at: At = lambda *_: None, **_: Any) -> None:
        """Run all cells of a notebook, up to one that fails.

        Parameters
        ----------
        nb_man : papermill's NotebookExecutionManager
        kernel_name : str, not used
        at : called with the index of the cell that begins, and with the line of each statement that does
        """
        config = Config(InteractiveShell={"colors": "nocolor"}, HistoryManager={"enabled": False})
        outputs = Outputs()
        shell = Shell.instance(config=config)
        shell.outputs, shell.displays = outputs, {}
        sys.path.insert(0, "")
        describe_plots()
        with outputs.capture():
            for index, cell in enumerate(nb_man.nb.cells):
                if cell.cell_type == "code" and cell.source.strip():
                    shell.at = partial(at, index)
                    cls._run(nb_man, shell, cell, index, at)
                    if any(output.output_type == "error" for output in cell.outputs):
                        break

    @staticmethod
    def _run(nb_man: Any, shell: Shell, cell: Any, index: int, at: At) -> None:
        nb_man.cell_start(cell, index)
        at(index, None)
        shell.outputs.begin(cell)
        result: Any = shell.run_cell(cell.source, store_history=True)  # type: ignore[no-untyped-call]
        shell.outputs.flush()
        cell.execution_count = shell.execution_count - 1
        if (error := result.error_before_exec or result.error_in_exec) is not None:
            nb_man.cell_exception(cell, cell_index=index, exception=error)
        else:
            nb_man.cell_complete(cell, cell_index=index)


papermill_engines.register(ENGINE, CastilloEngine)
