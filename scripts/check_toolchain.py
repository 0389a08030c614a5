"""Check that this machine can build the package, and say what to install if it cannot.

Run by make before anything else, with whatever Python the machine has: the standard library only, and no
syntax that an old Python could not read.
"""

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile

LEAST_PYTHON = (3, 11)

# C++17, threads, and the vector extensions that the kernels are written in.
PROGRAM = """
#include <thread>
static_assert(__cplusplus >= 201703L, "C++17");
typedef double vector __attribute__((vector_size(16)));
vector reversed(vector v) { return __builtin_shufflevector(v, v, 1, 0); }
int main() { std::thread([] {}).join(); }
"""

INSTALL_COMPILER = """GCC 12 or newer, or Clang, is needed to build the kernels.
Install one and run make again:
  Debian, Ubuntu:   apt-get install g++
  Fedora, RHEL:     dnf install gcc-c++
  Alpine:           apk add g++
  macOS:            xcode-select --install
Or set the environment variable CXX to the compiler to use."""

INSTALL_HEADERS = """The header files of Python {version} are missing ({header}).
Install them and run make again:
  Debian, Ubuntu:   apt-get install python3-dev
  Fedora, RHEL:     dnf install python3-devel"""

INSTALL_VENV = """This Python cannot make virtual environments. Install what is missing and run make again:
  Debian, Ubuntu:   apt-get install python3-venv"""

WRONG_PYTHON = """Python {least} or newer is needed, and {executable} is {version}.
Name another one: make PYTHON=python3.12 ..."""


def fail(message):
    """End with a message and exit code 2."""
    sys.stderr.write("\n" + message + "\n\n")
    sys.exit(2)


def compiler_command():
    """Return the command of the C++ compiler that CMake will take, as a list of words."""
    if os.environ.get("CXX"):
        try:
            return shlex.split(os.environ["CXX"])
        except ValueError as error:
            fail("CXX={} cannot be read: {}\n".format(os.environ["CXX"], error) + INSTALL_COMPILER)
    for name in ("c++", "g++", "clang++"):
        if shutil.which(name):
            return [name]
    fail("No C++ compiler found.\n" + INSTALL_COMPILER)
    return []


def check_compiler():
    """Compile a small program, and show what the compiler says if it cannot."""
    command = compiler_command()
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, "program.cpp")
        with open(source, "w") as file:
            file.write(PROGRAM)
        arguments = [*command, "-std=c++17", "-pthread", source, "-o", os.path.join(folder, "program")]
        try:
            done = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # noqa: S603
        except OSError as error:
            fail(f"The C++ compiler {command[0]} cannot be run: {error}\n" + INSTALL_COMPILER)
        if done.returncode:
            said = done.stdout.decode("utf-8", "replace").strip()
            fail(f"The C++ compiler {command[0]} fails:\n{said}\n" + INSTALL_COMPILER)


def main():
    """Check Python, its headers, virtual environments and the compiler."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info < LEAST_PYTHON:
        least = ".".join(str(part) for part in LEAST_PYTHON)
        fail(WRONG_PYTHON.format(least=least, executable=sys.executable, version=version))
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        fail(INSTALL_VENV)
    header = os.path.join(sysconfig.get_paths()["include"], "Python.h")
    if not os.path.exists(header):
        fail(INSTALL_HEADERS.format(version=version, header=header))
    check_compiler()


if __name__ == "__main__":
    main()
