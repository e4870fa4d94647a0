//! What a bench found, beside what was aimed at.

/// Prints findings, and remembers whether a target was missed.
#[derive(Debug, Default)]
pub struct Verdict {
    missed: Vec<String>,
}

impl Verdict {
    /// A line without a target.
    #[expect(clippy::print_stdout, reason = "a bench prints what it measures")]
    pub fn say(&mut self, line: &str) {
        println!("{line}");
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
