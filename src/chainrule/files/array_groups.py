"""Named arrays as the bytes of one safetensors file, and back, bit for bit.

The values go through safetensors (no pickle). Its order is its own: arrays come back sorted by
type and name, so whoever needs an order keeps it in a document.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import RunFolderError
from chainrule.files.disk import DAMAGED, shown

# The key of a safetensors header that holds remarks; an array of that name could not be read.
_RESERVED = "__metadata__"


def dump_arrays(arrays: Mapping[str, NDArray[Any]], name: str) -> bytes:
    """Return the arrays as one safetensors file; ``name`` is what errors call the group.

    Any shape, order in memory and byte order is accepted; types are bool, whole numbers of 8 to 64
    bits, float16, float32, float64 and complex64. Raises RunFolderError for any other.
    """
    import safetensors
    import safetensors.numpy

    remedy = "Store numbers of at most 64 bits under names of plain text."
    if _RESERVED in arrays:
        cause = f"The arrays of {name} cannot be stored: '{_RESERVED}' is no name for an array."
        raise RunFolderError(cause, remedy)
    try:
        return safetensors.numpy.save({key: _in_c_order(array) for key, array in arrays.items()})
    except (safetensors.SafetensorError, UnicodeEncodeError) as error:
        cause = f"The arrays of {name} cannot be stored: {shown(str(error)).rstrip('.')}."
        raise RunFolderError(cause, remedy) from error


def load_arrays(data: bytes, name: str) -> dict[str, NDArray[Any]]:
    """Return the arrays that ``dump_arrays`` stored; ``name`` is what errors call the file.

    Raises RunFolderError for anything else, however hostile: sizes promised by the header are
    held against the bytes that are there before an array is made.
    """
    import safetensors
    import safetensors.numpy

    try:
        return safetensors.numpy.load(data)
    except KeyError as error:
        cause = f"{name} holds arrays of the type {shown(str(error.args[0]))}, unknown to NumPy."
        raise RunFolderError(cause, DAMAGED) from error
    except (safetensors.SafetensorError, ValueError, OverflowError) as error:
        cause = f"{name} does not hold readable arrays: {shown(str(error)).rstrip('.')}."
        raise RunFolderError(cause, DAMAGED) from error


def _in_c_order(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array row by row in memory, as safetensors 0.8 takes for granted.

    It writes the bytes of a transposed array in the wrong order without a word. Unlike
    ``ascontiguousarray``, ``asarray`` leaves a 0-dimensional array as it is.
    """
    return np.asarray(array, dtype=array.dtype.newbyteorder("="), order="C")
