"""convscope: a workbench for convolutional networks."""
