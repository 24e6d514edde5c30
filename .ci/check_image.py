"""Hold the built image to its size: check_image.py IMAGE BASE."""

from __future__ import annotations

import json
import re
import subprocess
import sys

MOST_MB = 550  # above its base
_UNITS = {"kB": 1e-3, "MB": 1.0, "GB": 1e3}


def sizes() -> dict[str, float]:
    """Return the size in MB of every image that is here, by each of its names."""
    listed = subprocess.run(["buildah", "images", "--json"], capture_output=True, text=True, check=True)
    found = {}
    for image in json.loads(listed.stdout):
        number, unit = re.fullmatch(r"([\d.]+) (\w+)", image["size"]).groups()  # type: ignore[union-attr]
        found |= {name: float(number) * _UNITS[unit] for name in image["names"] or ()}
    return found


def main() -> int:
    """Say how much larger the image is than its base; the status is 1 when that is too much."""
    image, base = sys.argv[1:]
    above = sizes()[f"localhost/{image}"] - sizes()[f"docker.io/library/{base}"]
    print(f"image: {above:.0f} MB above its base (at most {MOST_MB})")
    return int(above > MOST_MB)


if __name__ == "__main__":
    sys.exit(main())
