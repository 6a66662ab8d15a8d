"""Wire: encodings that several formats share, read without their schemas."""
