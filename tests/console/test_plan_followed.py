"""Three playbooks read as a stranger to the system would: whoever owns a step sees it, and what it names stands on their screens."""

from __future__ import annotations

import html
import re

import pytest
from django.test import Client

from contingency.catalog.models import Gateway, Part, Side
from contingency.org.models import Roster, Unit, User
from contingency.org.selectors import actor_of_user
from contingency.plan.demo import demo_company_create
from incidents.response import services
from incidents.response.models import Incident
from tests.incidents.response.test_life_cycle import at
from work.models import Task

from .conftest import PASSWORD

pytestmark = pytest.mark.django_db

SCREENS = ("/incidents/{number}/", "/switchboard/", "/plan/", "/plan/texts/", "/setup/", "/reports/")
# offered when the incident has got there: the switch is done, the end is near, a report is being written
THE_END = ("Start handling", "Start verifying recovery", "Report an end condition", "Declare the end")
LATER = {"Business is normal on the standby", "Repaired in place", "Agree on an action", *THE_END[1:]}
TRIED = (
    ("software", "application", "application-fault-after-upgrade"),
    ("hardware", "server", "server-crash"),
    ("data", "data-loss", "data-lost"),
)
LOCATED = "Fault located"  # the incident below has been
HOW = re.compile(r'(?s)<details class="more how".*?</details>')  # the step's own words do not count


@pytest.fixture
def part(db: None) -> Part:
    demo_company_create(weeks=1)
    roster = Roster.objects.get(slug="operations-duty")
    names = {"name_en": "Order system", "name_zh": "订单系统"}
    made = Part.objects.create(
        slug="orders", kind="order_system", unit=Unit.objects.get(slug="operations"), roster=roster, chain="operations", **names
    )
    for role in ("primary", "standby"):
        Side.objects.create(part=made, role=role, name=role, url=f"http://127.0.0.1:1/{role}")
    Gateway.objects.create(part=made, kind="lab", control_url="http://127.0.0.1:1", secret_file="none")
    return made


def responding(fault_class: str, kind: str) -> Incident:
    """Confirmed as severe and located, so that the level's lists and that of the kind have begun."""
    chen = actor_of_user(User.objects.get(username="chen.yu"))
    incident = services.incident_open(actor=chen, part="orders", fault_class=fault_class, title=f"Trouble: {kind}")
    incident = services.incident_confirm(**at(incident), actor=chen, grade="severe", stops_business="yes")
    return services.incident_locate(**at(incident), actor=chen, finding="seen in the log", fault_kind=kind)


def seen_by(user: User, number: str) -> dict[str, str]:
    """Address → the words on it."""
    user.set_password(PASSWORD)
    user.save()
    client = Client()
    client.post("/login/", {"username": user.username, "password": PASSWORD})
    client.cookies["django_language"] = "en"
    pages = {}
    for screen in SCREENS:
        answer = client.get(screen.format(number=number))
        assert answer.status_code == 200, (user.username, screen)
        pages[screen] = html.unescape(re.sub(r"<[^>]+>", " ", HOW.sub(" ", answer.content.decode())))
    return pages


@pytest.mark.req("INC-04")
@pytest.mark.parametrize("fault_class,kind,book", TRIED)
def test_whoever_owns_a_step_sees_it_and_finds_what_it_names(part, fault_class, kind, book):
    incident = responding(fault_class, kind)
    pages: dict[str, dict[str, str]] = {}
    tasks = list(Task.objects.filter(task_list__subject_id=incident.public_id).select_related("owner", "task_list"))
    assert {book, "keep-people-informed", "run-business-by-hand"} <= {task.task_list.playbook for task in tasks}
    named = 0
    for task in tasks:
        assert task.owner is not None
        screens = pages.setdefault(task.owner.username, {}) or seen_by(task.owner, incident.number)
        pages[task.owner.username] = screens
        assert task.name_en in screens[SCREENS[0]], (task.owner.username, task.name_en)
        for label in re.findall("“([^”]+)”", task.where_en):
            named += 1
            if label in LATER or label == LOCATED:
                continue
            assert any(label in words for words in screens.values()), (task.owner.username, task.name_en, label)
    assert named >= 15
    assert set(pages) == {"chen.yu", "zhao.min", "li.na", "he.fang"}


