import { describe, expect, it } from "vitest";
import { page, userEvent } from "vitest/browser";
import { at, show } from "./page";

const names = (root: ShadowRoot) =>
  [...root.querySelectorAll<HTMLElement>("tbody tr")].map(({ dataset }) =>
    dataset["testid"]?.replace(/^\w+-/, ""),
  );
const KNILL = "compare_knill_and_ralph_cnot";
const DIP = "HOM dip, 41 delays";
const BOSONS = "boson sampling 12 modes";

describe("the list of groups", () => {
  it("is sorted by what was changed last, by any column, and searched", async () => {
    const { root } = await show({ scene: "groups" });
    await expect.poll(() => names(root)).toEqual([KNILL, DIP, BOSONS]);
    await page.getByRole("button", { name: "Size" }).click();
    await page.getByRole("button", { name: "Size" }).click();
    await expect.poll(() => names(root)).toEqual([BOSONS, DIP, KNILL]);
    await at("search").fill("dip");
    await expect.poll(() => names(root)).toEqual([DIP]);
  });

  it("deletes the chosen ones, and brings them back", async () => {
    const { root } = await show({ scene: "groups" });
    await expect.element(at("delete-chosen")).toHaveAttribute("title", "No group is chosen");
    await page.getByLabelText(`Choose ${DIP}`).click();
    await page.getByLabelText(`Choose ${KNILL}`).click();
    await at("delete-chosen").click();
    await at("delete-confirm").click();
    await expect.poll(() => names(root)).toEqual([BOSONS]);
    await at("chip-trash").click();
    await expect.poll(() => names(root).length).toBe(2);
    await at(`restore-${KNILL}`).click();
    await expect.poll(() => names(root)).toEqual([DIP]);
  });

  it("deletes what is older than a date, and undoes it", async () => {
    const { root } = await show({ scene: "groups" });
    await at("delete-older").click();
    const day = new Date(Date.now() - 2.5 * 86_400_000).toLocaleDateString("sv");
    await at("before").fill(day);
    await at("delete-confirm").click();
    await expect.poll(() => names(root)).not.toContain(BOSONS);
    await expect.element(at("live")).toHaveTextContent("delete");
    await at("undo").click();
    await expect.poll(() => names(root).length).toBe(3);
  });

  it("deletes all only once the word is typed, by keyboard alone", async () => {
    const { root } = await show({ scene: "groups" });
    await expect.poll(() => names(root).length).toBe(3);
    (root.querySelector("[data-testid=delete-all]") as HTMLElement).focus();
    await userEvent.keyboard("{Enter}");
    await expect.poll(() => root.activeElement?.getAttribute("data-testid")).toBe("word");
    await userEvent.keyboard("{Enter}del");
    await expect.element(at("delete-confirm")).toHaveAttribute("title", "Type delete first");
    await userEvent.keyboard("ete{Enter}");
    await expect.poll(() => names(root).length).toBe(0);
  });

  it("opens a group, and is come back to", async () => {
    await show({ scene: "groups" });
    await at(`group-${DIP}`).click();
    await at("all-groups").click();
    await expect.element(at("groups")).toBeVisible();
  });
});
