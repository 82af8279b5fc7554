//! Facts about Python source, found by parsing and never by running: imports, decorated functions, syntax errors,
//! connection profiles and data files that the code names.
//!
//! What cannot be seen without running (a name put together from pieces, a file path in a variable) is left out:
//! the facts are for choosing packages and for warnings that are right.

use std::collections::{BTreeSet, HashMap, HashSet};

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{Arguments, Decorator, Expr, ExprCall, Parameters, Stmt, StmtFunctionDef};
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};
use ruff_text_size::{Ranged, TextSize};

use crate::needs;
use crate::yaml::Mark;

/// A longer text is not parsed: its syntax tree could need more stack than there is.
const MAX_BYTES: usize = 512 << 10;
/// Stack that walking a syntax tree needs for each byte of its text, in the worst case, and to begin with.
const STACK_PER_BYTE: usize = 1_536;
const STACK: usize = 512 << 10;

/// What a Python file says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceFacts {
    /// Modules that it imports anywhere, with dots, sorted: `pandas`, `google.cloud`.
    pub imports: Vec<String>,
    /// The first syntax error.
    pub syntax_error: Option<SourceError>,
    /// Names of all decorators, sorted: `data_loader`, `test`.
    pub decorators: Vec<String>,
    /// Functions with decorators, in the order of the file.
    pub functions: Vec<DecoratedFunction>,
    /// Uses of a connection profile.
    pub profiles: Vec<ProfileUse>,
    /// Data files that it reads, named in the call itself.
    pub files_read: Vec<FileUse>,
    /// Every other text in it that could be the name of a file.
    pub(crate) mentions: BTreeSet<String>,
    /// Modules that the formats of files it names need.
    pub(crate) formats: BTreeSet<&'static str>,
    /// `a.b.c` for every `from a.b import c`: modules that may be meant.
    pub(crate) members: BTreeSet<String>,
    /// Relative imports: the number of dots, and what follows them.
    pub(crate) relative: BTreeSet<(u32, String)>,
    /// Whether the text was too long to look at.
    pub is_unknown: bool,
}

/// Where a text stops being Python.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceError {
    /// The place.
    pub mark: Mark,
    /// What is wrong there.
    pub message: String,
}

/// A function with decorators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecoratedFunction {
    /// Its name.
    pub name: String,
    /// Where its definition starts.
    pub mark: Mark,
    /// Names of its decorators, the outermost first.
    pub decorators: Vec<String>,
    /// Whether it stands at the top of the file, under no condition.
    pub is_top_level: bool,
    /// Positional parameters without default.
    pub required: usize,
    /// All positional parameters.
    pub positional: usize,
    /// Whether it takes further positional arguments.
    pub has_var_args: bool,
}

/// A use of a connection profile: `ConfigFileLoader(path, 'profile')`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileUse {
    /// The profile; none when only running the code can tell.
    pub profile: Option<String>,
    /// Where.
    pub mark: Mark,
}

/// A data file that a call reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileUse {
    /// The path as it is written.
    pub path: String,
    /// Where.
    pub mark: Mark,
}

/// Finds the facts of a text.
pub fn facts(text: &str) -> SourceFacts {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.len() > MAX_BYTES {
        return SourceFacts {
            is_unknown: true,
            ..SourceFacts::default()
        };
    }
    // A tree may be as deep as its text is long, and both walking and dropping it recurse.
    let stack = STACK + text.len() * STACK_PER_BYTE;
    let facts = stacker::maybe_grow(stack, stack, || parse(text));
    SourceFacts {
        formats: needs::of_text(text),
        ..facts
    }
}

fn parse(text: &str) -> SourceFacts {
    let parsed = parse_unchecked(text, ParseOptions::from(Mode::Module));
    let lines = Lines::new(text);
    let mut finder = Finder {
        lines: &lines,
        facts: SourceFacts::default(),
        imports: BTreeSet::new(),
        aliases: HashMap::new(),
        texts: HashMap::new(),
        profiles: Vec::new(),
        names_io_config: false,
        taken: HashSet::new(),
        decorators: BTreeSet::new(),
        depth: 0,
    };
    if let Some(module) = parsed.syntax().as_module() {
        finder.visit_body(&module.body);
    }
    let mut facts = finder.finish();
    facts.syntax_error = parsed.errors().first().map(|error| SourceError {
        mark: lines.mark(error.location.start()),
        message: error.error.to_string(),
    });
    facts
}

/// Byte offsets → lines and columns.
struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        let starts = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at + 1))
            .collect();
        Self { text, starts }
    }

    fn mark(&self, offset: TextSize) -> Mark {
        let offset = offset.to_usize();
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts.get(line - 1).copied().unwrap_or(0);
        let before = self.text.get(start..offset).unwrap_or_default();
        Mark {
            line: line as u32,
            column: before.chars().count() as u32 + 1,
        }
    }
}

