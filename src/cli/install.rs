//! `skant install` and `skant uninstall`: the hooks of a repository, or of all of them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Outcome, print, shown};
use crate::agent::{Agent, Settings};
use crate::error::Error;
use crate::file::read_regular;
use crate::git::{self, OpenRepo, Repo};
use crate::hook::{Author, Hook, Name, OTHERS};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// For all repositories of this user that have no hooks folder of their own
    #[arg(long)]
    global: bool,
    /// Which hook (repeatable; default: pre-commit and pre-push)
    #[arg(long = "hook", value_name = "NAME")]
    hooks: Vec<Name>,
    /// Into the settings of a coding assistant, and not into git's hooks (repeatable)
    #[arg(long = "agent", value_name = "NAME", conflicts_with = "hooks")]
    agents: Vec<Agent>,
}

#[derive(Debug, clap::Args)]
pub(super) struct UninstallArgs {
    /// For all repositories of this user
    #[arg(long)]
    global: bool,
    /// Out of the settings of a coding assistant (repeatable)
    #[arg(long = "agent", value_name = "NAME")]
    agents: Vec<Agent>,
}

/// Where hooks are.
pub(super) struct Place {
    pub(super) folder: PathBuf,
    /// The top of the work tree, where frameworks have their configuration.
    pub(super) root: PathBuf,
    /// Whether the folder is our own, for all repositories: git then does not look into theirs.
    pub(super) is_ours: bool,
    /// Whether other repositories have it too.
    is_shared: bool,
}

/// What runs skant in a hook.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Guard {
    /// Our script.
    Script,
    /// A line of a framework's configuration names it.
    Line(String),
    /// Somebody's script names it, and only running that would tell what it does.
    Unknown,
    /// Nothing; and what to add where, when it is a framework that runs the hooks.
    Nothing(Option<String>),
}

/// The most bytes a framework's configuration may have.
const LARGEST: u64 = 4 << 20;

pub(super) fn install(arguments: Args) -> Result<Outcome, Error> {
    if !arguments.agents.is_empty() {
        return install_agents(&arguments.agents, arguments.global);
    }
    let place = if arguments.global { Place::global()? } else { Place::of_repo()?.of_it_alone()? };
    let program = std::env::current_exe().map_err(|error| failed("cannot tell where skant is", &error))?;
    let names = if arguments.hooks.is_empty() { vec![Name::PreCommit, Name::PrePush] } else { arguments.hooks };
    for &name in &names {
        unedited(&place.hook(name))?;
    }
    let mut outcome = Outcome::Clean;
    for &name in &names {
        let hook = place.hook(name);
        let told = match place.guard(name) {
            Guard::Line(file) => format!("{} is configured already: {file} names skant", name.as_str()),
            Guard::Nothing(Some(advice)) => {
                outcome = Outcome::Failed;
                format!("{} is not installed: {advice}", name.as_str())
            }
            Guard::Script | Guard::Unknown | Guard::Nothing(None) => {
                let written = hook.install(Some(name), &program);
                written.map_err(|error| failed(&format!("cannot write {}", shown(&hook.file)), &error))?;
                let kept = if hook.kept().exists() { ", and runs what was there first" } else { "" };
                format!("{} is installed{kept}: {}", name.as_str(), shown(&hook.file))
            }
        };
        print(|out| writeln!(out, "{told}"))?;
    }
    if place.is_ours {
        place.keep_other_hooks(&names, &program)?;
        git::set_global_hooks(&place.folder).map_err(|error| Error::usage(error, "nothing else was changed"))?;
    }
    Ok(outcome)
}

pub(super) fn uninstall(arguments: UninstallArgs) -> Result<Outcome, Error> {
    if !arguments.agents.is_empty() {
        return uninstall_agents(&arguments.agents, arguments.global);
    }
    let place = if arguments.global { Place::global()? } else { Place::of_repo()?.of_it_alone()? };
    let names = Name::ALL.map(Name::as_str);
    let hooks = || names.into_iter().chain(OTHERS).map(|name| (name, Hook::new(&place.folder, name, place.is_ours)));
    hooks().try_for_each(|(_, hook)| unedited(&hook))?;
    let mut removed = 0;
    for (name, hook) in hooks() {
        let gone = hook.uninstall();
        if gone.map_err(|error| failed(&format!("cannot remove {}", shown(&hook.file)), &error))? {
            removed += 1;
            if names.contains(&name) {
                print(|out| writeln!(out, "{name} is taken out: {}", shown(&hook.file)))?;
            }
        }
    }
    if place.is_ours {
        git::unset_global_hooks(&place.folder).map_err(|error| Error::usage(error, "take the line out by hand"))?;
        let _ = fs::remove_dir(&place.folder);
    }
    if removed == 0 {
        print(|out| writeln!(out, "nothing to take out: no hook in {} is skant's", shown(&place.folder)))?;
    }
    Ok(Outcome::Clean)
}

