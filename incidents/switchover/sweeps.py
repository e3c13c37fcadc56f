"""The work of this room that comes round."""

from datetime import timedelta

from incidents.switchover import services
from kernel.sweeps import sweep

TEN = timedelta(seconds=10)
TWENTY = timedelta(seconds=20)

sweep("switch_run", every=timedelta(seconds=1), queue="jobs", oldest=services.oldest_workable, late_after=TEN)(services.switch_run)
sweep("gateway_watch", every=timedelta(seconds=1), queue="probes", oldest=services.oldest_sample, late_after=TEN)(services.gateway_watch)
sweep("business_checks", every=timedelta(seconds=2), queue="probes", oldest=services.oldest_unchecked, late_after=TWENTY)(
    services.business_checks_run
)
