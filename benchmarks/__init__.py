"""Speed, side by side with the peer in one interleaved run, as ratios. `make bench` runs all and writes RESULTS.md."""
