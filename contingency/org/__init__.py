"""People and how they are organised."""
