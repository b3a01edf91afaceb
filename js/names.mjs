// Which names of properties are not ours alone, and so have to stay as they are in the bundle. Ours
// are all others. That no name is reached by a string that is built, `noPropertyAccessFromIndexSignature`
// sees to, and the tests in Chromium run the bundle.

import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** Modules that say what crosses: messages, answers, traits, attributes, keys, what a host calls. */
const CROSSING = ["protocol", "answers", "model", "saved", "ui/jsx", "grid/keys"];

const DECLARED = /^\s+(?:(?:readonly|get|set|var|const|function) )?([\w$]+)\??[:(<]/gm;
const QUOTED = /"([\w$]+)"/g;
const NAMED = /([\w$]+)(?:\??[:(]|")/g;
const EXPORTED = /^export (?:async )?(?:function|const) (\w+)/gm;
const COMMENT = /\/\*[\s\S]*?\*\/|\/\/.*/g;

/** What the browser declares, what crosses, and what stands in quotes anywhere. */
export async function foreignNames() {
  const names = new Set();
  const read = async (path, pattern) => {
    const code = (await readFile(path, "utf8")).replaceAll(COMMENT, "");
    for (const [, name] of code.matchAll(pattern)) names.add(name);
  };
  const types = await platformTypes();
  await Promise.all(types.map((path) => read(path, DECLARED)));
  for (const path of await readdir("src", { recursive: true })) {
    const [, module] = /^(.*)\.tsx?$/.exec(path) ?? [];
    if (!module) continue;
    await read(join("src", path), CROSSING.includes(module) ? NAMED : QUOTED);
    await read(join("src", path), EXPORTED); // `format.whole` is no property
  }
  return names;
}

/** The declarations that the compiler checks the sources against, beside its program. */
async function platformTypes() {
  const typescript = createRequire(import.meta.resolve("typescript/package.json"));
  const platform = `@typescript/typescript-${process.platform}-${process.arch}/package.json`;
  const lib = join(dirname(typescript.resolve(platform)), "lib");
  return (await readdir(lib))
    .filter((name) => /^lib\.(es5|es20\d\d|dom)\b.*\.d\.ts$/.test(name))
    .map((name) => join(lib, name));
}
