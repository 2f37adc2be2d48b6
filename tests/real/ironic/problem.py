import sys


class Problem(Exception):
    """The reason why the lab failed, in one sentence for a person."""


class Unavailable(Problem):
    """The machine cannot install what is missing: it is not Debian, or this is not root."""


# The exit status of a lane that cannot run on this machine. `.ci/run` counts it as skipped.
SKIPPED = 77


def installs(action):
    """Ends the program as a lane expects after an installation: if this machine cannot have it, with 77 and the reason."""
    try:
        action()
    except Unavailable as problem:
        print(f'Skipped: {problem}', file=sys.stderr)
        sys.exit(SKIPPED)
    except Problem as problem:
        sys.exit(str(problem))
