// Package azure_vault stands in for a source of keys that no test encrypts its state with.
package azure_vault

import "github.com/opentofu/opentofu/internal/encryption/keyprovider"

type descriptor struct{}

func (descriptor) ID() keyprovider.ID { return "azure_vault" }

func (descriptor) ConfigStruct() keyprovider.Config { return &config{} }

type config struct{}

func (*config) Build() (keyprovider.KeyProvider, keyprovider.KeyMeta, error) { return nil, nil, nil }

// New makes a source of which nothing can be had.
func New() keyprovider.Descriptor { return descriptor{} }
