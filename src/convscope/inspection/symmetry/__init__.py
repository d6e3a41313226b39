"""What becomes of maps and answers when an image is moved."""
