"""Keeps the record of a run that takes too long to train in a test.

    python examples/bert_mlm.py
    python tests/diagnosis/pack.py runs/examples/bert_mlm bert-mlm
    make demo
    python tests/diagnosis/pack.py runs/demo graphcast-demo

Where the data lie on the machine that trained is left out.
"""

from __future__ import annotations

import argparse
import gzip
from pathlib import Path

from glidepath.record.lines import read
from glidepath.record.schema import FILE_NAME, as_text

RECORDS = Path(__file__).parent / "records"


def main(run: Path, name: str) -> None:
    """Write `records/NAME.jsonl.gz`."""
    lines = list(read(run / FILE_NAME))
    for line in lines:
        if "data" in line.get("configuration", {}):
            line["configuration"]["data"] = Path(line["configuration"]["data"]).name
    packed = gzip.compress("".join(map(as_text, lines)).encode(), mtime=0)
    (RECORDS / f"{name}.jsonl.gz").write_bytes(packed)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("name")
    main(**vars(parser.parse_args()))
