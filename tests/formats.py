"""Puts the formats for other programs to programs that read them.

    formats.py SKANT FOLDER

SKANT is the program, FOLDER an empty one to scan in. Each reader is first shown something it must refuse.
"""

import copy
import html
import json
import re
import subprocess
import sys
from pathlib import Path

import cmarkgfm
from cmarkgfm.cmark import Options
from jsonschema import Draft7Validator
from junitparser import Error, Failure, JUnitXml
from sarif import loader

skant, folder = sys.argv[1], Path(sys.argv[2])
folder.mkdir(parents=True, exist_ok=True)
# Names are relative to the repository around, which may be ours.
subprocess.run(["git", "init", "-q", folder], check=True)

# A file's name, and how it is shown: control characters are replaced by pictures of them.
NAMES = {
    "::error::a,b:c%0A.py": "::error::a,b:c%0A.py",
    "a|b`c`.py": "a|b`c`.py",
    "line\nbreak\r": "line\u240abreak\u240d",
    "control\x01\x1b[31m": "control\u2401\u241b[31m",
    "<script>alert(1)<": "<script>alert(1)<",
    "**b** [l](http:x) &amp; @x #1 _e_": "**b** [l](http:x) &amp; @x #1 _e_",
    "-  - 1. caf\u00e9 \U0001f600\ufffe": "-  - 1. caf\u00e9 \U0001f600\ufffe",
}
# A password nobody has, in parts so that it is none here.
PASSWORD = "-".join(("kR7v", "Qm2x", "Zp"))

for name in NAMES:
    (folder / name).write_text(f'\npassword = "{PASSWORD}"\n')


def report(form, *arguments, status=1):
    run = subprocess.run(
        [skant, "-C", folder, "scan", "--format", form, *arguments], capture_output=True, encoding="utf-8"
    )
    assert run.returncode == status, run
    assert PASSWORD not in run.stdout, f"{form} holds the secret"
    return run.stdout


findings = json.loads(report("json"))["findings"]
assert [finding["path"] for finding in findings] != [], findings
names = [NAMES[finding["path"]] for finding in findings]
assert sorted(names) == sorted(NAMES.values()), names


def junit():
    def parsed(*arguments, status=1):
        return JUnitXml.fromstring(report("junit", *arguments, status=status).encode())

    legal = [name.replace("\ufffe", "\ufffd") for name in names]
    (suite,) = parsed()
    cases = list(suite)
    assert [case.classname for case in cases] == legal, cases
    assert all(isinstance(case.result[0], Failure) for case in cases)
    assert (suite.tests, suite.failures, suite.errors) == (len(names), len(names), 0)
    counted = parsed()
    counted.update_statistics()
    assert (counted.tests, counted.failures) == (len(names), len(names))
    (suite,) = parsed("missing", status=2)
    (case,) = suite
    assert isinstance(case.result[0], Error) and case.classname == "missing"
    try:
        JUnitXml.fromstring(b"<testsuites><testsuite name='\x01'/></testsuites>")
    except Exception:
        return "junitparser"
    raise AssertionError("junitparser accepts what is no XML")


def markdown():
    # GitHub lets tags such as <code> through, and cleans up behind.
    page = cmarkgfm.github_flavored_markdown_to_html(report("markdown"), options=Options.CMARK_OPT_UNSAFE)
    cells = re.findall(r"<td>(.*?)</td>", page, re.S)
    assert len(cells) == 4 * len(names), page
    shown = [re.fullmatch(r"<code>(.*):2:\d+</code>(?: \(working-tree\))?", cell, re.S)[1] for cell in cells[2::4]]
    assert [html.unescape(name) for name in shown] == names, shown
    assert not any("<" in name for name in shown), shown
    broken = cmarkgfm.github_flavored_markdown_to_html("| a |\n|---|\n| a|b`c` |\n")
    assert "a|b`c`" not in broken, "the renderer takes markup for text"
    return "cmark-gfm"


