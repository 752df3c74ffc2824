//! A provider whose objects are files: for trying the crate out under a real Terraform. It answers
//! every call of the protocol; this is the HCL that makes Terraform ask.
//!
//! ```hcl
//! provider "shelf" {
//!   directory = "/tmp/shelves"      # unknown: what needs the store is put off, where allowed
//! }
//!
//! resource "shelf_shelf" "hall" {   # validate, plan, apply, read, upgrade
//!   name              = "hall"
//!   wood              = "oak"
//!   load_kg           = "120"
//!   secret_wo         = "sesame"    # Terraform 1.11
//!   secret_wo_version = 1
//!   timeouts          = { create = "5m" }
//! }
//!
//! import {                          # Terraform 1.12 takes the identity; before, id = "cellar"
//!   to       = shelf_shelf.cellar
//!   identity = { name = "cellar" }  # with plan -generate-config-out: GenerateResourceConfig
//! }
//!
//! moved {                           # Terraform 1.8: from another provider's type
//!   from = bookcase_case.attic
//!   to   = shelf_shelf.attic
//! }
//!
//! data "shelf_inventory" "oak" {
//!   wood = "oak"
//! }
//!
//! output "load" {                   # Terraform 1.8
//!   value = provider::shelf::total("kg", 12, 30.5)
//! }
//!
//! ephemeral "shelf_key" "hall" {    # Terraform 1.10: open, renew, close
//!   shelf = "hall"                  # one that stands already when this is planned
//! }
//!
//! list "shelf_shelf" "all" {        # Terraform 1.14: terraform query, in a .tfquery.hcl file
//!   provider = shelf
//!   config { wood = "oak" }
//! }
//!
//! action "shelf_dust" "hall" {      # Terraform 1.14: terraform apply -invoke=action.shelf_dust.hall
//!   config { shelf = "hall" }
//! }
//! ```

mod dust;
mod field;
mod inventory;
mod key;
mod list;
mod model;
mod provider;
mod shelf;
mod store;
mod total;

use std::process::ExitCode;
use std::sync::Arc;

use provider::Shelves;

fn main() -> ExitCode {
    let debug = std::env::args().any(|argument| argument == "--debug" || argument == "-debug");
    if !debug && !tfplugin::started_by_host() {
        eprintln!("This is a Terraform provider; Terraform starts it. Or give it --debug.");
        return ExitCode::FAILURE;
    }
    let options = tfplugin::ServeOptions {
        source: "registry.terraform.io/example/shelf".to_owned(),
        issues: "https://example.com/issues".to_owned(),
        silent: &[],
        debug,
    };
    match tfplugin::serve(|| Arc::new(Shelves::default()), options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
