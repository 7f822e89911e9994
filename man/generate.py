"""Writes the manual pages: generate.py OUTPUT SOURCE VERSION [CENTRIFUGE-CLI CENTRIFUGED]

Those of the library come from SOURCE/include/centrifuge/*.h, those of the programs from what the programs say of themselves.
"""

import os
import sys
import time
from pathlib import Path

from library import Library


class Meta:
    """What stands in the head and foot of every page. The date is that of the newest source, or SOURCE_DATE_EPOCH."""

    def __init__(self, version, sources):
        newest = max(each.stat().st_mtime for each in sources)
        date = time.gmtime(int(os.environ.get("SOURCE_DATE_EPOCH", newest)))
        self.date = time.strftime("%B ", date) + str(date.tm_mday) + time.strftime(", %Y", date)
        self.version = version
        self.system = "libcentrifuge " + version


def main(output, source, version, *programs):
    output, source = Path(output), Path(source)
    meta = Meta(version, sorted((source / "include/centrifuge").glob("*.h")))
    pages = Library(source / "include/centrifuge", meta).all()
    if programs:
        from programs import program_pages
        pages += program_pages(source, meta, *programs)
    for folder in {name.split("/")[0] for name, _ in pages}:
        (output / folder).mkdir(parents=True, exist_ok=True)
        for old in (output / folder).iterdir():
            old.unlink()
    for name, lines in pages:
        if isinstance(lines, str):
            (output / name).symlink_to(lines)
        else:
            (output / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
