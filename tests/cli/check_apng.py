"""Takes an animated PNG apart by the specification alone, with nothing of the library, and compares every frame with
still pictures.

    check_apng.py FILM FRAMES LOOPS DELAY PICTURE...

FRAMES pictures, played LOOPS times, each shown for DELAY ("1/24") seconds; frame i shows PICTURE i.
"""

import struct
import sys
import zlib

CHANNELS = {0: 1, 2: 3, 6: 4}


def chunks(data):
    """(type, content) of each chunk; lengths and check sums are right and nothing follows IEND."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n", "no PNG"
    at, found = 8, []
    while at < len(data):
        (size,) = struct.unpack_from(">I", data, at)
        name, content = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        assert len(content) == size, f"{name} is cut off"
        (sum_of_it,) = struct.unpack_from(">I", data, at + 8 + size)
        assert zlib.crc32(name + content) == sum_of_it, f"the check sum of {name} at byte {at}"
        found.append((name, content))
        at += 12 + size
    assert found[-1] == (b"IEND", b""), "does not end with IEND"
    return found


def header(content):
    width, height, depth, color, *rest = struct.unpack(">IIBBBBB", content)
    assert depth == 8 and color in CHANNELS and rest == [0, 0, 0], "another kind of PNG than the library writes"
    return width, height, CHANNELS[color]


def nearest(left, up, corner):
    plane = left + up - corner
    return min((abs(plane - left), 0, left), (abs(plane - up), 1, up), (abs(plane - corner), 2, corner))[2]


def pixels(packed, width, height, channels):
    """Unpacked and unfiltered, row after row."""
    stream = zlib.decompressobj()
    rows = stream.decompress(packed) + stream.flush()
    assert stream.eof and not stream.unused_data, "the packed rows do not end where they should"
    length = width * channels
    assert len(rows) == height * (length + 1), "too many or too few rows"
    above, out = bytes(length), bytearray()
    for y in range(height):
        kind, row = rows[y * (length + 1)], bytearray(rows[y * (length + 1) + 1 : (y + 1) * (length + 1)])
        for x in range(length):
            left, corner = (row[x - channels], above[x - channels]) if x >= channels else (0, 0)
            guess = (0, left, above[x], (left + above[x]) // 2, nearest(left, above[x], corner))[kind]
            row[x] = (row[x] + guess) & 255
        out += row
        above = row
    return bytes(out)


def still(path):
    with open(path, "rb") as file:
        found = chunks(file.read())
    size = header(found[0][1])
    return size, pixels(b"".join(content for name, content in found if name == b"IDAT"), *size)


def film(path):
    """Size, (frames, loops), delays and the packed rows of each frame."""
    with open(path, "rb") as file:
        found = chunks(file.read())
    assert [name for name, _ in found[:2]] == [b"IHDR", b"acTL"], "IHDR and acTL do not come first"
    size, delays, frames, number = header(found[0][1]), [], [], 0
    for name, content in found[2:-1]:
        assert name in (b"fcTL", b"IDAT", b"fdAT"), f"a chunk {name}"
        if name == b"IDAT":
            assert len(frames) == 1, "IDAT is not of the first frame"
            frames[0] += content
            continue
        assert struct.unpack_from(">I", content)[0] == number, f"chunk {number} of the row is missing or out of place"
        number += 1
        if name == b"fdAT":
            assert len(frames) > 1, "fdAT in the first frame"
            frames[-1] += content[4:]
            continue
        _, width, height, x, y, numerator, denominator, dispose, blend = struct.unpack(">IIIIIHHBB", content)
        assert (width, height, x, y) == (*size[:2], 0, 0), "a frame of another size"
        assert dispose == blend == 0, "a frame that is laid over another"
        delays.append(f"{numerator}/{denominator}")
        frames.append(b"")
    return size, struct.unpack(">II", found[1][1]), delays, frames


def main(path, n, loops, delay, *pictures):
    size, counts, delays, frames = film(path)
    assert counts == (int(n), int(loops)), f"frames and loops are {counts}"
    assert delays == [delay] * int(n), f"the delays are {delays}"
    assert len(frames) == len(pictures) == int(n), f"{len(frames)} frames, {len(pictures)} pictures"
    for i, (frame, picture) in enumerate(zip(frames, pictures)):
        assert (size, pixels(frame, *size)) == still(picture), f"frame {i} is not {picture}"


main(*sys.argv[1:])
