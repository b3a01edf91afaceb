// What JSX compiles to; the build injects it. Shorter in the bundle than the automatic runtime.
export { Fragment, h } from "preact";
