/** What JSX compiles to in the bundle; the build injects it. */

import { type Children, type Component, jsx, type Key, type Props, type VNode } from "./dom";

export { Fragment } from "./dom";

export function h(
  tag: string | Component,
  given: (Props & { key?: Key }) | null,
  ...children: Children[]
): VNode {
  const { key, ...props } = given ?? {};
  if (children.length > 0) props.children = children.length > 1 ? children : children[0];
  return jsx(tag, props, key);
}
