//! Temporary.
#![allow(
    clippy::all,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::print_stdout
)]
fn main() {
    for line in std::io::stdin().lines() {
        let text: String = serde_json::from_str(&line.unwrap()).unwrap();
        match baton_project::yaml::parse(&text) {
            Ok(d) => println!("{}", serde_json::json!({"ok": d.root.to_json()})),
            Err(e) => println!("{}", serde_json::json!({"err": e.to_string()})),
        }
    }
}
