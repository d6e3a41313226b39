"""A network with something switched off or changed, and what that does to its answers."""
