"""What the plan refuses."""

from django.utils.translation import gettext_lazy as _

from kernel.errors import Conflict, NotPermitted


class AuthorMayNotApprove(NotPermitted):
    """Whoever wrote a version does not approve it (SEC-01). Params: action."""

    code = "author_may_not_approve"
    template = _("Whoever wrote a version does not approve it: somebody else with the position of project director must.")


class OrganisationExists(Conflict):
    """Positions are laid out ahead of the plan only before the first approval. No params."""

    code = "organisation_exists"
    template = _("A plan is or was in force already: positions change by approving another version.")
