import sys

assert sys.platform == "win32"

from canopee_agent.windows.asking import WindowsAsker, active_sessions  # noqa: E402


def test_sessions_are_numbers_and_nobody_has_answered_what_was_not_asked() -> None:
    assert all(session >= 0 for session in active_sessions())
    asker = WindowsAsker()
    asker.withdraw("order")
    assert asker.answers() == {}


def test_a_text_is_told_in_every_session_without_waiting() -> None:
    WindowsAsker().inform("Le support reçoit des fichiers de ce poste, sans données personnelles.")
