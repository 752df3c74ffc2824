// Package pg stands in for a backend that no test keeps its state in.
package pg

import (
	"github.com/opentofu/opentofu/internal/backend"
	"github.com/opentofu/opentofu/internal/encryption"
)

// New makes no backend: nothing here keeps a state remotely.
func New(encryption.StateEncryption) backend.Backend { return nil }
