package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Limits of connections.
const (
	headerTimeout  = 10 * time.Second
	idleTimeout    = 2 * time.Minute
	maxHeaderBytes = 64 << 10
	// stopTimeout is how long requests in progress may take when the server
	// stops.
	stopTimeout = 10 * time.Second
)

// Listen opens the listener. Without authentication everyone who reaches the
// port may do everything, so then only loopback addresses are accepted.
func Listen(ctx context.Context, address string, authDisabled bool) (net.Listener, error) {
	if authDisabled {
		if err := checkLoopback(ctx, address); err != nil {
			return nil, err
		}
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	// The name may have resolved differently just now.
	if tcp, ok := ln.Addr().(*net.TCPAddr); authDisabled && (!ok || !tcp.IP.IsLoopback()) {
		return nil, errors.Join(errNotLoopback(address), ln.Close())
	}
	return ln, nil
}

func checkLoopback(ctx context.Context, address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", address, err)
	}
	if host == "" {
		return errNotLoopback(address)
	}
	ips, err := net.DefaultResolver.LookupIPAddr(ctx, host)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", address, err)
	}
	for _, ip := range ips {
		if !ip.IP.IsLoopback() {
			return errNotLoopback(address)
		}
	}
	return nil
}

func errNotLoopback(address string) error {
	return fmt.Errorf("listen on %s: AUTH_MODE=disabled lets everyone who reaches this address act as administrator; "+
		"listen on 127.0.0.1, or set AUTH_MODE=local", address)
}

// Serve answers requests on ln until ctx ends. Then it takes no new ones, ends
// the open streams, gives the others ten seconds and closes what is left.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	hs := &http.Server{
		Handler: s, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	served := make(chan error, 1)
	go func() { served <- hs.Serve(ln) }() // ends with Shutdown or a broken listener
	select {
	case err := <-served:
		return fmt.Errorf("serve on %s: %w", ln.Addr(), err)
	case <-ctx.Done():
	}
	s.stopStreams()
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	err := hs.Shutdown(stop)
	if err != nil {
		s.log.Warn("requests still running at stop were cut", "error", err)
		err = hs.Close()
	}
	<-served
	return err
}
