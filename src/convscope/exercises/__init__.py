"""Questions made from a network of one's own, and their marks, by our own arithmetic."""
