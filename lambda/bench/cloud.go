package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"personalize-role/lambda/internal/fakeaws"
	"personalize-role/lambda/internal/fakeaws/wire"
)

const accountID = "123456789012"

// answer is what a function told CloudFormation.
type answer struct {
	at   time.Time
	body string
}

// cloud is AWS for one function: every service at an address of its own, as in a Region, over TLS, and as far away as
// latency says.
type cloud struct {
	latency time.Duration
	account *fakeaws.Account
	cfn     *fakeaws.CloudFormation
	answers chan answer
	// environment holds the endpoints, as the SDKs read them.
	environment []string
	responseURL string
	servers     []*http.Server
}

func newCloud(authority *authority, latency time.Duration) (*cloud, error) {
	c := &cloud{latency: latency, account: fakeaws.New(accountID), cfn: &fakeaws.CloudFormation{}, answers: make(chan answer, 1)}
	services := []struct {
		variable string
		handler  http.Handler
	}{
		{"AWS_ENDPOINT_URL_IAM", wire.Query(c.account.IAM)},
		{"AWS_ENDPOINT_URL_CLOUDFORMATION", wire.Query(c.cfn)},
		{"AWS_ENDPOINT_URL_S3", wire.S3(c.account.S3)},
		{"AWS_ENDPOINT_URL_KMS", wire.JSON(c.account.KMS)},
		{"", http.HandlerFunc(c.answer)},
	}
	for _, s := range services {
		url, err := c.serve(authority, s.handler)
		if err != nil {
			c.close()
			return nil, err
		}
		if s.variable == "" {
			c.responseURL = url + "/arn%3Aaws%3Acloudformation/Role?X-Amz-Signature=s"
			continue
		}
		c.environment = append(c.environment, s.variable+"="+url)
	}
	return c, nil
}

func (c *cloud) serve(authority *authority, handler http.Handler) (url string, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(c.latency)
			handler.ServeHTTP(w, r)
		}),
		// Functions are killed in the middle of connections.
		ErrorLog: log.New(io.Discard, "", 0),
		// No HTTP/2, which IAM, S3, KMS and CloudFormation don't speak.
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){},
	}
	c.servers = append(c.servers, server)
	go func() {
		_ = server.Serve(tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{authority.certificate},
			NextProtos: []string{"http/1.1"}}))
	}()
	return "https://" + listener.Addr().String(), nil
}

func (c *cloud) answer(w http.ResponseWriter, r *http.Request) {
	at := time.Now()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.answers <- answer{at: at, body: string(body)}
}

func (c *cloud) close() {
	for _, s := range c.servers {
		_ = s.Close()
	}
}

// bucketName is the name of the n-th data bucket.
func bucketName(n int) string { return fmt.Sprintf("data-%d", n) }

// addBuckets makes data buckets, each with the statement that a company's rules put there.
func (c *cloud) addBuckets(count int) {
	for n := range count {
		name := bucketName(n)
		c.account.S3.AddBucket(name, "", "", strings.ReplaceAll(`{"Version":"2012-10-17","Statement":[{"Sid":"TLSOnly","Effect":"Deny",`+
			`"Principal":"*",`+
			`"Action":"s3:*","Resource":["arn:aws:s3:::NAME","arn:aws:s3:::NAME/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`,
			"NAME", name))
	}
}

// writeRoots writes the certificates that functions trust: all those of the machine, and the few of AWS's, with ours among both.
func writeRoots(dir string, authority *authority) (machine, amazon string, err error) {
	machine, amazon = filepath.Join(dir, "roots.pem"), filepath.Join(dir, "amazon.pem")
	for from, to := range map[string]string{"/etc/ssl/certs/ca-certificates.crt": machine, "lambda/internal/lambdaenv/amazon.pem": amazon} {
		roots, err := os.ReadFile(from)
		if err != nil {
			return "", "", err
		}
		if err := os.WriteFile(to, append(roots, authority.root...), 0o600); err != nil {
			return "", "", err
		}
	}
	return machine, amazon, nil
}
