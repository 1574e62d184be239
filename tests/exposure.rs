//! Credentials handed to browsers and apps, by the name or the call that hands them over.

mod support;

use support::{Tree, found, scan};

/// The name of the credential, put together so that this file is none of those that expose it.
fn key() -> String {
    ["ANTHROPIC", "_API_KEY"].concat()
}

/// Files that expose it, and the line they do it on.
fn exposing() -> Vec<(&'static str, String)> {
    let key = key();
    vec![
        (".env", format!("NEXT_PUBLIC_{key}=${{OTHER}}\n")),
        (".env.example", format!("VITE_{key}=\n")),
        ("a.ts", format!("const key = import.meta.env.VITE_{key};\n")),
        ("b.js", format!("x(process.env.REACT_APP_{key})\n")),
        ("c.js", format!("x(process.env[\"GATSBY_{key}\"])\n")),
        ("d.ts", format!("const {{ EXPO_PUBLIC_{key}: key }} = process.env;\n")),
        ("e.svelte", format!("import {{ PUBLIC_{key} }} from '$env/static/public';\n")),
        ("f.yml", format!("env:\n  NUXT_PUBLIC_{key}: ${{{{ secrets.KEY }}}}\n")),
        ("Dockerfile", format!("FROM x\nARG NEXT_PUBLIC_{key}\n")),
        ("sub/Dockerfile", format!("FROM x\nENV NEXT_PUBLIC_{key} = $KEY\n")),
        ("vite.config.ts", format!("define: {{ 'process.env.{key}': JSON.stringify(process.env.{key}) }},\n")),
        ("g.min.js", "new Anthropic({apiKey:e,dangerously".to_owned() + "AllowBrowser:!0})\n"),
        (
            "h.tsx",
            "import Anthropic from 'x';\nconst c = new Anthropic({ apiKey, dangerously".to_owned()
                + "AllowBrowser: true });\n",
        ),
        (
            "i.jsx",
            "fetch(u, { headers: { 'x-api-key': k, 'anthropic-dangerous-".to_owned()
                + "direct-browser-access': 'true' } })\n",
        ),
        ("l.sh", format!("curl \"https://a.invalid/v1?api_key=${key}\"\n")),
        ("m.py", format!("get(f\"https://a.invalid/v1?b=1&key={{os.environ['{key}']}}\")\n")),
        ("n.ts", format!("fetch(`https://a.invalid/v1?key=${{process.env.{key}}}`)\n")),
        ("o.yml", format!("run: git clone https://u:${{{{ secrets.{key} }}}}@a.invalid/b\n")),
        ("j.js", "window.localStorage.setItem('anthropic".to_owned() + "_api_key', key)\n"),
        ("k.tsx", "sessionStorage.setItem(\"claude".to_owned() + "ApiKey\", key)\n"),
    ]
}

#[test]
fn what_hands_a_credential_to_a_browser_is_found() {
    let tree = Tree::new();
    let mut expected = Vec::new();
    for (name, text) in exposing() {
        tree.file(name, &text);
        expected.push(name);
    }
    expected.sort_unstable();
    let run = scan(&tree, &["--only", "anthropic-client-exposure", "."]);
    assert_eq!(run.each("path"), expected, "{run:#?}");
    assert_eq!(run.status, 1);
}

#[test]
fn the_name_is_shown_and_gives_the_fingerprint() {
    let tree = Tree::new();
    let name = format!("NEXT_PUBLIC_{}", key());
    tree.file("a.js", &format!("x(process.env.{name})\n")).file("b.env", &format!("\n{name}=x\n"));
    let run = scan(&tree, &["--only", "anthropic-client-exposure", "."]);
    let name = name.as_str();
    assert_eq!(run.each("secret"), [name, name]);
    assert_eq!(run.each("column"), ["15", "1"]);
    let fingerprints = run.each("fingerprint");
    assert_eq!(fingerprints[0], fingerprints[1]);
}

#[test]
fn what_only_speaks_of_it_is_not() {
    let tree = Tree::new();
    let key = key();
    for (at, text) in [
        format!("const key = process.env.{key};\n"),
        format!("{key}=${{OTHER}}\n"),
        format!("// never NEXT_PUBLIC_{key}=x\n"),
        format!("# NEXT_PUBLIC_{key}=x\n"),
        format!("throw new Error('NEXT_PUBLIC_{key} must not be set')\n"),
        format!("use(1) // process.env.NEXT_PUBLIC_{key}\n"),
        format!("process.env.NEXT_PUBLIC_{key}_ENABLED\n"),
        format!("process.env.NEXT_PUBLIC_{}\n", key.replace("API_KEY", "MODEL")),
        format!("process.env.MY_{key}\n"),
        "new OpenAI({ apiKey, dangerously".to_owned() + "AllowBrowser: true })\n",
        "new Anthropic({ apiKey, dangerously".to_owned() + "AllowBrowser: false })\n",
        "headers['x-api-key'] = k; headers['anthropic-dangerous-".to_owned() + "direct-browser-access'] = 'true';\n",
        format!("curl -H \"x-api-key: ${key}\" https://a.invalid/v1?b=1\n"),
        format!("fetch('https://a.invalid/v1?b=1', {{ headers: {{ 'x-api-key': process.env.{key} }} }})\n"),
        format!("url = f\"https://a.invalid/{{{key}}}\"\n"),
        "localStorage.setItem('claude".to_owned() + "_theme', theme)\n",
    ]
    .iter()
    .enumerate()
    {
        tree.file(format!("{at}.js"), text);
    }
    for (name, text) in exposing() {
        tree.file(format!("docs/{}.md", name.replace('/', "-")), &text);
    }
    assert_eq!(found(&tree, &["."]), [""; 0]);
}

#[test]
fn history_finds_it_too() {
    let tree = Tree::repo();
    for (name, text) in exposing() {
        tree.file(name, &text);
    }
    tree.git(&["add", "-Af"]).git(&["commit", "-qm", "x"]);
    let run = support::skant(&tree, &["history", "--format", "json", "--only", "anthropic-client-exposure"]);
    assert_eq!(run.findings().len(), exposing().len(), "{run:#?}");
}
