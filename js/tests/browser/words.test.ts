import { describe, expect, it, onTestFinished, vi } from "vitest";
import { page, userEvent } from "vitest/browser";
import { at, show } from "./page";

describe("a rerun with changes", () => {
  it("has a field for each parameter, and sends only changed ones", async () => {
    const { model } = await show();
    const sent = vi.spyOn(model, "send");
    await at("row-2").click({ position: { x: 300, y: 10 } });
    await at("revise").click();
    await expect.element(at("revision-max_shots")).toHaveValue("10000");
    await expect.element(at("revision-go")).toHaveAttribute("title", "Nothing has been changed");
    await at("revision-max_shots").fill("soon");
    await expect.element(at("revision-go")).toHaveAttribute("title", "max_shots must be a number");
    await at("revision-max_shots").fill("500");
    await at("revision-exact").fill("false");
    await at("keep").click();
    await at("revision-go").click();
    const overrides = { max_shots: 500, exact: false };
    const args = { positions: [2], mode: "queue", overrides, replace: false };
    expect(sent).toHaveBeenCalledWith(expect.objectContaining({ name: "rerun", args }));
    await expect.element(at("revision-go")).not.toBeInTheDocument();
    await expect.element(at("live")).toHaveTextContent("1 rerun");
  });

  it("shows Python's reason if it is refused, and keeps the typed text", async () => {
    await show();
    await at("row-2").click({ position: { x: 300, y: 10 } });
    await at("revise").click();
    await at("revision-max_shots").fill("0");
    await at("revision-go").click();
    await expect.element(at("live")).toHaveTextContent("is a whole number of at least 1, not 0");
    await expect.element(at("revision-max_shots")).toHaveValue("0");
  });

  it("appears in the job's attempts beside the earlier ones", async () => {
    await show();
    await at("row-7").click({ position: { x: 300, y: 10 } });
    await expect.element(at("job")).toHaveTextContent("max_shots 20000 → 10000");
    await at("rerun-of").click();
    await expect.element(at("job")).toHaveTextContent("Job 2");
  });
});

describe("a job's facts", () => {
  it("appear under their headings in a minified build", async () => {
    const { root } = await show();
    await at("row-2").click({ position: { x: 300, y: 10 } });
    const headings = () => [...root.querySelectorAll("h4")].map((each) => each.textContent.trim());
    const told = ["Result", "What was sent", "What happened", "Attempts", "Note"];
    await expect.poll(headings).toEqual(told);
    await expect.element(at("job")).toHaveTextContent("circuitKnill CNOT");
  });
});

describe("the estimate of a run", () => {
  it("appears in the menu of Send and in the form, before anything is sent", async () => {
    await show();
    await page.getByRole("button", { name: /More options: Send/ }).click();
    await expect.element(at("preview")).toHaveTextContent("Run 4 jobs: shots unknown, 20 free");
    await userEvent.keyboard("{Escape}");
    await at("more").click();
    await page.getByRole("menuitem", { name: "One after the other…" }).click();
    await expect.element(at("preview")).toHaveTextContent("Rerun 2 jobs");
  });
});

describe("descriptions and notes", () => {
  it("describe the group, and are unchanged after Escape", async () => {
    await show();
    await at("description-edit").click();
    await at("description-field").fill("HOM dip,\nsecond try");
    await at("description-save").click();
    await expect.element(at("description")).toHaveTextContent("HOM dip, second try");
    await at("description-edit").click();
    await at("description-field").fill("no");
    await userEvent.keyboard("{Escape}");
    await expect.element(at("description")).toHaveTextContent("HOM dip, second try");
  });

  it("belong to a job and are found by a search", async () => {
    const { root } = await show();
    await at("row-7").click({ position: { x: 300, y: 10 } });
    await at("note-edit").click();
    await at("note-field").fill("The lamp was on");
    await userEvent.keyboard("{Control>}{Enter}{/Control}");
    await expect.element(at("note")).toHaveTextContent("The lamp was on");
    await at("search").fill("lamp");
    await expect.poll(() => root.querySelectorAll(".rows .row").length).toBe(1);
    await expect.element(at("row-7")).toHaveTextContent("The lamp was on");
  });

  it("appear in the list of groups, and a search finds them", async () => {
    await show({ scene: "groups" });
    await expect.element(page.getByText("Second try, with the new source")).toBeVisible();
    await at("search").fill("new source");
    await expect.element(at("listed-HOM dip, 41 delays")).toBeVisible();
    await expect.element(at("listed-boson sampling 12 modes")).not.toBeInTheDocument();
  });
});

describe("a notification", () => {
  function allow(answer: NotificationPermission) {
    const asked = vi.fn();
    const stub = {
      permission: "default",
      requestPermission: async () => {
        asked();
        stub.permission = answer;
        return answer;
      },
    };
    vi.stubGlobal("Notification", stub);
    onTestFinished(() => {
      vi.unstubAllGlobals();
      localStorage.clear();
    });
    return asked;
  }

  it("is allowed by a click, once, and remembered", async () => {
    const asked = allow("granted");
    const { close } = await show();
    await expect.element(at("notify")).toHaveAttribute("aria-pressed", "false");
    expect(asked).not.toHaveBeenCalled();
    await at("notify").click();
    await expect.element(at("notify")).toHaveAttribute("aria-pressed", "true");
    close();
    await show();
    await expect.element(at("notify").last()).toHaveAttribute("aria-pressed", "true");
    expect(asked).toHaveBeenCalledOnce();
  });

  it("shows that the browser forbids it", async () => {
    allow("denied");
    await show();
    await at("notify").click();
    await expect.element(at("live")).toHaveTextContent("does not allow notifications");
    await expect.element(at("notify")).toHaveAttribute("aria-pressed", "false");
  });

  it("is not offered without browser support or unfinished jobs", async () => {
    vi.stubGlobal("Notification", undefined);
    onTestFinished(() => void vi.unstubAllGlobals());
    await show();
    await expect.element(at("view-timeline")).toBeVisible();
    await expect.element(at("notify")).not.toBeInTheDocument();
  });
});
