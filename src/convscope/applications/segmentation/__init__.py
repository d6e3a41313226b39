"""Every pixel's region: fully convolutional networks and the Deep Parsing Network."""
