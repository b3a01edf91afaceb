/** Strokes on a 16 by 16 grid, for each state and each action. */

export const ICONS = {
  success: "M3 8.5 6.5 12 13 4.5",
  error: "M4 4l8 8M12 4l-8 8",
  canceled: "M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11M4.2 4.2l7.6 7.6",
  cancel_requested: "M8 2.5a5.5 5.5 0 0 1 5.5 5.5M8 13.5A5.5 5.5 0 0 1 2.5 8M4.5 4.5l7 7",
  running: "M5.5 3.5v9l7-4.5z",
  waiting: "M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11M8 5v3.2l2.2 1.5",
  sending: "M8 13V3.5M4 7.2 8 3.2l4 4",
  unsent: "M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11",
  refused: "M3.5 3.5h9v9h-9zM6 6l4 4M10 6l-4 4",
  unconfirmed: "M8 2.8 14 13H2zM8 6.6v3M8 11.3v.2",
  suspended: "M5.5 3.5v9M10.5 3.5v9",
  unknown: "M5.6 6a2.4 2.4 0 1 1 3.6 2.1c-.8.5-1.2.9-1.2 1.7M8 12.4v.2",
  stop: "M4.5 4.5h7v7h-7z",
  rerun: "M13 8a5 5 0 1 1-1.6-3.7M13 2.5v3h-3",
  edit: "M3 13v-2.5l7.5-7.5 2.5 2.5L5.5 13z",
  bell: "M4 11.5V7.2a4 4 0 0 1 8 0v4.3l1 1H3zM7 14.2h2",
  trash: "M3 4.5h10M6.5 4.5V3h3v1.5M4.5 4.5l.6 8.5h5.8l.6-8.5",
  undo: "M3.5 6.5h6a3.2 3.2 0 0 1 0 6.5H6M6 3.5l-3 3 3 3",
  search: "M7 2.8a4.2 4.2 0 1 0 0 8.4 4.2 4.2 0 0 0 0-8.4M10.2 10.2l3.3 3.3",
  caret: "M4.5 6.5 8 10l3.5-3.5",
  up: "M4.5 9.5 8 6l3.5 3.5",
  copy: "M6 5.5h7v8H6zM3 10.5v-8h7",
  chart: "M3 13V8.5M7 13V3M11 13V6M2 13.5h12",
  slots: "M2 4h6M10 4h2M5 8h9M2 12h3M7 12h5",
  back: "M9.5 4 5.5 8l4 4",
  columns: "M2.5 3.5h11v9h-11zM6.2 3.5v9M9.8 3.5v9",
  more: "M3.5 8h.2M8 8h.2M12.5 8h.2",
  export: "M8 2.5v7M5 6.7l3 3 3-3M3 11.5v2h10v-2",
} as const;

export type IconName = keyof typeof ICONS;
