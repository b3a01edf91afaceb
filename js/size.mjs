// Holds the bundle to its budget: it is sent again for each widget of each notebook.

import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const BUDGET = { minified: 300_000, gzip: 100_000 };

const bytes = readFileSync(new URL("../src/jobgroup/dashboard/static/widget.js", import.meta.url));
const size = { minified: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length };
for (const [name, limit] of Object.entries(BUDGET)) {
  console.log(`${name}: ${size[name]} of ${limit} bytes`);
  if (size[name] > limit) process.exitCode = 1;
}