fn install_agents(agents: &[Agent], is_global: bool) -> Result<Outcome, Error> {
    let program = agent_program();
    for &agent in agents {
        let settings = agent_settings(agent, is_global)?;
        let is_new = settings.install(&program).map_err(|why| unchanged(&settings.file, &why))?;
        let told = if is_new { "is installed" } else { "is installed already" };
        print(|out| {
            writeln!(out, "{} {told}: {}", agent.as_str(), shown(&settings.file))?;
            agent.needs().map_or(Ok(()), |needs| writeln!(out, "{needs}"))
        })?;
    }
    if program != "skant" {
        print(|out| writeln!(out, "the hook names {program}, which is not on the path: others have it elsewhere"))?;
    }
    Ok(Outcome::Clean)
}

fn uninstall_agents(agents: &[Agent], is_global: bool) -> Result<Outcome, Error> {
    for &agent in agents {
        let settings = agent_settings(agent, is_global)?;
        let is_gone = settings.uninstall().map_err(|why| unchanged(&settings.file, &why))?;
        let told = if is_gone { "is taken out" } else { "is not in it, nothing to take out" };
        print(|out| writeln!(out, "{} {told}: {}", agent.as_str(), shown(&settings.file)))?;
    }
    Ok(Outcome::Clean)
}

/// The settings of an assistant, for this project or for the user.
pub(super) fn agent_settings(agent: Agent, is_global: bool) -> Result<Settings, Error> {
    if is_global {
        return agent.user_settings().ok_or_else(|| Error::usage("there is no home directory", "set HOME"));
    }
    let here = std::env::current_dir().map_err(|error| failed("cannot tell where this is", &error))?;
    let root = Repo::around(&here).map_or(here, |repo| repo.root().to_owned());
    Ok(agent.settings(&root))
}

/// How a client calls skant: by its name, where that finds this program; settings are shared.
fn agent_program() -> String {
    let this = std::env::current_exe().and_then(fs::canonicalize).ok();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).find_map(|folder| fs::canonicalize(folder.join("skant")).ok());
    match this.as_deref().and_then(Path::to_str) {
        Some(this) if on_path.as_deref() != Some(Path::new(this)) => format!("'{}'", this.replace('\'', "'\\''")),
        _ => "skant".to_owned(),
    }
}

fn unchanged(file: &Path, why: &str) -> Error {
    let message = format!("{} was not changed: {why}", shown(file));
    Error::usage(message, "mend the file, or write the hooks into it by hand: docs/agents.md has them")
}

impl Place {
    /// The folder in which git looks for the hooks of the repository around us.
    pub(super) fn of_repo() -> Result<Place, Error> {
        let repo =
            OpenRepo::current().map_err(|error| Error::usage(error, "start in a git repository, or with `-C`"))?;
        let root = repo.root().to_owned();
        let Some((folder, is_own)) = repo.hooks_setting() else {
            return Ok(Place { folder: repo.common_dir().join("hooks"), root, is_ours: false, is_shared: false });
        };
        let folder = root.join(folder);
        let is_ours = our_folder().is_some_and(|ours| ours == folder);
        Ok(Place { folder, root, is_ours, is_shared: !is_own || is_ours })
    }

    /// The same, unless other repositories have it too.
    fn of_it_alone(self) -> Result<Place, Error> {
        if self.is_shared {
            let message = format!("the hooks of all your repositories are in {} (core.hooksPath)", shown(&self.folder));
            return Err(Error::usage(message, "`--global` puts skant there, or takes it out"));
        }
        Ok(self)
    }

    /// The folder for all repositories: the one that is set, or our own.
    fn global() -> Result<Place, Error> {
        let ours = our_folder().ok_or_else(|| Error::usage("there is no home directory", "set HOME"))?;
        let folder = git::global_hooks().unwrap_or_else(|| ours.clone());
        let is_ours = folder == ours;
        Ok(Place { root: folder.clone(), folder, is_ours, is_shared: true })
    }

    pub(super) fn hook(&self, name: Name) -> Hook {
        Hook::new(&self.folder, name.as_str(), self.is_ours)
    }

    /// git does not look into a repository's own folder once there is one for all: what is there is
    /// called all the same.
    fn keep_other_hooks(&self, but: &[Name], program: &Path) -> Result<(), Error> {
        let names = Name::ALL.into_iter().filter(|name| !but.contains(name)).map(Name::as_str);
        for name in names.chain(OTHERS) {
            let hook = Hook::new(&self.folder, name, true);
            if hook.author() == Author::Nobody {
                let written = hook.install(None, program);
                written.map_err(|error| failed(&format!("cannot write {}", shown(&hook.file)), &error))?;
            }
        }
        Ok(())
    }

