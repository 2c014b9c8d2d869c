// Bundles the charting library of the page to compare forces into one file, and records what is in it.
//
//   npm ci --ignore-scripts && node build.mjs [folder for the bundle]
//
// The bundle is committed: a build of the book needs no node. A test makes it again where node is there.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

const here = import.meta.dirname;
const out = process.argv[2] || path.join(here, "..", "src", "peelbook", "site", "theme", "static");
const lock = JSON.parse(readFileSync(path.join(here, "package-lock.json"), "utf8")).packages;

const made = await build({
  absWorkingDir: here,
  entryPoints: ["entry.mjs"],
  bundle: true,
  minify: true,
  write: false,
  metafile: true,
  format: "iife",
  globalName: "d3",
  target: "es2020",
  charset: "utf8",
  legalComments: "none",
});
const names = [...new Set(Object.keys(made.metafile.inputs).map((name) => name.match(/node_modules\/([^/]+)\//)?.[1]).filter(Boolean))].sort();
const packages = names.map((name) => {
  const { version, license, integrity } = lock[`node_modules/${name}`];
  return { name, version, licence: license, integrity };
});
// All have the same terms; only who holds the copyright, and since when, differs.
const texts = names.map((name) => readFileSync(path.join(here, "node_modules", name, "LICENSE"), "utf8").trim());
const [terms, ...others] = new Set(texts.map((text) => text.replace(/^Copyright.*$/m, "").trim()));
if (others.length) throw new Error("A package has other terms: write them into the bundle too");
const holders = [...new Set(texts.map((text) => text.match(/^Copyright.*$/m)[0]))].sort();
const banner = `/*!\n${packages.map(({ name, version }) => `${name} ${version}`).join(", ")}\n\n${holders.join("\n")}\n\n${terms}\n*/\n`;
const bundle = banner + made.outputFiles[0].text;
writeFileSync(path.join(out, "charting.js"), bundle);
const record = { file: "charting.js", sha256: createHash("sha256").update(bundle).digest("hex"), bytes: Buffer.byteLength(bundle), packages };
writeFileSync(path.join(process.argv[2] || here, "charting.json"), `${JSON.stringify(record, null, 2)}\n`);
