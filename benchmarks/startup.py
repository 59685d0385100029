"""How long Python, ``import chainrule`` and ``chainrule --help`` take, measured in turns.

    python benchmarks/startup.py [rounds]

Each round starts every command once, so that whatever else the machine does falls on all of them.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "import chainrule": ["-c", "import chainrule"],
    "chainrule --help": ["-m", "chainrule", "--help"],
}


def seconds(arguments: list[str]) -> float:
    """Return how long a Python of its own takes for these arguments."""
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    for arguments in COMMANDS.values():
        # Once for the disk's cache and the compiled files.
        seconds(arguments)
    taken: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(rounds):
        for name, arguments in COMMANDS.items():
            taken[name].append(seconds(arguments))
    medians = {name: statistics.median(times) for name, times in taken.items()}
    plain = medians["python -c pass"]
    print(f"{'median of ' + str(rounds) + ' rounds':<20}{'seconds':>9}{'beside python':>15}")
    for name, median in medians.items():
        print(f"{name:<20}{median:>9.3f}{median - plain:>+15.3f}")


if __name__ == "__main__":
    main()
