/** The page sends a typed token once, in a separate message. */

import { expect, test } from "vitest";
import { userEvent } from "vitest/browser";
import { NO_MEASURED } from "../../src/kernel/answers";
import { FakeModel } from "../model";
import { blockOf } from "../node/rows";
import { at, show } from "./page";

const TOKEN = "very-secret-token";
const needed = { url: "https://cloud.example", account: "" };

test("a pasted token goes to Python once and stays nowhere in the page", async () => {
  const model = new FakeModel({ token_needed: needed, last_error: "The token was rejected." });
  const { root } = await show({ model });
  await userEvent.fill(at("token-field"), ` ${TOKEN}\n`);
  await userEvent.keyboard("{Enter}");
  await expect.poll(() => model.sentOf("token").length).toBe(1);
  const id = model.lastId;
  expect(model.sentOf("token")).toEqual([{ t: "token", id, ...needed, token: TOKEN }]);
  model.push({ t: "ack", id, python: "jobgroup.set_token(getpass())" });
  model.push({ t: "result", id, value: { text: "Token set for https://cloud.example" } });
  await expect.element(at("live")).toHaveTextContent("Token set");
  await expect.element(at("token-field")).toHaveValue("");
  expect(root.innerHTML).toContain("jobgroup.set_token(getpass())");
  expect(root.innerHTML).not.toContain(TOKEN);
  model.setTraits({ token_needed: null });
  await expect.element(at("token-strip")).not.toBeInTheDocument();
});

test("a token that is refused says why, and the field takes another", async () => {
  const model = new FakeModel({ token_needed: needed });
  await show({ model });
  await userEvent.fill(at("token-field"), "a b");
  await userEvent.click(at("token-set"));
  await expect.poll(() => model.sentOf("token").length).toBe(1);
  model.push({
    t: "error",
    id: model.lastId,
    code: "ValueError",
    message: "The token contains spaces.",
  });
  await expect.element(at("live")).toHaveTextContent("contains spaces");
  await expect.element(at("token-field")).toHaveValue("");
});

test("a rejected token is one strip: what happened, the field, and the next try", async () => {
  const incident = { incident: "token", last_error: "The cloud refuses the token. Set another." };
  const model = new FakeModel({ token_needed: needed, ...incident });
  const { root } = await show({ model });
  await expect.element(at("token-field")).toBeVisible();
  expect(root.querySelectorAll(".notice")).toHaveLength(1);
  await expect.element(at("strip-token")).toHaveTextContent(/The cloud refuses the token\./);
  expect(at("strip-token").element().querySelector("[data-testid=try-now]")).not.toBeNull();
  model.setTraits({ incident: "", last_error: "" }); // only results lack a token
  await expect.element(at("strip-token")).toHaveTextContent("Results need a token.");
  await expect.element(at("token-field")).toBeVisible();
  expect(root.querySelectorAll(".notice")).toHaveLength(1);
});

test("a token that the cloud rejects changes the strip of results", async () => {
  const model = new FakeModel({ token_needed: needed });
  await show({ model });
  await userEvent.fill(at("token-field"), "wrong");
  await userEvent.click(at("token-set"));
  await expect.poll(() => model.sentOf("token").length).toBe(1);
  model.push({ t: "result", id: model.lastId, value: { text: "Token set" } });
  model.setTraits({ token_needed: null }); // until the results are requested again
  model.setTraits({ token_needed: { ...needed } });
  await expect.element(at("strip-token")).toHaveTextContent("still need a token that the cloud");
});

/** Push a group of jobs that are done. */
async function done(model: FakeModel, total: number) {
  const jobs = Array.from({ length: total }, (_, position) => ({
    ...{ position, state: "success", remote_id: `job ${position}` },
  }));
  const about = { epoch: "e", now: 0, total };
  const whole = { n: 1, version: 1, part: 0, parts: 1, rows: blockOf(jobs) };
  model.push({ t: "snapshot", ...about, ...whole });
  await expect.poll(() => measured(model).length).toBe(1);
  return about;
}

