"""People's own annotations, read: Pascal VOC, COCO, index masks and captions.

Each format is a reader that turns files into one ``Listing`` (``listing.py``): images by
part, with what is said of them, and the files that cannot be used, with reasons.
``recognising`` picks the reader, ``decoding`` opens the images, ``keeping`` keeps the
result in the cache, and ``checking`` reports what is faulty.  The door is
``convscope.data.annotated_sources``.
"""
