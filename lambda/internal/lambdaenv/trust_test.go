package lambdaenv

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// server is one of a kind that the machine doesn't know, and the file of its root.
func server(t *testing.T) (url, file string, root *x509.Certificate) {
	t.Helper()
	s := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(s.Close)
	file = filepath.Join(t.TempDir(), "root.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return s.URL, file, s.Certificate()
}

// other returns the URL of a server whose certificate is of an unknown root.
func other(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(nil)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL
}

// proxy returns a proxy that passes on what it is sent.
func proxy(t *testing.T) *url.URL {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		server, err := net.Dial("tcp", r.Host)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		w.WriteHeader(http.StatusOK)
		client, read, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		// The first bytes may have been read already.
		go func() { _, _ = io.Copy(server, read) }()
		_, _ = io.Copy(client, server)
	}))
	t.Cleanup(s.Close)
	at, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func get(t *testing.T, trust *Trust, url string) error { return getThrough(t, trust, nil, url) }

func getThrough(t *testing.T, trust *Trust, proxy *url.URL, url string) error {
	t.Helper()
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = http.ProxyURL(proxy)
	trust.Configure(transport)
	t.Cleanup(transport.CloseIdleConnections)
	answer, err := (&http.Client{Transport: transport}).Get(url)
	if err == nil {
		err = answer.Body.Close()
	}
	return err
}

// The machine's roots are read once a process, so that another one has to have them.
func TestRootOfTheMachine(t *testing.T) {
	if url := os.Getenv("SERVER_OF_TEST"); url != "" {
		trust, err := NewTrust()
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := get(t, trust, url); err != nil || !trust.elsewhere.Load() {
				t.Errorf("got %v", err)
			}
		}
		if err := get(t, trust, other(t)); !isUnknown(err) {
			t.Errorf("of a server of no root: %v", err)
		}
		return
	}
	url, file, _ := server(t)
	again := exec.Command(os.Args[0], "-test.run=^TestRootOfTheMachine$")
	again.Env = append(os.Environ(), "SERVER_OF_TEST="+url, "SSL_CERT_FILE="+file, "SSL_CERT_DIR="+t.TempDir(), "AWS_CA_BUNDLE=")
	if out, err := again.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// The roots are those of https://www.amazontrust.com/repository/, by the digests of their keys. If one is about to expire, a release has to
// bring those that follow.
func TestAmazonRoots(t *testing.T) {
	want := []string{
		"fbe3018031f9586bcbf41727e417b7d1c45c2f47f93be372a17b96b50757d5a2",
		"7f4296fc5b6a4e3b35d3c369623e364ab1af381d8fa7121533c9d6c633ea2461",
		"36abc32656acfc645c61b71613c4bf21c787f5cabbee48348d58597803d7abc9",
		"f7ecded5c66047d28ed6466b543c40e0743abe81d109254dcf845d4c2c7853c5",
		"2b071c59a0a0ae76b0eadb2bad23bad4580b69c3601b630c2eaf0613afa83f92",
	}
	var got []string
	for block, rest := pem.Decode(amazonRoots); block != nil; block, rest = pem.Decode(rest) {
		root, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		key := sha256.Sum256(root.RawSubjectPublicKeyInfo)
		got = append(got, hex.EncodeToString(key[:]))
		if time.Until(root.NotAfter) < 2*365*24*time.Hour {
			t.Errorf("%s expires on %s", root.Subject, root.NotAfter)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-published +embedded:\n%s", diff)
	}
}

func isUnknown(err error) bool {
	unknown := x509.UnknownAuthorityError{}
	return errors.As(err, &unknown)
}

func TestTrust(t *testing.T) {
	pool := func(roots ...*x509.Certificate) func() *x509.CertPool {
		all := x509.NewCertPool()
		for _, root := range roots {
			all.AddCert(root)
		}
		return func() *x509.CertPool { return all }
	}
	url, file, root := server(t)
	t.Run("an unknown root", func(t *testing.T) {
		trust, err := NewTrust()
		if err != nil {
			t.Fatal(err)
		}
		if err := get(t, trust, url); !isUnknown(err) || trust.elsewhere.Load() {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a root tried first", func(t *testing.T) {
		trust := &Trust{first: pool(root)}
		if err := get(t, trust, url); err != nil || trust.elsewhere.Load() {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a root for another name", func(t *testing.T) {
		named := strings.Replace(url, "127.0.0.1", "localhost", 1)
		wrong := x509.HostnameError{}
		if err := get(t, &Trust{first: pool(root)}, named); !errors.As(err, &wrong) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a bundle", func(t *testing.T) {
		t.Setenv("AWS_CA_BUNDLE", file)
		trust, err := NewTrust()
		if err != nil {
			t.Fatal(err)
		}
		if err := get(t, trust, url); err != nil {
			t.Errorf("got %v", err)
		}
		if err := get(t, trust, other(t)); !isUnknown(err) {
			t.Errorf("of a server that isn't in the bundle: %v", err)
		}
	})
	t.Run("a bundle, through a proxy", func(t *testing.T) {
		if err := getThrough(t, &Trust{first: pool(root), only: true}, proxy(t), url); err != nil {
			t.Errorf("got %v", err)
		}
		if err := getThrough(t, &Trust{first: pool(), only: true}, proxy(t), url); !isUnknown(err) {
			t.Errorf("with another bundle: %v", err)
		}
		if err := getThrough(t, &Trust{first: pool(root)}, proxy(t), url); !isUnknown(err) {
			t.Errorf("of the machine's roots: %v", err)
		}
	})
	for name, text := range map[string]string{"a bundle that is none": "no certificate", "no file": ""} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "bundle.pem")
			if text != "" {
				if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			t.Setenv("AWS_CA_BUNDLE", file)
			if _, err := NewTrust(); err == nil || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), "Correct or remove") {
				t.Errorf("got %v", err)
			}
		})
	}
}
