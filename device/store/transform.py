"""Cancelable templates: a keyed rotation, another for every enrolment.

What is stored is the embedding turned by an orthonormal matrix that only the key and the enrolment's salt can make
again. A turned template says nothing about another enrolment's, on this device or elsewhere, and is worthless once
its person has enrolled again; a rotation for a whole store would be kept through that, and would leave the angles
between its people to be seen. Cosines are untouched.

Kept as float64: turned there and back, no value moves by more than some 1e-16, which a float32 does not show.
"""

import hashlib

import numpy as np
from numpy.typing import NDArray

from device.store.sealing import joined

SALT_BYTES = 16
Matrix = NDArray[np.float64]


def orthonormal(key: bytearray, salt: bytes, size: int) -> Matrix:
    """The rotation (size, size) of one enrolment, uniform over all of them (Haar).

    Source: Mezzadri 2007, "How to generate random matrices from the classical compact groups", section 5.
    """
    count = size * size
    stream = hashlib.shake_256(joined(bytes(key), salt, size)).digest(16 * count)
    # 53 bits each, within (0, 1]: a logarithm of zero is no number.
    uniform = ((np.frombuffer(stream, dtype="<u8") >> np.uint64(11)).astype(np.float64) + 1.0) / 2.0**53
    gaussian = np.sqrt(-2.0 * np.log(uniform[:count])) * np.cos(2.0 * np.pi * uniform[count:])
    q, r = np.linalg.qr(gaussian.reshape(size, size))
    return np.asarray(q * np.where(np.diag(r) < 0.0, -1.0, 1.0))


def turned(reference: NDArray[np.float32], key: bytearray, salt: bytes) -> Matrix:
    """A reference (d,) as it is stored, (d,) float64."""
    return np.asarray(orthonormal(key, salt, len(reference)) @ reference.astype(np.float64))


def turned_back(stored: Matrix, key: bytearray, salt: bytes) -> NDArray[np.float32]:
    """The reference (d,) of what was stored."""
    return np.asarray(orthonormal(key, salt, len(stored)).T @ stored, dtype=np.float32)
