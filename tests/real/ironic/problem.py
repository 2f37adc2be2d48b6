class Problem(Exception):
    """Why the lab cannot do what was asked, in one sentence for a person."""


class Unavailable(Problem):
    """This machine cannot have what is missing: it is not Debian, or this is not root."""


# The exit status of a lane that cannot run on this machine. `.ci/run` counts it as skipped.
SKIPPED = 77
