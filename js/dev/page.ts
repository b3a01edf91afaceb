/**
 * The dashboard on a page of its own, with made-up jobs and no kernel:
 * `?jobs=24&theme=dark&scene=mixed|empty|unsent|finished|failed|refused|busy|groups&width=400`.
 */

import widget from "../src/widget";
import { StandIn } from "./standin";

const wanted = new URLSearchParams(location.search);
const theme = wanted.get("theme") ?? "light";
document.documentElement.dataset["theme"] = theme;

const model = new StandIn(Number(wanted.get("jobs") ?? 24), wanted.get("scene") ?? "mixed");
const el = document.createElement("div");
if (wanted.has("width")) el.style.width = `${wanted.get("width")}px`;
document.body.append(el);
const { initialize, render } = widget();
initialize({ model });
render({ model, el });
Object.assign(window, { model });
