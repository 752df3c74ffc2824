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
use tfplugin::ServeOptions;

fn main() -> ExitCode {
    let source = "registry.terraform.io/example/shelf";
    let options = ServeOptions::new(source, "https://example.com/issues");
    tfplugin::run(|| Arc::new(Shelves::default()), options)
}
