class Problem(Exception):
    """The reason why the lab failed, in one sentence for a person."""


class Unavailable(Problem):
    """The machine cannot install what is missing: it is not Debian, or this is not root."""


# The exit status of a lane that cannot run on this machine. `.ci/run` counts it as skipped.
SKIPPED = 77
