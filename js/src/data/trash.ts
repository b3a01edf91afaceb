/** Generated from `jobgroup.store.trash` by `scripts/shared_constants.py`. */

/** Days for which a deleted group can be restored. */
export const TRASH_RETENTION_DAYS = 7;
