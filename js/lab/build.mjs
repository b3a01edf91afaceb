// Builds the extension of JupyterLab that the wheel carries, after the dashboard (../build.mjs): our
// code by esbuild, then the container that JupyterLab loads by its own builder.

import { execFileSync } from "node:child_process";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { build } from "esbuild";

const here = import.meta.dirname;
const STATIC = `${here}/../../src/jobgroup/dashboard/static`;
const { resolve } = createRequire(import.meta.url);
const manifest = `${here}/labextension/package.json`;

rmSync(`${here}/lib`, { recursive: true, force: true });
await build({
  absWorkingDir: here,
  entryPoints: ["src/index.ts"],
  outdir: "lib",
  bundle: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  // JupyterLab has these already; the dashboard is loaded when it is first needed
  external: ["@jupyterlab/*", "@lumino/*", "./dashboard.js"],
  logLevel: "warning",
});
cpSync(`${STATIC}/widget.js`, `${here}/lib/dashboard.js`);

// what `jupyter-builder build` runs, without the need for it in Python
execFileSync(
  process.execPath,
  [
    `${dirname(resolve("@jupyter/builder/package.json"))}/lib/build-labextension.js`,
    "--core-package-file",
    resolve("@jupyterlab/core-meta/core.package.json"),
    here,
  ],
  { cwd: here, stdio: ["ignore", "ignore", "inherit"] },
);

// the builder's own list omits what esbuild has bundled; JupyterLab shows this one under Help, Licenses
const [, ...licences] = readFileSync(`${STATIC}/THIRD_PARTY.txt`, "utf8").split(/\n-{72}\n/);
const packages = licences.map((text) => {
  const [, name, versionInfo, licenseId] = /^\s*(\S+) (\S+) \((.+)\)$/m.exec(text);
  return { name, versionInfo, licenseId, extractedText: text.trim() };
});
const list = `${here}/labextension/static/third-party-licenses.json`;
writeFileSync(list, `${JSON.stringify({ packages }, null, 2)}\n`);

const [, version] = /__version__ = "(.+)"/.exec(
  readFileSync(`${here}/../../src/jobgroup/__init__.py`, "utf8"),
);
const {
  "//": reasons,
  devDependencies,
  scripts,
  ...rest
} = JSON.parse(readFileSync(manifest, "utf8"));
writeFileSync(manifest, `${JSON.stringify({ ...rest, version }, null, 2)}\n`);
