"""What the catalogue refuses."""

from django.utils.translation import gettext_lazy as _

from kernel.errors import Conflict, NotPermitted


class GatewayFromCommandLineOnly(NotPermitted):
    """A gateway names a file with a key that will be sent to its address: not to be set over the network. Params: action."""

    code = "gateway_from_command_line_only"
    template = _("A gateway is set from the command line of the console's machine only.")


class MatcherExists(Conflict):
    """The part has that rule. Params: label, value."""

    code = "matcher_exists"
    template = _("The part has a rule for %(label)s = %(value)s already.")
