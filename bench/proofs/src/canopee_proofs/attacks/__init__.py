"""The attacks of the proof `evil`: one function an attack, one module a subject, found by discovery."""
