"""Use cases of the organisation."""

from contingency.org.services.contacts import contact_point_add, contact_point_lost, contact_point_remove
from contingency.org.services.factors import (
    code_use,
    codes_guessed,
    factor_remove,
    factor_take_away,
    factors_sealed_elsewhere,
    passkey_enrol,
    passkey_use,
    recovery_codes_make,
    second_factors,
    sessions_end,
    totp_enrol,
)
from contingency.org.services.holdings import holding_assign, holding_end
from contingency.org.services.people import language_choose, password_set, user_create, user_deactivate
from contingency.org.services.rosters import shift_add, shift_cancel
from contingency.org.services.slugged import Put, Row, rows_put
from contingency.org.services.structure import GroupSpec, PositionSpec, RosterSpec, UnitSpec, organisation_put
from contingency.org.services.tokens import token_create, token_issue, token_revoke

__all__ = [
    "GroupSpec",
    "PositionSpec",
    "Put",
    "RosterSpec",
    "Row",
    "UnitSpec",
    "code_use",
    "codes_guessed",
    "contact_point_add",
    "contact_point_lost",
    "contact_point_remove",
    "factor_remove",
    "factor_take_away",
    "factors_sealed_elsewhere",
    "holding_assign",
    "holding_end",
    "language_choose",
    "organisation_put",
    "passkey_enrol",
    "passkey_use",
    "password_set",
    "recovery_codes_make",
    "rows_put",
    "second_factors",
    "sessions_end",
    "shift_add",
    "shift_cancel",
    "token_create",
    "token_issue",
    "token_revoke",
    "totp_enrol",
    "user_create",
    "user_deactivate",
]
