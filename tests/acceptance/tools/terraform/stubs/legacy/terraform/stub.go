// Package terraform stands in for one that only tests of Terraform's own import:
// without it `go mod tidy` cannot be run here.
package terraform
