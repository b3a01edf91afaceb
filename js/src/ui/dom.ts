/**
 * Elements from what components return, and kept in step with it: a view is drawn whole whenever a
 * signal changes, and only what differs is touched. Nothing moves that need not, so focus stays.
 */

import type { JSX } from "./jsx";

export type Key = string | number;
export type Children = VNode | string | number | boolean | null | undefined | Children[];
// biome-ignore lint/suspicious/noExplicitAny: each component checks its own properties
export type Component = (props: any) => Children;
export type Props = Record<string, unknown> & { children?: Children; ref?: Ref<Element> };
export interface Ref<T> {
  current: T | null;
}

export interface VNode {
  readonly tag: string | Component;
  readonly key: Key | undefined;
  readonly props: Props;
}

type Stop = (() => void) | undefined;

interface Effect {
  deps: readonly unknown[] | null;
  stop: Stop;
}

/** What stands on the page for a node: an element, a text, or a component with what it returned. */
interface Instance {
  readonly tag: string | Component | null;
  readonly node: Element | Text | null;
  props: Props;
  children: Map<string, Instance>;
  readonly hooks: unknown[];
  isGone: boolean;
}

/** Where the next node belongs: into `parent`, before `next`. */
interface Place {
  readonly parent: Node;
  next: Node | null;
}

const SVG = "http://www.w3.org/2000/svg";
const SVG_TAGS = new Set(["svg", "path", "rect", "line", "circle", "g", "text", "polyline"]);
const HANDLERS = Symbol("handlers");

type Handled = Element & { [HANDLERS]?: Record<string, unknown> };

/** What JSX compiles to. */
export function jsx(tag: string | Component, props: Props, key?: Key): VNode {
  return { tag, key, props };
}

export const Fragment = ({ children }: Props): Children => children;

/** A place on the page to draw into, again and again; draw null at the end. */
export function drawInto(parent: Element): (children: Children) => void {
  const root = instanceOf(Fragment, null);
  return (children) => reconcile(root, children, { parent, next: parent.firstChild });
}

// -- hooks: what a component keeps from one drawing to the next ---------------------------------

let drawn: Instance;
let hook = 0;

/** Made when the component first appears. */
export function useOnce<T>(make: () => T): T {
  const { hooks } = drawn;
  if (hook === hooks.length) hooks.push(make());
  return hooks[hook++] as T;
}

export function useRef<T>(initial: T | null = null): Ref<T> {
  return useOnce(() => ({ current: initial }));
}

/** Run after the drawing whenever `deps` differ; what it returns is run before the next time. */
export function useEffect(run: () => unknown, deps: readonly unknown[]): void {
  const owner = drawn;
  const effect = useOnce<Effect>(() => ({ deps: null, stop: undefined }));
  if (effect.deps && deps.every((dep, i) => dep === effect.deps?.[i])) return;
  effect.deps = deps;
  // Later, so that what it reads and sets is no part of the drawing.
  queueMicrotask(() => {
    if (owner.isGone) return;
    effect.stop?.();
    const stop = run();
    effect.stop = typeof stop === "function" ? (stop as () => void) : undefined;
  });
}

// -- drawing ---------------------------------------------------------------------------------------

function instanceOf(tag: Instance["tag"], node: Instance["node"]): Instance {
  return { tag, node, props: {}, children: new Map(), hooks: [], isGone: false };
}

function reconcile(owner: Instance, children: Children, place: Place): void {
  const wanted = new Map<string, VNode | string>();
  spread(children, "", wanted);
  const before = owner.children;
  owner.children = new Map();
  // First what goes: a node that stays is then in its place already, unless it has to move.
  for (const [key, instance] of before) {
    const child = wanted.get(key);
    if (child !== undefined && tagOf(child) === instance.tag) continue;
    before.delete(key);
    remove(instance, place);
  }
  for (const [key, child] of wanted) {
    const instance = before.get(key) ?? make(child);
    owner.children.set(key, instance);
    update(instance, child, place);
  }
}

/** Children by key; where there is none, by place, which something that is not shown keeps too. */
function spread(children: Children, path: string, into: Map<string, VNode | string>): void {
  const list = Array.isArray(children) ? children : [children];
  list.forEach((child, i) => {
    if (child === null || child === undefined || typeof child === "boolean") return;
    if (Array.isArray(child)) spread(child, `${path}${i}/`, into);
    else if (typeof child !== "object") into.set(`${path}${i}`, String(child));
    else into.set(child.key === undefined ? `${path}${i}` : `${path}$${child.key}`, child);
  });
}

const tagOf = (child: VNode | string) => (typeof child === "string" ? null : child.tag);

function make(child: VNode | string): Instance {
  if (typeof child === "string") return instanceOf(null, document.createTextNode(child));
  const { tag } = child;
  if (typeof tag !== "string") return instanceOf(tag, null);
  const isSvg = SVG_TAGS.has(tag);
  return instanceOf(tag, isSvg ? document.createElementNS(SVG, tag) : document.createElement(tag));
}

function update(instance: Instance, child: VNode | string, place: Place): void {
  const { tag, node } = instance;
  if (typeof child === "string") {
    if ((node as Text).data !== child) (node as Text).data = child;
  } else if (typeof tag === "function") {
    drawn = instance;
    hook = 0;
    reconcile(instance, tag(child.props), place);
  } else {
    const element = node as Element;
    setProps(element, instance.props, child.props);
    instance.props = child.props;
    reconcile(instance, child.props.children, { parent: element, next: element.firstChild });
  }
  if (!node) return;
  if (place.next === node) place.next = node.nextSibling;
  else place.parent.insertBefore(node, place.next);
}

function remove(instance: Instance, place: Place | null): void {
  instance.isGone = true;
  for (const kept of instance.hooks) (kept as Partial<Effect> | null)?.stop?.();
  const { node } = instance;
  // What hangs below a removed element goes with it.
  for (const child of instance.children.values()) remove(child, node ? null : place);
  if (instance.props.ref) instance.props.ref.current = null;
  if (!node || !place) return;
  if (place.next === node) place.next = node.nextSibling;
  node.remove();
}

function setProps(element: Element, before: Props, now: Props): void {
  for (const name of new Set([...Object.keys(before), ...Object.keys(now)])) {
    const value = now[name];
    const attribute = name === "testid" ? "data-testid" : name;
    const isWord = name.includes("-"); // "false" says something there
    if (name === "value" || name === "checked") {
      const input = element as Element & Props; // which a person changes too
      if (input[name] !== value) input[name] = value;
    } else if (name === "children" || value === before[name]) continue;
    else if (name === "ref") (value as Ref<Element>).current = element;
    else if (name.startsWith("on")) listen(element, name.slice(2).toLowerCase(), value);
    else if (name === "style") Object.assign((element as HTMLElement).style, value);
    else if (value === null || value === undefined || (value === false && !isWord)) {
      element.removeAttribute(attribute);
    } else element.setAttribute(attribute, value === true && !isWord ? "" : String(value));
  }
}

/** One listener for each kind of event; the handler behind it may change with each drawing. */
function listen(element: Handled, type: string, handler: unknown): void {
  element[HANDLERS] ??= {};
  if (!(type in element[HANDLERS])) {
    element.addEventListener(type, (event) => {
      (element[HANDLERS]?.[type] as ((event: Event) => void) | undefined)?.(event);
    });
  }
  element[HANDLERS][type] = handler;
}

export type { JSX };
export { jsx as jsxs };
