"""Networks of other people: loaded, read as an architecture where they can be, listed."""
