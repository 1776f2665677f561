"""Units on hosts through ansible-runner: `engine.AnsibleEngine`. Imports nothing: the child process starts here, too."""
