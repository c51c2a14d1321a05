"""Our drivers and our agent on a real kernel, with devices that come and go: see README.md beside this file."""
