"""Runs the tests below a module with unittest, and prints what became of each as lines of JSON."""

import importlib
import json
import sys
import time
import unittest
from pathlib import Path


class Result(unittest.TestResult):

    def told(self, test, kind, why=''):
        # A whole class that cannot be set up is one error.
        print(json.dumps({'test': test.id(), 'kind': kind, 'why': why.strip()[-3000:]}), flush=True)

    def addSuccess(self, test):
        self.told(test, 'passed')

    def addSkip(self, test, reason):
        self.told(test, 'skipped', reason)

    def addError(self, test, error, details=None):
        self.told(test, 'failed', text(self, test, error, details))

    addFailure = addError

    def addExpectedFailure(self, test, error=None, details=None):
        self.told(test, 'passed')


def text(result, test, error, details):
    if error:
        return result._exc_info_to_string(error, test)
    return details['traceback'].as_text() if 'traceback' in details else str(details)


def main(module):
    folder = Path(importlib.import_module(module).__file__).parent
    top = folder.parents[module.count('.')]
    tests = unittest.defaultTestLoader.discover(str(folder), top_level_dir=str(top))
    tests.run(Result())


if __name__ == '__main__':
    # The suites write to both; only the results belong to standard output.
    main(sys.argv[1])
