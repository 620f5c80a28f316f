-- Frees what working out identities left in memory.
-- reads:  identity_holdings
-- gives:  nothing BOOLEAN
DROP VIEW IF EXISTS identity_own;
DROP VIEW IF EXISTS identity_card_keys;
DROP VIEW IF EXISTS identity_row_keys;
DROP TABLE IF EXISTS identity_odd;
DROP TABLE IF EXISTS identity_linked;
DROP TABLE IF EXISTS identity_kinds;
DROP TABLE IF EXISTS identity_cards;
DROP TABLE IF EXISTS identity_common;
DROP TABLE IF EXISTS identity_candidates;
DROP TABLE IF EXISTS identity_members;
DROP TABLE IF EXISTS identity_keys;
DROP TABLE IF EXISTS identity_holdings;
DROP TABLE IF EXISTS identity_contested;
DROP TABLE IF EXISTS identity_joined;
DROP TABLE IF EXISTS identity_excluded;
DROP TABLE IF EXISTS identity_wanted;
DROP TABLE IF EXISTS told_links;
DROP TABLE IF EXISTS new_merges;
DROP TABLE IF EXISTS new_shared_keys;
DROP TABLE IF EXISTS new_shared_key_members;
DROP TABLE IF EXISTS new_addresses_of_nobody;
DROP TABLE IF EXISTS new_identity_links;
