"""Data: found, verified, decoded once, and handed over as whole arrays.

numpy and Pillow only; torch comes further down.  ``sources.load_data`` is the door;
each name is imported from its own module, so that a small need loads little.
"""
