"""The demo company with its plan in force."""

from dataclasses import replace

from contingency.org.demo import AUTHOR, DIRECTOR, DemoLogin, demo_people_create, demo_rosters_fill
from contingency.org.selectors import actor_of_user, user_get
from contingency.plan import services
from contingency.plan.models import PlanVersion
from contingency.plan.selectors import version_in_force
from contingency.plan.shipped import shipped_plan
from kernel.actors import SYSTEM


def demo_company_create(*, text: str = "", weeks: int = 6) -> list[DemoLogin]:
    """People, rosters and a plan in force (the shipped one unless another text is given). Returns the log-ins made by this call.

    The plan is loaded and submitted in the name of the team lead and approved by the project director, as in earnest.
    Doing it again adds only what is missing; a plan in force stays.
    """
    document = text or shipped_plan()
    if version_in_force() is None:
        services.organisation_found(text=document, actor=SYSTEM)
    logins = demo_people_create()
    if version_in_force() is None:
        demo_plan_put_in_force(document)
    demo_rosters_fill(weeks=weeks)
    return logins


def demo_plan_put_in_force(text: str) -> PlanVersion:
    """Load, submit and approve a document as two people of the demo company. The one in force already is left alone."""
    author, director = actor_of_user(user_get(AUTHOR)), replace(actor_of_user(user_get(DIRECTOR)), proved=True)
    version = services.plan_load(text=text, actor=author)
    if version.state == PlanVersion.State.DRAFT:
        version = services.plan_submit(public_id=version.public_id, version=version.version, actor=author)
    if version.state == PlanVersion.State.IN_REVIEW:
        version = services.plan_approve(public_id=version.public_id, version=version.version, actor=director)
    return version
