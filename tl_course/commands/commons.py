"""Build a licensed set of photographs from a category of Wikimedia Commons."""

import collections
import re
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from tqdm import tqdm

from tl_course.commands import _commons_api, _commons_folder, _commons_rows
from tl_course.engine import archives, downloads


def add_arguments(parser):
    """Declare what the command accepts."""
    parser.add_argument("category", help='such as "Category:Lasagna"')
    parser.add_argument("--label", required=True, help="the class, a folder in OUT")
    parser.add_argument("--out", required=True, type=Path, help="a folder, made where needed")
    parser.add_argument("--limit", type=int, default=200, help="most of a label (%(default)s)")
    widths = {"type": int, "choices": _commons_api.WIDTHS, "default": 960}
    parser.add_argument("--width", **widths, help="pixels, as Wikimedia serves (%(default)s)")
    parser.add_argument("--contact", help="your mail or web address, for Wikimedia to write to")
    parser.add_argument("--api", default=_commons_api.API, help="of another wiki (%(default)s)")


def main(options):
    """Fetch what is not here, write manifest, contact sheet and credits; return 0, else 1."""
    label, out = options.label, options.out
    try:
        reasons = _fetch(options)
        kept = _commons_folder.here(out, label)
    except (ValueError, OSError, downloads.Failed) as reason:
        print(f"{label}: {reason}. What has come is kept.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"{label}: stopped. What has come is kept, the same command goes on.")
        return 130
    for reason, count in reasons.most_common():
        print(f"Left out {count}: {reason}")
    print(f"{label}: {len(kept)} photographs in {out / label}.")
    if not kept:
        print(f"Is there a page {options.category!r} on Commons, with files in it?")
        return 1
    sheet = _commons_folder.sheet_of(out, label)
    print(f"Now open {sheet}, look at each of them, and delete the files that do not belong.")
    return 0


def _check(options):
    if not re.fullmatch(r"Category:\s*\S.*", options.category):
        raise ValueError(f'Got {options.category!r}: a category looks like "Category:Lasagna"')
    if not re.fullmatch(r"(?!_)\w[\w -]{0,50}(?<! )", options.label):
        raise ValueError(f"Got the label {options.label!r}: use letters, digits, spaces, - and _")
    if options.limit < 1:
        raise ValueError(f"Got --limit {options.limit}: use at least 1")


def _fetch(options):
    """Why files were left out, a Counter; all others are in the folder then."""
    _check(options)
    label, out, reasons = options.label, options.out, collections.Counter()
    headers = {"User-Agent": _commons_api.user_agent(options.contact)}
    known = {row["page"]: row for row in _commons_folder.rows(out, label)}
    wanted = _wanted(options, headers, known, reasons)
    with ThreadPoolExecutor(_commons_api.AT_ONCE) as pool:
        jobs = [pool.submit(_commons_folder.fetch, row, out, headers) for row in wanted]
        try:
            for job in tqdm(as_completed(jobs), total=len(jobs), unit=" files", file=sys.stderr):
                try:
                    row = job.result()
                except (_commons_folder.Unfit, downloads.Gone) as reason:
                    reasons[str(reason)] += 1
                    continue
                known[row["page"]] = row
                _commons_folder.keep(out, label, known.values())
        finally:
            pool.shutdown(cancel_futures=True)
            _commons_folder.write_pages(out, label)
    return reasons


def _wanted(options, headers, known, reasons):
    """A row for each file of the category that is fit and not here yet; reasons: for the others."""
    out, wanted = options.out, []
    twins = {row["sha1_of_original"]: row["file"] for row in _commons_folder.rows(out, "*")}
    room = options.limit - sum((out / row["file"]).exists() for row in known.values())
    service = {"api": options.api, "width": options.width, "headers": headers}
    files = _commons_api.files(options.category, out, **service)
    for page in tqdm(files, desc="Asking", unit=" files", delay=1, file=sys.stderr):
        row = _commons_rows.row_or_reason(page, options.label)
        old = known.get(str(page.get("pageid")))
        if old and archives.missing([old], out):
            if not (out / old["file"]).exists():
                reasons["deleted by you"] += 1
            else:  # damaged
                wanted.append(old)
        elif isinstance(row, str):
            reasons[row] += 1
        elif not old and (twin := twins.get(row["sha1_of_original"])):
            reasons[f"the same as {twin}"] += 1
        elif not old and len(wanted) >= room:
            reasons[f"and all that comes after it, by --limit {options.limit}"] += 1
            break
        elif not old:
            twins[row["sha1_of_original"]] = row["file"]
            wanted.append(row)
    return wanted
