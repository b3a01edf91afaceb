/** What users write and results that they keep. */

import { expect, it } from "vitest";
import type { StandIn } from "../../dev/standin";
import { at, show } from "./page";

it("shows how many results are on the cloud only, unless all are kept", async () => {
  const { model } = await show({ jobs: 6 });
  await expect.element(at("results-on-cloud")).not.toBeInTheDocument();
  (model as StandIn).set({ results_on_cloud_only: 1200 });
  await expect.element(at("results-on-cloud")).toHaveTextContent("1,200 results on the cloud only");
  (model as StandIn).set({ results_on_cloud_only: 0 });
  await expect.element(at("results-on-cloud")).not.toBeInTheDocument();
});

it("says before it overwrites a description that has changed meanwhile", async () => {
  const { model } = await show({ jobs: 6 });
  await at("description-edit").click();
  await at("description-field").fill("mine");
  await expect.element(at("description-changed")).not.toBeInTheDocument();
  (model as StandIn).set({ description: "theirs" });
  await expect.element(at("description-changed")).toHaveTextContent("“theirs”");
  await expect.element(at("description-field")).toHaveValue("mine");
  await at("description-save").click();
  await expect.element(at("description")).toHaveTextContent("mine");
});
