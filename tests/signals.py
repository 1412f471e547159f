"""Signals to processes that a test starts."""

import signal


def hears_ctrl_c():
    """For Popen's preexec_fn: whoever runs in a shell's background was told to ignore SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
