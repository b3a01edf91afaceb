/** A line of Python with a button that copies it. */

import { Copy } from "./Copy";

export const Snippet = ({ text, testid }: { text: string; testid?: string }) => (
  <span class="python">
    <code data-testid={testid}>{text}</code>
    <Copy text={text} label="Copy Python" />
  </span>
);
