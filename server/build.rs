//! Migrations are embedded when the program is compiled: a new one must compile it anew.

fn main() {
    println!("cargo:rerun-if-changed=../migrations");
}
