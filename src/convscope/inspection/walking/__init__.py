"""One value, all the way: every term of an activation, and of a gradient."""
