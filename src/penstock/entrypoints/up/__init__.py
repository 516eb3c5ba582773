"""`penstock up`: starts the processes of one installation and restarts those that end."""
