/** Users' tasks, each by keyboard alone and by mouse alone, with the number of keys and clicks. */

import { describe, expect, it, onTestFinished, vi } from "vitest";
import { page, userEvent } from "vitest/browser";
import { at, show } from "./page";

interface Seen {
  root: ShadowRoot;
  model: { get(name: string): unknown };
  /** The commands that were sent, as "name args". */
  sent: () => string[];
  copied: () => string | undefined;
  saved: () => string | undefined;
}

interface Task {
  name: string;
  scene: string;
  /** Keys from just before the dashboard; what is typed counts by the letter (docs/dashboard.md). */
  most: number;
  /** Clicks from anywhere. */
  clicks: number;
  keyboard: (keys: Keys) => Promise<void>;
  mouse: () => Promise<void>;
  done: (seen: Seen) => Promise<void>;
}

class Keys {
  count = 0;
  readonly #root: ShadowRoot;

  constructor(root: ShadowRoot) {
    this.#root = root;
  }

  async press(keys: string, times = 1): Promise<void> {
    for (let i = 0; i < times; i++) await userEvent.keyboard(keys);
    this.count += times;
  }

  async type(text: string): Promise<void> {
    await userEvent.keyboard(text);
    this.count += text.length;
  }

  /** Move to an element: by arrow keys in its row of buttons, otherwise by Tab. */
  async to(selector: string, step = "{Tab}"): Promise<void> {
    await expect.poll(() => this.#root.querySelector(selector)).not.toBeNull();
    const row = this.#root
      .querySelector(selector)
      ?.closest("[role=toolbar], [role=tablist], fieldset");
    for (let i = 0; i < 40; i++) {
      const now = this.#root.activeElement;
      if (now?.matches(selector)) return;
      await this.press(now && row?.contains(now) ? "{ArrowRight}" : step);
    }
    throw new Error(`no key leads to ${selector}`);
  }
}

const id = (name: string) => `[data-testid="${name}"]`;
const item = (name: string | RegExp) => page.getByRole("menuitem", { name }).click();
const DIP = "HOM dip, 41 delays";

const TASKS: Task[] = [
  {
    name: "find why job 7 failed",
    scene: "still",
    most: 12,
    clicks: 1,
    keyboard: async (keys) => {
      await keys.to(".cell");
      await keys.press("{ArrowDown}", 2);
      await keys.press("{Enter}");
    },
    mouse: () => at("row-7").click({ position: { x: 300, y: 10 } }),
    done: async () => {
      await expect.element(at("job")).toHaveTextContent("Invalid iterator: parameter phi");
    },
  },
  {
    name: "rerun failed jobs and keep the old ones",
    scene: "still",
    most: 10,
    clicks: 2,
    keyboard: async (keys) => {
      await keys.to(id("more"));
      await keys.press("{Enter}");
      await keys.press("{ArrowDown}", 2);
      await keys.press("{Enter}");
    },
    mouse: async () => {
      await at("more").click();
      await item(/Rerun as new jobs/);
    },
    done: async ({ sent }) => {
      await expect.poll(sent).toEqual(['rerun {"state":"error","mode":"queue","replace":false}']);
      await expect.element(at("live")).toHaveTextContent("2 rerun");
    },
  },
  {
    name: "compare two distributions",
    scene: "still",
    most: 23,
    clicks: 3,
    keyboard: async (keys) => {
      await keys.to(id("view-both"));
      await keys.press("{Enter}");
      await keys.to(".cell");
      await keys.press("{ArrowDown}", 4);
      await keys.press(" ");
      await keys.press("{ArrowDown} ");
    },
    mouse: async () => {
      await at("view-both").click();
      await at("row-0").getByRole("gridcell").first().click();
      await at("row-1").getByRole("gridcell").first().click();
    },
    done: async () => {
      await expect
        .element(at("comparison"))
        .toHaveTextContent("phi 0.1, circuit Knill CNOT (job 1)");
      await expect.element(at("comparison")).toHaveTextContent("distance");
    },
  },
  {
    name: "cancel queued jobs",
    scene: "still",
    most: 12,
    clicks: 2,
    keyboard: async (keys) => {
      await keys.to(id("more"));
      await keys.press("{Enter}");
      await keys.press("{ArrowUp}", 4);
      await keys.press("{Enter}");
    },
    mouse: async () => {
      await at("more").click();
      await item(/queued/);
    },
    done: async ({ sent }) => {
      await expect.poll(sent).toEqual(['cancel {"state":"waiting"}']);
    },
  },
  {
    name: "delete groups older than June, and undo",
    scene: "groups",
    most: 19,
    clicks: 5,
    keyboard: async (keys) => {
      await keys.to(id("more"));
      await keys.press("{Enter}", 2);
      await keys.to(id("before"));
      await keys.type("06012027");
      await keys.press("{Enter}");
      await keys.to(id("undo"));
      await keys.press("{Enter}");
    },
    mouse: async () => {
      await at("more").click();
      await item(/older/);
      await at("before").click();
      await at("before").fill("2027-06-01"); // typed
      await at("delete-confirm").click();
      await at("undo").click();
    },
    done: async ({ root, sent }) => {
      await expect
        .poll(() => sent().map((each) => each.split(" ")[0]))
        .toEqual(["delete", "restore"]);
      await expect.poll(() => root.querySelectorAll("tbody tr").length).toBe(3);
    },
  },
  {
    name: "copy job 3's id",
    scene: "still",
    most: 18,
    clicks: 2,
    keyboard: async (keys) => {
      await keys.to(id("search"));
      await keys.type("#3");
      await expect.element(at("row-0")).not.toBeInTheDocument();
      await keys.to(".cell");
      await keys.press("{ArrowDown}");
      await keys.press("{Enter}");
      await keys.to("[aria-label='Copy the id']");
      await keys.press("{Enter}");
    },
    mouse: async () => {
      await at("row-3").click({ position: { x: 300, y: 10 } });
      await page.getByRole("button", { name: "Copy the id" }).click();
    },
    done: async ({ copied }) => {
      await expect.poll(copied).toContain("-4f2a-41d3-9c6b-000000000003");
    },
  },
  {
    name: "export the failed jobs",
    scene: "still",
    most: 26,
    clicks: 3,
    keyboard: async (keys) => {
      await keys.to(id("chip-error"));
      await keys.press("{Enter}");
      await expect.element(at("row-0")).not.toBeInTheDocument();
      await keys.press("{Shift>}{Tab}{/Shift}", 2);
      await keys.to(id("export"));
      await keys.press("{Enter}");
      await keys.press("{Enter}");
    },
    mouse: async () => {
      await at("chip-error").click();
      await expect.element(at("row-0")).not.toBeInTheDocument();
      await at("export").click();
      await item(/CSV file/);
    },
    done: async ({ saved }) => {
      await expect.poll(saved).toBe("compare_knill_and_ralph_cnot.csv");
      await expect.element(at("live")).toHaveTextContent("2 jobs saved");
    },
  },
  {
    name: "pause and resume",
    scene: "still",
    most: 12,
    clicks: 3,
    keyboard: async (keys) => {
      await keys.to(id("more"));
      await keys.press("{Enter}");
      await keys.press("{ArrowUp}", 2);
      await keys.press("{Enter}");
      await keys.to(`${id("strip-paused")} button`);
      await keys.press("{Enter}");
    },
    mouse: async () => {
      await at("more").click();
      await at("pause").click();
      await at("strip-paused").getByRole("button").click();
    },
    done: async ({ sent, model }) => {
      await expect.poll(sent).toEqual(["pause {}", "resume {}"]);
      await expect.poll(() => model.get("paused")).toBe(false);
    },
  },
  {
    name: "send the last jobs next",
    scene: "still",
    most: 20,
    clicks: 3,
    keyboard: async (keys) => {
      await keys.to(".cell");
      await keys.press("{Control>}{End}{/Control}");
      await keys.press(" ");
      await keys.press("{ArrowUp}");
      await keys.press(" ");
      await keys.to(id("selected-run-next"));
      await keys.press("{Enter}");
    },
    mouse: async () => {
      for (const position of [22, 23])
        await at(`row-${position}`).click({ modifiers: ["Control"], position: { x: 300, y: 10 } });
      await at("selected-run-next").click();
    },
    done: async ({ sent }) => {
      await expect.poll(sent).toEqual(['prioritize {"positions":[22,23]}']);
      await expect.element(at("row-23")).toHaveTextContent("to send · next 2");
    },
  },
  {
    name: "adopt an unconfirmed job",
    scene: "doubt",
    most: 18,
    clicks: 2,
    keyboard: async (keys) => {
      await keys.to('[aria-label="The job\'s id on the cloud"]');
      await keys.type("abc");
      await keys.press("{Tab}");
      await keys.press("{Enter}");
    },
    mouse: async () => {
      await page.getByLabelText("The job's id on the cloud").click();
      await page.getByLabelText("The job's id on the cloud").fill("abc"); // pasted
      await page.getByRole("button", { name: "Confirm id" }).click();
    },
    done: async ({ sent }) => {
      await expect.poll(sent).toEqual(['confirm {"position":23,"remote_id":"abc"}']);
    },
  },
  {
    name: "open another group",
    scene: "still",
    most: 13,
    clicks: 2,
    keyboard: async (keys) => {
      await keys.to(id("all-groups"));
      await keys.press("{Enter}");
      await keys.to(id(`group-${DIP}`));
      await keys.press("{Enter}");
    },
    mouse: async () => {
      await at("all-groups").click();
      await at(`group-${DIP}`).click();
    },
    done: async ({ model }) => {
      await expect.poll(() => model.get("group")).toBe(DIP);
    },
  },
];

async function begin(scene: string): Promise<Seen> {
  const { root, model } = await show({ scene });
  await expect.poll(() => root.querySelector(".row[data-status], tbody tr")).not.toBeNull();
  const [sending, writing, clicking] = [
    vi.spyOn(model, "send"),
    vi.spyOn(navigator.clipboard, "writeText").mockResolvedValue(),
    vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(() => {}),
  ];
  onTestFinished(() => void vi.restoreAllMocks());
  return {
    root,
    model,
    sent: () =>
      sending.mock.calls
        .map(([message]) => message as { t: string; name: string; args: unknown })
        .filter(({ t }) => t === "command")
        .map(({ name, args }) => `${name} ${JSON.stringify(args)}`),
    copied: () => writing.mock.lastCall?.[0],
    saved: () => (clicking.mock.contexts.at(-1) as HTMLAnchorElement | undefined)?.download,
  };
}

describe.each(TASKS)("$name", ({ scene, most, clicks, keyboard, mouse, done }) => {
  it(`by keyboard alone, in ${most} keys`, async () => {
    const seen = await begin(scene);
    const keys = new Keys(seen.root);
    await keyboard(keys);
    await done(seen);
    expect(keys.count).toBeLessThanOrEqual(most);
  });

  it(`by mouse alone, clicks: ${clicks}`, async () => {
    const seen = await begin(scene);
    let count = 0;
    const press = () => {
      count += 1;
    };
    document.addEventListener("pointerdown", press, { capture: true });
    onTestFinished(() => document.removeEventListener("pointerdown", press, { capture: true }));
    await mouse();
    await done(seen);
    expect(count).toBe(clicks);
  });
});
