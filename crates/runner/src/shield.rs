//! Keeping block code away from Baton's own state: what workers are told, and who said so.
//!
//! They do it themselves, with Landlock, before they import or run anything: see `python/baton/worker/shield.py`.

use std::path::{Path, PathBuf};

use baton_products::Products;
use serde_json::json;

/// Whether block code is kept away from Baton's state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Isolation {
    /// Where the kernel can do it and no block is kept from anything else.
    #[default]
    Auto,
    /// For certain: else no block runs. New files directly in a folder above the state are refused, too.
    On,
    /// It is not.
    Off,
}

/// The folder that block code is kept away from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shield {
    /// The folder of all state.
    pub state: PathBuf,
    /// How hard we try.
    pub isolation: Isolation,
}

impl Shield {
    /// What workers are started with; none where they are not to try.
    pub(crate) fn order(&self, library: &Path, products: &Products) -> Option<String> {
        if self.isolation == Isolation::Off {
            return None;
        }
        let order = json!({
            "state": self.state,
            "readable": [products.objects_folder()],
            // The interpreter keeps compiled modules beside those of the library.
            "writable": [products.staging_folder(), library],
            "forced": self.isolation == Isolation::On,
        });
        Some(order.to_string())
    }
}
