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
  it("is sorted by the last change or any column, and can be searched", async () => {
    const { root } = await show({ scene: "groups" });
    await expect.poll(() => names(root)).toEqual([KNILL, DIP, BOSONS]);
    await page.getByRole("button", { name: "Size" }).click();
    await page.getByRole("button", { name: "Size" }).click();
    await expect.poll(() => names(root)).toEqual([BOSONS, DIP, KNILL]);
    await at("search").fill("dip");
    await expect.poll(() => names(root)).toEqual([DIP]);
  });

  it("deletes selected groups and restores them", async () => {
    const { root } = await show({ scene: "groups" });
    await expect.element(at("delete-selected")).not.toBeInTheDocument();
    await page.getByLabelText(`Select ${DIP}`).click();
    await page.getByLabelText(`Select ${KNILL}`).click();
    await at("delete-selected").click();
    await expect.element(at("doomed")).toHaveTextContent(DIP);
    await expect.element(at("doomed")).toHaveTextContent(KNILL);
    await at("delete-confirm").click();
    await expect.poll(() => names(root)).toEqual([BOSONS]);
    await at("chip-trash").click();
    await expect.poll(() => names(root).length).toBe(2);
    await at(`restore-${KNILL}`).click();
    await expect.poll(() => names(root)).toEqual([DIP]);
  });

  it("offers no action on groups that the trash does not show", async () => {
    await show({ scene: "groups" });
    await page.getByLabelText(`Select ${DIP}`).click();
    await at("delete-selected").click();
    await at("delete-confirm").click();
    await page.getByLabelText(`Select ${KNILL}`).click();
    await expect.element(at("group-selection")).toHaveTextContent("1 selected");
    await at("chip-trash").click();
    await expect.element(at("group-selection")).not.toBeInTheDocument();
    await at("chip-all").click();
    await expect.element(at("group-selection")).toHaveTextContent("1 selected");
  });

  it("deletes groups older than a date, and restores them", async () => {
    const { root } = await show({ scene: "groups" });
    await at("more").click();
    await page.getByRole("menuitem", { name: "Clean up older groups" }).click();
    const day = new Date(Date.now() - 2.5 * 86_400_000).toLocaleDateString("sv");
    await at("before").fill(day);
    await at("delete-confirm").click();
    await expect.poll(() => names(root)).not.toContain(BOSONS);
    await expect.element(at("live")).toHaveTextContent("delete");
    await at("undo").click();
    await expect.poll(() => names(root).length).toBe(3);
  });

  it("deletes all groups only after the word is typed, by keyboard alone", async () => {
    const { root } = await show({ scene: "groups" });
    await expect.poll(() => names(root).length).toBe(3);
    (root.querySelector("[data-testid=more]") as HTMLElement).focus();
    await userEvent.keyboard("{Enter}{ArrowUp}{Enter}");
    await expect.poll(() => root.activeElement?.getAttribute("data-testid")).toBe("word");
    await userEvent.keyboard("{Enter}del");
    await expect.element(at("delete-confirm")).toHaveAttribute("title", "Type delete first");
    await userEvent.keyboard("ete{Enter}");
    await expect.poll(() => names(root).length).toBe(0);
  });

  it("shows states in words and swept names, and keeps selected groups visible", async () => {
    const { root } = await show({ scene: "groups" });
    await expect.element(at(`listed-${KNILL}`)).toHaveTextContent("20/24 done · 4 to send");
    await expect.element(at(`listed-${KNILL}`)).toHaveTextContent("phi, circuit");
    await page.getByLabelText(`Select ${KNILL}`).click();
    await at("search").fill("dip");
    await expect.poll(() => names(root)).toEqual([KNILL, DIP]);
    await at("search").fill("");
    await page.getByLabelText(`Select ${KNILL}`).click();
    await at("chip-failed").click();
    await expect.poll(() => names(root)).toEqual([DIP, BOSONS]);
  });

  it("lists empty and exported groups before it deletes them", async () => {
    await show({ scene: "groups" });
    await at("more").click();
    await page.getByRole("menuitem", { name: "Clean up empty groups" }).click();
    await expect.element(at("delete-confirm")).toHaveAttribute("title", "No group matches");
  });

  it("opens a group and returns to the list", async () => {
    await show({ scene: "groups" });
    await at(`group-${DIP}`).click();
    await at("all-groups").click();
    await expect.element(at("groups")).toBeVisible();
  });
});
