"""Fetch the Vega files that the HTML report carries, anew or in other versions.

    python scripts/fetch_vega.py                            the versions of the manifest; their checksums must hold
    python scripts/fetch_vega.py vega=6.4.0 vega-lite=6.5.0   other versions: rewrites files, licences and manifest

Needs npm, which checks each package against the registry's own digest. Commit what changed, then look at a page.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

VENDOR = Path(__file__).resolve().parent.parent / "prodlens" / "rendering" / "vendor"
MANIFEST = VENDOR / "manifest.json"


def main(arguments: list[str]) -> int:
    """Fetch every package of the manifest; returns 1 when a pinned file has another checksum than recorded."""
    wanted = dict(argument.split("=", 1) for argument in arguments)
    entries = json.loads(MANIFEST.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        fetched = [fetch(entry, wanted.get(entry["package"], entry["version"]), Path(folder)) for entry in entries]
    broken = [
        new["package"]
        for old, new in zip(entries, fetched, strict=True)
        if old["version"] == new["version"] and old["sha256"] != new["sha256"]
    ]
    if broken:
        print(f"checksum differs from the manifest, nothing written there: {', '.join(broken)}", file=sys.stderr)
        return 1
    MANIFEST.write_text(json.dumps(fetched, indent=2) + "\n", encoding="utf-8")
    return 0


def fetch(entry: dict[str, Any], version: str, folder: Path) -> dict[str, Any]:
    """Download one package, copy its file and its licence beside the manifest, and return its new entry."""
    name = f"{entry['package']}@{version}"
    npm = shutil.which("npm") or sys.exit("npm is needed to fetch packages")
    done = subprocess.run([npm, "pack", "--json", name], cwd=folder, check=True, capture_output=True, text=True)
    package = json.loads(done.stdout)[0]
    with tarfile.open(folder / package["filename"]) as archive:
        source = _member(archive, f"package/{entry['source']}")
        licence = _member(archive, "package/LICENSE")
        described = json.loads(_member(archive, "package/package.json"))
    digest = hashlib.sha256(source).hexdigest()
    if version != entry["version"] or digest == entry["sha256"]:
        (VENDOR / entry["file"]).write_bytes(source)
        (VENDOR / entry["licence_file"]).write_bytes(licence)
    return {
        **entry,
        "version": version,
        "licence": described["license"],
        "integrity": package["integrity"],
        "sha256": digest,
        "bytes": len(source),
    }


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    member = archive.extractfile(name)
    return member.read() if member else sys.exit(f"{name} is not in the package")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
