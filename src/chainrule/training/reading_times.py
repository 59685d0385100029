"""Before which epochs a training is read: by a count that is given, or by the work of both.

Work is counted in multiplications. By it alone, not by a clock, a training is read at the same
epochs on every machine, and one that goes on where one that was long from the start is.
"""

from __future__ import annotations

from dataclasses import dataclass

# Watching may come to one part in so many of all work so far.
SHARE = 20
# What a step costs besides its multiplications, a call of ``train`` before its first step, and
# writing down the step in the form that is read. Other programs on the machine make the last two
# half as long again, and are allowed for.
STEP, CALL, TRACING = 10_000, 50_000_000, 40_000_000
# What a reading costs by itself, and for each parameter, besides two passes' multiplications. All
# of these were measured beside steps, on dense, convolutional and recurrent networks of 178 to
# 300,000 parameters.
READING, PARAMETER = 500_000, 150
# So many readings come as close together as they may, then as many again half as close.
CLOSE = 50


@dataclass(frozen=True)
class ReadingTimes:
    """Readings before epoch ``first`` and every so many epochs behind it, ``close`` of them; then
    at every second of these places up to twice as many, at every fourth, and so on.

    Nothing here knows how many epochs there are, so a run that goes on has the same times.
    """

    first: int
    every: int
    close: int

    def due(self, epoch: int) -> bool:
        """Whether a reading is taken before an epoch."""
        place, beside = divmod(epoch - self.first, self.every)
        return self.close > 0 <= place and beside == 0 and place % self._stride(place) == 0

    def next_due(self, epoch: int, last: int) -> int:
        """Return the first epoch from this one on that is read, ``last`` where none before is."""
        if not self.close:
            return last
        place = max(0, -(-(epoch - self.first) // self.every))
        while self.first + place * self.every < last and place % self._stride(place):
            # Strides double, and each is a multiple of those before it, so none is passed over.
            place += -place % self._stride(place)
        return min(self.first + place * self.every, last)

    def _stride(self, place: int) -> int:
        return 1 << (place // self.close).bit_length()


def by_count(readings: int) -> ReadingTimes:
    """Return the times of so many readings before the first epochs, then ever more rarely."""
    return ReadingTimes(0, 1, readings)


def by_work(epoch: int, reading: int) -> ReadingTimes:
    """Return the times at which a share of the work so far pays for all readings up to then."""
    first = -(-(SHARE * (TRACING + reading) - CALL) // epoch)
    return ReadingTimes(first, max(1, -(-SHARE * reading // epoch)), CLOSE)


def work_of_epoch(steps: int, rows: int, parameters: int) -> int:
    """Return the work of an epoch of so many steps, each over ``rows``."""
    return steps * (STEP + rows * parameters)


def work_of_reading(rows: int, parameters: int) -> int:
    """Return the work of one reading of so many rows."""
    return READING + (PARAMETER + 2 * rows) * parameters


def rows_that_pay(epoch: int, parameters: int) -> int:
    """Return how many rows a reading may have so that every epoch pays for one; or, where none
    does, so many as cost less than all else in it."""
    left = (epoch // SHARE - READING) // parameters - PARAMETER
    return max(left, READING // parameters) // 2
