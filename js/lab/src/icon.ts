import { LabIcon } from "@jupyterlab/ui-components";

/** Bars of jobs, in the theme's color. */
export const icon = new LabIcon({
  name: "jobgroup:icon",
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 16 16">
    <g class="jp-icon3" fill="#616161"><rect x="1" y="2" width="14" height="3" rx="1"/>
    <rect x="1" y="6.5" width="10" height="3" rx="1"/><rect x="1" y="11" width="6" height="3" rx="1"/>
    </g></svg>`,
});
