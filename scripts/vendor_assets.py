"""Fetches the front end's third-party files at build time and lays them, with their licences, where the package ships them.

Run by hand when a version changes: `python scripts/vendor_assets.py`. Needs `npm` and, for the TrueType fonts of pictures, `fonttools`.
Pages then ask no other host for anything.
"""

from __future__ import annotations

import subprocess
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STATIC = ROOT / "src/quarterdeck/web/static"
CHART_FONTS = ROOT / "src/quarterdeck/charts/fonts"
TEST_ASSETS = ROOT / "tests/web/vendored"
VEGA_LITE = "6.4"

# package at version -> (file in the package, where it goes)
FILES = {
    "htmx.org@2.0.11": [("dist/htmx.min.js", STATIC / "vendor/htmx.min.js"), ("LICENSE", STATIC / "vendor/htmx.LICENSE.txt")],
    "@fontsource-variable/inter@5.3.0": [
        ("files/inter-latin-wght-normal.woff2", STATIC / "fonts/inter-latin-wght-normal.woff2"),
        ("LICENSE", STATIC / "fonts/inter.LICENSE.txt"),
    ],
    "@fontsource/atkinson-hyperlegible-next@5.3.0": [
        ("files/atkinson-hyperlegible-next-latin-400-normal.woff2", STATIC / "fonts/atkinson-hyperlegible-next-latin-400-normal.woff2"),
        ("files/atkinson-hyperlegible-next-latin-700-normal.woff2", STATIC / "fonts/atkinson-hyperlegible-next-latin-700-normal.woff2"),
        ("LICENSE", STATIC / "fonts/atkinson-hyperlegible-next.LICENSE.txt"),
    ],
    "axe-core@4.14.1": [("axe.min.js", TEST_ASSETS / "axe.min.js"), ("LICENSE", TEST_ASSETS / "axe.LICENSE.txt")],
}
TRUETYPE = ("@fontsource/inter@5.3.0", ("400", "600"))


def main() -> None:
    """Every file of the table, the chart bundle and the TrueType fonts."""
    with tempfile.TemporaryDirectory() as folder:
        for package, files in FILES.items():
            with _unpack(package, Path(folder)) as archive:
                for inside, target in files:
                    _write(target, _member(archive, inside))
        _write_truetype(Path(folder))
    _write_chart_bundle()


def _unpack(package: str, folder: Path) -> tarfile.TarFile:
    name = subprocess.run(["npm", "pack", "--silent", package], cwd=folder, check=True, capture_output=True, text=True).stdout.split()[-1]
    return tarfile.open(folder / name)


def _member(archive: tarfile.TarFile, inside: str) -> bytes:
    member = archive.extractfile(f"package/{inside}")
    assert member is not None, inside
    return member.read()


def _write(target: Path, content: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    print(f"{len(content):>9,} bytes  {target.relative_to(ROOT)}")


def _write_truetype(folder: Path) -> None:
    # The picture engine reads TrueType only; the registry's static WOFF files hold the same outlines.
    from fontTools.ttLib import TTFont

    package, weights = TRUETYPE
    with _unpack(package, folder) as archive:
        for weight in weights:
            source = folder / f"inter-{weight}.woff"
            source.write_bytes(_member(archive, f"files/inter-latin-{weight}-normal.woff"))
            font = TTFont(source)
            font.flavor = None
            target = CHART_FONTS / f"inter-latin-{weight}.ttf"
            target.parent.mkdir(parents=True, exist_ok=True)
            font.save(target)
        _write(CHART_FONTS / "inter.LICENSE.txt", _member(archive, "LICENSE"))


def _write_chart_bundle() -> None:
    import vl_convert

    # No snippet: the bundle then offers window.vegaEmbed, which charts.js calls with ast: true.
    bundle = vl_convert.javascript_bundle(vl_version=VEGA_LITE)
    _write(STATIC / "vendor/vega-bundle.js", bundle.encode())
    _write(STATIC / "vendor/vega-bundle.LICENSE.txt", LICENCES.encode())


LICENCES = """This bundle holds vega, vega-lite and vega-embed (BSD-3-Clause, University of Washington Interactive Data Lab,
https://github.com/vega) and their dependencies of d3 (ISC, Mike Bostock) and others under the MIT and ISC licences.
It is made by vl-convert (BSD-3-Clause, the Vega developers) from the versions that vl-convert pins.

BSD 3-Clause: Redistribution and use in source and binary forms, with or without modification, are permitted provided that the
following conditions are met: (1) redistributions of source code must retain the copyright notice, this list of conditions and the
following disclaimer; (2) redistributions in binary form must reproduce them in the documentation; (3) neither the name of the copyright
holder nor the names of its contributors may be used to endorse products derived from this software without specific prior permission.
THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND ANY EXPRESS OR IMPLIED WARRANTIES ARE DISCLAIMED.
IN NO EVENT SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE FOR ANY DAMAGES ARISING IN ANY WAY OUT OF THE USE OF THIS SOFTWARE.

Copyright (c) 2015-2026, University of Washington Interactive Data Lab. All rights reserved.
"""


if __name__ == "__main__":
    main()
