package outbound

import (
	"context"
	"net"
)

// Dial connects as a request of this purpose would, with the port free to choose.
func (g *gate) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	return g.dial(ctx, network, addr)
}
