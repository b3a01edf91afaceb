// Builds what the wheel carries. `--watch` rebuilds on each change (with ANYWIDGET_HMR=1 a notebook
// shows it at once), `--serve` serves the page in dev/.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { build, context } from "esbuild";

const STATIC = "../src/jobgroup/dashboard/static";
const isWatch = process.argv.includes("--watch");
const isServe = process.argv.includes("--serve");

/** Styles as minified text, for `CSSStyleSheet`. */
const cssAsText = {
  name: "css-as-text",
  setup({ onLoad, esbuild }) {
    onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const css = readFileSync(path, "utf8");
      const { code } = await esbuild.transform(css, { loader: "css", minify: true });
      return { contents: code, loader: "text" };
    });
  },
};

const options = {
  bundle: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  minify: !isWatch && !isServe,
  sourcemap: isWatch || isServe ? "inline" : false,
  // If RequireJS is on the page, a dependency in UMD form would register itself with it.
  define: { "define.amd": "false" },
  plugins: [cssAsText],
  legalComments: "none", // the licences stand in THIRD_PARTY.txt
  logLevel: "info",
  metafile: true,
};
const statics = {
  ...options,
  entryPoints: { widget: "src/widget.tsx", saved: "src/saved.ts", page: "src/page.ts" },
  outdir: STATIC,
};

if (isWatch) await (await context(statics)).watch();
else if (isServe) {
  const page = { ...options, entryPoints: ["dev/page.ts"], outfile: "dev/page.js", write: false };
  await (await context(page)).serve({ servedir: "dev", host: "127.0.0.1", port: 8123 });
} else {
  const { metafile } = await build(statics);
  writeFileSync(`${STATIC}/THIRD_PARTY.txt`, licencesOf(Object.keys(metafile.inputs)));
}

/** The licences of the packages that these files come from. */
function licencesOf(files) {
  const folders = files.map((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0]);
  const parts = [...new Set(folders.filter(Boolean))].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
    const file = ["LICENSE", "LICENSE.md", "LICENCE"].find((each) =>
      existsSync(`${folder}/${each}`),
    );
    if (!file) throw new Error(`${name} has no licence file`);
    return `${name} ${version} (${license})\n\n${readFileSync(`${folder}/${file}`, "utf8").trim()}`;
  });
  const rule = `\n\n${"-".repeat(72)}\n\n`;
  return `The dashboard's front end contains these packages.${rule}${parts.join(rule)}\n`;
}
