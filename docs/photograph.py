"""Makes the picture of a report, in light and in dark; needs chromium, which the tests do not.

    .venv/bin/python docs/photograph.py runs/demo

Look at the whole page, too: `--whole light.png` or `--whole dark.png` keep it.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
from pathlib import Path

from PIL import Image

from glidepath.record import History
from glidepath.view.report import write_report

PICTURE = Path(__file__).parent / "figures" / "report.png"
WIDTH, HEIGHT = 1200, 4200
SCHEMES = {"light": 1, "dark": 0}
"""Chromium's numbers for what a reader prefers."""
PARTS = (("light", 0), ("dark", 2060))
"""Which scheme, and from where down, in pixels, so many are shown."""
SHOWN = 1780
COLOURS, KMEANS = 256, 4


def photograph(page: Path, scheme: str, folder: Path) -> Image.Image:
    """A page as a reader sees it.

    Args:
        page: the HTML file.
        scheme: "light" or "dark".
        folder: for the browser's own things.
    Raises:
        FileNotFoundError: if there is no chromium.
    """
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        raise FileNotFoundError("no chromium is installed: apt-get install chromium")
    picture = folder / f"{scheme}.png"
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
               f"--user-data-dir={folder / 'browser'}", f"--window-size={WIDTH},{HEIGHT}",
               f"--blink-settings=preferredColorScheme={SCHEMES[scheme]}",
               "--virtual-time-budget=10000", f"--screenshot={picture}"]  # fmt: skip
    subprocess.run([browser, *options, page.as_uri()], check=True, capture_output=True)
    return Image.open(picture).convert("RGB")


def main(run: str, whole: Path | None) -> None:
    """Photograph a run's report, and keep parts of it side by side."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_report(folder / "report.html", {Path(run).name: History.open(run)})
        seen = {scheme: photograph(folder / "report.html", scheme, folder) for scheme in SCHEMES}
    if whole is not None:
        seen[whole.stem].save(whole)
        return
    side_by_side = Image.new("RGB", (WIDTH * len(PARTS), SHOWN))
    for i, (scheme, top) in enumerate(PARTS):
        side_by_side.paste(seen[scheme].crop((0, top, WIDTH, top + SHOWN)), (i * WIDTH, 0))
    small = side_by_side.resize((WIDTH, SHOWN // len(PARTS)), Image.Resampling.LANCZOS)
    few = small.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, KMEANS, dither=Image.Dither.NONE)
    few.save(PICTURE, optimize=True)
    print(f"{PICTURE}, {PICTURE.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run")
    parser.add_argument("--whole", type=Path)
    given = parser.parse_args()
    main(given.run, given.whole)
