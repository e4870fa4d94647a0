//! What a bench found, beside what was aimed at.

use std::io::{self, Write as _};

/// Prints findings, and remembers whether a target was missed.
#[derive(Debug, Default)]
pub struct Verdict {
    missed: Vec<String>,
}

impl Verdict {
    /// A line without a target. Whoever reads only the first lines ends nothing.
    pub fn say(&mut self, line: &str) {
        let _ = writeln!(io::stdout(), "{line}");
    }

    /// A finding that must hold.
    pub fn judge(&mut self, holds: bool, finding: &str) {
        self.say(&format!("  {}  {finding}", if holds { "ok    " } else { "MISSED" }));
        if !holds {
            self.missed.push(finding.to_owned());
        }
    }

    /// What was missed.
    #[must_use]
    pub fn missed(&self) -> &[String] {
        &self.missed
    }
}
