"""The order of the data, written a second time: which bytes of the text are sample N of a seed.

Philox4x32-10 (Salmon et al. 2011) keys a Feistel network, walked until it lands inside (Black and Rogaway 2002).
"""

import numpy as np

MASK = 0xFFFFFFFF


def philox(counter, key):
    a, b, c, d = counter
    k, l = key
    for _ in range(10):
        first, second = 0xD2511F53 * a, 0xCD9E8D57 * c
        a, b, c, d = (second >> 32) ^ b ^ k, second & MASK, (first >> 32) ^ d ^ l, first & MASK
        k, l = (k + 0x9E3779B9) & MASK, (l + 0xBB67AE85) & MASK
    return a, b, c, d


def fnv1a(text):
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value


def key_of(seed, purpose):
    name = fnv1a(purpose)
    return philox((seed & MASK, seed >> 32, 0, 0), (name & MASK, name >> 32))[:2]


def permuted(index, size, key):
    bits = 1
    while 1 << (2 * bits) < size:
        bits += 1
    mask = (1 << bits) - 1
    while True:
        left, right = index >> bits, index & mask
        for turn in range(6):
            left, right = right, left ^ (philox((right, turn, 0, 0), key)[0] & mask)
        index = left << bits | right
        if index < size:
            return index


class Text:
    def __init__(self, path, sequence, seed=1):
        self.bytes, self.sequence, self.seed = np.fromfile(path, np.uint8), sequence, seed

    def sample(self, number):
        """The tokens of a sample, and one more."""
        windows = (len(self.bytes) - 1) // self.sequence
        epoch = number // windows
        begin = permuted(number % windows, windows, key_of(self.seed, f"data order of epoch {epoch}")) * self.sequence
        return self.bytes[begin:begin + self.sequence + 1]

    def batch(self, step, size):
        """Of the step after `step` finished ones."""
        return np.stack([self.sample(step * size + row) for row in range(size)]).astype(np.int64)
