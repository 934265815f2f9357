"""What the agent asks of a Windows machine: ctypes, winreg and psutil, no COM, no other program."""
