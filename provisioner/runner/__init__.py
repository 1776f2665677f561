"""The walk of a plan: which steps may start now, and what a failure means for the rest."""
