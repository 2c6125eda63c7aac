"""A page with everything a browser loads, made to be told apart piece by piece."""

import hashlib
import os
import struct
import zlib

IMAGES = 60
BIG = 5_000_000
COLOUR = "rgb(1, 2, 3)"

INDEX = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>HTTP/3</title>
<link rel="icon" href="image-0.png">
<link rel="stylesheet" href="style.css">
<script src="script.js"></script>
<h1>HTTP/3</h1>
<p id="images">{images}</p>
<pre id="report">not loaded</pre>
"""

STYLE = f"h1 {{ color: {COLOUR} }}\nimg {{ width: 32px; height: 32px; margin: 2px }}\n"

# What the page says of itself, once it is loaded. It asks the server to repeat that.
SCRIPT = """"use strict";
const loaded = new Promise(done => addEventListener("load", done));

async function digest(data) {
    const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", data));
    return [...bytes].map(byte => byte.toString(16).padStart(2, "0")).join("");
}

async function makeReport() {
    await loaded;
    const big = await (await fetch("big.bin")).arrayBuffer();
    const images = [...document.images];
    const report = {
        big: await digest(big),
        colour: getComputedStyle(document.querySelector("h1")).color,
        widths: images.map(image => image.complete ? image.naturalWidth : 0),
        protocols: [...performance.getEntriesByType("navigation"),
                    ...performance.getEntriesByType("resource")]
            .map(entry => [new URL(entry.name).pathname, entry.nextHopProtocol]),
    };
    const text = JSON.stringify(report);
    const answer = await fetch("echo", { method: "POST", body: text });
    document.getElementById("report").textContent = JSON.stringify(report, null, 1);
    return { report, repeated: await answer.text(), sent: text,
             echoProtocol: performance.getEntriesByName(answer.url)[0].nextHopProtocol };
}

const report = makeReport();
"""


def make_page(root):
    """Writes the page and what belongs to it; returns the digest of the large file."""
    images = "\n".join(f'<img src="image-{number}.png" alt="">' for number in range(IMAGES))
    (root / "index.html").write_text(INDEX.format(images=images))
    (root / "style.css").write_text(STYLE)
    (root / "script.js").write_text(SCRIPT)
    for number in range(IMAGES):
        (root / f"image-{number}.png").write_bytes(png(number + 1))
    big = os.urandom(BIG)
    (root / "big.bin").write_bytes(big)
    return hashlib.sha256(big).hexdigest()


def resources():
    """The paths of all that the page loads, itself included."""
    return {"/index.html", "/style.css", "/script.js", "/big.bin",
            *(f"/image-{number}.png" for number in range(IMAGES))}


def png(width):
    """An image of that width, with a colour of its own."""
    pixel = bytes((width * 4 % 256, width * 9 % 256, 255 - width * 3 % 256))
    rows = (b"\0" + pixel * width) * width
    header = struct.pack(">IIBBBBB", width, width, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts)
