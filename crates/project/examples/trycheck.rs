//! Temporary.
#![allow(
    clippy::all,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::print_stdout
)]
fn main() {
    for arg in std::env::args().skip(1) {
        let t = std::time::Instant::now();
        let p = baton_project::Project::open(arg.as_ref()).unwrap();
        let a = t.elapsed();
        let problems = baton_project::check(&p);
        let b = t.elapsed();
        let t2 = std::time::Instant::now();
        let imports = p.all_imports();
        println!(
            "== {arg} pipelines {} open {a:?} check {b:?} imports {} {:?} problems {}",
            p.pipeline_uuids().len(),
            imports.len(),
            t2.elapsed(),
            problems.len()
        );
        for x in &problems {
            println!(
                "  {:?} {} {}: {} [{}] ({})",
                x.severity,
                x.code,
                x.place(),
                x.message,
                x.block.as_ref().map_or("", |b| b.as_str()),
                x.hint.as_deref().unwrap_or("")
            );
        }
    }
}