/// A profile argument before the file has been read to its end.
enum ProfileArgument {
    Text(String),
    Name(String),
    Unknown,
}

struct Finder<'a> {
    lines: &'a Lines<'a>,
    facts: SourceFacts,
    imports: BTreeSet<String>,
    /// Local names of imported things: `dl` → `data_loader`.
    aliases: HashMap<String, String>,
    /// Names that are assigned one text throughout the file; none for those that are assigned something else too.
    texts: HashMap<String, Option<String>>,
    profiles: Vec<(ProfileArgument, bool, Mark)>,
    names_io_config: bool,
    /// Starts of texts that are the path of a reading call.
    taken: HashSet<TextSize>,
    decorators: BTreeSet<String>,
    depth: usize,
}

impl Finder<'_> {
    fn finish(self) -> SourceFacts {
        let mut facts = self.facts;
        facts.imports = self.imports.into_iter().collect();
        facts.decorators = self.decorators.into_iter().collect();
        for (argument, has_path, mark) in self.profiles {
            // A loader of another file than the project's says nothing about its profiles.
            if has_path && !self.names_io_config {
                continue;
            }
            let profile = match argument {
                ProfileArgument::Text(text) => Some(text),
                ProfileArgument::Name(name) => self.texts.get(&name).cloned().flatten(),
                ProfileArgument::Unknown => None,
            };
            facts.profiles.push(ProfileUse { profile, mark });
        }
        facts
    }

    /// The last part of a dotted name, an alias resolved.
    fn name_of(&self, expression: &Expr) -> Option<String> {
        match expression {
            Expr::Name(name) => {
                let id = name.id.as_str();
                Some(
                    self.aliases
                        .get(id)
                        .cloned()
                        .unwrap_or_else(|| id.to_owned()),
                )
            }
            Expr::Attribute(attribute) => Some(attribute.attr.to_string()),
            _ => None,
        }
    }

    /// The name of a decorator, also of one that is called: `@callback('success')`.
    fn decorator_name(&self, decorator: &Decorator) -> Option<String> {
        match &decorator.expression {
            Expr::Call(call) => self.name_of(&call.func),
            other => self.name_of(other),
        }
    }

    fn decorator_names(&mut self, decorators: &[Decorator]) -> Vec<String> {
        let names: Vec<String> = decorators
            .iter()
            .map(|decorator| self.decorator_name(decorator).unwrap_or_default())
            .collect();
        self.decorators
            .extend(names.iter().filter(|name| !name.is_empty()).cloned());
        names
    }

    fn function(&mut self, function: &StmtFunctionDef) {
        if function.decorator_list.is_empty() {
            return;
        }
        let decorators = self.decorator_names(&function.decorator_list);
        let (required, positional, has_var_args) = count(&function.parameters);
        self.facts.functions.push(DecoratedFunction {
            name: function.name.to_string(),
            mark: self.lines.mark(function.name.start()),
            decorators,
            is_top_level: self.depth == 0,
            required,
            positional,
            has_var_args,
        });
    }

    fn import(&mut self, statement: &Stmt) {
        match statement {
            Stmt::Import(import) => {
                for alias in &import.names {
                    self.imports.insert(alias.name.to_string());
                }
            }
            Stmt::ImportFrom(import) => {
                let module = import
                    .module
                    .as_ref()
                    .map(ToString::to_string)
                    .unwrap_or_default();
                for alias in &import.names {
                    let name = alias.name.as_str();
                    if let Some(local) = &alias.asname {
                        self.aliases.insert(local.to_string(), name.to_owned());
                    }
                    let member = if module.is_empty() {
                        name.to_owned()
                    } else {
                        format!("{module}.{name}")
                    };
                    if import.level > 0 {
                        self.facts.relative.insert((import.level, member));
                    } else if name != "*" {
                        self.facts.members.insert(member);
                    }
                }
                if import.level > 0 {
                    self.facts.relative.insert((import.level, module));
                } else {
                    self.imports.insert(module);
                }
            }
            _ => {}
        }
    }

    fn assign(&mut self, target: &Expr, value: Option<&Expr>) {
        let Expr::Name(name) = target else {
            return;
        };
        let text = value.and_then(literal);
        self.texts
            .entry(name.id.to_string())
            .and_modify(|known| {
                if *known != text {
                    *known = None;
                }
            })
            .or_insert(text);
    }

    fn call(&mut self, call: &ExprCall) {
        let Some(name) = self.name_of(&call.func) else {
            return;
        };
        let arguments = &call.arguments;
        match name.as_str() {
            "import_module" | "__import__" => {
                let module = argument(arguments, 0, &["name"]).and_then(literal);
                let is_absolute = |module: &String| !module.is_empty() && !module.starts_with('.');
                self.imports.extend(module.filter(is_absolute));
            }
            "ConfigFileLoader" if argument(arguments, 2, &["config"]).is_none() => {
                let path = argument(arguments, 0, &["filepath"]);
                let profile = match argument(arguments, 1, &["profile"]) {
                    None => ProfileArgument::Text("default".to_owned()),
                    Some(Expr::Name(name)) => ProfileArgument::Name(name.id.to_string()),
                    Some(other) => {
                        literal(other).map_or(ProfileArgument::Unknown, ProfileArgument::Text)
                    }
                };
                let mark = self.lines.mark(call.start());
                self.profiles.push((profile, path.is_some(), mark));
            }
            _ => {
                self.reading_call(&name, call);
                // `data_loader(lambda: ...)` decorates without a decorator.
                if matches!(&*call.func, Expr::Name(_)) && arguments.args.len() == 1 {
                    self.decorators.insert(name);
                }
            }
        }
    }

    fn reading_call(&mut self, name: &str, call: &ExprCall) {
        let arguments = &call.arguments;
        let reads = match (name, &*call.func) {
            (
                "read_csv" | "read_parquet" | "read_json" | "read_excel" | "read_feather"
                | "read_table" | "read_ipc" | "scan_csv" | "scan_parquet" | "scan_ipc",
                Expr::Attribute(_),
            ) => true,
            ("open", Expr::Name(_)) => match argument(arguments, 1, &["mode"]) {
                None => true,
                Some(mode) => {
                    literal(mode).is_some_and(|mode| mode.starts_with('r') && !mode.contains('+'))
                }
            },
            ("load", Expr::Attribute(attribute)) => {
                matches!(&*attribute.value, Expr::Call(inner) if self.name_of(&inner.func).as_deref() == Some("FileIO"))
            }
            _ => false,
        };
        let path = argument(
            arguments,
            0,
            &[
                "filepath_or_buffer",
                "path",
                "io",
                "source",
                "file",
                "filepath",
            ],
        );
        if let (true, Some(expression)) = (reads, path)
            && let Some(path) = literal(expression)
        {
            self.taken.insert(expression.start());
            self.facts.files_read.push(FileUse {
                path,
                mark: self.lines.mark(expression.start()),
            });
        }
    }
}

