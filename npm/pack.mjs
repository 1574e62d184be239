// Packs the npm packages of a version: `skant`, which starts the program, and one for each platform, which brings it.
// usage: node npm/pack.mjs FOLDER PLATFORM=PROGRAM...   (PLATFORM as node says it: linux-x64)
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

const PLATFORMS = ["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64", "win32-x64"];
const here = import.meta.dirname ?? new URL(".", import.meta.url).pathname;
const [out, ...programs] = process.argv.slice(2);
const version = /^version = "(.*)"$/m.exec(readFileSync(join(here, "../Cargo.toml"), "utf8"))[1];
const common = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));

function pack(manifest, files) {
  const folder = mkdtempSync(join(tmpdir(), "skant-npm-"));
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest, null, 2));
  for (const file of files) {
    copyFileSync(file, join(folder, basename(file)));
    chmodSync(join(folder, basename(file)), 0o755);
  }
  execFileSync("npm", ["pack", "--silent", "--pack-destination", out], { cwd: folder, shell: process.platform === "win32" });
}

const optionalDependencies = Object.fromEntries(PLATFORMS.map((platform) => [`@skant/${platform}`, version]));
pack({ ...common, version, optionalDependencies }, [join(here, "skant.js")]);
for (const one of programs) {
  const [platform, program] = one.split("=");
  if (!PLATFORMS.includes(platform)) throw new Error(`${platform} is not one of ${PLATFORMS.join(", ")}`);
  const [os, cpu] = platform.split("-");
  const { bin, engines, ...rest } = common;
  const manifest = { ...rest, name: `@skant/${platform}`, version, os: [os], cpu: [cpu], files: [basename(program)] };
  pack(manifest, [program]);
}
