// The command `crossplane render` of Crossplane's CLI, without the CLI's other commands.
package main

import (
	"github.com/alecthomas/kong"
	"github.com/crossplane/crossplane-runtime/v2/pkg/logging"
	"github.com/crossplane/crossplane/v2/cmd/crank/render"
)

func main() {
	var cli struct {
		Render render.Cmd `cmd:""`
	}
	logger := logging.NewNopLogger()
	command := kong.Parse(&cli, kong.Name("crossplane"), kong.BindTo(logger, (*logging.Logger)(nil)))
	command.FatalIfErrorf(command.Run())
}
