"""What our Ansible modules share. Standard library only, Python 3.9 or newer on the host; knows nothing of the controller."""
