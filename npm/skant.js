#!/usr/bin/env node
// Runs the program that the package of this platform brings. Nothing is downloaded, and no script runs at installation.
"use strict";
const { spawnSync } = require("node:child_process");

const platform = `${process.platform}-${process.arch}`;
let program;
try {
  program = require.resolve(`@skant/${platform}/skant${process.platform === "win32" ? ".exe" : ""}`);
} catch {
  console.error(`skant: @skant/${platform} is not installed: there is none, or optional dependencies were left out`);
  process.exit(2);
}
const ended = spawnSync(program, process.argv.slice(2), { stdio: "inherit" });
if (ended.error) {
  console.error(`skant: ${ended.error.message}`);
}
// A program that was stopped has passed nothing.
process.exit(ended.status ?? 2);
