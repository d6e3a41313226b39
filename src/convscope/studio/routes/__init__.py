"""The addresses under /api, a file for each lens; they only translate."""