impl<'a> Visitor<'a> for Finder<'_> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::Import(_) | Stmt::ImportFrom(_) => self.import(statement),
            Stmt::FunctionDef(function) => self.function(function),
            Stmt::ClassDef(class) => {
                self.decorator_names(&class.decorator_list);
            }
            Stmt::Assign(assign) => {
                for target in &assign.targets {
                    self.assign(target, Some(&assign.value));
                }
            }
            Stmt::AnnAssign(assign) => self.assign(&assign.target, assign.value.as_deref()),
            _ => {}
        }
        self.depth += 1;
        visitor::walk_stmt(self, statement);
        self.depth -= 1;
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Call(call) => self.call(call),
            Expr::StringLiteral(text) => {
                let value = text.value.to_str();
                self.names_io_config |= value.ends_with("io_config.yaml");
                let is_file_name = value.len() < 512
                    && value.contains('.')
                    && !value.contains(char::is_whitespace);
                if is_file_name && !self.taken.contains(&text.start()) {
                    self.facts.mentions.insert(value.to_owned());
                }
            }
            _ => {}
        }
        visitor::walk_expr(self, expression);
    }
}

fn literal(expression: &Expr) -> Option<String> {
    match expression {
        Expr::StringLiteral(text) => Some(text.value.to_str().to_owned()),
        _ => None,
    }
}

/// The argument at a position, or with one of these names. None after `*args`, when nobody can tell.
fn argument<'a>(arguments: &'a Arguments, position: usize, names: &[&str]) -> Option<&'a Expr> {
    let positional = arguments.args.iter().take(position + 1);
    if positional.clone().any(Expr::is_starred_expr) {
        return None;
    }
    let keyword = |name: &&str| arguments.find_keyword(name).map(|keyword| &keyword.value);
    positional
        .into_iter()
        .nth(position)
        .or_else(|| names.iter().find_map(keyword))
}

/// Required positional parameters, all positional ones, and whether there are further ones.
fn count(parameters: &Parameters) -> (usize, usize, bool) {
    let positional = parameters.posonlyargs.iter().chain(&parameters.args);
    (
        positional
            .clone()
            .filter(|parameter| parameter.default.is_none())
            .count(),
        positional.count(),
        parameters.vararg.is_some(),
    )
}

#[cfg(test)]
mod tests;
