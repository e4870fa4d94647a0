//! Long files: how far an import is, and that it holds no more of a file than it must.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::sync::Mutex;

use server::command::Desk;
use server::command::import::{What, import_file_telling};
use server::flow::import_rules::{Import, Phase};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::programs::Programs;
use crate::shop::{Shop, vault};

const HEADING: &str = "item_sku,external_product_id,item_name,standard_price,product_tax_code\n";

/// A row of about four hundred bytes.
fn row(number: usize) -> String {
    let name = "A long name of an article, as suppliers like them, with everything in it. ".repeat(3);
    let further = "x".repeat(100);
    format!("LONG-{number:07}-{further},2{number:011},\"{name}{number}\",1.99,grocery\n")
}

#[sqlx::test(migrations = "../migrations")]
async fn an_import_says_in_order_what_it_is_doing_and_with_how_many_rows(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let desk = Desk { database: shop.database.clone(), now: shop.worker.clock.now(), vault: Some(vault()) };
    let store = "TEST_STORE_001".parse().unwrap();
    let told: Mutex<Vec<Phase>> = Mutex::default();
    let import = async |file: String, told: &Mutex<Vec<Phase>>| {
        let import = Import { store: &store, source: "long.csv", by: "ann", dry_run: true };
        let listener = |phase| told.lock().unwrap().push(phase);
        let file = std::io::Cursor::new(file);
        import_file_telling(&desk, import, What::Catalog, file, "long.csv".as_ref(), &listener).await
    };
    let file = HEADING.to_owned() + &(0..20_500).map(row).collect::<String>();
    let imported = import(file.clone(), &told).await.unwrap();
    assert_eq!((imported.rows, imported.changes.catalog.added), (20_500, 20_500));
    let rows = 20_500;
    let expected = [
        Phase::Reading(10_000),
        Phase::Reading(20_000),
        Phase::Comparing(rows),
        Phase::Keeping(rows),
        Phase::Checking(rows),
        Phase::Differing(rows),
    ];
    assert_eq!(std::mem::take(&mut *told.lock().unwrap()), expected);
    // A mistake at its very end: nothing is kept, and nobody is told that it is.
    assert!(import(file + &row(3), &told).await.unwrap_err().to_string().contains("line 20502, item_sku: line 5 has"));
    assert_eq!(told.lock().unwrap().last(), Some(&Phase::Comparing(rows + 1)));
    shop.close().await;
}

/// Kilobytes that a process has in memory.
fn resident_kb(process: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[sqlx::test(migrations = "../migrations")]
async fn an_import_holds_a_small_part_of_a_long_file_at_any_time(_: PgPoolOptions, connect: PgConnectOptions) {
    let programs = Programs::with_nothing_running(connect).await;
    assert!(programs.command(&["seed"]).status().unwrap().success());
    // A pipe: what is written has been read, but for the little that a pipe holds, before anything more can be written.
    let pipe = programs.folder.join("long.csv");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let path: &Path = &pipe;
    let mut command = programs.command(&["import", "catalog", path.to_str().unwrap(), "--as", "ann"]);
    let import = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut file = std::fs::File::options().write(true).open(path).unwrap();
    file.write_all(HEADING.as_bytes()).unwrap();
    let mut write = |rows: std::ops::Range<usize>| {
        let text: String = rows.map(row).collect();
        file.write_all(text.as_bytes()).unwrap();
        text.len() / 1024
    };
    // The buffers have their size by then.
    write(0..6_000);
    let before = resident_kb(import.id());
    let written = write(6_000..20_000);
    let after = resident_kb(import.id());
    assert!(written > 4_500, "{written} kB");
    assert!(after < before + written / 3, "{before} kB, and {after} kB after {written} kB more");
    drop(file);
    let done = import.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success() && said.contains("20000 rows are now in the draft"), "{said}");
}
