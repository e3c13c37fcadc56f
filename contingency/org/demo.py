"""A believable company for trying the console out: people, positions, who is on duty, how they are reached.

Everything goes through the ordinary services, so its journal looks like a real one. Doing it again adds only what is missing.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from contingency.org import services
from contingency.org.models import ContactPoint, Roster, Shift, User
from kernel import clock
from kernel.actors import SYSTEM

ZONE = ZoneInfo("Asia/Shanghai")
SHIFT_CHANGE = time(9, 0)
SHIFT_LENGTH = timedelta(weeks=1)
DOMAIN = "demo.example"


@dataclass(frozen=True)
class DemoPerson:
    """Somebody of the demo company; `duties`: (roster, rank)."""

    username: str
    name: str
    name_zh: str
    position: str
    language: str = "en"
    duties: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class DemoLogin:
    """How to log in as a person of the demo company. The password is known only to the call that made the person."""

    username: str
    name: str
    name_zh: str
    position: str
    password: str


PEOPLE = (
    DemoPerson("chen.yu", "Chen Yu", "陈宇", "duty-engineer", duties=(("operations-duty", 1),)),
    DemoPerson("wang.lei", "Wang Lei", "王磊", "duty-engineer", duties=(("operations-duty", 2),)),
    DemoPerson("zhao.min", "Zhao Min", "赵敏", "operations-lead"),
    DemoPerson("sun.jie", "Sun Jie", "孙杰", "technical-director"),
    DemoPerson("zhou.hong", "Zhou Hong", "周红", "project-director"),
    DemoPerson("lin.tao", "Lin Tao", "林涛", "project-manager"),
    DemoPerson("wu.hao", "Wu Hao", "吴昊", "developer"),
    DemoPerson("li.na", "Li Na", "李娜", "business-operations-lead", language="zh-hans", duties=(("business-duty", 2),)),
    DemoPerson("ma.lin", "Ma Lin", "马琳", "business-operator", duties=(("business-duty", 1),)),
    DemoPerson("he.fang", "He Fang", "何芳", "customer-service-agent", language="zh-hans", duties=(("customer-service-duty", 1),)),
    DemoPerson("song.yue", "Song Yue", "宋玥", "public-relations-officer"),
    DemoPerson("xu.jing", "Xu Jing", "徐静", "auditor"),
    DemoPerson("gao.peng", "Gao Peng", "高鹏", "administrator"),
    DemoPerson("deng.rui", "Deng Rui", "邓睿", "administrator"),
)
AUTHOR = "zhao.min"
DIRECTOR = "zhou.hong"


@transaction.atomic
def demo_people_create() -> list[DemoLogin]:
    """Make those people that are not there yet, with position, mailbox and a password of their own. Returns their log-ins.

    The positions must exist (founded, or by a plan in force).
    """
    present = set(User.objects.values_list("username", flat=True))
    return [_person_create(person) for person in PEOPLE if person.username not in present]


def _password(person: DemoPerson) -> str:
    """A password that the rules let through: by chance one in some thousands is too like the name (“5TTaOgeNgPWU”, gao.peng)."""
    about = User(username=person.username, display_name=person.name, display_name_zh=person.name_zh, email=f"{person.username}@{DOMAIN}")
    while True:
        password = secrets.token_urlsafe(9)
        try:
            validate_password(password, about)
        except ValidationError:
            continue
        return password


def _person_create(person: DemoPerson) -> DemoLogin:
    password = _password(person)
    address = f"{person.username}@{DOMAIN}"
    user = services.user_create(
        actor=SYSTEM,
        username=person.username,
        display_name=person.name,
        display_name_zh=person.name_zh,
        email=address,
        language=person.language,
        time_zone=ZONE.key,
        password=password,
    )
    services.holding_assign(actor=SYSTEM, user=user.public_id, position=person.position)
    services.contact_point_add(actor=SYSTEM, user=user.public_id, kind=ContactPoint.Kind.EMAIL, address=address)
    return DemoLogin(username=person.username, name=person.name, name_zh=person.name_zh, position=person.position, password=password)


@transaction.atomic
def demo_rosters_fill(*, weeks: int = 6) -> int:
    """Put the demo's people on duty around the clock, from the present week's Monday 09:00 until so many whole weeks from now are covered.

    Weeks in which somebody has that duty already stay as they are. Returns how many shifts were added.
    """
    first = _monday(clock.now())
    rosters = {roster.slug: roster for roster in Roster.objects.filter(retired_at=None)}
    added = 0
    for person in PEOPLE:
        user = User.objects.filter(username=person.username, is_active=True).first()
        for slug, rank in person.duties:
            if user is None or slug not in rosters:
                continue
            for starts_at in (first + SHIFT_LENGTH * week for week in range(weeks + 1)):
                added += _shift_fill(rosters[slug], user, rank=rank, starts_at=starts_at, ends_at=starts_at + SHIFT_LENGTH)
    return added


def _shift_fill(roster: Roster, user: User, *, rank: int, starts_at: datetime, ends_at: datetime) -> int:
    taken = Shift.objects.filter(roster=roster, rank=rank, cancelled_at=None, starts_at__lt=ends_at, ends_at__gt=starts_at)
    if taken.exists():
        return 0
    services.shift_add(actor=SYSTEM, roster=roster.slug, user=user.public_id, starts_at=starts_at, ends_at=ends_at, rank=rank)
    return 1


def _monday(now: datetime) -> datetime:
    """The last Monday 09:00 in the company's zone. China has no summer time, so weeks are 168 hours."""
    here = now.astimezone(ZONE)
    monday = datetime.combine(here.date() - timedelta(days=here.weekday()), SHIFT_CHANGE, ZONE)
    return monday if monday <= here else monday - SHIFT_LENGTH
