"""What layers make of images, what their kernels look for, what excites them most."""
