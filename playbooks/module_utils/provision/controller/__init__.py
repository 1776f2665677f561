"""The controller's part of our modules, used by the action plugins only; never sent to a host."""
