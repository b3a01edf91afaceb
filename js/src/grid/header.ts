/** The cells of the grid's header, and the box in front of each row. */

import type { Column } from "../columns";
import { iconElement } from "../icons";
import { element } from "./element";

export function selectCell(role: "columnheader" | "gridcell", label: string): HTMLElement {
  const box = element("span", "box", iconElement("success"));
  const cell = element("div", "cell select", box);
  cell.role = role;
  if (label) cell.append(element("span", "unseen", label));
  return cell;
}

export function headerCell({ name, title, kind }: Column, sort: string): HTMLElement {
  const cell = element("div", "cell", element("span", "clip", title));
  cell.role = "columnheader";
  cell.setAttribute("data-column", name);
  cell.setAttribute("data-kind", kind);
  cell.title = `Sort by ${title}`;
  if (sort === name || sort === `-${name}`) {
    cell.ariaSort = sort === name ? "ascending" : "descending";
    cell.append(iconElement(sort === name ? "up" : "caret"));
  }
  return cell;
}

/** A click on a header: ascending, descending, then the order that the dashboard keeps by itself. */
export function nextSort(current: string, column: string): string {
  if (current === column) return `-${column}`;
  return current === `-${column}` ? "" : column;
}
