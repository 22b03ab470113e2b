// Command innoclaw is the InnoClaw server and its command line in one program.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/innoclaw/innoclaw/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Run(ctx, os.Args[1:], cli.System{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Environ: os.Environ()})
	stop()
	os.Exit(code)
}
