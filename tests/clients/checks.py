"""Checks: each is a sentence, and all are counted."""

import sys
import traceback

results = []


def check(sentence, holds, seen=None):
    results.append(bool(holds))
    print(f'{"ok    " if holds else "FAILED"} {sentence}' + ('' if holds else f'\n       seen: {seen!r}'), flush=True)


def attempt(part):
    """Runs some checks. An exception in the middle counts as one failed check."""
    try:
        part()
    except Exception:
        traceback.print_exc()
        check(f'{part.__doc__} runs to its end', False)


def finish():
    print(f'{results.count(True)} passed, {results.count(False)} failed', flush=True)
    sys.exit(0 if results and all(results) else 1)