    /// What runs skant in a hook.
    pub(super) fn guard(&self, name: Name) -> Guard {
        let hook = self.hook(name);
        let command = name.command();
        let id = match name {
            Name::PreCommit | Name::PreMergeCommit => "skant",
            Name::CommitMsg => "skant-msg",
            Name::PrePush => "skant-push",
        };
        if let Some(husky) = self.husky() {
            let script = Hook::new(&husky, name.as_str(), false);
            return self.framework(&script.file, &|text| text.contains("skant hook "), || {
                format!("husky runs the hooks here; add this line to .husky/{}:\n\n    {command}\n", name.as_str())
            });
        }
        match hook.author() {
            Author::Skant if hook.is_executable() && hook.says("\"$skant\" hook") => Guard::Script,
            Author::PreCommit => {
                self.framework(&self.root.join(".pre-commit-config.yaml"), &|text| has_id(text, id), || {
                    format!(
                        "pre-commit runs the hooks here; add this to the repos of .pre-commit-config.yaml:\n\n    \
                     - repo: {}\n      rev: v{}\n      hooks:\n        - id: {id}\n",
                        env!("CARGO_PKG_REPOSITORY"),
                        env!("CARGO_PKG_VERSION"),
                    )
                })
            }
            Author::Lefthook => self.lefthook(name),
            Author::Nobody | Author::Other if self.lefthook_file().is_some() => self.lefthook(name),
            Author::Nobody | Author::Skant | Author::Other | Author::Husky => {
                let is_other = !matches!(hook.author(), Author::Nobody | Author::Skant);
                if is_other && hook.is_executable() && hook.says("skant") {
                    return Guard::Unknown;
                }
                Guard::Nothing(None)
            }
        }
    }

    /// Whether git runs a framework's hook.
    pub(super) fn has_framework(&self, name: Name) -> bool {
        let hook = self.hook(name);
        let is_framework = self.husky().is_some() || matches!(hook.author(), Author::PreCommit | Author::Lefthook);
        is_framework && hook.is_executable()
    }

    /// The folder with a user's own scripts when husky has set the one for hooks.
    fn husky(&self) -> Option<PathBuf> {
        let is_husky = |folder: &Path| folder.file_name().is_some_and(|name| name == ".husky");
        let folder = if self.folder.ends_with("_") { self.folder.parent()? } else { &self.folder };
        is_husky(folder).then(|| folder.to_owned())
    }

    fn lefthook_file(&self) -> Option<PathBuf> {
        let names =
            ["lefthook.yml", "lefthook.yaml", ".lefthook.yml", ".lefthook.yaml", "lefthook.toml", "lefthook.json"];
        names.iter().map(|name| self.root.join(name)).find(|file| file.is_file())
    }

    fn lefthook(&self, name: Name) -> Guard {
        let file = self.lefthook_file().unwrap_or_else(|| self.root.join("lefthook.yml"));
        let command = name.command().replace("\"$1\"", "{1}").replace("\"$@\"", "{1} {2}");
        let stdin = if name == Name::PrePush { "          use_stdin: true\n" } else { "" };
        self.framework(&file, &|text| text.contains(&command), || {
            let hook = name.as_str();
            format!(
                "lefthook runs the hooks here; add this to lefthook.yml:\n\n    {hook}:\n      commands:\n        \
                 skant:\n          run: {command}\n{stdin}"
            )
        })
    }

    fn framework(&self, file: &Path, runs: &dyn Fn(&str) -> bool, advice: impl FnOnce() -> String) -> Guard {
        let text = read_regular(file, LARGEST).unwrap_or_default();
        if runs(&without_comments(&String::from_utf8_lossy(&text))) {
            Guard::Line(shown(file.strip_prefix(&self.root).unwrap_or(file)))
        } else {
            Guard::Nothing(Some(advice()))
        }
    }
}

/// What counts in a script or a configuration.
fn without_comments(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    lines.flat_map(|line| [line.split(" #").next().unwrap_or(line), "\n"]).collect()
}

/// Whether pre-commit's configuration has a hook, or its twin for a binary on the path.
fn has_id(text: &str, id: &str) -> bool {
    let ids = text.split("id:").skip(1).filter_map(|rest| rest.split_whitespace().next());
    ids.map(|found| found.trim_matches(['"', '\'', ','])).any(|found| found.trim_end_matches("-system") == id)
}

/// Our own folder for the hooks of all repositories.
fn our_folder() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = set("XDG_CONFIG_HOME").or_else(|| set("HOME").map(|home| home.join(".config")))?;
    Some(folder.join("skant/hooks"))
}

/// Refuses to lose what somebody wrote into our script.
fn unedited(hook: &Hook) -> Result<(), Error> {
    if hook.is_edited() {
        let message = format!("{} was edited since skant wrote it: nothing was changed", shown(&hook.file));
        return Err(Error::usage(message, "take skant's lines out of it by hand, and keep your own"));
    }
    Ok(())
}

fn failed(message: &str, error: &io::Error) -> Error {
    Error::usage(format!("{message}: {error}"), "what was done before this is in place")
}
