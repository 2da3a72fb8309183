package lambdaenv

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	_ "embed" // for the roots
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// amazonRoots are the roots of Amazon Trust Services, all five that it recommends. See https://www.amazontrust.com/repository/
//
//go:embed amazon.pem
var amazonRoots []byte

// Trust defines which certificates of servers are trusted. Parsing all roots of the machine takes as long as three handshakes, and AWS's
// servers use one of five roots, which are tried first. If a certificate is from none of them, the machine's roots are tried: in China,
// behind a proxy that inspects connections, or on an emulator.
type Trust struct {
	// first are the roots to try first; nil for the machine's. only says that no others are tried.
	first func() *x509.CertPool
	only  bool
	// elsewhere says that a server was met whose root is one of the machine's.
	elsewhere atomic.Bool
}

// NewTrust returns the trust that the environment asks for: if AWS_CA_BUNDLE names a file, its roots alone. It returns an error if that
// file has no certificate. See https://docs.aws.amazon.com/sdkref/latest/guide/feature-gen-config.html
func NewTrust() (*Trust, error) {
	file := os.Getenv("AWS_CA_BUNDLE")
	if file == "" {
		return &Trust{first: sync.OnceValue(func() *x509.CertPool { return parsed(amazonRoots) })}, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the certificates that AWS_CA_BUNDLE names: %w. Correct or remove the variable", err)
	}
	pool := parsed(text)
	if pool.Equal(x509.NewCertPool()) {
		return nil, fmt.Errorf("read the certificates that AWS_CA_BUNDLE names: %s has none in PEM. Correct or remove the variable", file)
	}
	return &Trust{first: func() *x509.CertPool { return pool }, only: true}, nil
}

func parsed(text []byte) *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	return pool
}

// Configure has a transport trust so. Through a proxy it is the transport that makes the handshakes, with the machine's roots unless there
// is a bundle.
func (t *Trust) Configure(transport *http.Transport) {
	if t.only {
		transport.TLSClientConfig = tlsConfig("", t.first())
	}
	d := dialer{dial: transport.DialContext, timeout: transport.TLSHandshakeTimeout}
	transport.DialTLSContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		return t.connect(ctx, d, network, address)
	}
}

func (t *Trust) connect(ctx context.Context, d dialer, network, address string) (net.Conn, error) {
	if !t.elsewhere.Load() {
		conn, err := d.connect(ctx, network, address, t.first())
		if unknown := (x509.UnknownAuthorityError{}); t.only || !errors.As(err, &unknown) {
			return conn, err
		}
	}
	conn, err := d.connect(ctx, network, address, nil)
	if err == nil {
		t.elsewhere.Store(true)
	}
	return conn, err
}

// dialer makes connections, with a time-out of their handshakes.
type dialer struct {
	dial    func(ctx context.Context, network, address string) (net.Conn, error)
	timeout time.Duration
}

// connect makes a connection to a server whose certificate is of one of the roots; nil are the machine's.
func (d dialer) connect(ctx context.Context, network, address string, roots *x509.CertPool) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	plain, err := d.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	conn := tls.Client(plain, tlsConfig(host, roots))
	if err := conn.HandshakeContext(ctx); err != nil {
		_ = plain.Close()
		return nil, err
	}
	return conn, nil
}

func tlsConfig(host string, roots *x509.CertPool) *tls.Config {
	return &tls.Config{ServerName: host, RootCAs: roots, MinVersion: tls.VersionTLS12}
}