# What version 15.0.6 of GitLab's schema for secret detection asks of what we write, in our own words:
# no registry has the schema itself.
TEXT = {"type": "string", "minLength": 1}
TIME = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$"}
LINK = {"type": "string", "pattern": "^(https?|ftp)://.+"}


def shape(required, **properties):
    return {"type": "object", "required": required, "properties": properties}


PROGRAM = shape(
    ["id", "name", "version", "vendor"], id=TEXT, name=TEXT, version=TEXT, url=LINK, vendor=shape(["name"], name=TEXT)
)
SCHEMA = shape(
    ["scan", "version", "vulnerabilities"],
    version={"type": "string", "pattern": r"^[0-9]+\.[0-9]+\.[0-9]+$"},
    scan=shape(
        ["analyzer", "end_time", "scanner", "start_time", "status", "type"],
        analyzer=PROGRAM,
        scanner=PROGRAM,
        start_time=TIME,
        end_time=TIME,
        status={"enum": ["success", "failure"]},
        type={"enum": ["secret_detection"]},
        messages={
            "type": "array",
            "items": shape(["level", "value"], level={"enum": ["info", "warn", "fatal"]}, value=TEXT),
        },
    ),
    vulnerabilities={
        "type": "array",
        "items": shape(
            ["id", "identifiers", "location"],
            id=TEXT,
            name={"type": "string", "maxLength": 255},
            description={"type": "string", "maxLength": 1048576},
            severity={"enum": ["Info", "Unknown", "Low", "Medium", "High", "Critical"]},
            solution={"type": "string", "maxLength": 7000},
            identifiers={
                "type": "array",
                "minItems": 1,
                "items": shape(["type", "name", "value"], type=TEXT, name=TEXT, value=TEXT, url=LINK),
            },
            links={"type": "array", "items": shape(["url"], url=LINK)},
            location=shape(
                ["commit"],
                file={"type": "string"},
                start_line={"type": "number"},
                end_line={"type": "number"},
                commit=shape(["sha"], sha=TEXT, author={"type": "string"}, message={"type": "string"}),
            ),
            raw_source_code_extract=False,
        ),
    },
)


def gitlab():
    Draft7Validator.check_schema(SCHEMA)
    validator = Draft7Validator(SCHEMA)
    whole = json.loads(report("gitlab"))
    for document in whole, json.loads(report("gitlab", "missing", status=2)):
        errors = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]
        assert not errors, errors
    assert [one["location"]["file"] for one in whole["vulnerabilities"]] == names
    broken = copy.deepcopy(whole)
    del broken["vulnerabilities"][0]["location"]["commit"]["sha"]
    broken["scan"]["end_time"] = "now"
    assert len(list(validator.iter_errors(broken))) == 2
    return "what the schema of GitLab says"


def github():
    """Reads workflow commands as the runner does."""
    lines = report("github").splitlines()
    commands = [re.fullmatch(r"::(error|warning|notice) (.*?)::(.*)", line) for line in lines if line[:2] == "::"]
    assert len(commands) == len(names) and all(commands), lines

    def plain(text):
        for code, character in {"%3A": ":", "%2C": ",", "%0A": "\n", "%0D": "\r", "%25": "%"}.items():
            text = text.replace(code, character)
        return text

    def file(command):
        pairs = dict(pair.split("=", 1) for pair in command[2].split(","))
        return plain(pairs["file"])

    assert [file(command) for command in commands] == names
    assert not any("##[" in line or "\x1b" in line for line in lines)
    return "a reader of workflow commands"


def sarif():
    path = folder.parent / "formats.sarif"
    path.write_text(report("sarif"))
    log = loader.load_sarif_file(str(path))
    records = log.get_records()
    assert len(records) == len(names), records
    assert {record["Line"] for record in records} == {2}
    assert sum(log.get_report().get_issue_count_for_severity(level) for level in ("error", "warning", "note")) == len(names)
    return "sarif-tools"


for check in junit, markdown, gitlab, github, sarif:
    print(f"{check.__name__}: {len(names)} findings, read by {check()}")
