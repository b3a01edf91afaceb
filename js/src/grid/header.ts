/** The cells of the grid's header, and the box in front of each row. */

import type { Column } from "../columns";
import { iconElement } from "../icons";

export function selectCell(role: "columnheader" | "gridcell", label: string): HTMLElement {
  const cell = document.createElement("div");
  cell.className = "cell select";
  cell.setAttribute("role", role);
  const box = document.createElement("span");
  box.className = "box";
  box.append(iconElement("success"));
  cell.append(box);
  if (label) {
    const words = document.createElement("span");
    words.className = "unseen";
    words.textContent = label;
    cell.append(words);
  }
  return cell;
}

export function headerCell({ name, title, kind }: Column, sort: string): HTMLElement {
  const cell = document.createElement("div");
  cell.className = "cell";
  cell.setAttribute("role", "columnheader");
  cell.dataset.column = name;
  cell.dataset.kind = kind;
  cell.title = `Sort by ${title}`;
  const label = document.createElement("span");
  label.className = "clip";
  label.textContent = title;
  cell.append(label);
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
