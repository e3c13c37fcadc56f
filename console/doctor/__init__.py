"""What `manage.py doctor` looks at. `machine`: programs, services, disk, permissions."""
