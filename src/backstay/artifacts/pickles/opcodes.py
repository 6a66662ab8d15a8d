"""Opcodes: how the machine of pickle protocols 0 to 5 spells them, by what they push and what follows them.

Source: `Lib/pickle.py` and `Modules/_pickle.c` of CPython, which agree on everything here.
"""

# Constants whose argument has a fixed number of bytes: None, booleans, numbers.
FIXED = {
    ord("N"): 0,
    0x88: 0,  # NEWTRUE
    0x89: 0,  # NEWFALSE
    ord("K"): 1,  # BININT1
    ord("M"): 2,  # BININT2
    ord("J"): 4,  # BININT
    ord("G"): 8,  # BINFLOAT
}

# Constants that say how long they are: the number of bytes that the length takes.
COUNTED = {
    0x8C: 1,  # SHORT_BINUNICODE
    ord("X"): 4,  # BINUNICODE
    0x8D: 8,  # BINUNICODE8
    ord("U"): 1,  # SHORT_BINSTRING
    ord("T"): 4,  # BINSTRING
    ord("C"): 1,  # SHORT_BINBYTES
    ord("B"): 4,  # BINBYTES
    0x8E: 8,  # BINBYTES8
    0x96: 8,  # BYTEARRAY8
    0x8A: 1,  # LONG1
    0x8B: 4,  # LONG4
}

# Constants that end with their line.
LINES = frozenset(b"IFLSV")

TEXTS = frozenset((0x8C, ord("X"), 0x8D, ord("U"), ord("T")))
BYTES = frozenset((ord("C"), ord("B"), 0x8E, 0x96))
LONGS = frozenset((0x8A, 0x8B))

PROTO, FRAME, STOP = 0x80, 0x95, ord(".")
MARK, POP, POP_MARK = ord("("), ord("0"), ord("1")
BINPUT, LONG_BINPUT, PUT, MEMOIZE = ord("q"), ord("r"), ord("p"), 0x94
BINGET, LONG_BINGET, GET = ord("h"), ord("j"), ord("g")

HIGHEST_PROTOCOL = 5
