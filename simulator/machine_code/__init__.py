"""Functions and records that become machine code: the home of numba, and of what is kept between processes."""