@pytest.mark.req("INC-07")
def test_whoever_declares_the_end_is_led_there_button_by_button(part):
    incident = responding("hardware", "server")
    task = Task.objects.select_related("owner").get(task_list__playbook="server-crash", slug="declare-end")
    assert task.owner is not None
    assert tuple(re.findall("“([^”]+)”", task.where_en)) == THE_END
    lead, client = actor_of_user(task.owner), logged_in(task.owner.username)

    def offered() -> set[str]:
        """The words of the room's buttons."""
        return set(re.findall(r'class="btn[^"]*"[^>]*>([^<]+?)…?<', client.get(f"/incidents/{incident.number}/").content.decode()))

    assert THE_END[0] in offered()
    incident = services.incident_handle(**at(incident), actor=lead)
    assert THE_END[1] in offered()
    incident = services.incident_verify(**at(incident), actor=lead)
    assert set(THE_END[2:]) <= offered()


@pytest.mark.req("INC-03")
def test_who_speaks_to_customers_sees_their_own_tasks_and_no_other(part):
    """Their view of the room is cut to what customers may be told; what they were given to do belongs to it."""
    incident = responding("software", "application")
    room = seen_by(User.objects.get(username="he.fang"), incident.number)[SCREENS[0]]
    tasks = Task.objects.filter(task_list__subject_id=incident.public_id)
    own, others = tasks.filter(owner__username="he.fang"), tasks.exclude(owner__username="he.fang")
    assert own.exists()
    assert all(task.name_en in room for task in own)
    assert not [task.name_en for task in others if task.name_en in room]


def logged_in(username: str) -> Client:
    user = User.objects.get(username=username)
    user.set_password(PASSWORD)
    user.save()
    client = Client()
    client.post("/login/", {"username": username, "password": PASSWORD})
    client.cookies["django_language"] = "en"
    return client


@pytest.mark.req("COM-02")
def test_texts_are_filled_from_the_incident_in_both_languages_and_leave_gaps_for_the_rest(part):
    chen = actor_of_user(User.objects.get(username="chen.yu"))
    incident = services.incident_open(actor=chen, part="orders", fault_class="software", title="Secret inner title")
    incident = services.incident_confirm(**at(incident), actor=chen, grade="severe", scope="Payment by card", stops_business="yes")
    client = logged_in("he.fang")
    bare = client.get("/plan/texts/").content.decode()
    filled = html.unescape(client.get(f"/plan/texts/?incident={incident.number}").content.decode())
    assert "______" in bare
    assert "Payment by card" not in bare
    customers = filled[filled.index('id="send-customers-first-notice"') :]
    customers = customers[: customers.index("</details>")]
    assert "parts of our ordering service have not been available: ______" in customers, "what engineers wrote for each other stays inside"
    assert "Payment by card" not in customers
    assert "named by the level" in customers
    assert "______" in customers  # how to order meanwhile is for the sender to say
    assert "Secret inner title" not in filled
    staff = filled[filled.index('id="send-staff-first-notice"') :]
    assert f"({incident.number})" in staff
    assert "What does not work: Payment by card" in staff
    assert "受影响功能：______" in staff, "an English note does not go into a Chinese text"
    assert "The incident says of what is affected: Payment by card" in " ".join(re.sub("<[^>]+>", " ", filled).split())
    assert not re.search(r"<textarea[^>]*>\n?[ \t]", filled), "a text to copy begins with its first word"
    assert "订单系统出现故障：现在请这样做" in staff


@pytest.mark.req("COM-02", "SEC-01")
def test_who_sees_only_titles_is_offered_no_incident_to_fill_from(part):
    chen = actor_of_user(User.objects.get(username="chen.yu"))
    incident = services.incident_open(actor=chen, part="orders", fault_class="software", title="Trouble")
    page = logged_in("gao.peng").get(f"/plan/texts/?incident={incident.number}").content.decode()
    assert "No incident is open that you can see" in page
    assert f'<option value="{incident.number}"' not in page