test("results that lack the token have no notice besides its strip", async () => {
  const model = new FakeModel({ token_needed: needed });
  const { root } = await show({ model });
  await done(model, 3);
  const lacking = (url: string) =>
    `No token is known for ${url}. Call jobgroup.set_token(token, url='${url}').`;
  const failed = { 0: lacking(needed.url), 1: "The cloud has no result.", 2: lacking(needed.url) };
  const answer = (id: string | undefined) =>
    model.push({ t: "result", id: id ?? "", value: { ...NO_MEASURED, failed } });
  answer(measured(model)[0]?.id);
  const notice = at("no-results");
  await expect.element(notice).toHaveTextContent("1 result could not be loaded. Job 1: The cloud");
  expect(root.querySelectorAll(".notice")).toHaveLength(2);
  await at("try-results").click(); // the token may be set elsewhere
  await expect.poll(() => measured(model).length).toBe(2);
  answer(measured(model)[1]?.id);
  await expect.element(notice).toHaveTextContent("1 result");
  model.setTraits({ token_needed: { ...needed, url: "https://other.example" } });
  await expect.element(notice).toHaveTextContent("3 results");
  model.setTraits({ token_needed: needed, read_only: true }); // no strip asks for it
  await expect.element(notice).toHaveTextContent("3 results");
  await at("view-plot").click();
  const figures = () => model.sentOf("query").filter(({ name }) => name === "figure");
  await expect.poll(() => figures().length).toBe(1);
  const progress = { loaded: 3, of: 3, missing: 0, failed: { count: 2, first: [0, failed[0]] } };
  model.push({ t: "result", id: figures()[0]?.id ?? "", value: progress });
  await expect.element(at("plot-failed")).toHaveTextContent("2 results could not be loaded");
  model.setTraits({ read_only: false });
  await expect.element(at("plot-failed")).not.toBeInTheDocument();
});

/** Show a group with one job that is done, and give a token that Python takes. */
async function giving(model: FakeModel) {
  await show({ model });
  const about = await done(model, 1);
  model.push({ t: "result", id: measured(model)[0]?.id ?? "", value: withoutResult });
  await userEvent.fill(at("token-field"), "wrong");
  await userEvent.click(at("token-set"));
  await expect.poll(() => model.sentOf("token").length).toBe(1);
  const id = model.sentOf("token")[0]?.id ?? "";
  model.push({ t: "result", id, value: { text: "Token set for https://cloud.example" } });
  await expect.element(at("live")).toHaveTextContent("Token set");
  return about;
}

const measured = (model: FakeModel) =>
  model.sentOf("query").filter(({ name }) => name === "measured");
const withoutResult = { ...NO_MEASURED, failed: { 0: "The token was rejected." } };

test("a token is no longer called set once the cloud has refused it for jobs", async () => {
  const model = new FakeModel({ token_needed: needed, incident: "token", last_error: "Refused." });
  const about = await giving(model);
  const none = { n: 0, columns: {} };
  model.push({ t: "patch", ...about, n: 2, from: 1, to: 1, rows: none }); // no news
  await expect.element(at("live")).toHaveTextContent("Token set");
  model.push({ t: "patch", ...about, n: 3, from: 1, to: 2, rows: none });
  await expect.poll(() => at("live").element().textContent, { timeout: 4000 }).toBe("");
});

test("a token is no longer called set once the cloud has refused it for results", async () => {
  const model = new FakeModel({ token_needed: needed });
  await giving(model);
  await expect.poll(() => measured(model).length).toBe(2);
  await expect.element(at("live")).toHaveTextContent("Token set");
  model.push({ t: "result", id: measured(model)[1]?.id ?? "", value: withoutResult });
  await expect.poll(() => at("live").element().textContent, { timeout: 4000 }).toBe("");
});

test("a token stays called set if another account needs one", async () => {
  const model = new FakeModel({ token_needed: needed });
  await giving(model);
  await expect.poll(() => measured(model).length).toBe(2);
  model.setTraits({ token_needed: { ...needed, account: "another" } });
  model.push({ t: "result", id: measured(model)[1]?.id ?? "", value: withoutResult });
  await expect.element(at("strip-token")).toHaveTextContent("another");
  await expect.element(at("live")).toHaveTextContent("Token set");
});

test("who may only look is not asked for a token", async () => {
  await show({ model: new FakeModel({ token_needed: needed, read_only: true }) });
  await expect.element(at("token-strip")).not.toBeInTheDocument();
});

test("a page without a secure context has no field", async () => {
  Object.defineProperty(globalThis, "isSecureContext", { value: false, configurable: true });
  try {
    await show({ model: new FakeModel({ token_needed: needed }) });
    await expect.element(at("token-insecure")).toBeVisible();
    await expect.element(at("token-field")).not.toBeInTheDocument();
  } finally {
    Reflect.deleteProperty(globalThis, "isSecureContext");
  }
});
