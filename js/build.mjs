// Builds the one ESM that the wheel carries. `--watch` rebuilds it on each change (with
// ANYWIDGET_HMR=1 a notebook shows the change at once), `--serve` serves the stand-alone page.

import { readFile, writeFile } from "node:fs/promises";
import { build, context, transform } from "esbuild";
import { minify } from "terser";
import { foreignNames } from "./names.mjs";

/** Custom properties that styles alone name, by a shorter one. */
const shortNames = new Map();
const shorten = (css) =>
  css.replace(/--(?!jp-|row|columns|least)[a-z][\w-]*/g, (name) => {
    if (!shortNames.has(name)) shortNames.set(name, `--${shortNames.size.toString(36)}`);
    return shortNames.get(name);
  });

/** Styles as text, minified, custom properties too: they go into a shadow root, not into the page. */
const cssAsText = {
  name: "css-as-text",
  setup({ onLoad }) {
    onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const css = await readFile(path, "utf8");
      const { code } = await transform(css, { loader: "css", minify: true });
      return { contents: shorten(code.trim()).replace(/(?<=[:,]) /g, ""), loader: "text" };
    });
  },
};

const options = {
  bundle: true,
  format: "esm",
  target: "es2022",
  // Where RequireJS is on the page, a dependency in UMD form would register itself with it.
  define: { "define.amd": "false" },
  // Not the automatic JSX of tsconfig.json, which would write "children" some 200 times.
  tsconfigRaw: {
    compilerOptions: { jsx: "react", jsxFactory: "h", jsxFragmentFactory: "Fragment" },
  },
  inject: ["src/ui/h.ts"],
  mangleProps: /^[a-z]\w+$/i,
  reserveProps: new RegExp(`^(${[...(await foreignNames())].join("|")})$`),
  plugins: [cssAsText],
  legalComments: "none",
  logLevel: "info",
};
const widget = {
  ...options,
  entryPoints: ["src/widget.tsx"],
  outfile: "../src/jobgroup/dashboard/static/widget.js",
};
/** For a page that was saved (`Dashboard.save_html`), which alone needs it. */
const saved = {
  ...options,
  mangleProps: undefined,
  minify: true,
  entryPoints: ["src/saved.ts"],
  outfile: "../src/jobgroup/dashboard/static/saved.js",
};
const page = {
  ...options,
  entryPoints: ["dev/page.ts"],
  outfile: "dist/page.js",
  sourcemap: "inline",
};

if (process.argv.includes("--watch")) {
  await (await context({ ...widget, sourcemap: "inline" })).watch();
} else if (process.argv.includes("--serve")) {
  const served = await context({ ...page, outfile: "dev/page.js", write: false });
  await served.serve({ servedir: "dev", host: "127.0.0.1", port: 8123 });
} else {
  await build(saved);
  const built = await build({ ...widget, minify: true, write: false });
  // A second pass, which saves 3 %. Reading a signal has an effect, so no getter is "pure"; "unsafe"
  // is to think that nobody has replaced the language's own functions.
  const { code } = await minify(built.outputFiles[0].text, {
    module: true,
    ecma: 2022,
    compress: { passes: 3, unsafe: true, unsafe_arrows: true, pure_getters: false },
  });
  await writeFile(widget.outfile, code);
}
