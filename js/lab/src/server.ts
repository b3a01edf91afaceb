/** The connection to the server's side of the dashboard (`src/jobgroup_server`). */

import { ServerConnection } from "@jupyterlab/services";
import * as format from "../../src/format";
import type { GroupSummary } from "../../src/kernel/answers";
import type { Widget } from "../../src/kernel/model";
import { SocketModel } from "../../src/kernel/socket";

/**
 * A group by name and uuid. The name "" is the list of groups; the uuid "" is any group of that
 * name.
 */
export interface GroupReference {
  name: string;
  uuid: string;
}

export interface ViewEvents {
  /** Shows the view in an element. */
  ready(render: (el: HTMLElement) => void): void;
  /** A message for the user; "" when it no longer applies. */
  say(text: string): void;
  /** The server does not show this group. */
  refused(text: string): void;
}

/** Connect to a group on the server until `lifetime` ends. */
export function openOnServer(
  group: GroupReference,
  events: ViewEvents,
  lifetime: AbortSignal,
): SocketModel {
  const { wsUrl, token, appendToken } = ServerConnection.makeSettings();
  const socketUrl = (): string => {
    const url = new URL("jobgroup/socket", wsUrl);
    const shown = isReady ? String(model.get("group") ?? "") : group.name;
    if (shown) url.searchParams.set("group", shown);
    if (shown === group.name && group.uuid) url.searchParams.set("uuid", group.uuid);
    if (appendToken && token) url.searchParams.set("token", token);
    return url.href;
  };
  const since = () => format.clock(Date.now() / 1000, Date.now() / 1000);
  let isReady = false;
  const model = new SocketModel(
    socketUrl,
    {
      async ready(notice) {
        events.say(notice);
        if (isReady) return;
        isReady = true;
        // @ts-expect-error built, so without types
        const { default: widget }: { default: () => Widget } = await import("./dashboard.js");
        if (lifetime.aborted) return;
        const { initialize, render } = widget();
        initialize({ model, signal: lifetime });
        events.ready((el) => render({ model, el, signal: lifetime }));
      },
      lost() {
        events.say(`No connection to the server since ${since()}. Runs continue.`);
      },
      refused: events.refused,
    },
    lifetime,
  );
  return model;
}

/** All groups on the server. */
export async function fetchGroups(): Promise<GroupSummary[]> {
  const { baseUrl, token, appendToken, fetch } = ServerConnection.makeSettings();
  const url = new URL("jobgroup/groups", baseUrl);
  url.searchParams.set("no_track_activity", "1"); // viewing groups must not keep a server alive
  const headers: HeadersInit = appendToken && token ? { Authorization: `token ${token}` } : {};
  const answer = await fetch(url.href, { credentials: "same-origin", cache: "no-cache", headers });
  if (!answer.ok) throw new Error(reasonOf(answer.status));
  return ((await answer.json()) as { groups: GroupSummary[] }).groups;
}

/** The page of a group in a browser tab of its own. */
export function pageOf(name: string): string {
  const url = new URL("jobgroup/", ServerConnection.makeSettings().baseUrl);
  if (name) url.searchParams.set("group", name);
  return url.href;
}

function reasonOf(status: number): string {
  if (status === 403)
    return "Your login has expired, or is not allowed to view job groups. Reload this page.";
  if (status === 404) {
    return "jobgroup's server extension is disabled. Run jupyter server extension enable jobgroup_server.";
  }
  return `The server answered with status ${status}.`;
}
