"""What makes the vocabulary run, and students need not read: files, speed, this computer."""
