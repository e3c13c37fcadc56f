"""The steps of a switch as data: what each does exactly, how it is taken back, and from where there is no way back.

The order of the planned and the emergency sequence was measured on the practice order system: no gap and no loop in
replication, nothing acknowledged is lost. A step is safe to repeat: a worker that died is resumed at the step it held.
"""

from dataclasses import dataclass, field
from datetime import timedelta

from incidents.switchover.models import Mode


@dataclass(frozen=True, kw_only=True)
class StepPlan:
    """One step. Texts may name {old}, {new} (the sides) and {part}, in the reader's language.

    `limit`: hard limit of one try. `undo`: name of the step that takes it back, empty when there is nothing to take back.
    `otherwise`: in an outage, the step that goes on where this one gets no answer.
    """

    name: str
    title_en: str
    title_zh: str
    effect_en: str
    effect_zh: str
    undo: str = ""
    point_of_no_return: bool = False
    limit: timedelta = field(default=timedelta(seconds=4))
    otherwise: str = ""
    is_verification: bool = False


CLOSE_GATE = StepPlan(
    name="close_gate",
    title_en="Hold new orders",
    title_zh="暂缓新订单",
    effect_en="The order service on {old} stops listening and finishes what is in flight; new orders wait at the gateway, none is refused.",
    effect_zh="{old}的订单服务停止监听并完成在途请求；新订单在网关处等待，不会被拒绝。",
    undo="reopen_gate",
    otherwise="move_gateway",
)
FENCE = StepPlan(
    name="fence",
    title_en="Isolate the old side",
    title_zh="隔离旧主（防双写）",
    effect_en="{old} loses the right to write orders and payments, behind every open transaction: nothing can be written on both sides.",
    effect_zh="在所有未完成事务之后，收回{old}写入订单和支付的权限：两侧不可能同时写入。",
    undo="unfence",
)
CATCH_UP = StepPlan(
    name="catch_up",
    title_en="Replication caught up",
    title_zh="复制追平",
    effect_en="Waits until {new} has confirmed everything {old} ever wrote (lag 0).",
    effect_zh="等待{new}确认{old}写入的全部内容（延迟为 0）。",
    limit=timedelta(seconds=7),
)
COMPARE_QUICK = StepPlan(
    name="compare_quick",
    title_en="Compare both sides quickly",
    title_zh="快速核对两侧",
    effect_en="Counts and checksums of the order tables must be equal on {old} and {new}; otherwise the switch is taken back.",
    effect_zh="{old}与{new}订单表的行数和校验和必须一致，否则撤回切换。",
    limit=timedelta(seconds=10),
)
REVERSE = StepPlan(
    name="reverse",
    title_en="Turn replication round",
    title_zh="反转复制方向",
    effect_en="{new} becomes the source and {old} follows it; from its first own order on, {new} waits for {old}'s confirmation.",
    effect_zh="{new}成为复制源，{old}跟随；{new}自第一笔订单起等待{old}确认。",
    undo="reverse_back",
)
GRANT = StepPlan(
    name="grant",
    title_en="Give the new side the right to write",
    title_zh="授予新主写权限",
    effect_en="{new} may write orders and payments from now on. Point of no return: after it the way back is a switch the other way.",
    effect_zh="{new}从此可以写入订单和支付。不可回退点：此后只能通过反向切换返回。",
    point_of_no_return=True,
)
OPEN_GATE = StepPlan(
    name="open_gate",
    title_en="Let orders flow to the new side",
    title_zh="放行订单到新主",
    effect_en="The order service on {new} starts listening; the gateway sends the waiting and all further orders there.",
    effect_zh="{new}的订单服务开始监听；网关将等待中的和后续的订单全部发往该侧。",
)
CONFIRM_DOWN = StepPlan(
    name="confirm_down",
    title_en="Make sure the old side is down",
    title_zh="确认旧主已停",
    effect_en="{old} must not answer; what is left of it is stopped and stays out until it is rebuilt: it cannot take orders behind our back.",
    effect_zh="{old}必须无应答；残留进程将被终止，并在重建之前不再启用，确保其不能再接单。",
    undo="release",
    limit=timedelta(seconds=8),
)
DETACH = StepPlan(
    name="detach_subscription",
    title_en="Cut {new} loose",
    title_zh="解除{new}的跟随",
    effect_en="{new} stops following {old} and no longer waits for it. From here on there is no second copy until {old} is rebuilt.",
    effect_zh="{new}不再跟随{old}，也不再等待其确认。在{old}重建之前没有第二份副本。",
    undo="attach_subscription",
    limit=timedelta(seconds=8),
)
MOVE_GATEWAY = StepPlan(
    name="move_gateway",
    title_en="Take the old side out of the gateway",
    title_zh="将旧主移出网关",
    effect_en="The gateway lists only {new}: needed where {old}'s gate cannot be closed. Orders held at this moment are refused once and retried.",
    effect_zh="网关只保留{new}：用于{old}的入口无法关闭的情况。此刻等待的订单会被拒绝一次并由客户端重试。",
    undo="restore_gateway",
)
RESTORE_GATEWAY = StepPlan(
    name="restore_gateway",
    title_en="List both sides at the gateway",
    title_zh="网关恢复列出两侧",
    effect_en="The gateway lists {old} and {new} again, so that orders can wait there during the switch.",
    effect_zh="网关重新列出{old}和{new}，使订单在切换期间可以在网关等待。",
)
REBUILD = StepPlan(
    name="rebuild",
    title_en="Rebuild {new} as a copy",
    title_zh="将{new}重建为副本",
    effect_en="Rows that only {new} has are saved as evidence; then it is emptied, copied from {old} and follows it. Orders go on meanwhile.",
    effect_zh="仅存在于{new}的数据行先保存为证据；随后清空{new}，从{old}复制并跟随。期间订单照常处理。",
    limit=timedelta(seconds=150),
)
CHECK_TARGET = StepPlan(
    name="check_target",
    title_en="Check the new side",
    title_zh="检查新侧",
    effect_en="{new} must answer its readiness check before any traffic is sent there.",
    effect_zh="在发送流量之前，{new}必须通过就绪检查。",
)
MOVE_UPSTREAMS = StepPlan(
    name="move_upstreams",
    title_en="Move traffic at the gateway",
    title_zh="在网关切换流量",
    effect_en="The gateway sends all new requests of {part} to {new} instead of {old}.",
    effect_zh="网关将{part}的全部新请求由{old}改为发往{new}。",
    undo="move_upstreams_back",
)
VERIFY_TRAFFIC = StepPlan(
    name="verify_traffic",
    title_en="Traffic is on the new side",
    title_zh="流量已在新侧",
    effect_en="The gateway itself must say that requests reach {new}.",
    effect_zh="网关自身须表明请求到达{new}。",
    is_verification=True,
)
VERIFY_PROBES = StepPlan(
    name="verify_probes",
    title_en="The new side is healthy",
    title_zh="新侧健康",
    effect_en="{new} answers its checks, and every probe of it is healthy since traffic moved.",
    effect_zh="{new}响应检查，且自流量切换以来其全部探测均健康。",
    is_verification=True,
)
VERIFY_BUSINESS = StepPlan(
    name="verify_business",
    title_en="Business works",
    title_zh="业务可用",
    effect_en="A marked order is placed through the gateway and read back from {new}.",
    effect_zh="经网关下一笔带标记的订单，并从{new}读回。",
    is_verification=True,
    limit=timedelta(seconds=11),
)

