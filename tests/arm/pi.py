"""An emulated Pi: a root with Python and this project in it, under QEMU as one core or another."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.arm.cores import CORES_A_BOARD, ArmError, Core, GuestError, Mark, marks_of
from tests.arm.debian import Release, arm_packages, last_line, unpack

EMULATOR = "qemu-aarch64-static"
GUEST = Path(__file__).with_name("guest")
_COUNTING_RELEASE = "bookworm"
"""Whose `qemu-user` takes plug-ins; the static one does not."""
_PATIENCE_S = 3600.0


@dataclass(frozen=True, slots=True)
class Pi:
    """One root; `build` is where all of them lie."""

    build: Path
    release: Release

    @property
    def root(self) -> Path:
        """Its file system."""
        return self.build / f"root-{self.release.python}"

    @property
    def site(self) -> Path:
        """Where the project is installed."""
        return self.build / f"site-{self.release.python}"

    @property
    def onnx_site(self) -> Path:
        """Where it is installed with the extra `onnx`."""
        return self.build / f"site-onnx-{self.release.python}"

    def make_root(self) -> None:
        """Unpack Debian's Python, if that was not done.

        Raises:
            ArmError: See `unpack`.
        """
        done = self.root / "complete"
        if done.exists():
            return
        unpack(self.release.codename, arm_packages(self.release), "arm64", self.root, self._state("arm64"))
        done.touch()

    def make_counting_emulator(self) -> None:
        """Unpack the QEMU that takes plug-ins, with its libraries.

        Raises:
            ArmError: See `unpack`.
        """
        done = self._tools / "complete"
        if done.exists():
            return
        here = subprocess.run(
            ["dpkg", "--print-architecture"], capture_output=True, text=True, check=True
        ).stdout.strip()
        unpack(_COUNTING_RELEASE, ["qemu-user"], here, self._tools, self._state(here))
        done.touch()

    @property
    def _tools(self) -> Path:
        return self.build / "counting"

    def _state(self, architecture: str) -> Path:
        return self.build / f"apt-{self.release.codename}-{architecture}"

    def be(self, core: Core) -> None:
        """Let /proc and /sys tell of this core: without, XNNPACK knows no processor and is left out, in silence."""
        (self.root / "proc").mkdir(exist_ok=True)
        (self.root / "proc/cpuinfo").write_text(core.cpuinfo())
        folder = self.root / "sys/devices/system/cpu"
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("possible", "present"):
            (folder / name).write_text(f"0-{CORES_A_BOARD - 1}\n")

    def python(self, core: Core, *words: str, onnx: bool = False, log: Path | None = None) -> str:
        """Run its Python with these words, as this core; returns what it wrote to stdout.

        Args:
            core: which.
            words: Python's arguments.
            onnx: whether with the installation that has ONNX Runtime.
            log: where to count instructions; see `counted`.

        Raises:
            GuestError: It failed.
        """
        self.be(core)
        python = self.root / "usr/bin" / f"python{self.release.python}"
        command = [*self.emulator(log), "-L", str(self.root), str(python), *words]
        site = self.onnx_site if onnx else self.site
        what = f"{' '.join(words)[:200]} on {core.name}"
        try:
            done = subprocess.run(
                command,
                env=self._environment(core, site),
                capture_output=True,
                text=True,
                timeout=_PATIENCE_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise GuestError(f"{what}: not done after {_PATIENCE_S:.0f} s") from None
        if done.returncode:
            raise GuestError(f"{what}: status {done.returncode}, {last_line(done.stderr)}")
        return done.stdout

    def pulsekey(self, core: Core, *words: str, log: Path | None = None) -> str:
        """Run its `pulsekey`, as installed.

        Raises:
            GuestError: It failed.
        """
        return self.python(core, str(self.site / "bin/pulsekey"), *words, log=log)

    def counted(self, core: Core, *words: str) -> tuple[list[Mark], str]:
        """Run its Python and count instructions; returns what was counted, and what it wrote.

        Raises:
            GuestError: It failed.
        """
        log = self.build / "counted.log"
        told = self.python(core, *words, log=log)
        return marks_of(log.read_text(encoding="utf-8", errors="replace").splitlines()), told

    def emulator(self, log: Path | None) -> list[str]:
        """The words that run a program of ARM's, counting its instructions into `log` if there is one.

        Raises:
            ArmError: QEMU is not installed.
        """
        if log is None:
            found = shutil.which(EMULATOR)
            if found is None:
                raise ArmError(f"no {EMULATOR}: sudo apt install qemu-user-static")
            return [found]
        libraries = sorted({str(file.parent) for file in self._tools.rglob("*.so.*")})
        loader = next(file for file in self._tools.rglob("ld-linux*.so.*") if not file.is_symlink())
        plugin = ["-plugin", str(self.build / "counter.so"), "-d", "plugin", "-D", str(log)]
        return [str(loader), "--library-path", ":".join(libraries), str(self._tools / "usr/bin/qemu-aarch64"), *plugin]

    def _environment(self, core: Core, site: Path) -> dict[str, str]:
        home = self.build / "home"
        home.mkdir(exist_ok=True)
        return {
            # Without it QEMU is a processor that no board has, on which INT8 kernels answer otherwise.
            "QEMU_CPU": core.name,
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(site),
            # Threads that count at once miscount each other, and no library here needs more than one.
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        }

    def compile(self, core: Core) -> None:
        """Make bytecode, as Debian and pip do at installation; by this process's Python, if of the same version."""
        folders = [str(self.site), str(self.root / "usr/lib" / f"python{self.release.python}")]
        words = ["-c", "import compileall, sys\nfor f in sys.argv[1:]: compileall.compile_dir(f, quiet=2)", *folders]
        if self.release.python == f"{sys.version_info.major}.{sys.version_info.minor}":
            subprocess.run([sys.executable, *words], check=True)
        else:
            self.python(core, *words)
