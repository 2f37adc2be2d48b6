class Problem(Exception):
    """Why the lab cannot do what was asked, in one sentence for a person."""
