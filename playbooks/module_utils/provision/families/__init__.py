"""What differs between families of operating systems: names of packages and services, paths. One file of values for each family."""
