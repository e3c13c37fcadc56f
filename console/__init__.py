"""The console: what people and scripts see. Arranges what the rooms below offer; decides nothing itself."""
