package cli

import (
	"fmt"
	"net"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/innoclaw/innoclaw/internal/app"
	"github.com/innoclaw/innoclaw/web"
)

const serveHelp = `Starts InnoClaw and serves its web application until it gets SIGINT or SIGTERM.

While there is no account, a one-time link is printed with which the first one is
made. Without WORKSPACE_ROOTS a sample study is opened in the data folder.`

func newServe(sys session) *cobra.Command {
	var listen string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: sys.Say("Start the server and its web application"),
		Long:  sys.Say(serveHelp),
		Args:  noArguments(sys),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, warnings, err := loadConfig(cmd, sys, map[string]string{"LISTEN": listen})
			if err != nil {
				return err
			}
			log := newLogger(sys.Err, c.LogLevel)
			for _, w := range warnings {
				log.Warn(w)
			}
			ctx := cmd.Context()
			ln, err := app.Listen(ctx, c)
			if err != nil {
				return err
			}
			a, err := app.Open(ctx, app.Options{Config: c, Logger: log, Assets: web.FS(), Port: portOf(ln)})
			if err != nil {
				ln.Close()
				return err
			}
			defer a.Close()
			token, err := a.Start(ctx)
			if err != nil {
				ln.Close()
				return err
			}
			address := "http://" + reachable(ln)
			fmt.Fprintln(sys.Out, sys.Say("InnoClaw is ready: %s", address))
			if token != "" {
				// The token stands behind #, so that no server or proxy ever logs it.
				fmt.Fprintf(sys.Out, "\n%s\n\n  %s/setup#token=%s\n\n", sys.Say("Make the first account with this link; it works once:"), address, url.QueryEscape(token))
			}
			return a.Serve(ctx, ln)
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "", sys.Say("address and port `HOST:PORT` (default: LISTEN, else 127.0.0.1:3000)"))
	return cmd
}

// reachable is an address at which a browser on this machine finds the listener.
func reachable(ln net.Listener) string {
	address, ok := ln.Addr().(*net.TCPAddr)
	if !ok || !address.IP.IsUnspecified() {
		return ln.Addr().String()
	}
	return net.JoinHostPort("127.0.0.1", portOf(ln))
}

func portOf(ln net.Listener) string {
	_, port, err := net.SplitHostPort(ln.Addr().String())
	if err != nil {
		return ""
	}
	return port
}
