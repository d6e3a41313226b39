"""The studio: a local web page in which all that the product does can be done and seen.

The page draws, the server translates: every number comes from the functions that the
command line and the Python API call.
"""
