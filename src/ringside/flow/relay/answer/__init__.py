"""What is answered: requests read, what exists mirrored, and the decision between them. No socket, no clock."""
