"""What the intake counts for /metrics. Counters of one process; Prometheus adds them up."""

from prometheus_client import CollectorRegistry, Counter

REGISTRY = CollectorRegistry()

REQUESTS = Counter("switchback_intake_requests_total", "Intake requests answered.", ["format", "status"], registry=REGISTRY)
ALERTS = Counter("switchback_intake_alerts_total", "Alerts stored: committed before the sender was answered.", ["format"], registry=REGISTRY)
FAILED = Counter(
    "switchback_intake_failed_total", "Bodies, or parts of them, put into the failed-intake inbox.", ["format", "code"], registry=REGISTRY
)
SPOOLED = Counter("switchback_intake_spooled_total", "Bodies kept on disk because Postgres was away.", ["format"], registry=REGISTRY)
REPLAYED = Counter("switchback_intake_replayed_total", "Bodies stored from the spool.", registry=REGISTRY)
UNSPOOLED = Counter("switchback_intake_refused_total", "Bodies refused because the spool was full or unwritable.", registry=REGISTRY)
