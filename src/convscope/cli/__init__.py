"""The command line: it translates arguments into one call, and its result into text."""
