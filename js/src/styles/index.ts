import acting from "./acting.css";
import base from "./base.css";
import controls from "./controls.css";
import grid from "./grid.css";
import groups from "./groups.css";
import job from "./job.css";
import panels from "./panels.css";
import plot from "./plot.css";
import tokens from "./tokens.css";

export default [tokens, base, controls, grid, panels, plot, job, groups, acting].join("\n");
