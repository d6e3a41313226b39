"""The article's statements put to the test: one file each, measured, with a verdict."""
