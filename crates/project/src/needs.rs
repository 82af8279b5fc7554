//! Modules that a project needs without importing them: what pandas reads some formats with, and what extension
//! blocks run on.

use std::collections::BTreeSet;

use crate::project::Project;

/// Words in a Python file that name a format, and the module that reads and writes it. Lower case.
const FORMATS: [(&str, &[&str]); 3] = [
    (
        "openpyxl",
        &[
            ".xlsx",
            "read_excel",
            "to_excel",
            "fileformat.excel",
            "'excel'",
            "\"excel\"",
        ],
    ),
    (
        "lxml",
        &[
            "read_xml",
            "to_xml",
            "fileformat.xml",
            ".xml'",
            ".xml\"",
            "'xml'",
            "\"xml\"",
        ],
    ),
    (
        "tables",
        &[
            ".hdf5",
            "read_hdf",
            "to_hdf",
            "hdfstore",
            "fileformat.hdf5",
            "'hdf5'",
            "\"hdf5\"",
        ],
    ),
];

impl Project {
    /// Modules that any Python file of the project imports, and those that what it uses needs besides.
    pub fn all_imports(&self) -> BTreeSet<String> {
        let mut modules = self.sources().all();
        modules.extend(of_pipelines(self));
        modules
    }
}

/// The modules that the formats named in a Python file need.
pub(crate) fn of_text(text: &str) -> BTreeSet<&'static str> {
    let text = text.to_ascii_lowercase();
    FORMATS
        .iter()
        .filter(|(_, words)| words.iter().any(|word| text.contains(word)))
        .map(|(module, _)| *module)
        .collect()
}

/// The modules that the extension blocks of a project's pipelines need.
fn of_pipelines(project: &Project) -> BTreeSet<String> {
    let mut modules = BTreeSet::new();
    for uuid in project.pipeline_uuids() {
        let file = project.pipeline_path(&uuid);
        // Most pipelines have no extensions, and searching is quicker than reading them.
        let mentions = project.read_text(&file).ok().flatten();
        if !mentions.is_some_and(|text| text.contains("great_expectations")) {
            continue;
        }
        let blocks = project.pipeline(&uuid).map(|pipeline| pipeline.extensions);
        modules.extend(
            blocks
                .unwrap_or_default()
                .into_iter()
                .filter_map(|block| block.extension),
        );
    }
    modules
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_name_what_reads_them() {
        for (text, expected) in [
            ("FileIO().load('a.XLSX')", vec!["openpyxl"]),
            ("export(df, format=FileFormat.EXCEL)", vec!["openpyxl"]),
            ("pd.read_excel(path)", vec!["openpyxl"]),
            (
                "load('a.xml'); df.to_hdf('x.hdf5', key='a')",
                vec!["lxml", "tables"],
            ),
            ("'a.csv' # excellent", vec![]),
        ] {
            let found: Vec<_> = of_text(text).into_iter().collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn extension_blocks_need_their_library() {
        let folder = tempfile::tempdir().unwrap();
        let put = |path: &str, text: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        put("metadata.yaml", "");
        put("a.py", "import requests\nrequests.get('b.xlsx')\n");
        put(
            "pipelines/bare/metadata.yaml",
            "uuid: bare\nextensions: {great_expectations: {blocks: []}}\n",
        );
        let project = Project::open(folder.path()).unwrap();
        let all: Vec<_> = project.all_imports().into_iter().collect();
        assert_eq!(all, ["openpyxl", "requests"]);
        put(
            "pipelines/checked/metadata.yaml",
            "uuid: checked\nblocks:\n- {uuid: a, type: custom}\nextensions:\n  great_expectations:\n    blocks:\n    - {uuid: e, type: extension, extension_uuid: great_expectations, upstream_blocks: [a]}\n",
        );
        let project = Project::open(folder.path()).unwrap();
        assert!(project.all_imports().contains("great_expectations"));
    }
}