VERIFICATION = (VERIFY_TRAFFIC, VERIFY_PROBES, VERIFY_BUSINESS)

_SEQUENCES: dict[tuple[str, str], tuple[StepPlan, ...]] = {
    ("lab", Mode.PLANNED): (CLOSE_GATE, FENCE, CATCH_UP, COMPARE_QUICK, REVERSE, GRANT, OPEN_GATE),
    ("lab", Mode.EMERGENCY): (CONFIRM_DOWN, DETACH, GRANT, OPEN_GATE),
    ("lab", Mode.VERIFY): (),
    ("caddy", Mode.PLANNED): (CHECK_TARGET, MOVE_UPSTREAMS),
    ("caddy", Mode.EMERGENCY): (CHECK_TARGET, MOVE_UPSTREAMS),
    ("caddy", Mode.VERIFY): (),
}

_EVERY = {*VERIFICATION, MOVE_GATEWAY, RESTORE_GATEWAY, REBUILD}.union(*_SEQUENCES.values())
_BY_NAME = {plan.name: plan for plan in _EVERY}

UNDO_TITLES = {
    "reopen_gate": {"en": "Let orders flow to {old} again", "zh": "恢复{old}接单"},
    "unfence": {"en": "Give {old} back the right to write", "zh": "恢复{old}写权限"},
    "reverse_back": {"en": "Turn replication round again", "zh": "恢复原复制方向"},
    "release": {"en": "Start {old} again as the active side", "zh": "重新启动{old}作为主用"},
    "attach_subscription": {"en": "Let {new} follow {old} again", "zh": "使{new}重新跟随{old}"},
    "restore_gateway": {"en": "List both sides at the gateway again", "zh": "网关恢复列出两侧"},
    "move_upstreams_back": {"en": "Move traffic back to {old}", "zh": "将流量切回{old}"},
}


def acting(gateway_kind: str, mode: str, *, rebuilds: bool = False, restores_gateway: bool = False) -> tuple[StepPlan, ...]:
    """The steps that change something, in order.

    `rebuilds`: the new side was left behind by an emergency and must become a copy first; `restores_gateway`: an
    earlier switch had to take a side out of the gateway.
    """
    before = ((REBUILD,) if rebuilds else ()) + ((RESTORE_GATEWAY,) if restores_gateway else ())
    return before + _SEQUENCES[(gateway_kind, mode)]


def instead_of(name: str) -> StepPlan:
    """The step that a step's `otherwise` names."""
    return _BY_NAME[name]


def title_of(name: str, language: str) -> str:
    """What people call the step ("en" or "zh"), without naming a side; its own name when it is none of ours."""
    plan = _BY_NAME.get(name)
    if plan is None:
        return name
    title = plan.title_zh if language == "zh" else plan.title_en
    sides = {"en": ("the old side", "the new side"), "zh": ("旧主", "新主")}[language]
    return title.format(old=sides[0], new=sides[1], part="")
