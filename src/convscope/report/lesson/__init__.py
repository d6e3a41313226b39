"""The lesson: a network's own numbers, told in the order of the article, in one file."""
