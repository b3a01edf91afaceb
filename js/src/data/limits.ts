/** Generated from the constants of the same names in Python by `scripts/shared_constants.py`. */

/** Days for which a deleted group can be restored. */
export const TRASH_RETENTION_DAYS = 7;

/** Maximum number of jobs that a page shows. */
export const MAX_SHOWN = 200_000;

/** The number of missing results above which they are loaded only on request. */
export const MAX_UNASKED = 2_000;

/** Maximum number of distributions that are drawn side by side. */
export const MAX_SIDES = 6;

/** Maximum number of groups in one comparison. */
export const MAX_COMPARED_GROUPS = 6;

/** The number of curves above which a color bar replaces the legend. */
export const MAX_NAMED_CURVES = 12;
