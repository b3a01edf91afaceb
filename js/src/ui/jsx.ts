/** What may stand in JSX: the elements of a page with their attributes and typed events. */

import type { Children, Key, Ref, VNode } from "./dom";

type On<E, Ev extends Event> = (event: Ev & { readonly currentTarget: E }) => void;
type Plain = string | number | boolean | null | undefined;

interface Attributes<E> {
  children?: Children;
  ref?: Ref<E> | undefined;
  class?: string | undefined;
  /** The attribute `data-testid`, of which there are many. */
  testid?: string | undefined;
  style?: Partial<Record<string, string | number | undefined>>;
  value?: string | number | undefined;
  checked?: boolean;
  onClick?: On<E, MouseEvent> | undefined;
  onInput?: On<E, InputEvent>;
  onChange?: On<E, Event>;
  onKeyDown?: On<E, KeyboardEvent>;
  onFocus?: On<E, FocusEvent>;
  onFocusIn?: On<E, FocusEvent>;
  onFocusOut?: On<E, FocusEvent>;
  onPointerEnter?: On<E, PointerEvent>;
  onPointerDown?: On<E, PointerEvent>;
  onPointerMove?: On<E, PointerEvent>;
  onPointerUp?: On<E, PointerEvent>;
  [name: `aria-${string}` | `data-${string}`]: Plain;
}

type OfHtml<E> = Attributes<E> & {
  [Name in
    | "hidden"
    | "href"
    | "id"
    | "inputMode"
    | "max"
    | "min"
    | "placeholder"
    | "role"
    | "rows"
    | "scope"
    | "selected"
    | "step"
    | "tabIndex"
    | "title"
    | "type"]?: Plain;
};

type OfSvg<E> = Attributes<E> & {
  [Name in
    | "cx"
    | "cy"
    | "d"
    | "height"
    | "points"
    | "preserveAspectRatio"
    | "r"
    | "role"
    | "tabIndex"
    | "text-anchor"
    | "transform"
    | "viewBox"
    | "width"
    | "x"
    | "x1"
    | "x2"
    | "y"
    | "y1"
    | "y2"]?: Plain;
};

export declare namespace JSX {
  type Element = VNode;
  type ElementType = keyof IntrinsicElements | ((props: never) => Children);
  interface ElementChildrenAttribute {
    children: unknown;
  }
  interface IntrinsicAttributes {
    key?: Key;
  }
  type IntrinsicElements = {
    [Tag in keyof HTMLElementTagNameMap]: OfHtml<HTMLElementTagNameMap[Tag]> & { key?: Key };
  } & {
    [Tag in "svg" | "path" | "rect" | "line" | "circle" | "g" | "text" | "polyline"]: OfSvg<
      SVGElementTagNameMap[Tag]
    > & { key?: Key };
  };
}
