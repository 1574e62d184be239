//! `skant mcp`: a server of the Model Context Protocol on standard input and output, by which an
//! assistant can ask for a scan before it writes something down. It ends with its input.

use std::path::Path;
use std::sync::Arc;

use rmcp::handler::server::ServerHandler;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, CustomRequest, CustomResult, ErrorCode,
    Implementation, JsonObject, ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::{RequestContext, RoleServer};
use rmcp::{ErrorData, ServiceExt};
use serde_json::{Value, json};

use super::Outcome;
use super::policy::committed;
use crate::error::Error;
use crate::finding::inert;
use crate::ledger::Ledger;
use crate::report::{Format, Style};
use crate::rule::{Confidence, Rule, Severity};
use crate::run::{Engine, Wanted};
use crate::source::{Source, Staged, Text};

/// Serves until standard input ends.
pub(super) fn run() -> Result<Outcome, Error> {
    let failed = |error: &dyn std::fmt::Display| {
        Error::usage(format!("cannot serve: {error}"), "an assistant's client starts this, and talks to it in JSON")
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| failed(&error))?;
    let served = runtime.block_on(async {
        let running = Server.serve(rmcp::transport::stdio()).await.map_err(|error| failed(&error))?;
        running.waiting().await.map_err(|error| failed(&error))
    });
    // A read of standard input that is still waiting is nobody's concern.
    runtime.shutdown_background();
    served.map(|_| Outcome::Clean)
}

struct Server;

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION")))
            .with_instructions(
                "Finds leaked credentials, offline. Scan text before you write it to a file or send it anywhere; \
                 secrets in the answers are masked.",
            )
    }

    fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> impl Future<Output = Result<ListToolsResult, ErrorData>> + Send + '_ {
        std::future::ready(Ok(ListToolsResult { tools: tools(), ..ListToolsResult::default() }))
    }

    fn call_tool(
        &self,
        call: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> impl Future<Output = Result<CallToolResponse, ErrorData>> + Send + '_ {
        let arguments = call.arguments.unwrap_or_default();
        let answer = match call.name.as_ref() {
            "scan_text" => self.scan_text(&arguments),
            "scan_staged" => self.scan_staged(&arguments),
            "explain_rule" => self.explain_rule(&arguments),
            other => return std::future::ready(Err(no_such_tool(other))),
        };
        let result = match answer {
            Ok(text) => CallToolResult::success(vec![ContentBlock::text(text)]),
            Err(why) => CallToolResult::error(vec![ContentBlock::text(why)]),
        };
        std::future::ready(Ok(result.into()))
    }

    /// What was asked for is not repeated: it may be anything.
    fn on_custom_request(
        &self,
        _: CustomRequest,
        _: RequestContext<RoleServer>,
    ) -> impl Future<Output = Result<CustomResult, ErrorData>> + Send + '_ {
        std::future::ready(Err(ErrorData::new(ErrorCode::METHOD_NOT_FOUND, "there is no such method", None)))
    }
}

/// What a model is told of each tool.
fn tools() -> Vec<Tool> {
    let tool = |name, description, properties: Value, required: &[&str]| {
        let schema =
            json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false });
        Tool::new(name, description, object(schema))
    };
    vec![
        tool(
            "scan_text",
            "Looks for credentials in a text. Answers with a JSON report in which they are masked.",
            json!({
                "text": { "type": "string", "description": "The text" },
                "filename": { "type": "string", "description": "The name of the file it is, or will be, in" },
            }),
            &["text"],
        ),
        tool(
            "scan_staged",
            "Looks for credentials in what the next commit of this repository would record. Answers with a JSON report.",
            json!({}),
            &[],
        ),
        tool(
            "explain_rule",
            "Tells what a rule finds, how bad a leak of it is, and what to do about it.",
            json!({ "rule": { "type": "string", "description": "Its id, as in a report" } }),
            &["rule"],
        ),
    ]
}

fn object(value: Value) -> Arc<JsonObject> {
    match value {
        Value::Object(object) => Arc::new(object),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Arc::default(),
    }
}

impl Server {
    fn scan_text(&self, arguments: &JsonObject) -> Result<String, String> {
        let [text, filename] = strings(arguments, ["text", "filename"])?;
        let text = text.ok_or("`text` is missing: the text to scan")?;
        // A mark in what the assistant is going to write is its own word.
        scan(&Text { name: filename, text }, false)
    }

    fn scan_staged(&self, arguments: &JsonObject) -> Result<String, String> {
        let [] = strings(arguments, [])?;
        let staged = Staged::open(&[]).map_err(|error| inert(&error.to_string()))?;
        scan(&staged, true)
    }

    fn explain_rule(&self, arguments: &JsonObject) -> Result<String, String> {
        let [id] = strings(arguments, ["rule"])?;
        let id = id.ok_or("`rule` is missing: the id of a rule, as in a report")?;
        let (_, rules) = committed(Path::new("."), None).map_err(|error| inert(&error.to_string()))?;
        let rule: &Rule = rules.get(&id).ok_or("there is no rule of that id")?;
        let Rule { id, name, provider, severity, confidence, help, help_url, .. } = rule;
        let told = json!({
            "id": id, "name": name, "provider": provider, "severity": severity.as_str(),
            "confidence": confidence.as_str(), "help": help, "help_url": help_url,
        });
        Ok(format!("{told:#}"))
    }
}

/// Scans by the rules and the policy that the last commit has of the repository that the server was started in.
fn scan(source: &dyn Source, inline: bool) -> Result<String, String> {
    let (policy, rules) = committed(Path::new("."), None).map_err(|error| inert(&error.to_string()))?;
    let wanted = Wanted { severity: Severity::Low, confidence: Confidence::Medium, explain: false, inline };
    let report = Engine::new(rules, wanted).run(source, &policy, &Ledger::default());
    let mut bytes = Vec::new();
    Format::Json.write(&report, &Style::default(), &mut bytes).map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|error| error.to_string())
}

/// The arguments of these names, which are all there may be.
fn strings<const N: usize>(arguments: &JsonObject, names: [&str; N]) -> Result<[Option<String>; N], String> {
    if arguments.keys().any(|key| !names.contains(&key.as_str())) {
        let known = if N == 0 { "none".to_owned() } else { format!("`{}`", names.join("`, `")) };
        return Err(format!("there is an argument that is not known; those that are: {known}"));
    }
    let mut values = [const { None }; N];
    for (value, name) in values.iter_mut().zip(names) {
        *value = match arguments.get(name) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text.clone()),
            Some(_) => return Err(format!("`{name}` is no string")),
        };
    }
    Ok(values)
}

/// The name is not repeated: it may be anything.
fn no_such_tool(_: &str) -> ErrorData {
    ErrorData::invalid_params("there is no tool of that name: scan_text, scan_staged, explain_rule", None)
}
