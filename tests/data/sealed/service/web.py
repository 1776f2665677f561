"""A service that does nothing, for as long as it takes."""

import time

time.sleep(1e9)
