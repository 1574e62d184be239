// Runs a composite action as GitHub's runner does, step by step. Expressions are evaluated by GitHub's own
// library; a step that uses another action is told of, and not run.
// usage: node run.mjs ACTION-FOLDER GITHUB-CONTEXT.json [INPUT=VALUE]...   (the environment is the runner's)
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const modules = createRequire(join(process.env.ACTION_MODULES, "package.json"));
const YAML = modules("yaml");
const { Lexer, Parser, Evaluator, data } = await import(
  pathToFileURL(join(process.env.ACTION_MODULES, "node_modules/@actions/expressions/dist/index.js")).href
);

const [folder, contextFile, ...given] = process.argv.slice(2);
const action = YAML.parse(readFileSync(join(folder, "action.yml"), "utf8"));
const github = JSON.parse(readFileSync(contextFile, "utf8"));
const temp = mkdtempSync(join(process.env.RUNNER_TEMP, "runner-"));
const inputs = Object.fromEntries(Object.entries(action.inputs).map(([name, input]) => [name, String(input.default ?? "")]));
for (const one of given) {
  const [, name, value] = /^([^=]+)=([^]*)$/.exec(one);
  if (!(name in inputs)) throw new Error(`there is no input ${name}`);
  inputs[name] = value;
}
const steps = {};

function evaluate(text) {
  const contexts = { github, inputs, steps };
  const expression = new Parser(new Lexer(text).lex().tokens, Object.keys(contexts), []).parse();
  return new Evaluator(expression, JSON.parse(JSON.stringify(contexts), data.reviver)).evaluate();
}

const expand = (value) => String(value ?? "").replace(/\$\{\{([^]*?)\}\}/g, (_, text) => evaluate(text).coerceString());
const isTrue = (text) => !["", "0", "false", "null"].includes(evaluate(text.replace(/^\$\{\{|\}\}$/g, "")).coerceString());

function readOutputs(file) {
  const outputs = {};
  const lines = readFileSync(file, "utf8").split("\n");
  while (lines.length) {
    const line = lines.shift();
    const [, name, mark, rest] = /^([^=<]+)(=|<<)(.*)$/.exec(line) ?? [];
    if (!name) continue;
    outputs[name] = mark === "=" ? rest : lines.splice(0, lines.indexOf(rest) + 1).slice(0, -1).join("\n");
  }
  return outputs;
}

let failed = false;
for (const [number, step] of action.runs.steps.entries()) {
  const id = step.id ?? `step-${number}`;
  steps[id] = { outputs: {}, outcome: "skipped" };
  if (failed || (step.if && !isTrue(step.if))) continue;
  if (step.uses) {
    if (!/@[0-9a-f]{40}$/.test(step.uses)) throw new Error(`${step.uses} is not pinned`);
    const given = Object.entries(step.with ?? {}).map(([name, value]) => `${name}=${expand(value)}`);
    console.log(`uses ${step.uses} ${given.join(" ")}`);
    steps[id].outcome = process.env.ACTION_USES_FAILS ? "failure" : "success";
    continue;
  }
  if (step.run.includes("${{")) throw new Error(`the script of ${id} has an expression in it`);
  const [script, output] = [join(temp, `${id}.sh`), join(temp, `${id}.out`)];
  writeFileSync(script, step.run);
  writeFileSync(output, "");
  const env = Object.fromEntries(Object.entries(step.env ?? {}).map(([name, value]) => [name, expand(value)]));
  const child = spawnSync(step.shell, ["--noprofile", "--norc", "-eo", "pipefail", script], {
    env: { ...process.env, ...env, GITHUB_ACTION_PATH: folder, GITHUB_OUTPUT: output },
    cwd: github.workspace,
    stdio: "inherit",
  });
  steps[id] = { outputs: readOutputs(output), outcome: child.status === 0 ? "success" : "failure" };
  failed ||= child.status !== 0 && !step["continue-on-error"];
}
const outputs = Object.entries(action.outputs).map(([name, one]) => [name, expand(one.value)]);
console.log(`outputs ${JSON.stringify(Object.fromEntries(outputs))}`);
console.log(`job ${failed ? "failed" : "passed"}`);
