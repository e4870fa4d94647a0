use std::env;
use std::path::Path;

use super::settings::Settings;

/// What a person needs to know once everything runs. `cards` is the twin's own list of test cards.
pub(super) fn text(settings: &Settings, twin: &Path, cards: &str) -> String {
    let portal = format!("http://{}", settings.addr);
    let outside = format!("http://{}", settings.twin_addr);
    let mail = relative(Path::new(settings.get("TWIN_MAIL_DIR").unwrap_or_default()));
    let twin = format!("{} walk --twin {outside}", relative(twin));
    let logs = relative(&settings.log_dir());
    format!(
        "
Storeside runs.

  The shopper's portal   {portal}
  The world outside      {outside}   (walk shoppers through the store, read their mail)
  Health, metrics        {portal}/health/ready   {portal}/metrics
  Logs, mail             {logs}   {mail}

Anyone who has paid with one of these cards can sign in with its e-mail address; the code comes by mail:

{cards}
Three things to try:

  1. Buy three things, then sign in at {portal}/sign-in as visa.shopper@example.com and open the receipt:
     {twin} --card visa --items 3
  2. Shop with a card that is declined, tap it again and be denied; insufficient.shopper@example.com sees the balance:
     {twin} --card insufficient --items 2
  3. Take nothing. The hold on the card is released and nothing is charged:
     {twin} --card amex --empty

Ctrl-C stops all of it and keeps the data. `make reset` forgets the data.",
        cards = indent(cards),
    )
}

/// Shorter where the path is below the working folder.
fn relative(path: &Path) -> String {
    let here = env::current_dir().unwrap_or_default();
    path.strip_prefix(here).unwrap_or(path).display().to_string()
}

fn indent(lines: &str) -> String {
    lines.lines().map(|it| format!("  {}\n", it.trim_end())).collect()
}
