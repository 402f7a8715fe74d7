"""What the trials stand on: processes, databases, networks and clients that are not this project's."""
